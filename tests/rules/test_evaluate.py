"""Batches through a rulebook: openings, cures, late scans, worker down, final statuses, scopes, and when to wake."""

from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from domain.delivery import Delivery
from domain.event import Event
from domain.incident import Mode
from domain.instant import HOUR, MINUTE, Instant, iso, moment
from rules.book import Rule, Rulebook
from rules.compile import compile_book
from rules.evaluate import Verdict, evaluate, release
from rules.machine import Phase
from rules.tree import Absent, All, AnyOf, Around, Compare, Daytime, EventPattern, Is, Known, Later, Received, TimeRef
from tests.builders import ZONE, a_delivery, an_event, at

SCAN = EventPattern("scan")
OUT = EventPattern("out_for_delivery")
ON_THE_VAN = Is("status", ("out_for_delivery",))
QUIET = Absent(SCAN, 2 * HOUR, since=OUT)
ETA, END = TimeRef("fact", "eta"), TimeRef("fact", "promised end")


def missed_scan(**changes: Any) -> Rule:
    plain: dict[str, Any] = {"hold": 5 * MINUTE, "clears_when": None}
    return Rule("missed-scan", "no scan", All((ON_THE_VAN, QUIET)), **{**plain, **changes})


LATE_ETA = Rule("running-late", "behind the promise", Later(ETA, END, by=10 * MINUTE))


class Day:
    """A delivery's day under some rules, told batch by batch; every wake-up in between is kept, as a worker would."""

    def __init__(self, *rules: Rule, delivery: Delivery | None = None, start: str = "08:00", works: bool = True) -> None:
        self.book = compile_book(Rulebook("book", rules))
        self.delivery = delivery or a_delivery()
        self.works = works
        self.last = at(start)
        self.noted: list[tuple[str, str, int, str]] = []
        self.verdict = Verdict({})
        self._look((), self.last)

    def learn(self, known: str, *events: Event) -> "Day":
        """Learns events at a local time, after all wake-ups before it (unless the worker is down)."""
        self.until(known, inclusive=False)
        self._look(events, at(known))
        return self

    def until(self, clock: str, inclusive: bool = True) -> "Day":
        while self.works and self.verdict.wake and self.verdict.wake.at < at(clock) + inclusive:
            self._look((), self.verdict.wake.at)
        return self

    def resolve(self, rule: str, clock: str) -> "Day":
        self.until(clock)
        self.verdict = replace(self.verdict, cells=release(self.verdict.cells, rule, at(clock)))
        self._look((), at(clock))
        return self

    def phase(self, rule: str) -> Phase:
        return self.verdict.cells[rule].phase

    @property
    def wake(self) -> tuple[str | None, str] | None:
        return (local(self.verdict.wake.at), self.verdict.wake.because) if self.verdict.wake else None

    def _look(self, events: tuple[Event, ...], now: Instant) -> None:
        before = self.delivery
        for event in events:
            self.delivery = self.delivery.after(event)
        self.verdict = evaluate(self.book, before, self.delivery, self.verdict.cells, events, self.last, now)
        self.last = now
        for change in self.verdict.changes:
            how = change.resolution.value if change.resolution else ""
            self.noted.append((local(change.at), change.kind.value, change.episode, how))


def local(at_instant: Instant) -> str:
    return moment(at_instant).astimezone(ZoneInfo(ZONE)).strftime("%H:%M:%S")


def test_two_hours_of_silence_held_five_minutes_open_one_incident() -> None:
    day = Day(missed_scan()).learn("09:00", an_event("out_for_delivery", "09:00")).learn("09:40", an_event("scan", "09:40"))

    assert day.wake == ("11:45:00", "missed-scan opens")
    assert day.until("23:00").noted == [("11:45:00", "opened", 1, "")]
    assert day.wake is None


def test_a_scan_in_the_hold_cancels_it() -> None:
    day = Day(missed_scan()).learn("09:00", an_event("out_for_delivery", "09:00")).learn("11:03", an_event("scan", "11:03"))

    assert day.noted == []
    assert day.wake == ("13:08:00", "missed-scan opens")


