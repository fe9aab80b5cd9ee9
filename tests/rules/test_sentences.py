"""Sentences: every form gives its tree, in whatever case, and every mistake says where it is and what was meant."""

import json
from typing import get_args

import pytest

from domain.instant import DAY, HOUR, MINUTE
from domain.status import Party, Status
from rules.directory import Carrier, Directory
from rules.reader import read_book
from rules.sentences import FORMS, SentenceError, parse
from rules.tree import (
    Absent,
    AbsentBefore,
    Around,
    Between,
    Compare,
    Count,
    Counted,
    Daytime,
    DisruptionOpen,
    EventPattern,
    FeedStale,
    InCalendar,
    Includes,
    Is,
    Known,
    Later,
    Overdue,
    Received,
    Same,
    Sentence,
    Sequence,
    Skipped,
    State,
    Staying,
    TimeRef,
    Together,
    TrafficDelay,
    WeatherWarning,
    Weekdays,
    WrongOrder,
)
from rules.twins import TWINS, structured
from rules.vocabulary import EVENTS, VOCABULARY
from rules.wording import WORDINGS, sentence_of
from rules.words import Words

ETA, PROMISED_END, CUTOFF = TimeRef("fact", "eta"), TimeRef("fact", "promised end"), TimeRef("cutoff", "hub cutoff")
SCAN = EventPattern("scan")

