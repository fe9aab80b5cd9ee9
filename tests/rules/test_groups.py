"""Groups: deliveries that share a route, a hub or the like open together, and one disruption acts for them."""

from pathlib import Path

import pytest

from domain.guards import About, Answer, Question
from rules.watch import Watch, look
from rules.why import why
from tests.builders import a_delivery, an_event, at
from tests.rules.readers import run
from tests.rules.test_guards import a_book

VAN = """rulebook: b
rules:
- id: van
  when: eta later than promised end by 10m
  GROUP
  DO
"""
DO = "do: [{open_ticket: {queue: hub-ops}}, {notify: {who: customer, template: running-late}}]"
FOUR = "deliveries: {A: {route_id: R7}, B: {route_id: R7}, C: {route_id: R7}, D: {route_id: R8}}"
LATE = [f"{name}: 10:{minute:02} eta 16:10" for name, minute in (("A", 0), ("B", 5), ("D", 6), ("C", 10))]

CASES = [
    pytest.param(
        "{by: route, at_least: 3}",
        [],
        [
            '{until: "10:09:59", open: [], did: []}',
            '{at: "10:10", open: {A: van, B: van, C: van}, did: {A: [open_ticket, notify], B: [open_ticket, notify], C: [open_ticket, notify]}, pending: [D: van]}',
        ],
        id="each acts for itself once there are enough",
    ),
    pytest.param(
        "{by: route, at_least: 3, instead: true}",
        [],
        [
            '{at: "10:10", open: {A: van, B: van, C: van}, did: {C: [open_ticket, notify]},'
            " withheld: {A: [open_ticket, notify], B: [open_ticket, notify]}}",
        ],
        id="one acts instead: the delivery that made it enough",
    ),
    pytest.param(
        "{by: route, at_least: 3, gather: 30s, instead: true}",
        [],
        [
            '{until: "10:10:29", did: [], withheld: []}',
            '{at: "10:10:30", did: {C: [open_ticket, notify]}, withheld: {A: [open_ticket, notify], B: van}}'.replace(
                "B: van", "B: [open_ticket, notify]"
            ),
        ],
        id="it waits for those that are late",
    ),
    pytest.param(
        "{by: route, at_least: 3, gather: 30s}",
        [],
        ['{until: "10:10:29", did: []}', '{at: "10:10:30", did: {A: [open_ticket, notify], B: [open_ticket, notify], C: [open_ticket, notify]}}'],
        id="each waits, and acts for itself",
    ),
    pytest.param("{by: route, at_least: 3, within: 10m}", [], ['{at: "10:10", open: {A: van, B: van, C: van}}'], id="just close enough"),
    pytest.param("{by: route, at_least: 3, within: 599s}", [], ['{until: "12:00", open: []}'], id="just too far apart"),
    pytest.param("{by: carrier, at_least: 4}", [], ['{at: "10:10", open: [van]}'], id="all of one carrier"),
    pytest.param(
        "{by: route, at_least: 1, instead: true}",
        [],
        ['{at: "10:00", open: {A: van}, did: {A: [open_ticket, notify]}}', '{at: "10:05", open: {A: van, B: van}, withheld: {B: [open_ticket, notify]}}',
         '{at: "10:06", did: {D: [open_ticket, notify]}}'],
        id="one is enough: the first speaks for its route",
    ),
    pytest.param(
        "{by: lane, at_least: 1, gather: 30s, instead: true}",
        [],
        ['{at: "10:00:30", open: {A: van}, did: {A: [open_ticket, notify]}}', '{at: "10:05:30", open: {A: van, B: van}, did: {B: [open_ticket, notify]}}'],
        id="one is enough, and what has no lane is a group by itself",
    ),
    pytest.param("{by: lane, at_least: 2}", [], ['{until: "12:00", open: []}'], id="what a delivery has not got it does not share"),
    pytest.param(
        "{by: route, at_least: 3}",
        ["B: 10:07 eta 15:00"],
        ['{until: "12:00", open: []}'],
        id="who is cured before there are enough is none of them",
    ),
    pytest.param(
        "{by: route, at_least: 3, gather: 30s, instead: true}",
        ["C: 10:10:20 eta 15:00"],
        [
            '{at: "10:10:20", open: {A: van, B: van}, did: []}',
            '{at: "10:10:30", did: {A: [open_ticket, notify], B: [open_ticket, notify]}, withheld: []}',
        ],
        id="the group falls apart while it gathers: each acts for itself",
    ),
    pytest.param(
        "{by: route, at_least: 2, gather: 30s, instead: true}",
        ["C: 10:05:10 eta 16:10", "B: 10:05:20 eta 15:00"],
        ['{at: "10:05:30", did: {A: [open_ticket, notify]}}', '{at: "10:05:40", did: [], withheld: {C: [open_ticket, notify]}}'],
        id="the leader is cured while the group gathers: another leads",
    ),
    pytest.param(
        "{by: route, at_least: 2, instead: true}",
        ["B: 11:00 eta 15:00", "A: 11:10 eta 15:00", "C: 11:20 eta 15:00"],
        [
            '{at: "11:00", open: {A: van, C: van}}',
            '{at: "11:10", open: {C: van}}',
            '{at: "11:20", open: []}',
        ],
        id="each resolves by its own condition",
    ),
    pytest.param(
        "{by: route, at_least: 2, instead: true}",
        ["A: 11:00 eta 15:00", "B: 11:00 eta 15:00", "C: 11:00 eta 15:00", "A: 12:00 eta 17:00", "C: 12:05 eta 17:00"],
        ['{until: "12:04:59", open: [], did: {B: [open_ticket, notify]}}'.replace("open: [], ", ""), '{at: "12:05", open: {A: van, C: van}, did: {C: [open_ticket, notify]}}'],
        id="a second time it is another disruption, and it acts again",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("group", "more", "expected"), CASES)
def test_a_group(tmp_path: Path, group: str, more: list[str], expected: list[str]) -> None:
    lines = sorted([*LATE, *more], key=lambda line: line.split(" ")[1])
    (tmp_path / "b.yaml").write_text(VAN.replace("GROUP", f"group: {group}").replace("DO", DO))
    (tmp_path / "b.test.yaml").write_text(
        f"tests:\n  - name: one\n    {FOUR}\n    timeline:\n      - 09:00 status out_for_delivery\n"
        + "".join(f"      - {line}\n" for line in lines)
        + "    expect:\n"
        + "".join(f"      - {one}\n" for one in expected)
    )

    report = run(tmp_path / "b.test.yaml")

    assert report.ok, report.summary()


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        pytest.param("hold: 2m", ['{until: "10:11:59", open: []}', '{at: "10:12", open: [A: van, B: van, C: van]}'], id="a hold"),
        pytest.param(
            "only_when: between 11:00 and 20:00",
            ['{until: "10:59:59", open: []}', '{at: "11:00", open: [A: van, B: van, C: van]}'],
            id="a time of day",
        ),
        pytest.param("mode: shadow", ['{at: "10:10", open: [], would: {A: [open_ticket, notify]}}'.replace(
            "{A: [open_ticket, notify]}", "{C: [open_ticket, notify]}")], id="a shadow"),
    ],
)  # fmt: skip
def test_a_group_counts_those_that_would_open_by_themselves(tmp_path: Path, keys: str, expected: list[str]) -> None:
    group = "group: {by: route, at_least: 3, instead: true}\n  " + keys
    (tmp_path / "b.yaml").write_text(VAN.replace("GROUP", group).replace("DO", DO))
    (tmp_path / "b.test.yaml").write_text(
        f"tests:\n  - name: one\n    {FOUR}\n    timeline:\n"
        + "".join(f"      - {line}\n" for line in LATE)
        + "    expect:\n"
        + "".join(f"      - {one}\n" for one in expected)
    )

    report = run(tmp_path / "b.test.yaml")

    assert report.ok, report.summary()


