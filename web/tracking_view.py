"""What a customer sees of a delivery: from the queries `snapshot` and `history`, or from the copy if nobody answers. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

from domain.conversation import Meaning, meaning_of
from domain.copy import DeliveryCopy
from domain.instant import Instant, from_iso, iso, moment
from domain.order import Window
from domain.reasons import Reason
from domain.status import FINAL, IMPLIED_STATUS, Kind, Status
from domain.windows import day_words, later_windows, spoken, window_words
from web.tracking_words import REASONS, STATUSES, TEXTS, Texts

STEPS = (Status.CREATED, Status.IN_TRANSIT, Status.OUT_FOR_DELIVERY, Status.DELIVERED)
"""The stages of the bar on the page."""

REACHED: Mapping[Status, int] = {
    Status.CREATED: 0, Status.ASSIGNED: 0, Status.PICKED_UP: 1, Status.IN_TRANSIT: 1, Status.AT_HUB: 1, Status.ON_HOLD: 1,
    Status.HELD_CUSTOMS: 1, Status.OUT_FOR_DELIVERY: 2, Status.ARRIVED: 2, Status.ATTEMPT_FAILED: 2,
    Status.AVAILABLE_FOR_PICKUP: 2, Status.PARTIALLY_DELIVERED: 2, Status.DELIVERED: 3,
}  # fmt: skip
"""How far the bar has come; of what is not listed there is no bar."""

BAD = frozenset({Status.ATTEMPT_FAILED, Status.DAMAGED, Status.LOST, Status.RETURNING, Status.RETURNED, Status.EXPIRED})
LATEST = 12
"""Things that happened, as many as are shown."""
DAYS = 5
"""Later days that are offered."""


@dataclass(frozen=True, slots=True)
class Known:
    """All that a page is made of. `live` is False where only the copy is known. Events are wire JSON."""

    delivery_id: str
    order: Mapping[str, Any]
    status: Status
    promised: Window
    first_promised: Window
    eta: Instant | None
    events: Sequence[Mapping[str, Any]] = ()
    questions: Sequence[Mapping[str, Any]] = ()
    live: bool = True
    is_running: bool = True


@dataclass(frozen=True, slots=True)
class Choice:
    """A button: what is sent, and what it says."""

    value: str
    says: str


@dataclass(frozen=True, slots=True)
class Asked:
    """The question that is open. With `may_write` any words are an answer."""

    until: str
    choices: tuple[Choice, ...]
    days: tuple[Choice, ...]
    may_write: bool


@dataclass(frozen=True, slots=True)
class View:
    """The page of a delivery, in words."""

    delivery_id: str
    language: str
    t: Texts
    name: str
    status: str
    is_bad: bool
    is_over: bool
    steps: tuple[Choice, ...]
    reached: int | None
    window: str
    first_window: str
    eta: str
    is_late: bool
    place: str
    happened: tuple[tuple[str, str], ...]
    asked: Asked | None
    live: bool


def known_by_workflow(snapshot: Mapping[str, Any], history: Mapping[str, Any], is_running: bool) -> Known:
    """What the workflow answers."""
    return Known(
        delivery_id=snapshot["delivery_id"],
        order=history["order"],
        status=Status(snapshot["status"]),
        promised=_window(snapshot["promised"]),
        first_promised=_window(snapshot["first_promised"]),
        eta=_at(snapshot["eta"]),
        events=history["events"],
        questions=snapshot.get("questions", ()),
        is_running=is_running,
    )


def known_by_copy(copy: DeliveryCopy) -> Known:
    """What was known when the copy was last written."""
    promised = Window(copy.promised_start, copy.promised_end)
    ended = copy.finished_at is not None
    return Known(copy.delivery_id, copy.order, copy.status, promised, promised, copy.eta, live=False, is_running=not ended)


def view_of(known: Known, now: Instant) -> View:
    """What is shown."""
    order = known.order
    language, zone = spoken(str((order.get("customer") or {}).get("language") or "en")), order["destination"]["timezone"]
    is_over = known.status in FINAL or not known.is_running
    is_coming = not is_over and known.status is not Status.ATTEMPT_FAILED  # what was expected before it failed is no news
    steps = tuple(Choice(status.value, STATUSES[language][status]) for status in STEPS)
    moved = (known.first_promised.start, known.first_promised.end) != (known.promised.start, known.promised.end)
    return View(
        delivery_id=known.delivery_id,
        language=language,
        t=TEXTS[language],
        name=_first_name(order),
        status=STATUSES[language][known.status],
        is_bad=known.status in BAD,
        is_over=is_over,
        steps=steps,
        reached=REACHED.get(known.status),
        window=window_words(known.promised, zone, language),
        first_window=window_words(known.first_promised, zone, language) if moved else "",
        eta=clock_at(known.eta, zone, language, now) if known.eta is not None and is_coming else "",
        is_late=is_coming and (now > known.promised.end or (known.eta or 0) > known.promised.end),
        place=str(order["destination"].get("collection_point") or "") if known.status is Status.AVAILABLE_FOR_PICKUP else "",
        happened=tuple(islice(_happened(known, zone, language, now), LATEST)),
        asked=None if is_over or not known.questions else _asked(known, zone, language, now),
        live=known.live,
    )


def _happened(known: Known, zone: str, language: str, now: Instant) -> Iterator[tuple[str, str]]:
    """When and what, the latest first; the same status again and what was withdrawn is not told."""
    withdrawn = {event["detail"].get("event_id") for event in known.events if event["kind"] == Kind.CORRECTION}
    told = [event for event in known.events if event["event_id"] not in withdrawn and _status_in(event) is not None]
    told.sort(key=lambda event: from_iso(event["occurred_at"]))
    fresh = [event for before, event in zip([None, *told], told, strict=False) if before is None or _news(before) != _news(event)]
    for event in reversed(fresh):
        at = from_iso(event["occurred_at"])
        yield clock_at(at, zone, language, now), _in_words(event, language)


def _news(event: Mapping[str, Any]) -> tuple[Status | None, Any]:
    return _status_in(event), event.get("reason")


def _status_in(event: Mapping[str, Any]) -> Status | None:
    said = event.get("status") or IMPLIED_STATUS.get(event["kind"])
    return Status(said) if said else None


def _in_words(event: Mapping[str, Any], language: str) -> str:
    status, reason = _status_in(event), event.get("reason")
    said = STATUSES[language][status] if status else ""
    why = REASONS[language].get(Reason(reason)) if reason else None
    return f"{said}: {why}" if why else said


def _asked(known: Known, zone: str, language: str, now: Instant) -> Asked:
    question, t = known.questions[0], TEXTS[language]
    until, answers = _at(question["until"]), tuple(question["answers"])
    meanings = {meaning_of(answer): answer for answer in answers}
    own = tuple(Choice(f"answer:{answer}", _label(answer, t)) for answer in answers if meaning_of(answer) is not Meaning.LATER)
    both = (Choice("answer:yes", t["yes"]), Choice("answer:no", t["no"]))
    may_move = not answers or Meaning.LATER in meanings
    later = islice(later_windows(known.promised, zone, now), DAYS) if may_move else ()
    days = tuple(Choice(f"{iso(one.start) or ''}/{iso(one.end)}", window_words(one, zone, language)) for one in later)
    said = t["until"].format(time=clock_at(until, zone, language, now)) if until is not None else ""
    return Asked(said, own if answers else both, days, may_write=not answers)


def _label(answer: str, t: Texts) -> str:
    meaning = meaning_of(answer)
    return t[meaning] if meaning is not None else answer


def _first_name(order: Mapping[str, Any]) -> str:
    """The first word of a name: no more of it is shown to whoever has the link."""
    words = str((order.get("customer") or {}).get("name") or "").split()
    return words[0] if words else ""


def clock_at(at: Instant, zone: str, language: str, now: Instant) -> str:
    """`15:20`, on another day with the day."""
    local, today = moment(at).astimezone(ZoneInfo(zone)), moment(now).astimezone(ZoneInfo(zone))
    return f"{local:%H:%M}" if local.date() == today.date() else f"{day_words(local, language)} {local:%H:%M}"


def _window(window: Mapping[str, Any]) -> Window:
    end = _at(window["end"])
    assert end is not None, "every delivery has a promise"
    return Window(_at(window["start"]), end)


def _at(text: str | None) -> Instant | None:
    return from_iso(text) if text else None