def test_a_late_scan_cancels_the_hold_and_a_new_one_counts_from_when_the_condition_is_true_again() -> None:
    day = Day(missed_scan()).learn("09:00", an_event("out_for_delivery", "09:00")).learn("09:40", an_event("scan", "09:40"))

    day.learn("11:43", an_event("scan", "11:20", known="11:43"))

    assert day.noted == [("11:43:00", "retracted_pending", 1, "")]
    assert day.until("13:24:59").noted[1:] == []
    assert day.until("13:25").noted[1:] == [("13:25:00", "opened", 1, "")]


def test_a_late_scan_that_leaves_the_condition_true_again_restarts_the_hold_at_the_batch() -> None:
    day = Day(missed_scan(hold=HOUR)).learn("09:00", an_event("out_for_delivery", "09:00"))

    day.learn("11:30", an_event("scan", "09:20", known="11:30"))

    assert day.wake == ("12:30:00", "missed-scan opens")


def test_a_late_scan_in_the_middle_of_a_hold_restarts_it() -> None:
    rule = Rule("quiet", "", Absent(SCAN, 10 * MINUTE), hold=2 * HOUR)

    day = Day(rule).learn("09:00", an_event("scan", "08:30", known="09:00"))

    assert day.noted == []
    assert day.wake == ("11:00:00", "quiet opens")


def test_a_relapse_that_is_learnt_late_restarts_the_clearing() -> None:
    day = Day(replace(LATE_ETA, stay_clear=HOUR)).learn("10:00", an_event("eta", "10:00", eta=at("16:20")))
    day.learn("10:05", an_event("eta", "10:05", eta=at("15:50")))
    relapse = an_event("eta", "10:20", known="10:40", eta=at("16:30")), an_event("eta", "10:25", known="10:40", eta=at("15:40"))

    day.learn("10:40", *relapse)

    assert day.wake == ("11:40:00", "running-late resolves")


def test_what_became_true_an_hour_ago_and_is_learnt_now_is_held_from_now() -> None:
    day = Day(missed_scan()).learn("12:00", an_event("out_for_delivery", "09:00", known="12:00"))

    assert day.wake == ("12:05:00", "missed-scan opens")


def test_a_condition_that_is_true_from_the_first_look_is_held_from_there() -> None:
    delivery = a_delivery(an_event("out_for_delivery", "09:00"))

    assert Day(missed_scan(), delivery=delivery, start="12:00").wake == ("12:05:00", "missed-scan opens")


def test_a_late_scan_that_proves_the_alarm_wrong_retracts_the_incident() -> None:
    day = Day(missed_scan()).learn("09:00", an_event("out_for_delivery", "09:00"))

    day.learn("12:00", an_event("scan", "10:30", known="12:00"))

    assert day.noted == [("11:05:00", "opened", 1, ""), ("12:00:00", "resolved", 1, "retracted")]
    assert day.wake == ("12:35:00", "missed-scan opens")


def test_a_correction_retracts_what_rested_on_a_wrong_event() -> None:
    wrong = an_event("eta", "10:00", eta=at("17:00"))
    day = Day(LATE_ETA).learn("10:00", wrong)

    day.learn("10:30", an_event("correction", "10:30", detail={"event_id": wrong.event_id, "reason": "incorrect_data"}))

    assert day.noted == [("10:00:00", "opened", 1, ""), ("10:30:00", "resolved", 1, "retracted")]


def test_a_scan_after_the_opening_cures() -> None:
    day = Day(missed_scan()).learn("09:00", an_event("out_for_delivery", "09:00"))

    day.learn("12:00", an_event("scan", "11:59", known="12:00"))

    assert day.noted == [("11:05:00", "opened", 1, ""), ("12:00:00", "resolved", 1, "cured")]