GROUPED = "- {id: van, when: status is on_hold, group: {by: hub, at_least: 3, within: 15m}}"
KEY = "together|hub:HEL1|b/van|900000"


def test_a_group_is_asked_for_only_when_the_rest_is_true_and_left_when_it_is_not() -> None:
    book, watch = a_book(GROUPED), Watch(a_delivery(), 1, "b", at("08:00"))
    asked: list[list[str]] = []
    for clock, status in (("08:30", "in_transit"), ("09:00", "on_hold"), ("10:00", "in_transit"), ("11:00", "note")):
        answers: tuple[Answer, ...] = ()
        while (looked := look(watch, book, (an_event(status, clock),), at(clock), answers=answers)).asks:
            asked.append([question.key for question in looked.asks])
            answers += tuple(Answer(question, question.about is About.APART, "2 of 3 on hub HEL1") for question in looked.asks)
        watch = looked.watch
        if clock == "09:00":
            explained = why(book, watch.delivery, watch.cells, at(clock))[0]

    assert asked == [[KEY], [KEY.replace("together", "apart")]]
    assert watch.delivery.facts.guards == {}
    assert explained["phase"] == "pending"
    assert explained["near_miss"] == ['"at least 3 together on hub within 15m" is false: 2 of 3 on hub HEL1']