UNDERSTOOD: dict[str, Sentence] = {
    "status is out_for_delivery": Is("status", ("out_for_delivery",)),
    "status is not on_hold": Is("status", ("on_hold",), negated=True),
    "status is on_hold for 4h": Is("status", ("on_hold",), held=4 * HOUR),
    "status is one of arrived, at_hub": Is("status", ("arrived", "at_hub")),
    "status is one of arrived, at_hub or on_hold": Is("status", ("arrived", "at_hub", "on_hold")),
    "status is not one of arrived, at_hub for 5m": Is("status", ("arrived", "at_hub"), negated=True, held=5 * MINUTE),
    "last reason is consignee_*": Is("last reason", ("consignee_*",)),
    "carrier is acme": Is("carrier", ("acme",)),
    'carrier is "Zip Van"': Is("carrier", ("Zip Van",)),
    "zone is north-*": Is("zone", ("north-*",)),
    "route is 12": Is("route", ("12",)),
    "attempts is 2": Is("attempts", (2,)),
    "tier is gold": Is("customer tier", ("gold",)),
    "driver on break": Is("driver on break", (True,)),
    "driver on break for 45m": Is("driver on break", (True,), held=45 * MINUTE),
    "not driver on break": Is("driver on break", (True,), negated=True),
    "proof present is no": Is("proof present", (False,)),
    "tags includes fragile": Includes("tags", "fragile"),
    "tags does not include fragile": Includes("tags", "fragile", negated=True),
    "last scan hub is not hub": Same("last scan hub", "hub", negated=True),
    "eta is promised end": Same("eta", "promised end"),
    "attempts at least 2": Compare("attempts", "at_least", 2),
    "parcels open at most 3 for 1h": Compare("parcels open", "at_most", 3, held=HOUR),
    "cod over 100 EUR": Compare("cod", "over", 10_000, currency="EUR"),
    "value over 99.90 eur": Compare("value", "over", 9_990, currency="EUR"),
    "cod over 100": Compare("cod", "over", 10_000),
    "cod between 10 and 20 SEK for 1h": Between("cod", 1_000, 2_000, held=HOUR, currency="SEK"),
    "cod between 10 and 20": Between("cod", 1_000, 2_000),
    "value is not 15.50 USD": Is("value", (1_550,), negated=True, currency="USD"),
    "cod is one of 10 GBP, 20 GBP": Is("cod", (1_000, 2_000), currency="GBP"),
    "temperature over 8 C for 5m": Compare("temperature", "over", 8_000, held=5 * MINUTE),
    "temperature under -18.5C": Compare("temperature", "under", -18_500),
    "share of parcels delivered at least 50%": Compare("share of parcels delivered", "at_least", 50),
    "eta slip over 20m": Compare("eta slip", "over", 20 * MINUTE),
    "temperature between 2 and 8 C": Between("temperature", 2_000, 8_000),
    "eta confidence between 20% and 50 %": Between("eta confidence", 20, 50),
    "eta slip between 5m and 1h 30m for 1m": Between("eta slip", 5 * MINUTE, 90 * MINUTE, held=MINUTE),
    "eta is known": Known("eta"),
    "eta is unknown for 1h": Known("eta", known=False, held=HOUR),
    "eta is not known": Known("eta", known=False),
    "no scan for 2h": Absent(SCAN, 2 * HOUR),
    "no scan for 2h since out_for_delivery": Absent(SCAN, 2 * HOUR, EventPattern("out_for_delivery")),
    "no scan at hub for 45m since arrived at hub": Absent(
        EventPattern("scan", place="hub"), 45 * MINUTE, EventPattern("arrived", place="hub")
    ),
    "no assignment accepted for 10m since assignment offered": Absent(
        EventPattern("assignment accepted"), 10 * MINUTE, EventPattern("assignment offered")
    ),
    "no arrived before promised end": AbsentBefore(EventPattern("arrived"), PROMISED_END),
    "at same stop for 15m": Staying(State.AT_SAME_STOP, 15 * MINUTE),
    "off route for 90s": Staying(State.OFF_ROUTE, 90_000),
    "stopped for 20 minutes": Staying(State.STOPPED, 20 * MINUTE),
    "eta later than promised end": Later(ETA, PROMISED_END),
    "eta later than promised end by 20m": Later(ETA, PROMISED_END, 20 * MINUTE),
    "eta earlier than promised start by 1h30m": Later(ETA, TimeRef("fact", "promised start"), 90 * MINUTE, earlier=True),
    "last scan later than at_hub due": Later(TimeRef("last", "scan"), TimeRef("due", "at_hub")),
    "last scan at later than promised end": Later(TimeRef("fact", "last scan at"), PROMISED_END),
    "within 30m before promised end": Around(PROMISED_END, 30 * MINUTE, "within_before"),
    "2 hours before promised end": Around(PROMISED_END, 2 * HOUR, "before"),
    "20m after planned departure": Around(TimeRef("fact", "planned departure"), 20 * MINUTE, "after"),
    "after promised end": Around(PROMISED_END, 0, "after"),
    "at_hub overdue": Overdue(Status.AT_HUB),
    "at_hub overdue by 1h": Overdue(Status.AT_HUB, HOUR),
    "between 08:00 and 20:00": Daytime(8 * HOUR, 20 * HOUR),
    "between 22:30 and 06:00": Daytime(22 * HOUR + 30 * MINUTE, 6 * HOUR),
    "no scan for 3h since arrived counted in calendar weekdays": Absent(
        SCAN, 3 * HOUR, EventPattern("arrived"), Counted("weekdays")
    ),
    "no scan for 3 business hours in calendar hub-hel1": Absent(SCAN, 3 * HOUR, counted=Counted("hub-hel1")),
    "no scan for 1 business day since created": Absent(SCAN, DAY, EventPattern("created"), Counted(unit="days")),
    "no opened late for 2h": Absent(EventPattern("opened late"), 2 * HOUR),
    "no arrived before hub cutoff": AbsentBefore(EventPattern("arrived"), CUTOFF),
    "at same hub for 90 business minutes": Staying(State.AT_SAME_HUB, 90 * MINUTE, Counted()),
    "stopped for 1h counted in calendar weekdays": Staying(State.STOPPED, HOUR, Counted("weekdays")),
    "status is on_hold for 2 business days in calendar weekdays": Is(
        "status", ("on_hold",), held=2 * DAY, counted=Counted("weekdays", "days")
    ),
    "attempt_failed at least 2 times in 24h": Count(EventPattern("attempt_failed"), 2, DAY),
    "promise_changed by carrier at least 2 times in 7 days": Count(EventPattern("promise_changed", by=Party.CARRIER), 2, 7 * DAY),
    "asked at least 1 time": Count(EventPattern("asked"), 1),
    "scan at hub at least 3 times in 1 business day": Count(EventPattern("scan", place="hub"), 3, DAY, Counted(unit="days")),
    "arrived at hub not followed by scan at hub within 45m": Sequence(
        EventPattern("arrived", place="hub"), EventPattern("scan", place="hub"), 45 * MINUTE, negated=True
    ),
    "asked not followed by customer_reply within 2h": Sequence(
        EventPattern("asked"), EventPattern("customer_reply"), 2 * HOUR, negated=True
    ),
    "stopped then silent within 10m": Sequence(EventPattern("stopped"), EventPattern("silent"), 10 * MINUTE),
    "out_for_delivery before at_hub": WrongOrder(EventPattern("out_for_delivery"), EventPattern("at_hub")),
    "at_hub skipped": Skipped(Status.AT_HUB),
    "eta later than hub cutoff by 10m": Later(ETA, CUTOFF, 10 * MINUTE),
    "eta later than last scan by 20m": Later(ETA, TimeRef("last", "scan"), 20 * MINUTE),
    "20m after last scan at HEL1 by driver": Around(
        TimeRef("last", "scan", EventPattern("scan", place="HEL1", by=Party.DRIVER)), 20 * MINUTE, "after"
    ),
    "2 business hours before hub cutoff": Around(CUTOFF, 2 * HOUR, "before", Counted()),
    "at_hub overdue by 1 business day": Overdue(Status.AT_HUB, DAY, Counted(unit="days")),
    "eta later than promised end by 2 business hours": Later(ETA, PROMISED_END, 2 * HOUR, counted=Counted()),
    "in calendar weekdays": InCalendar("weekdays"),
    "not in calendar weekdays": InCalendar("weekdays", negated=True),
    "feed of carrier stale for 2h": FeedStale(2 * HOUR),
    "feed telematics stale for 15m": FeedStale(15 * MINUTE, "telematics"),
    "disruption open on hub": DisruptionOpen("hub"),
    "disruption open on zone of kind snow": DisruptionOpen("zone", "snow"),
    "weather warning at least orange": WeatherWarning("orange"),
    "weather warning at least severe": WeatherWarning("orange"),
    "traffic delay over 10m": TrafficDelay(10 * MINUTE),
    "opened late received": Received(EventPattern("opened late")),
    "on weekdays": Weekdays((0, 1, 2, 3, 4)),
    "on sat, Sunday": Weekdays((5, 6)),
    "scan received": Received(SCAN),
    "driver_status breakdown received": Received(EventPattern("driver_status breakdown")),
    "attempt_failed with reason consignee_* by driver from ups received": Received(
        EventPattern("attempt_failed", reason="consignee_*", by=Party.DRIVER, source="ups")
    ),
}  # fmt: skip

