"""What can happen in a test's timeline: one function for each WHAT, and WHATS, the table of them."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from typing import Literal

from domain.event import Place
from domain.reasons import Reason
from domain.status import MILESTONES, AssignmentState, DriverState, Kind, Party, Status
from rules import guard_sentences, quantities
from rules.clock_times import read_time, read_window
from rules.line_setting import Told
from rules.outside import DisruptionTurned, FeedTurned
from rules.problems import suggestion
from rules.statements import read_statement
from rules.telling import Adopted, Decided, Line, Muted
from rules.words import Words


def _place(words: Words) -> str | None:
    if not words.eat("at"):
        return None
    word = words.next()
    if word.kind in ("end", "comma"):
        words.fail("R100", word, f"expected a place, found {word.shown}", "for example at HEL1")
    return word.text


def _with_place(told: Told, name: str | None) -> Place | None:
    return told.point if name is None else replace(told.point or Place(), name=name)


def _status_word(words: Words) -> Status:
    return Status(words.one_of("R105", "status", [status.value for status in Status]))


def _status(words: Words, told: Told) -> Line:
    status = _status_word(words)
    return told.event(Kind.STATUS, status=status, location=_with_place(told, _place(words)))


def _scan(words: Words, told: Told) -> Line:
    status = None if words.peek().kind == "end" or words.is_at("at") else _status_word(words)
    return told.event(Kind.SCAN, status=status, location=_with_place(told, _place(words)))


def _eta(words: Words, told: Told) -> Line:
    eta, _ = read_time(words, told.setting.calendar)
    confidence = _percent(words) if words.eat("confidence") else None
    return told.event(Kind.ETA, eta=eta, confidence=confidence)


def _percent(words: Words) -> int:
    word = words.next()
    digits = word.text.removesuffix("%")
    if not (digits.isascii() and digits.isdigit() and int(digits) <= 100):
        words.fail("R106", word, f"expected a percentage, found {word.shown}", "for example confidence 80%")
    return int(digits)


def _attempt_failed(words: Words, told: Told) -> Line:
    known = words.peek().kind != "end"
    reason = Reason(words.one_of("R105", "reason", [reason.value for reason in Reason])) if known else None
    return told.event(Kind.ATTEMPT_FAILED, reason=reason, location=told.point)


def _at_a_place(kind: Kind) -> "What":
    return lambda words, told: told.event(kind, location=_with_place(told, _place(words)))


def _bare(kind: Kind) -> "What":
    return lambda words, told: told.event(kind, location=told.point)


def _assignment(state: AssignmentState) -> "What":
    def what(words: Words, told: Told) -> Line:
        driver = _name(words, "driver")
        return told.event(Kind.ASSIGNMENT, detail={"state": state.value, "driver_id": driver, "route_id": None, "carrier": None})

    return what


def _name(words: Words, what: str) -> str:
    word = words.next()
    if word.kind in ("end", "comma"):
        words.fail("R100", word, f"expected a {what}, found {word.shown}")
    return word.text


def _driver_status(words: Words, told: Told) -> Line:
    state = words.one_of("R105", "state of a driver", [state.value for state in DriverState])
    return told.event(Kind.DRIVER_STATUS, by=Party.DRIVER, detail={"state": state})


def _customer_reply(words: Words, told: Told) -> Line:
    word = words.next()
    if word.kind != "quoted":
        words.fail("R100", word, f"expected the reply in quotation marks, found {word.shown}", 'for example customer_reply "yes"')
    return told.event(Kind.CUSTOMER_REPLY, by=Party.CUSTOMER, detail={"text": word.text, "channel": "sms"})


def _promise(words: Words, told: Told) -> Line:
    start, end = read_window(words, told.setting.calendar)
    by = Party(words.one_of("R104", "party", [party.value for party in Party])) if words.eat("by") else None
    return told.event(Kind.PROMISE_CHANGED, by=by, detail={"start": start, "end": end})


def _plan(words: Words, told: Told) -> Line:
    milestone = words.one_of("R105", "milestone", [status.value for status in MILESTONES])
    due, _ = read_time(words, told.setting.calendar)
    return told.event(Kind.PLAN_CHANGED, detail={"milestone": Status(milestone), "due": due, "place": _place(words)})


def _parcel(words: Words, told: Told) -> Line:
    word = words.peek()
    parcel = _name(words, "parcel")
    if parcel not in told.setting.parcels:
        near = suggestion(word.text, told.setting.parcels) or f"add parcels: [{{parcel_id: {parcel}}}] to the delivery"
        words.fail("R105", word, f"the delivery has no parcel {word.shown}", near)
    words.need("status")
    return told.event(Kind.STATUS, status=_status_word(words), parcel_ids=(parcel,))


def _sensor(words: Words, told: Told) -> Line:
    name, word = _name(words, "sensor"), words.next()
    amount = word.text.rstrip("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ%°")
    try:
        value = int((Decimal(amount) * 1000).to_integral_value())
    except (InvalidOperation, ValueError, OverflowError):
        words.fail("R106", word, f"expected a number, found {word.shown}", "for example sensor temperature 8.5 C")
    unit = word.text[len(amount) :] or ("" if words.peek().kind == "end" else words.next().text)
    return told.event(Kind.SENSOR, detail={"name": name, "value": value, "unit": unit})


def _correction(words: Words, told: Told) -> Line:
    words.need("of", hint="correction of X did_not_occur")
    word = words.peek()
    corrected = _name(words, "id of an event")
    if corrected not in told.setting.ids:
        words.fail("R105", word, f"no line before has the id {word.shown}", "give the line an id: 09:40 scan (id s7)")
    reason = words.one_of("R105", "reason", ["did_not_occur", "incorrect_data"])
    return told.event(Kind.CORRECTION, detail={"event_id": corrected, "reason": reason})


def _decided(what: Literal["acknowledge", "claim", "resolve"]) -> "What":
    def read(words: Words, told: Told) -> Line:
        return Decided(told.known, what, words.one_of("R022", "rule", told.setting.rules))

    return read


def _mute(words: Words, told: Told) -> Line:
    rule = words.one_of("R022", "rule", told.setting.rules)
    words.need("until")
    word = words.peek()
    until, _ = read_time(words, told.setting.calendar)
    if until <= told.known:
        words.fail("R108", word, "the mute is over before it begins", "name a later time; +1d 08:00 is the next day")
    return Muted(told.known, rule, until)


def _decide(words: Words, told: Told) -> Line:
    rule = words.one_of("R022", "rule", told.setting.rules)
    return Decided(told.known, DECISIONS[words.one_of("R105", "decision", list(DECISIONS))], rule)


DECISIONS: Mapping[str, Literal["approve", "reject"]] = {"approve": "approve", "reject": "reject"}


def _adopt(words: Words, told: Told) -> Line:
    word = words.next()
    if word.kind not in ("word", "quoted"):
        words.fail("R100", word, f"expected a rulebook, found {word.shown}", "for example adopt next.yaml")
    try:
        book = told.setting.read_book(word.text)
    except ValueError as error:
        words.fail("R006", word, f'"{word.text}" cannot be adopted: {error}', "name a rulebook, as seen from the test file")
    told.setting.rules.extend(book.names)
    return Adopted(told.known, book)


def _set(words: Words, told: Told) -> Line:
    name, value = read_statement(words, told.setting.calendar)
    return told.event(Kind.NOTE, detail={"fact": name, "value": value})


def _cancel(words: Words, told: Told) -> Line:
    return told.event(Kind.STATUS, status=Status.CANCELLED, by=Party.OPERATOR)


def _feed(words: Words, told: Told) -> Line:
    feed = guard_sentences.feed(words) or told.setting.source
    return FeedTurned(told.known, feed, words.one_of("R104", "state of a feed", ["stale", "alive"]) == "alive")


def _disruption(words: Words, told: Told) -> Line:
    opens = words.one_of("R104", "state of a disruption", ["open", "closed"]) == "open"
    place = guard_sentences.place(words)
    kind = guard_sentences.kind(words) if words.eat("of") else None
    until = told.known + quantities.duration(words) if opens and words.eat("for") else None
    return DisruptionTurned(told.known, place, opens, kind, until)


What = Callable[[Words, Told], Line]

WHATS: Mapping[str, What] = {
    "status": _status,
    "scan": _scan,
    "eta": _eta,
    "attempt_failed": _attempt_failed,
    **{kind.value: _at_a_place(kind) for kind in (Kind.ARRIVED, Kind.DEPARTED, Kind.STOPPED)},
    **{
        kind.value: _bare(kind)
        for kind in (
            Kind.DEPARTED_DEPOT,
            Kind.MOVING,
            Kind.SILENT,
            Kind.OFF_ROUTE,
            Kind.BACK_ON_ROUTE,
            Kind.PROOF,
            Kind.UNDELIVERED,
        )
    },
    **{state.value: _assignment(state) for state in AssignmentState},
    "driver_status": _driver_status,
    "customer_reply": _customer_reply,
    "promise": _promise,
    "plan": _plan,
    "parcel": _parcel,
    "sensor": _sensor,
    "correction": _correction,
    "acknowledge": _decided("acknowledge"),
    "claim": _decided("claim"),
    "resolve": _decided("resolve"),
    "mute": _mute,
    "decide": _decide,
    "adopt": _adopt,
    "cancel": _cancel,
    "set": _set,
    "feed": _feed,
    "disruption": _disruption,
}
"""Every WHAT but `event {JSON}` -> what it does. To add one: a row here, one function."""
