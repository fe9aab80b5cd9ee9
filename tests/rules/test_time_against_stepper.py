"""What time does to incidents, against a stepper that looks every second: the same deeds at the same instants, no needless wake."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime

from hypothesis import given
from hypothesis import strategies as st

from domain.event import Event
from domain.incident import Incident
from domain.instant import DAY, MINUTE, NEVER, SECOND, Instant, Span, instant, iso
from rules.book import Ladder, LadderStep, Limit, QuietHours, Repeat, Rule, Step
from rules.compile import CompiledBook
from rules.grace import last_openings
from rules.people import acknowledged, claimed
from rules.tree import Daytime
from rules.watch import Watch, look
from rules.why import why
from tests.rules.scenarios import Scenario, conditions_that_open, local_clock, scenarios, spans
from tests.rules.stepper import Known, Stepper, T, reads_received, truth
from tests.rules.test_against_stepper import compiled, examples

TELL, LEAD = Step("notify", {"who": "customer"}), Step("notify", {"who": "lead"})
Deeds = list[tuple[str, str, str]]
"""When, of which episode, the path."""


@dataclass(frozen=True)
class Life:
    """A scenario of one rule that does something over time, and when its incident is acknowledged, and claimed."""

    scenario: Scenario
    seen_at: frozenset[Instant]
    claimed_at: frozenset[Instant] = frozenset()

    @property
    def rule(self) -> Rule:
        return self.scenario.rules[0]


@st.composite
def ladders(draw: st.DrawFn, length: Span) -> Ladder:
    after = sorted(draw(st.lists(spans(length), min_size=1, max_size=3)))
    repeats = st.none() | st.builds(Repeat, spans(length).filter(bool), st.none() | st.integers(1, 4))
    steps = tuple(LadderStep(span, (draw(st.sampled_from([LEAD, TELL])),), draw(repeats)) for span in after)
    return Ladder(steps, draw(st.sampled_from(STOPS)))


@st.composite
def lives(draw: st.DrawFn) -> Life:
    scenario = draw(scenarios(longest=30 * MINUTE))
    start, length = scenario.delivery.known_at, scenario.end - scenario.delivery.known_at
    clock = local_clock(start, scenario.delivery.order.destination.timezone)
    edges = [(clock + number * length // 10) // SECOND * SECOND % DAY for number in draw(st.tuples(*[st.integers(-2, 12)] * 2))]
    quiet = st.builds(QuietHours, st.just(("notify.customer",)), st.just(edges[0]), st.just(edges[1]), st.sampled_from(ENDS))
    rule = replace(
        scenario.rules[0],
        when=draw(st.just(scenario.rules[0].when) | conditions_that_open(length)),
        after_final=draw(st.booleans()),
        final_grace=draw(st.none() | spans(length)),
        do=(TELL, LEAD),
        on_resolve=dict.fromkeys(draw(st.sampled_from([(), ("cured", "retracted", "final")])), (TELL,)),
        escalate=draw(ladders(length) | ladders(length) | st.none()),
        acknowledge_expires=draw(st.none() | spans(length).filter(bool)),
        quiet_hours=draw(st.none() | quiet) if edges[0] != edges[1] else None,
        limits=draw(st.just(()) | st.builds(Limit, st.sampled_from(KINDS), st.integers(0, 3), spans(length)).map(lambda x: (x,))),
    )
    seen, claimed = (
        frozenset(
            start + number * length // 20 // SECOND * SECOND for number in draw(st.lists(st.integers(0, 20), max_size=most))
        )
        for most in (2, 1)
    )
    return Life(replace(scenario, rules=(rule,)), seen, claimed)


STOPS: list[tuple[str, ...]] = [
    ("cleared",),
    ("cleared", "acknowledged"),
    ("acknowledged",),
    (),
    ("claimed",),
    ("cleared", "claimed"),
]
ENDS = ["recheck_then_send", "recheck_then_send", "send", "drop"]
KINDS = ["customer_message", "staff_message"]


def woken(life: Life) -> Deeds:
    """What is started when one looks only where something is reported or due; a wake-up for nothing fails."""
    book, scenario = compiled(life.scenario), life.scenario
    batches = dict(scenario.batches)
    watch, now, told = Watch(scenario.delivery, 1, "b", looked_at=scenario.delivery.known_at), scenario.delivery.known_at, Deeds()
    escalates: Instant | None = None
    while now <= scenario.end:
        events: tuple[Event, ...] = batches.pop(now, ())
        asks = look(watch, book, events, now).asks
        looked = look(watch, book, events, now, answers=None)
        deeds = looked.deeds
        for decide, instants in ((_seen, life.seen_at), (_claimed, life.claimed_at)):
            if now in instants and looked.watch.open_incidents:
                looked = look(decide(looked.watch, looked.watch.open_incidents[0], now), book, (), now, answers=None)
                deeds += looked.deeds
        if now not in life.seen_at | life.claimed_at and not events and now > scenario.delivery.known_at:
            is_late = now == scenario.delivery.condition_changes_at(now - 1) or now == watch.delivery.condition_changes_at(
                now - 1
            )
            assert (now == escalates) is _has_climbed(watch, looked.watch), f"foreseen was {iso(escalates)}, it is {iso(now)}"
            assert is_late or asks or looked.changes or looked.watch.incidents != watch.incidents, f"needless wake at {iso(now)}"
        told += [(str(iso(now)), deed.request.incident_id, deed.path) for deed in deeds]
        watch, escalates = looked.watch, _escalates_at(book, looked.watch, now)
        due = [at for at in (*batches, *life.seen_at, *life.claimed_at) if at > now]
        now = min([*due, looked.wake.at if looked.wake else NEVER])
    return told


def _seen(watch: Watch, incident: Incident, now: Instant) -> Watch:
    return acknowledged(watch, incident, "Kim", now)


def _claimed(watch: Watch, incident: Incident, now: Instant) -> Watch:
    return claimed(watch, incident, "Ann", "Kim", now)


def _escalates_at(book: CompiledBook, watch: Watch, now: Instant) -> Instant | None:
    """What `why` says."""
    ends = last_openings(book, watch.delivery, watch.final_since)
    (told,) = why(book, watch.delivery, watch.cells, now, incidents=watch.incidents, ends=ends)
    at = told["escalation"] and told["escalation"]["at"]
    return None if at is None else instant(datetime.fromisoformat(at))


def _has_climbed(before: Watch, after: Watch) -> bool:
    """Whether a step came of an incident that had been open before."""
    known = {incident.incident_id: incident.rungs for incident in before.incidents}
    return any(known.get(incident.incident_id, incident.rungs) != incident.rungs for incident in after.incidents)


@dataclass
class Waiting:
    """A message that waits for the end of quiet hours."""

    episode: int
    path: str
    name: str


@dataclass
class Episodes:
    """The incidents of one rule, second by second."""

    life: Life
    stepper: Stepper
    number: int = 0
    done: list[int] = field(default_factory=list)
    seen_at: Instant | None = None
    is_claimed: bool = False
    waiting: list[Waiting] = field(default_factory=list)
    sent: list[tuple[str, Instant]] = field(default_factory=list)
    kept: dict[tuple[int, str], bool] = field(default_factory=dict)
    """Episode, path of what is told of an open incident -> whether it was not dropped; of the customer only."""

    def step(self, known: Known, t: Instant, is_batch: bool) -> Iterator[tuple[str, str, str]]:
        for at, what, how in [*self.stepper.step(known, t, is_batch)]:
            if what == "opened":
                self.number, self.seen_at, self.is_claimed = self.number + 1, None, False
                self.done = [0] * len(self.life.rule.escalate.steps) if self.life.rule.escalate else []
            yield from self._ended(known, at, how) if what == "resolved" else self._begun(known, at)
        yield from self._due(known, t)
        for at, _, how in [*self.stepper.last(t)]:
            yield from self._ended(known, at, how)

    def _begun(self, known: Known, t: Instant) -> Iterator[tuple[str, str, str]]:
        for number, step in enumerate(self.life.rule.do):
            yield from self._do(known, t, self.number, f"do.{number}", f"notify.{step.args['who']}")

    def _ended(self, known: Known, t: Instant, how: str) -> Iterator[tuple[str, str, str]]:
        if self._is_rechecked:
            self.kept |= {(one.episode, one.path): False for one in self.waiting}
            self.waiting = [one for one in self.waiting if one.path.startswith("on_resolve")]
        for number, _ in enumerate(self.life.rule.on_resolve.get(how, ())):
            yield from self._do(known, t, self.number, f"on_resolve.{how}.{number}", "notify.customer")

    @property
    def _is_rechecked(self) -> bool:
        return self.life.rule.quiet_hours is not None and self.life.rule.quiet_hours.at_end == "recheck_then_send"

    @property
    def _is_kept_back(self) -> bool:
        return self.life.rule.quiet_hours is not None or bool(self.life.rule.limits)

    def _due(self, known: Known, t: Instant) -> Iterator[tuple[str, str, str]]:
        expires = self.life.rule.acknowledge_expires
        if self.seen_at is not None and expires is not None and t >= self.seen_at + expires:
            self.seen_at = None
        come = self._climbed(t, self.life.rule.escalate) if self.life.rule.escalate is not None and self.stepper.is_open else []
        if not self._is_quiet(known, t):
            ready = [one for one in self.waiting if not self._goes_on_waiting(one)]
            self.waiting = [one for one in self.waiting if self._goes_on_waiting(one)]
            for one in ready:
                self.kept[one.episode, one.path] = self._is_wanted(one)
                yield from self._do(known, t, one.episode, one.path, one.name) if self._is_wanted(one) else ()
        for path, name in come:
            yield from self._do(known, t, self.number, path, name)

    def _goes_on_waiting(self, one: Waiting) -> bool:
        return self._is_rechecked and not one.path.startswith("on_resolve") and self.stepper.phase == "clearing"

    def _is_wanted(self, one: Waiting) -> bool:
        if not self._is_rechecked:
            return True
        return not self.stepper.is_open if one.path.startswith("on_resolve") else self.stepper.phase == "open"

    def _climbed(self, t: Instant, ladder: Ladder) -> list[tuple[str, str]]:
        """What comes of the ladder now, path and name; it takes the place of what waits, also of what would wait no longer now."""
        found: list[tuple[str, str]] = []
        if "cleared" in ladder.stop_when and self.stepper.phase == "clearing":
            return found
        if ("acknowledged" in ladder.stop_when and self.seen_at is not None) or (
            "claimed" in ladder.stop_when and self.is_claimed
        ):
            return found
        for number, step in enumerate(ladder.steps):
            times = [self.stepper.opened_at + step.after]
            while step.repeat is not None and times[-1] <= t and len(times) <= (step.repeat.at_most or 10**9):
                times.append(times[-1] + step.repeat.every)
            come = sum(at <= t for at in times)
            if come > self.done[number]:
                self.done[number] = come
                self._overtake(f"escalate.{number}.")
                path = f"escalate.{number}.do.0" + (f"/{come - 1}" if come > 1 else "")
                found.append((path, f"notify.{step.do[0].args['who']}"))
        return found

    def _overtake(self, step: str) -> None:
        """What waits of earlier times of a step gives its place to the next one."""
        earlier = [one for one in self.waiting if one.episode == self.number and one.path.startswith(step)]
        self.kept |= {(one.episode, one.path): False for one in earlier}
        self.waiting = [one for one in self.waiting if one not in earlier]

    def _is_quiet(self, known: Known, t: Instant) -> bool:
        quiet = self.life.rule.quiet_hours
        return quiet is not None and truth(Daytime(quiet.start, quiet.end), known, t) == T

    def _do(self, known: Known, t: Instant, episode: int, path: str, name: str) -> Iterator[tuple[str, str, str]]:
        quiet = self.life.rule.quiet_hours
        before = [kept for (which, place), kept in self.kept.items() if which == episode and "on_resolve" not in place]
        if self._is_kept_back and path.startswith(("on_resolve.cured", "on_resolve.retracted")) and before and not any(before):
            return
        if name == "notify.customer":
            self.kept[episode, path] = True
        if quiet is not None and name in quiet.actions and self._is_quiet(known, t):
            self.waiting += [Waiting(episode, path, name)] if quiet.at_end != "drop" else []
            self.kept[episode, path] = quiet.at_end != "drop"
            return
        kind = "customer_message" if name == "notify.customer" else "staff_message"
        for limit in self.life.rule.limits:
            if limit.what == kind and sum(k == kind and t - at < limit.within for k, at in self.sent) >= limit.at_most:
                self.kept |= {(episode, path): False} if name == "notify.customer" else {}
                return
        self.sent.append((kind, t))
        yield str(iso(t)), f"D:1:{self.life.rule.id}:{episode}", path


def by_seconds(life: Life) -> Deeds:
    scenario, told = life.scenario, Deeds()
    known, episodes = Known(scenario.delivery), Episodes(life, Stepper(life.rule, grace=life.rule.final_grace or 0))
    due = dict(scenario.batches)
    seconds = range(scenario.delivery.known_at, scenario.end + 1, SECOND)
    for t in sorted({*seconds, *(t + 1 for t in (seconds if reads_received(life.rule) else due) if t < scenario.end)}):
        if t in due:
            learnt = tuple(event for event in due[t] if not known.delivery.has_seen(event.event_id))
            delivery = known.delivery
            for event in learnt:
                delivery = delivery.after(event)
            known = Known(delivery, learnt, t)
        told += episodes.step(known, t, t in due)
        if t in life.seen_at and episodes.stepper.is_open:
            episodes.seen_at = t
        episodes.is_claimed = episodes.is_claimed or (t in life.claimed_at and episodes.stepper.is_open)
    return told


@given(life=lives())
@examples(3)
def test_escalations_quiet_hours_limits_and_acknowledgements_come_as_the_stepper_says(life: Life) -> None:
    assert sorted(woken(life)) == sorted(by_seconds(life))