STATES = "states: at same stop, at same hub, stopped, moving, silent, off route"

MISUNDERSTOOD = {
    "statsu is out_for_delivery": ("R103", 0, 6, 'did you mean "status"?'),
    "no scn for 2h": ("R104", 3, 3, 'did you mean "scan"?'),
    "status is arivved": ("R105", 10, 7, 'did you mean "arrived"?'),
    "no scan for 120": ("R107", 12, 3, "write 120s, 120m, 120h or 120 days"),
    "cod between 10 EUR and 20 SEK": ("R106", 23, 2, "write all of them in EUR, or a rule for each currency"),
    "attempts > 2": ("R100", 9, 1, 'did you mean "over"?'),
    "eta later than promise end": ("R111", 15, 7, 'did you mean "promised end"?'),
    "at_hub overdue by 1": ("R107", 18, 1, "write 1s, 1m, 1h or 1 days"),
    "attempt_failed at least 0 times": ("R106", 24, 1, "a whole number from 1 to 500"),
    "asked followed by customer_reply within 2h": ("R100", 6, 8, "write A then B within D, or A not followed by B within D"),
    "arrived before promised end": ("R104", 15, 8, "write no EVENT before TIME, or last EVENT earlier than TIME"),
    "weather warning at least purple": ("R105", 25, 6, "allowed: yellow, orange, red, moderate, severe, extreme"),
    "disruption open on moon": ("R105", 19, 4, "allowed: hub, carrier, route, zone"),
    "no scan for {halt}": ("R114", 12, 6, "name a table under params:, or write the value itself"),
    "traffic delay over 2 business hours": ("R112", 21, 8, "count in hours or days of the clock"),
    "no scan for 2 business weeks": ("R107", 23, 5, "allowed: minute, minutes, hour, hours, day, days"),
    "carrier is acmee": ("R023", 11, 5, 'did you mean "acme"?'),
    "stopped for 45 minuts": ("R107", 15, 6, 'did you mean "minutes"?'),
    "no scan for 45minuts": ("R107", 12, 8, 'did you mean "minutes"?'),
    "no scan for 2 hrs": ("R107", 14, 3, 'did you mean "hours"?'),
    "no scan for 1h 30": ("R107", 15, 2, "write 30s, 30m, 30h or 30 days"),
    "status is on the way": ("R105", 10, 10, 'did you mean "out_for_delivery" or "in_transit"?'),
    "status is out for delivry for 2h": ("R105", 10, 15, 'did you mean "out_for_delivery"?'),
    "status is failed": ("R105", 10, 6, 'did you mean "attempt_failed"?'),
    "status is late": ("R105", 10, 4, 'did you mean "condition is late"?'),
    "eta > promised end": ("R100", 4, 1, 'did you mean "later than"?'),
    "eta < promised end": ("R100", 4, 1, 'did you mean "earlier than"?'),
    "eta over promised end": ("R109", 0, 3, "write eta later than ..., or eta earlier than ..."),
    "eta is later than promised end": ("R100", 4, 2, "write eta later than ..."),
    "eta is after promised end": ("R100", 4, 2, "write eta later than ..."),
    "attempts is more than 2": ("R100", 9, 2, "write attempts over ..."),
    "attempts is at least 2": ("R100", 9, 2, "write attempts at least ..."),
    "driver is not on break": ("R100", 7, 2, "write not driver on break"),
    "customer has answered": ("R100", 9, 3, "write customer answered"),
    "driver is stopped for 45m": ("R100", 7, 2, "write stopped for 15m"),
    "parked for 45m": ("R100", 0, 6, f'did you mean "stopped for 45m"? {STATES}'),
    "stoped for 45m": ("R100", 0, 6, f'did you mean "stopped for 45m"? {STATES}'),
    "sleeping for 45m": ("R100", 0, 8, STATES),
}


