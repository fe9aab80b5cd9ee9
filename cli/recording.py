"""`doorstep rules record`: a test, and a history file, from what really happened to a delivery."""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from cli.command import FINE
from cli.connection import deliveries_of
from cli.errors import InputError
from cli.recorded_books import Books, books_of
from domain.event import Event
from domain.instant import SECOND, Instant, instant
from domain.order import Order
from domain.status import Kind
from rules import recording
from rules.clock import zone
from rules.clock_times import Calendar
from rules.compile import compile_book
from rules.line_setting import Setting
from rules.recording import Happened, Recorded
from rules.retelling import Decision
from rules.source import compose, source_of
from rules.telling import Moment
from rules.testfile import Case, Readers, read_cases
from rules.verify import play
from settings import Settings
from workflows.commands import SOURCE
from workflows.events import DeliveryEvent
from workflows.orders import DeliveryOrder

ENDED = ("done", "failed", "no_help", "declined", "unanswered")


def instant_of(text: str) -> Instant:
    return instant(datetime.fromisoformat(text))


async def record_delivery(settings: Settings, delivery_id: str, into: Path, overwrite: bool) -> int:
    """Writes DELIVERY.test.yaml and DELIVERY.history.jsonl into a folder and says what was written."""
    history = await (await deliveries_of(settings)).query(delivery_id, "history")
    for line in _write(history, settings.rules, into, overwrite):
        print(line)
    return FINE


def _write(history: Mapping[str, Any], rules: Path, into: Path, overwrite: bool) -> list[str]:
    books = books_of(history, rules, into)
    name = str(history["order"]["delivery_id"])
    test, file = into / f"{name}.test.yaml", into / f"{name}.history.jsonl"
    for path in (test, file):
        if path.exists() and not overwrite:
            raise InputError(f"{path} is there already; add --overwrite, or choose another folder with --into")
    into.mkdir(parents=True, exist_ok=True)
    text, differing = written(history, books)
    test.write_text(text, "utf-8")
    file.write_text("".join(f"{json.dumps(line, ensure_ascii=False)}\n" for line in history_lines(history)), "utf-8")
    return [f"wrote {test}", f"wrote {file}", *(f"differs: {one}" for one in differing)]


def written(history: Mapping[str, Any], books: Books) -> tuple[str, list[str]]:
    """The test file, and in what its test differs from what really happened. The test passes."""
    recorded, calendar = _recorded(history)
    recorded, untold = _tellable(recorded, books, calendar)
    lines, moments, end = _played(recorded, books, calendar)
    # A second of rounding can put a decision before the opening, or after the end, of what it was about.
    while idle := {(one.what, one.rule, one.at) for moment in moments for one in moment.idle}:
        dropped = [one for one in recorded.decisions if (one.what, one.rule, one.told_at) in idle]
        dropped = dropped or [one for one in recorded.decisions if (one.what, one.rule) in {it[:2] for it in idle}]
        untold += [f"really somebody did {one.what} {one.rule} at {calendar.text(one.told_at)}" for one in dropped]
        recorded = replace(recorded, decisions=tuple(one for one in recorded.decisions if one not in dropped))
        lines, moments, end = _played(recorded, books, calendar)
    really = [(str(one["rule"]), instant_of(str(one["opened_at"]))) for one in history["incidents"]]
    differing = [*untold, *recording.differences(_counted(really, books), moments, calendar)]
    head = f"# Recorded from {recorded.order['delivery_id']}, watched by {_watched_by(history)}."
    told = [head, *(f"# {one}" for one in differing), *lines, *recording.expectations(moments, calendar, end)]
    return "\n".join(told) + "\n", differing


def _watched_by(history: Mapping[str, Any]) -> str:
    """All versions that it had, in their order."""
    adopted = [one for one in history["decisions"] if one["what"] == "adopt"]
    had = [adopted[0]["before"], *(one["rulebook"] for one in adopted)] if adopted else [history["rulebook"]]
    return ", then ".join(f"{one['name']} {one['version'][:12]}" for one in had)


def _tellable(recorded: Recorded, books: Books, calendar: Calendar) -> tuple[Recorded, list[str]]:
    """What the books at hand can be told, and what they cannot: rules that they do not have, books that are none of them."""
    rules = {name for book in books.all for name in book.names}
    told, untold = list[Decision](), list[str]()
    for one in recorded.decisions:
        file = books.adoptable.get(one.version, ("",))[0]
        clock = calendar.text(one.told_at)
        if one.what == "adopt" and not file:
            untold.append(
                f"really version {one.version[:12]} was adopted at {clock}; the folder has not both it and the one before"
            )
        elif one.what != "adopt" and one.rule not in rules:
            untold.append(f"really somebody did {one.what} {one.rule} at {clock}")
        else:
            told.append(replace(one, file=file))
    outcomes = {key: came for key, came in (recorded.outcomes or {}).items() if key.partition(".")[0] in rules}
    return replace(recorded, decisions=tuple(told), outcomes=outcomes), untold


