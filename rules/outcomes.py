"""What comes of actions in a test: successes, unless the test says otherwise by action, or by rule and action."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from domain.actions import Outcome
from rules.book import public_name
from rules.deeds import Deed


@dataclass(frozen=True, slots=True)
class Came:
    """One outcome for every time; or, in turn, one for each time, and success from then on."""

    outcomes: tuple[Outcome, ...]
    in_turn: bool = False

    def outcome(self, time: int) -> Outcome:
        """What comes of an action for the n-th time, counted from 0."""
        if not self.in_turn and self.outcomes:
            return self.outcomes[0]
        return self.outcomes[time] if time < len(self.outcomes) else Outcome.DONE


@dataclass
class Script:
    """The outcomes of one run. The most exact key counts: RULE.notify.customer, RULE.notify, notify.customer, notify."""

    came: Mapping[str, Came]
    times: Counter[str] = field(default_factory=Counter)

    def __call__(self, deed: Deed) -> Outcome:
        rule = public_name(deed.request.rule)
        for key in (f"{rule}.{deed.name}", f"{rule}.{deed.action}", deed.name, deed.action):
            if key in self.came:
                self.times[key] += 1
                return self.came[key].outcome(self.times[key] - 1)
        return Outcome.DONE