@pytest.mark.parametrize(("text", "tree"), UNDERSTOOD.items(), ids=list(UNDERSTOOD))
def test_a_sentence_gives_its_tree(text: str, tree: Sentence) -> None:
    assert parse(text) == tree


@pytest.mark.parametrize(
    "text", [text for text in UNDERSTOOD if '"' not in text and "hub" not in text and "calendar" not in text]
)
def test_words_may_be_written_in_any_case(text: str) -> None:
    known_values = ("acme", "fragile", "north-*", "gold", "ups", "late", "telematics", "snow")
    shouted = " ".join(word if word in known_values else word.upper() for word in text.split())

    assert parse(shouted) == UNDERSTOOD[text]


def test_the_tree_keeps_the_sentence_as_it_was_written() -> None:
    sentence = parse("  Status IS   arrived ")

    assert isinstance(sentence, Is)
    assert sentence.text == "Status IS arrived"


@pytest.mark.parametrize(("text", "expected"), MISUNDERSTOOD.items(), ids=list(MISUNDERSTOOD))
def test_a_mistake_says_where_it_is_and_what_was_meant(text: str, expected: tuple[str, int, int, str]) -> None:
    directory = Directory(carriers={"acme": Carrier()})

    with pytest.raises(SentenceError, match=r"\w") as raised:
        parse(text, directory)

    error = raised.value
    assert (error.code, error.at, error.length, error.hint) == expected