def test_clears_when_counts_only_what_happened_since_the_opening() -> None:
    rule = missed_scan(clears_when=Received(SCAN), stay_clear=10 * MINUTE, hold=0)
    day = Day(rule).learn("09:00", an_event("out_for_delivery", "09:00"))

    day.learn("11:30", an_event("scan", "08:30", known="11:30"))
    assert day.phase("missed-scan") is Phase.OPEN

    day.learn("12:00", an_event("scan", "12:00"))
    assert day.wake == ("12:10:00", "missed-scan resolves")
    assert day.until("12:10").noted == [("11:00:00", "opened", 1, ""), ("12:10:00", "resolved", 1, "cured")]


def test_a_rule_opened_by_a_reply_stays_open_until_its_cure() -> None:
    rule = Rule("reply", "", Received(EventPattern("customer_reply")), clears_when=Received(SCAN))
    day = Day(rule).learn("09:00", an_event("customer_reply", "09:00")).learn("09:30", an_event("eta", "09:30", eta=at("15:00")))

    assert day.phase("reply") is Phase.OPEN
    assert day.learn("10:00", an_event("scan", "10:00")).noted[1:] == [("10:00:00", "resolved", 1, "cured")]
    assert day.learn("11:00", an_event("customer_reply", "11:00")).noted[2:] == [("11:00:00", "opened", 2, "")]


def test_flapping_within_stay_clear_is_one_incident() -> None:
    day = Day(replace(LATE_ETA, stay_clear=10 * MINUTE)).learn("10:00", an_event("eta", "10:00", eta=at("16:20")))

    day.learn("10:05", an_event("eta", "10:05", eta=at("15:50"))).learn("10:10", an_event("eta", "10:10", eta=at("16:30")))

    assert day.until("23:00").noted == [("10:00:00", "opened", 1, "")]


def test_in_its_cooldown_a_rule_waits_and_opens_at_the_cooldowns_end() -> None:
    day = Day(replace(LATE_ETA, cooldown=30 * MINUTE)).learn("10:00", an_event("eta", "10:00", eta=at("16:20")))

    day.learn("10:05", an_event("eta", "10:05", eta=at("15:50"))).learn("10:10", an_event("eta", "10:10", eta=at("16:30")))

    assert day.phase("running-late") is Phase.PENDING
    assert day.wake == ("10:35:00", "running-late opens")


def test_only_when_holds_an_opening_back_until_it_is_true() -> None:
    rule = replace(LATE_ETA, only_when=Daytime(8 * HOUR, 20 * HOUR))
    day = Day(rule, delivery=a_delivery(known="05:00"), start="05:00").learn("06:00", an_event("eta", "06:00", eta=at("17:00")))

    assert day.wake == ("08:00:00", "running-late opens")
    assert day.until("23:59").noted == [("08:00:00", "opened", 1, "")]


def test_after_a_person_resolved_it_a_rule_arms_again_only_once_its_condition_was_false() -> None:
    day = Day(LATE_ETA).learn("10:00", an_event("eta", "10:00", eta=at("16:20"))).resolve("running-late", "10:30")

    day.learn("11:00", an_event("eta", "11:00", eta=at("16:40")))
    assert day.phase("running-late") is Phase.IDLE

    day.learn("12:00", an_event("eta", "12:00", eta=at("15:00"))).learn("13:00", an_event("eta", "13:00", eta=at("17:00")))
    assert day.noted[-1] == ("13:00:00", "opened", 2, "")


def test_cooldown_runs_from_the_resolution_by_hand() -> None:
    day = Day(replace(LATE_ETA, cooldown=HOUR)).learn("10:00", an_event("eta", "10:00", eta=at("16:20")))
    day.resolve("running-late", "10:30").learn("10:40", an_event("eta", "10:40", eta=at("15:00")))

    assert day.learn("10:50", an_event("eta", "10:50", eta=at("17:00"))).wake == ("11:30:00", "running-late opens")


def test_releasing_what_is_not_open_changes_nothing() -> None:
    day = Day(LATE_ETA)

    assert release(day.verdict.cells, "running-late", at("09:00")) is day.verdict.cells
    assert release(day.verdict.cells, "no-such-rule", at("09:00")) is day.verdict.cells