def test_a_group_that_could_not_be_left_is_left_at_the_next_look() -> None:
    book, watch = a_book(GROUPED), Watch(a_delivery(), 1, "b", at("08:00"))
    asked: list[Question] = []
    for clock, status, away in (("09:00", "on_hold", True), ("10:00", "in_transit", True), ("11:00", "note", False)):
        answers: tuple[Answer, ...] = ()
        while (looked := look(watch, book, (an_event(status, clock),), at(clock), answers=answers)).asks:
            asked += looked.asks
            answers += tuple(Answer(question, None if away else True) for question in looked.asks)
        watch = looked.watch

    assert [question.about for question in asked] == [About.TOGETHER, About.APART, About.APART]
    assert watch.delivery.facts.guards == {}
    assert watch.open_incidents == ()


CALLED = """rulebook: b
rules:
- {id: late, when: eta later than promised end, group: {by: route, at_least: 2}}
- {id: told, when: disruption open on route of kind late}
"""
CALLS = """tests:
  - name: the disruption of a group
    deliveries: {A: {route_id: R7}, B: {route_id: R7}, C: {route_id: R7}, D: {route_id: R8}}
    timeline: ["08:00 scan out_for_delivery", "A: 10:00 eta 17:00", "B: 10:05 eta 17:00", "B: 11:00 eta 15:00"]
    expect:
      - {at: "10:05", open: {A: [late, told], B: [late, told], C: [told]}}
      - {at: "11:00", open: {A: [late]}}
"""


def test_the_disruption_of_a_group_calls_those_with_a_rule_of_guards_alone_about_it(tmp_path: Path) -> None:
    (tmp_path / "b.yaml").write_text(CALLED)
    (tmp_path / "b.test.yaml").write_text(CALLS)

    report = run(tmp_path / "b.test.yaml")

    assert report.ok, report.summary()


@pytest.mark.parametrize(("second", "expected"), [("10:29", "{A: seen, B: seen}"), ("10:30", "[]")])
def test_a_member_whose_rule_is_false_by_time_alone_counts_no_more(tmp_path: Path, second: str, expected: str) -> None:
    rule = "{id: seen, when: scan at least 1 times in 30m, group: {by: route, at_least: 2}}"
    (tmp_path / "b.yaml").write_text(f"rulebook: b\nrules: [{rule}]\n")
    (tmp_path / "b.test.yaml").write_text(
        "tests:\n  - name: n\n    deliveries: {A: {route_id: R7}, B: {route_id: R7}}\n"
        f"    timeline: ['A: 10:00 scan', 'B: {second} scan']\n    expect: [{{at: '{second}', open: {expected}}}]\n"
    )

    report = run(tmp_path)

    assert report.ok, report.summary()


def test_a_member_whose_hold_begins_anew_counts_once_it_is_over(tmp_path: Path) -> None:
    rule = "{id: late, when: temperature over 8 C, hold: 10m, group: {by: route, at_least: 2}}"
    (tmp_path / "b.yaml").write_text(f"rulebook: b\nrules: [{rule}]\n")
    (tmp_path / "b.test.yaml").write_text(
        "tests:\n  - name: n\n    deliveries: {A: {route_id: R7}, B: {route_id: R7}}\n    timeline:\n"
        "      - 'A: 10:00 sensor temperature 9 C'\n      - 'B: 10:05 sensor temperature 9 C'\n"
        "      - 'A: 10:12 sensor temperature 7 C (happened 10:11)'\n      - 'A: 10:12 sensor temperature 9 C'\n"
        "    expect: [{until: '10:21:59', open: []}, {at: '10:22', open: {A: late, B: late}}]\n"
    )

    report = run(tmp_path)

    assert report.ok, report.summary()
