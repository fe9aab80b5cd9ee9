"""What the demo shows while the day is played."""

from typing import Any

from rich.console import Console

from cli.demo.board import Sight, board, state_of
from cli.demo.day import Day
from cli.demo.player import Played
from cli.demo.watching import news
from domain.actions import Outcome
from domain.incident import Incident, Mode, Resolution, Severity
from domain.instant import Instant
from store.copies import Counts, Effect, IncidentCopy
from store.words import EffectState

DAY = Day(1_795_413_600_000, 600)
LATE_AT = DAY.at("11:45")
DONE = {"state": EffectState.CLOSED, "outcome": Outcome.DONE, "closed_at": DAY.at("11:46")}


def late(**more: Any) -> IncidentCopy:
    incident = Incident("D-1:1:late:1", "late", 1, Severity.HIGH, Mode.LIVE, LATE_AT, "It is late", "book", **more)
    return IncidentCopy("D-1", 1, incident)


def ticket(**more: Any) -> Effect:
    about = {
        "key": "D-1/1/late/1/do.1/0",
        "action": "open_ticket",
        "delivery_id": "D-1",
        "incident_id": "D-1:1:late:1",
        "attempt": 1,
    }
    claimed = {
        "state": EffectState.CLAIMED,
        "claimed_at": LATE_AT,
        "deadline": LATE_AT + 20_000,
        "closed_at": None,
        "outcome": None,
    }
    return Effect(**{**about, **claimed, "note": None, "provider_ref": None, "detail": None, "last_error": None, **more})


def sight(at: Instant, *incidents: IncidentCopy, effects: tuple[Effect, ...] = ()) -> Sight:
    return Sight(at, Counts(open=40, open_incidents=1), incidents, effects, mails=2, texts=1)


def test_an_incident_opens_acts_and_is_resolved() -> None:
    states = [
        state_of(late(), []),
        state_of(late(), [ticket()]),
        state_of(late(), [ticket(**DONE)]),
        state_of(late(resolved_at=DAY.at("12:15"), resolution=Resolution.CURED), [ticket(**DONE)]),
    ]

    assert states == ["opening", "acting", "open", "resolved: cured"]


def test_the_news_come_in_order_of_the_days_clock() -> None:
    cured = late(resolved_at=DAY.at("12:15"), resolution=Resolution.CURED)

    told = [line for _, line in news(sight(DAY.at("12:20"), cured, effects=(ticket(**DONE),)), DAY)]

    assert told == [
        "11:45  D-1  late opened: It is late",
        "11:46  D-1    open_ticket done",
        "12:15  D-1  late resolved: cured",
    ]


def test_the_board_shows_the_clock_the_counts_and_where_to_click() -> None:
    console = Console(width=140)

    screen = board(
        sight(LATE_AT, late(), effects=(ticket(),)), DAY, Played(sent=200), 40, ["Mail sent http://x/"], ["worker ended"]
    )
    with console.capture() as captured:
        console.print(screen)

    shown = captured.get()
    for wanted in ("11:45", "0 of 40 deliveries ended", "2 mails", "open_ticket claimed", "acting", "http://x/", "worker ended"):
        assert wanted in shown