def test_what_is_still_true_after_the_worker_was_down_opens_as_of_when_it_was_due() -> None:
    day = Day(missed_scan(), works=False).learn("09:00", an_event("out_for_delivery", "09:00"))

    day.learn("15:00", an_event("eta", "15:00", eta=at("15:30")))

    assert day.noted == [("11:05:00", "opened", 1, "")]


def test_what_opened_and_cleared_while_the_worker_was_down_is_only_missed() -> None:
    rule = Rule("window", "", Around(END, 30 * MINUTE, "within_before"))
    day = Day(rule, works=False)

    day.learn("18:00", an_event("scan", "18:00"))

    assert day.noted == [("15:30:00", "missed", 1, "")]
    assert day.phase("window") is Phase.IDLE


def test_what_an_event_cleared_while_the_worker_was_down_is_only_missed_also_within_stay_clear() -> None:
    day = Day(missed_scan(stay_clear=10 * MINUTE), works=False).learn("09:00", an_event("out_for_delivery", "09:00"))

    day.learn("12:00", an_event("scan", "11:30", known="12:00"))

    assert day.noted == [("11:05:00", "missed", 1, "")]
    assert day.phase("missed-scan") is Phase.IDLE


def test_what_late_knowledge_disproves_before_anybody_was_told_was_never_an_incident() -> None:
    day = Day(missed_scan(), works=False).learn("09:00", an_event("out_for_delivery", "09:00"))

    day.learn("12:00", an_event("scan", "10:00", known="12:00"))

    assert day.noted == [("12:00:00", "retracted_pending", 1, "")]


def test_events_come_before_timers_that_are_due_at_the_same_instant() -> None:
    day = Day(missed_scan()).learn("09:00", an_event("out_for_delivery", "09:00")).learn("11:05", an_event("scan", "11:05"))

    assert day.noted == []


def test_a_final_status_resolves_what_is_open_and_opens_nothing_more() -> None:
    after_end = Rule("overrun", "", Around(END, 0, "after"))
    day = Day(LATE_ETA, after_end).learn("10:00", an_event("eta", "10:00", eta=at("16:20")))

    day.learn("12:00", an_event("delivered", "12:00")).until("23:00")

    assert day.noted == [("10:00:00", "opened", 1, ""), ("12:00:00", "resolved", 1, "final")]
    assert day.wake is None


def test_an_expiry_resolves_what_is_open_as_expired() -> None:
    day = Day(LATE_ETA).learn("10:00", an_event("eta", "10:00", eta=at("16:20")))

    day.learn("23:00", an_event("expired", "23:00"))

    assert day.noted[-1] == ("23:00:00", "resolved", 1, "expired")


def test_a_rule_for_after_the_end_works_on_a_final_delivery() -> None:
    no_proof = Rule(
        "no-proof", "", All((Is("status", ("delivered",)), Is("proof present", (False,)))), after_final=True, hold=MINUTE
    )
    day = Day(no_proof).learn("12:00", an_event("delivered", "12:00")).until("12:30")

    assert day.noted == [("12:01:00", "opened", 1, "")]


def test_a_final_status_that_did_not_occur_brings_the_rules_back() -> None:
    wrong = an_event("delivered", "12:00")
    day = Day(LATE_ETA).learn("10:00", an_event("eta", "10:00", eta=at("16:20"))).learn("12:00", wrong)

    day.learn("12:30", an_event("correction", "12:30", detail={"event_id": wrong.event_id, "reason": "did_not_occur"}))

    assert day.noted[-1] == ("12:30:00", "opened", 2, "")


def test_unknown_keeps_an_incident_open() -> None:
    rule = Rule("warm", "", Compare("eta confidence", "under", 50))
    day = Day(rule).learn("10:00", an_event("eta", "10:00", eta=at("15:00"), confidence=20))

    assert day.learn("11:00", an_event("eta", "11:00", eta=at("15:00"))).phase("warm") is Phase.OPEN


