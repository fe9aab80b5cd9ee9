"""Where the plan of an incident stands: in the version of the rulebook that opened it."""

from collections.abc import Mapping
from dataclasses import dataclass

from domain.incident import Incident
from domain.instant import Instant
from rules.adoption import Versions
from rules.book import Rule
from rules.compile import CompiledBook


@dataclass(frozen=True, slots=True)
class Plans:
    """The rules of a delivery's incidents. `version` is that of its book, `kept` are the rules of other versions, `book` is what is in
    force of all of them; `seen_at` is when the delivery was looked at before."""

    version: str
    kept: Mapping[str, str]
    book: CompiledBook
    versions: Versions
    seen_at: Instant

    def rule_of(self, incident: Incident) -> Rule | None:
        """The rule of an incident; None if nothing of it is left to be done."""
        if incident.is_open or incident.book == self.kept.get(incident.rule, self.version):
            return self.book.rule(incident.rule)
        return None if self._is_done_with(incident) else self.versions(incident.book).rule(incident.rule)

    def _is_done_with(self, incident: Incident) -> bool:
        """Whether an incident under an earlier book had ended, with all that it started, before the last look."""
        ends = [act.at for act in incident.acts.values()] + [incident.resolved_at or self.seen_at]
        is_quiet = not incident.waiting and all(act.outcome.ended for act in incident.acts.values())
        return is_quiet and max(ends) < self.seen_at
