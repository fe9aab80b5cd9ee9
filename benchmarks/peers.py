"""`python -m benchmarks.peers`: the same 50 rules on the same events by Doorstep and by others, side by side in one run.

Others get the facts that Doorstep folds, ready made, and say which rules hold. Doorstep's figure has everything in it: folding the
event, looking its facts up, matching, the machines of the rules, the next wake-up.
"""

import json
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from statistics import median
from typing import Any, TypeAlias

from benchmarks import beside, books, healthy
from benchmarks.evaluate import START
from domain.delivery import Delivery
from domain.event import Event
from domain.instant import MINUTE
from domain.status import Kind, Status
from rules.book import Rulebook
from rules.compile import CompiledBook, compile_book
from rules.durable import DurableMatcher
from rules.matcher import FactPart
from rules.tree import Truth
from rules.watch import Watch, look

RULES: tuple[tuple[str, int], ...] = tuple((books.STATUSES[n % 5], 1 + n // 5) for n in range(50))
"""Each: `status is S` and `attempts at least N`. All that they need is a fact, since nobody else here knows time."""

ROUNDS, DELIVERIES = 3, 5

Facts: TypeAlias = Mapping[str, Any]
Holding: TypeAlias = frozenset[int]
Engine: TypeAlias = Callable[[Facts], Holding]


def book() -> Rulebook:
    """The 50 rules in our language."""
    rules = "".join(
        f"  - {{id: r{n}, says: Rule {n}, mode: shadow, when: [status is {status}, attempts at least {attempts}]}}\n"
        for n, (status, attempts) in enumerate(RULES)
    )
    return books.read(f"rulebook: peers\nrules:\n{rules}")


def day() -> list[Event]:
    """A day's reports, of which two are followed by a failed attempt and a new start."""
    events: list[Event] = []
    for number, report in enumerate(healthy.events(START)[:-1]):
        events.append(report)
        if number % 4 == 1:
            failed, again = report.occurred_at + MINUTE, report.occurred_at + 2 * MINUTE
            events.append(Event(f"f{number}", Kind.ATTEMPT_FAILED, failed, failed, "acme"))
            events.append(Event(f"a{number}", Kind.STATUS, again, again, "acme", status=Status(books.STATUSES[number % 5])))
    return events


def facts_of(delivery: Delivery) -> Facts:
    return {"status": delivery.facts.status.value, "attempts": delivery.facts.attempts}


def by_ourselves(compiled: CompiledBook, delivery: Delivery, at: int) -> Holding:
    scene = compiled.scene(delivery, (), at)
    return frozenset(int(rule.id[1:]) for rule in compiled.rules if rule.when.at(scene, at)[0] is Truth.TRUE)


def durable_rules() -> Engine:
    """Its engine module alone, in the one way that is safe with memory; an atom is a comparison made outside it."""
    names = [*books.STATUSES, *range(1, 11)]
    place = {name: n for n, name in enumerate(names)}
    parts: tuple[FactPart, ...] = tuple(((place[status], True), (place[attempts], True)) for status, attempts in RULES)
    matcher = DurableMatcher(parts)

    def holding(facts: Facts) -> Holding:
        told = [facts["status"] == name if isinstance(name, str) else facts["attempts"] >= name for name in names]
        return matcher(tuple(map(int, told)))

    return holding


def zen() -> Engine:
    """A decision table of GoRules that collects."""
    import zen as engine  # type: ignore[import-not-found,unused-ignore]

    rows = [{"_id": f"r{n}", "s": json.dumps(status), "a": f">= {least}", "o": str(n)} for n, (status, least) in enumerate(RULES)]
    columns = [{"id": "s", "name": "status", "field": "status"}, {"id": "a", "name": "attempts", "field": "attempts"}]
    table = {"hitPolicy": "collect", "inputs": columns, "outputs": [{"id": "o", "name": "rule", "field": "rule"}], "rules": rows}
    kinds = {"in": "inputNode", "table": "decisionTableNode", "out": "outputNode"}
    nodes = [
        {"id": name, "name": name, "type": kind, "content": table if name == "table" else {}} for name, kind in kinds.items()
    ]
    edges = [
        {"id": one + two, "sourceId": one, "targetId": two, "type": "edge"} for one, two in (("in", "table"), ("table", "out"))
    ]
    decision = engine.ZenEngine().create_decision(json.dumps({"nodes": nodes, "edges": edges}))
    return lambda facts: frozenset(int(row["rule"]) for row in decision.evaluate(dict(facts))["result"])


def rule_engine() -> Engine:
    """One compiled expression a rule."""
    import rule_engine as engine  # type: ignore[import-not-found,unused-ignore]

    rules = [engine.Rule(f'status == "{status}" and attempts >= {least}') for status, least in RULES]
    return lambda facts: frozenset(n for n, rule in enumerate(rules) if rule.matches(facts))


def cel() -> Engine:
    """One compiled CEL program a rule."""
    import celpy  # type: ignore[import-not-found,unused-ignore]

    environment = celpy.Environment()
    asts = [environment.compile(f'status == "{status}" && attempts >= {least}') for status, least in RULES]
    programs = [environment.program(ast) for ast in asts]

    def holding(facts: Facts) -> Holding:
        known: Any = {name: celpy.json_to_cel(value) for name, value in facts.items()}
        return frozenset(n for n, program in enumerate(programs) if program.evaluate(known))

    return holding


PEERS: Mapping[str, Callable[[], Engine]] = {
    "durable_rules": durable_rules,
    "GoRules Zen": zen,
    "rule-engine": rule_engine,
    "CEL (cel-python)": cel,
}


def measure() -> dict[str, float]:
    """Microseconds an event by name, ours first. Raises ValueError where an engine finds other rules to hold than we do."""
    compiled, events = compile_book(book()), day()
    deliveries = [healthy.delivery(START) for _ in range(DELIVERIES)]
    known = _folded(deliveries[0], events)
    asked = [facts_of(delivery) for delivery in known]
    expected = [by_ourselves(compiled, one, event.occurred_at) for one, event in zip(known, events, strict=True)]
    engines = {name: make() for name, make in PEERS.items()}
    for name, engine in engines.items():
        if [engine(facts) for facts in asked] != expected:
            raise ValueError(f"{name} finds other rules to hold than Doorstep")
    works: dict[str, Callable[[], object]] = {
        beside.OURS: lambda: _watched(compiled, deliveries, events),
        **{
            name: lambda engine=engine: [engine(facts) for _ in deliveries for facts in asked] for name, engine in engines.items()
        },
    }
    times: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(ROUNDS):
        for name, work in works.items():
            times[name].append(_seconds(work))
    return {name: median(spent) / len(events) / DELIVERIES * 1e6 for name, spent in times.items()}


def _folded(delivery: Delivery, events: Iterable[Event]) -> list[Delivery]:
    found = []
    for event in events:
        delivery = delivery.after(event)
        found.append(delivery)
    return found


def _watched(book: CompiledBook, deliveries: Sequence[Delivery], events: Sequence[Event]) -> None:
    for delivery in deliveries:
        watch = look(Watch(delivery, 1, "peers", looked_at=START), book, (), START).watch
        for event in events:
            watch = look(watch, book, (event,), event.occurred_at).watch


def _seconds(work: Callable[[], object]) -> float:
    """Of this process on a processor: what else the machine does is not counted."""
    began = time.process_time()
    work()
    return time.process_time() - began


if __name__ == "__main__":
    found = {name: round(spent, 1) for name, spent in measure().items()}
    kept = {"measured": datetime.now(UTC).date().isoformat(), "us_an_event": found}
    beside.LAST.write_text(json.dumps(kept, indent=2) + "\n")
    print(beside.last(is_new=True).render())
