"""Compares what a test expects with what the simulation showed."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from domain.incident import Mode, Severity
from domain.instant import Instant, iso
from rules.book import public_name
from rules.compile import CompiledRule
from rules.contests import holding_back
from rules.expectations import Expectation
from rules.failures import Failure, listed, paired, shown, told
from rules.grace import last_openings
from rules.local_time import LocalClock
from rules.machine import Phase
from rules.messages import Wording, is_said, texts_of
from rules.simulate import Moment
from rules.stretch import Played, Stretch
from rules.tree import Truth
from rules.watch import Watch
from rules.why import forecast, why

BEFORE_ALL: Instant = -(1 << 62)


def judge(expectations: Sequence[Expectation], played: Played) -> tuple[Failure, ...]:
    """Every expectation that was not met; of each key the first instant at which it was not."""
    found: list[Failure] = []
    last = BEFORE_ALL
    for expectation in expectations:
        if expectation.scope == "forecast_at":
            found += _forecast(expectation, played)
            continue
        start = last if expectation.scope == "until" else expectation.at - 1
        found += _judged(Stretch(played, expectation, start))
        last = expectation.at
    return tuple(found)


def _judged(stretch: Stretch) -> Iterator[Failure]:
    yield from (_idle(stretch, moment) for moment in stretch.moments if moment.idle)
    for key, check in CHECKS.items():
        wanted = getattr(stretch.expectation, key)
        failure = None if wanted is None else check(stretch, key, wanted)
        if failure is not None:
            yield failure


def _idle(stretch: Stretch, moment: Moment) -> Failure:
    decided = moment.idle[0]
    text = stretch.played.calendar.text(moment.at)
    what = "a proposal" if decided.what in ("approve", "reject") else "an open incident"
    said = f"{what} of {decided.rule} to {decided.what}"
    return Failure(stretch.expectation.line, text, decided.what, said, "none")


# What is so at each instant

UNLISTED = "{rule} is open, but open: names neither shadows, proposals nor notices; expect would: of a shadow, and did: of a proposal after a line `decide {rule} approve`"


def _open(stretch: Stretch, key: str, wanted: tuple[str, ...]) -> Failure | None:
    for at, moment in stretch.states():
        if list(moment.open) != sorted(wanted):
            why_not = _explained(stretch.played, moment.watch, at, sorted(set(wanted) ^ set(moment.open)))
            unlisted = (UNLISTED.format(rule=rule) for rule in moment.unlisted if rule in wanted)
            return _failure(stretch, at, key, listed(sorted(wanted)), listed(moment.open), (*why_not, *unlisted))
    return None


def _of_incidents(stretch: Stretch, key: str, wanted: Mapping[str, Severity | int]) -> Failure | None:
    """How severe the open incidents of the rules named are; how far their escalation has come."""
    for at, moment in stretch.states():
        shown: Mapping[str, Severity | int] = moment.severities if key == "severity" else moment.steps
        found = {rule: shown.get(rule) for rule in wanted}
        if found != dict(wanted):
            got = {rule: "not open" if value is None else value for rule, value in found.items()}
            return _failure(stretch, at, key, paired(wanted), paired(got))
    return None


def _pending(stretch: Stretch, key: str, wanted: tuple[str, ...]) -> Failure | None:
    for at, watch in stretch.watches():
        found = sorted(public_name(rule) for rule, cell in watch.cells.items() if cell.phase is Phase.PENDING)
        if found != sorted(wanted):
            why_not = _explained(stretch.played, watch, at, sorted(set(wanted) ^ set(found)))
            return _failure(stretch, at, key, listed(sorted(wanted)), listed(found), why_not)
    return None


def _unknown(stretch: Stretch, key: str, wanted: tuple[str, ...]) -> Failure | None:
    """Each of the rules named is unknown; others may be, too."""
    for at, watch in stretch.watches():
        book = stretch.played.in_force(watch)
        scene, scope = book.scene(watch.delivery, (), at), book.in_scope(watch.delivery)
        asked = [rule for rule in book.rules if rule.rule.name in wanted]
        truths = {rule.rule.name: rule.when.at(scene, at)[0] for rule in sorted(asked, key=lambda rule: rule.id in scope)}
        known = [rule for rule in wanted if truths.get(rule) is not Truth.UNKNOWN]
        if known:
            got = ", ".join(f"{rule} is {'off' if rule not in truths else truths[rule].name.casefold()}" for rule in known)
            return _failure(stretch, at, key, listed(wanted), got, _explained(stretch.played, watch, at, known))
    return None


def _held_back(stretch: Stretch, key: str, wanted: tuple[str, ...]) -> Failure | None:
    """Exactly the rules that would open if no rival had an open incident."""
    why_held = "decision" if key == "lost" else key
    for at, watch in stretch.watches():
        contested = stretch.played.in_force(watch).contested
        found = sorted(rule.rule.name for rule in contested if _is_held_back(rule, watch, why_held))
        if found != sorted(wanted):
            why_not = _explained(stretch.played, watch, at, sorted(set(wanted) ^ set(found)))
            return _failure(stretch, at, key, listed(sorted(wanted)), listed(found), why_not)
    return None


def _is_held_back(rule: CompiledRule, watch: Watch, why_held: str) -> bool:
    cell = watch.cells.get(rule.id)
    rivals = holding_back(rule.rivals, watch.cells)
    return cell is not None and cell.phase is Phase.PENDING and any(rival.why == why_held for rival in rivals)


# What happened since


def _did(stretch: Stretch, key: str, wanted: tuple[str, ...]) -> Failure | None:
    found = [name for moment in stretch.moments for name in (moment.started if key == "did" else moment.would)]
    if len(found) == len(wanted) and all(_is_called(name, want) for name, want in zip(found, wanted, strict=True)):
        return None
    return _failure(stretch, stretch.expectation.at, key, listed(wanted), listed(found), _when_done(stretch, key))


def _is_called(name: str, wanted: str) -> bool:
    """`notify.customer` may be called `notify`."""
    return name == wanted or name.partition(".")[0] == wanted


def _deferred(stretch: Stretch, key: str, wanted: tuple[str, ...]) -> Failure | None:
    """Exactly these wait for the end of quiet hours, at every instant."""
    for at, moment in stretch.states():
        if not _are_called(moment.deferred, wanted):
            return _failure(stretch, at, key, listed(wanted), listed(f"{rule}.{name}" for rule, name in moment.deferred))
    return None


def _withheld(stretch: Stretch, key: str, wanted: tuple[str, ...]) -> Failure | None:
    found = tuple(one for moment in stretch.moments for one in moment.withheld)
    if _are_called(found, wanted):
        return None
    got = listed(f"{rule}.{name}" for rule, name in found)
    return _failure(stretch, stretch.expectation.at, key, listed(wanted), got)


def _are_called(found: Sequence[tuple[str, str]], wanted: Sequence[str]) -> bool:
    """Whether these are the actions wanted, in whatever order; each by its name or by its rule's."""
    left = list(found)
    for want in wanted:
        known = next((one for one in left if one[0] == want or _is_called(one[1], want)), None)
        if known is None:
            return False
        left.remove(known)
    return not left