def read_back(twin: object) -> object:
    late = "{id: late, when: eta is known}"
    reading = read_book(f"rulebook: b\nrules: [{{id: r, when: {json.dumps(twin)}}}, {late}]\n", "b.yaml")
    assert reading.book is not None, "\n".join(problem.render() for problem in reading.problems)
    return reading.book.rules[0].when


@pytest.mark.parametrize("tree", UNDERSTOOD.values(), ids=list(UNDERSTOOD))
def test_every_sentence_has_a_structured_twin_that_means_the_same(tree: Sentence) -> None:
    assert read_back(structured(tree)) == tree


@pytest.mark.parametrize("tree", UNDERSTOOD.values(), ids=list(UNDERSTOOD))
def test_every_tree_can_be_said_as_a_sentence_that_gives_it_again(tree: Sentence) -> None:
    assert parse(sentence_of(tree)) == tree


def test_a_twin_is_shown_to_people_as_its_sentence() -> None:
    twin = read_back({"absent": {"event": "scan at hub", "for": "2h", "since": "arrived", "counted_in": "weekdays"}})

    assert isinstance(twin, Absent)
    assert twin.text == "no scan at hub for 2h since arrived counted in calendar weekdays"


def test_every_form_of_sentence_has_a_twin_and_a_wording() -> None:
    forms = set(get_args(Sentence))

    assert {twin.form for twin in TWINS.values()} == forms
    assert set(WORDINGS) == forms | {Together}  # what `group` asks is a key's, and no sentence that anybody writes


def test_names_are_not_checked_where_the_directory_has_no_such_section() -> None:
    assert parse("carrier is anybody", Directory()) == Is("carrier", ("anybody",))


@pytest.mark.parametrize("form", FORMS[:-1], ids=lambda form: f"form-{form.number}")
def test_the_example_of_each_form_is_read_by_that_form(form: object) -> None:
    row = next(row for row in FORMS if row is form)

    assert row.parse(Words(row.example), Directory()) == parse(row.example)


def test_the_table_has_a_row_for_every_form_of_the_language() -> None:
    assert {form.number for form in FORMS} == set(range(1, 12))


@pytest.mark.parametrize("event", EVENTS)
def test_every_event_can_be_waited_for_and_received(event: str) -> None:
    assert parse(f"no {event} for 1h") == Absent(EventPattern(event), HOUR)
    assert parse(f"{event} received") == Received(EventPattern(event))


@pytest.mark.parametrize("fact", VOCABULARY)
def test_every_fact_can_be_known_or_unknown(fact: str) -> None:
    assert parse(f"{fact} is known") == Known(fact)
    assert parse(f"{fact} is unknown") == Known(fact, known=False)


@pytest.mark.parametrize(("name", "synonym"), [(name, word) for name, fact in VOCABULARY.items() for word in fact.synonyms])
def test_a_synonym_means_its_fact(name: str, synonym: str) -> None:
    assert parse(f"{synonym} is known") == Known(name)


def test_a_sentence_that_is_far_too_long_is_not_read() -> None:
    """One of 400,000 characters took two and a half seconds."""
    with pytest.raises(SentenceError, match="400000 characters, at most 10000 are read") as refused:
        parse("x " * 200_000)

    assert refused.value.code == "R003"