def test_rules_are_for_deliveries_in_their_scope_only() -> None:
    quiet = Known("eta", known=False)
    rules = (
        Rule("north", "", quiet, applies_to={"zone": ("north-*", "not north-test"), "carrier": ("acme", "zipvan")}),
        Rule("south", "", quiet, applies_to={"zone": ("south-*",)}),
        Rule("tagged", "", quiet, applies_to={"tags": ("not fragile",)}),
        Rule("nobody", "", quiet, rollout=0),
        Rule("off", "", quiet, mode=Mode.OFF),
        Rule("shadow", "", quiet, mode=Mode.SHADOW),
    )

    day = Day(*rules, delivery=a_delivery(tags=("fragile",)))

    assert [change.rule for change in day.verdict.changes] == ["north", "shadow"]
    assert set(day.verdict.cells) == {"north", "shadow"}


def test_a_scope_key_that_does_not_exist_is_named() -> None:
    with pytest.raises(ValueError, match='rule r: applies_to has no key "colour"; allowed are carrier, zone'):
        Day(Rule("r", "", Known("eta"), applies_to={"colour": ("red",)}))


def test_out_of_scope_an_open_incident_runs_on_and_nothing_new_opens() -> None:
    rule = replace(LATE_ETA, applies_to={"carrier": ("acme",)})
    day = Day(rule).learn("10:00", an_event("eta", "10:00", eta=at("16:20")))
    day.learn("10:30", an_event("assignment", "10:30", detail={"state": "accepted", "carrier": "zipvan"}))

    assert day.phase("running-late") is Phase.OPEN
    day.learn("11:00", an_event("eta", "11:00", eta=at("15:00"))).learn("12:00", an_event("eta", "12:00", eta=at("17:00")))
    assert day.noted == [("10:00:00", "opened", 1, ""), ("11:00:00", "resolved", 1, "cured")]

    day.learn("13:00", an_event("assignment", "13:00", detail={"state": "accepted", "carrier": "acme"}))
    assert day.noted[2:] == [("13:00:00", "opened", 2, "")]


def test_changes_and_wakes_come_by_priority() -> None:
    rules = [Rule(name, "", Around(END, 0, "after"), priority=priority) for name, priority in (("b", 1), ("a", 1), ("z", 90))]
    day = Day(*rules)

    assert day.wake == ("16:00:00", "z opens, a opens, b opens")
    assert [change.rule for change in day.until("16:00").verdict.changes] == ["z", "a", "b"]


def test_edges_that_open_nothing_wake_nobody() -> None:
    rule = Rule("r", "", All((Known("eta"), Daytime(8 * HOUR, 20 * HOUR))), hold=HOUR)

    assert Day(rule).wake is None


def test_a_rule_that_never_gets_through_its_hold_is_looked_at_again_some_day() -> None:
    rule = Rule("r", "", AnyOf((Daytime(8 * HOUR, 20 * HOUR),)), hold=13 * HOUR)

    wake = Day(rule).verdict.wake

    assert wake is not None
    assert (iso(wake.at) or "") > "2027-01-01"
    assert wake.because == "r looks"


def test_rules_that_a_batch_does_not_touch_keep_their_cells() -> None:
    day = Day(missed_scan(), LATE_ETA).learn("10:00", an_event("eta", "10:00", eta=at("16:20")))
    before = day.verdict.cells

    day.learn("10:10", an_event("scan", "10:10"))

    assert day.verdict.cells["running-late"] is before["running-late"]


def test_a_scan_cures_also_where_the_cells_were_written_down_and_read_again() -> None:
    day = Day(missed_scan()).learn("09:00", an_event("out_for_delivery", "09:00")).until("11:30")
    day.verdict = replace(day.verdict, cells=dict(day.verdict.cells))

    day.learn("11:40", an_event("scan", "11:40"))

    assert day.noted == [("11:05:00", "opened", 1, ""), ("11:40:00", "resolved", 1, "cured")]


def test_an_edition_that_is_not_known_is_refused() -> None:
    with pytest.raises(ValueError, match="there is no edition 9 of evaluation; this version knows 1 to 1"):
        evaluate(compile_book(Rulebook("b", ())), a_delivery(), a_delivery(), {}, (), 1, 1, edition=9)