def _when_done(stretch: Stretch, key: str) -> tuple[str, ...]:
    """When what was done was done, and when the same is done otherwise in the test: often it is only a second off."""
    all_moments = stretch.played.moments
    names = [(moment.at, moment.started if key == "did" else moment.would) for moment in all_moments]
    return tuple(f"at {stretch.played.calendar.text(at)}: {listed(done)}" for at, done in names if done)


def _resolved(stretch: Stretch, key: str, wanted: Mapping[str, Any]) -> Failure | None:
    found = {rule: how for moment in stretch.moments for rule, how in moment.resolved.items()}
    right = found.keys() == wanted.keys() and all(how is None or found[rule] is how for rule, how in wanted.items())
    if right:
        return None
    expected = paired({rule: how or "in any way" for rule, how in wanted.items()})
    return _failure(stretch, stretch.expectation.at, key, expected, paired(found), _when_resolved(stretch))


def _when_resolved(stretch: Stretch) -> tuple[str, ...]:
    text = stretch.played.calendar.text
    return tuple(f"at {text(moment.at)}: {paired(moment.resolved)}" for moment in stretch.played.moments if moment.resolved)


def _retracted(stretch: Stretch, key: str, wanted: tuple[str, ...]) -> Failure | None:
    found = sorted(rule for moment in stretch.moments for rule in moment.retracted)
    if found == sorted(wanted):
        return None
    return _failure(stretch, stretch.expectation.at, key, listed(sorted(wanted)), listed(found))


def _message(stretch: Stretch, key: str, wanted: tuple[Wording, ...]) -> Failure | None:
    """Each of these was said."""
    templates = stretch.played.templates
    deeds = [deed for moment in stretch.moments for deed in moment.deeds if "template" in deed.request.args]
    missing = [one for one in wanted if templates is None or not is_said(one, deeds, templates)]
    if not missing:
        return None
    said = tuple(f"{deed.name}: {text!r}" for deed in deeds for text in (texts_of(deed, templates) if templates else ()))
    got = "there are no templates" if templates is None else f"{len(said)} messages" if said else "no message"
    return _failure(stretch, stretch.expectation.at, key, "; ".join(map(str, missing)), got, said)


CHECKS: Mapping[str, Callable[[Stretch, str, Any], Failure | None]] = {
    "open": _open,
    "did": _did,
    "would": _did,
    "resolved": _resolved,
    "retracted": _retracted,
    "pending": _pending,
    "unknown": _unknown,
    "lost": _held_back,
    "suppressed": _held_back,
    "severity": _of_incidents,
    "step": _of_incidents,
    "message": _message,
    "deferred": _deferred,
    "withheld": _withheld,
}
"""Key of an expectation -> how it is checked."""


def _forecast(expectation: Expectation, played: Played) -> Iterator[Failure]:
    """What would open after an instant if nothing came after it, as the workflow's own forecast says it."""
    moments = played.up_to(expectation.at)
    if expectation.says is None or not moments:
        return
    watch, book = moments[-1].watch, moments[-1].book
    until = watch.delivery.facts.promised.end + book.rulebook.expires_after
    counted = {rule.rule.name for rule in book.rules if rule.rule.mode is Mode.LIVE and rule.rule.severity is not Severity.INFO}
    ends = last_openings(book, watch.delivery, watch.final_since)
    openings = forecast(book, watch.delivery, watch.cells, watch.looked_at, expectation.at, until, ends)
    found = sorted(opening for opening in openings if opening[1] in counted)
    if found != sorted(expectation.says):
        expected, got = (shown(one, played.calendar) for one in (expectation.says, found))
        yield Failure(expectation.line, played.calendar.text(expectation.at), "forecast", expected, got)


# Words


def _failure(stretch: Stretch, at: Instant, what: str, expected: str, got: str, why_not: tuple[str, ...] = ()) -> Failure:
    return Failure(stretch.expectation.line, stretch.played.calendar.text(at), what, expected, got, why_not)


def _explained(played: Played, watch: Watch, at: Instant, rules: Iterable[str]) -> tuple[str, ...]:
    clock = LocalClock.of({"as_of": iso(at), "timezone": played.calendar.zone.key})
    known = (why(played.in_force(watch), watch.delivery, watch.cells, at, rule) for rule in rules)
    return tuple(clock.told(line) for found in known for one in found for line in told(one))