def _played(recorded: Recorded, books: Books, calendar: Calendar) -> tuple[list[str], tuple[Moment, ...], Instant]:
    """The test file up to its expectations, what the book does with it, and the test's end."""
    setting = Setting(calendar, str(recorded.order["carrier"]), list(books.book.names), read_event, _parcels(recorded))
    lines = [*recording.head(recorded, calendar, books.named), *recording.timeline(recorded, setting)]
    times = [recorded.end, *(one.event.recorded_at for one in recorded.events), *(one.at for one in recorded.decisions)]
    end = max(times) // SECOND * SECOND + SECOND
    # It is only played, not judged: what is expected does not matter.
    case = _case([*lines, f'    expect: [{{until: "{calendar.text(end)}", open: []}}]'], books)
    return lines, play(case, compile_book(books.book, "reference"))[0].moments, end


def _counted(really: list[tuple[str, Instant]], books: Books) -> list[tuple[str, Instant]]:
    """Without shadows and notices, which are nobody's incident."""
    rules = (rule for book in books.all for rule in book.rules)
    quiet = {rule.name for rule in rules if rule.mode.value != "live" or rule.severity.value == "info"}
    return [(rule, at) for rule, at in really if rule not in quiet]


def _recorded(history: Mapping[str, Any]) -> tuple[Recorded, Calendar]:
    recorded = recorded_of(history)
    return recorded, _calendar(recorded)


def recorded_of(history: Mapping[str, Any]) -> Recorded:
    """The answer of the query `history` as values."""
    outcomes: dict[str, list[str]] = defaultdict(list)
    for incident in history["incidents"]:
        for act in incident["acts"]:
            is_ours = act["action"] in ("update_ticket", "solve_ticket", "ask_approver")
            if act["outcome"] in ENDED and not is_ours and act.get("begun", True):
                outcomes[f"{incident['rule']}.{act['action']}"].append(act["outcome"])
    return Recorded(
        order=history["order"],
        known_at=instant_of(str(history["known_at"])),
        end=instant_of(str(history["as_of"])),
        events=tuple(_happened(event) for event in history["events"] if not _is_replayed(event)),
        decisions=tuple(_decision(one) for one in history["decisions"]),
        outcomes=outcomes,
    )


def _decision(told: Mapping[str, Any]) -> Decision:
    until, version = told.get("until"), dict(told.get("rulebook") or {}).get("version", "")
    at = instant_of(str(told["at"]))
    return Decision(at, str(told["what"]), str(told.get("rule", "")), instant_of(str(until)) if until else 0, str(version))


def _is_replayed(event: Mapping[str, Any]) -> bool:
    """Whether it comes of a rule's message or question, which is sent again when the rules are played."""
    kind, is_nobodys = event["kind"], str(event["event_id"]).endswith("/nobody")
    is_sent = kind in (Kind.ASKED, Kind.NOTIFIED) or (kind == Kind.UNDELIVERED and is_nobodys)
    return is_sent and bool(event["source"] == SOURCE)


def _happened(wire: Mapping[str, Any]) -> Happened:
    return Happened(read_event(wire, instant_of(str(wire["recorded_at"]))), wire)


def read_event(sent: Mapping[str, Any], known_at: Instant) -> Event:
    return DeliveryEvent.model_validate_json(json.dumps(sent)).event(known_at)


def read_order(sent: Mapping[str, Any]) -> Order:
    return DeliveryOrder.model_validate_json(json.dumps(sent)).order()


def _calendar(recorded: Recorded) -> Calendar:
    local = zone(str(recorded.order["destination"]["timezone"]))
    if local is None:
        raise InputError(f"the delivery's time zone {recorded.order['destination']['timezone']} is not known here")
    first = min([recorded.known_at, *(one.event.recorded_at for one in recorded.events)])
    return Calendar.on_day_of(first, local)


def _parcels(recorded: Recorded) -> tuple[str, ...]:
    return tuple(str(parcel["parcel_id"]) for parcel in recorded.order.get("parcels") or ())


def _case(lines: list[str], books: Books) -> Case:
    source = source_of("\n".join(lines) + "\n", "recorded")
    read = read_cases(source, compose(source), books.book, Readers(read_order, read_event, books.read))
    if not read.cases:
        raise InputError("what happened cannot be told as a test: " + "; ".join(problem.render() for problem in read.problems))
    return read.cases[0]


def history_lines(history: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The order and the events as a history file has them, without what tells who the customer is."""
    order = recording.impersonal(history["order"])
    yield {"order": order, "known_at": history["known_at"]}
    told = (event for event in history["events"] if not _is_replayed(event))
    for event in sorted(told, key=lambda one: instant_of(str(one["recorded_at"]))):
        yield {"event": event, "delivery_id": order["delivery_id"]}
