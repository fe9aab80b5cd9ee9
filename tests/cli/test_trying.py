"""`doorstep rules try`: what a rule does with a file of events, when and why, and what is wrong with the file."""

import json
from pathlib import Path

import pytest

from cli.errors import InputError
from cli.trying import try_rules

BOOK = """
rulebook: small
rules:
  - id: missed-scan
    says: No scan for two hours
    when: [status is out_for_delivery, no scan for 2h since out_for_delivery]
    hold: 5m
    severity: high
    do: [{notify: {who: customer, template: running-late}}]
    escalate: {stop_when: [acknowledged], steps: [{after: 15m, do: [{open_ticket: {queue: hub-ops}}]}]}
  - {id: resting, mode: "off", when: stopped for 20m, do: [{notify: {who: customer, template: running-late}}]}
"""

TIMELINE = "# a morning\n09:00 status out_for_delivery\n- 09:40 scan at STOP7\n11:39 scan at STOP8\n14:00 scan at STOP9\n"

EVENT = {"event_id": "a", "kind": "status", "status": "out_for_delivery", "occurred_at": "2026-11-23T09:00:00Z", "source": "acme"}
SCAN = {"event_id": "b", "kind": "scan", "occurred_at": "2026-11-23T11:10:00Z", "source": "acme"}
ORDER = {"delivery_id": "D-7", "carrier": "acme", "promised": {"end": "2026-11-23T15:00:00Z"}, "destination": {"timezone": "UTC"}}


@pytest.fixture
def book(tmp_path: Path) -> Path:
    (tmp_path / "small.yaml").write_text(BOOK.strip() + "\n")
    (tmp_path / "directory.yaml").write_text("queues: [hub-ops]\n")
    return tmp_path / "small.yaml"


def written(folder: Path, text: str, name: str = "events.txt") -> Path:
    (folder / name).write_text(text)
    return folder / name


def test_it_tells_openings_with_their_reasons_what_is_done_near_misses_and_what_is_to_come(
    book: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = try_rules(book, "missed-scan", written(book.parent, TIMELINE), None, None, "text")

    said = capsys.readouterr().out.splitlines()
    assert code == 0
    assert said[:9] == [
        "D-1 by missed-scan of small; 2026-11-23, UTC; every action succeeds, nothing is sent",
        "  11:39:00  missed-scan came near: needed 6 minutes more",
        "  13:44:00  missed-scan opens (high)",
        "            yes  status is out_for_delivery  (then: out_for_delivery)",
        "            yes  no scan for 2h since out_for_delivery  (then: 11:39:00)",
        "  13:44:00  missed-scan does notify.customer",
        "  13:59:00  missed-scan escalates unless acknowledged (step 1)",
        "  13:59:00  missed-scan does open_ticket",
        "  14:00:00  missed-scan resolves (cured)",
    ]
    assert "  16:05:00  missed-scan opens (high)" in said[said.index("then, if nothing more comes:") :]


def test_a_rule_that_is_off_is_tried_as_a_shadow(book: Path, capsys: pytest.CaptureFixture[str]) -> None:
    try_rules(book, "resting", written(book.parent, "09:00 stopped\n09:30 scan\n"), None, None, "text")

    assert "  09:20:00  resting would do notify.customer" in capsys.readouterr().out.splitlines()


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(json.dumps([EVENT, SCAN]), id="a list"),
        pytest.param(json.dumps({"events": [EVENT, SCAN]}, indent=2), id="a batch"),
        pytest.param(f"{json.dumps(EVENT)}\n{json.dumps(SCAN)}\n", id="one a line"),
    ],
)
def test_events_may_be_written_as_json(book: Path, text: str, capsys: pytest.CaptureFixture[str]) -> None:
    code = try_rules(book, "missed-scan", written(book.parent, text), None, None, "json")

    (told,) = json.loads(capsys.readouterr().out)["deliveries"]
    assert code == 0
    assert [(one["what"], one["at"]) for one in told["did"] if one["what"] in ("opens", "resolves")] == [
        ("opens", "2026-11-23T11:05:00Z"),
        ("resolves", "2026-11-23T11:10:00Z"),
    ]
    assert told["to_come"]["to_come"][0]["says"] == "missed-scan opens at 13:15:00 (high)"


def test_a_history_file_has_its_own_deliveries(book: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = [{"order": ORDER, "known_at": "2026-11-23T08:00:00Z"}, {"event": EVENT, "delivery_id": "D-7"}]
    more = [{"order": ORDER | {"delivery_id": "D-8"}, "known_at": "2026-11-23T08:00:00Z"}, {"label": {"delivery_id": "D-7"}}]

    try_rules(book, None, written(book.parent, "\n".join(map(json.dumps, lines + more))), None, None, "json")

    assert [one["delivery_id"] for one in json.loads(capsys.readouterr().out)["deliveries"]] == ["D-7", "D-8"]


@pytest.mark.parametrize(
    "text",
    [pytest.param(json.dumps(ORDER), id="json"), pytest.param("delivery_id: D-7\npromised: '14:00-15:00'\n", id="as in a test")],
)
def test_the_delivery_may_be_given(book: Path, text: str, capsys: pytest.CaptureFixture[str]) -> None:
    delivery = written(book.parent, text, "order.txt")

    try_rules(book, "missed-scan", written(book.parent, TIMELINE), delivery, "2026-11-24", "text")

    assert capsys.readouterr().out.startswith("D-7 by missed-scan of small; 2026-11-24, UTC")


@pytest.mark.parametrize(
    ("text", "place", "hint"),
    [
        pytest.param("09:00 statsu arrived\n", ":1:7  R104", 'did you mean "status"?', id="a word of a line"),
        pytest.param("09:00 scan\n25:00 scan\n", ":2:1  R108", "00:00 to 24:00", id="a clock time"),
        pytest.param(json.dumps(EVENT | {"kind": "scna"}), ":1:19  R012", 'did you mean "scan"?', id="a kind of event"),
        pytest.param(f'{json.dumps(EVENT)}\n{{"kind" 1}}', ":2:9  R012 not JSON", "one event a line", id="no JSON"),
        pytest.param("[3]", ":1:2  R012", "an event is an object", id="no event"),
        pytest.param("# nothing\n", ":1:1  R013", "there is no event", id="empty"),
    ],
)
def test_a_mistake_in_the_file_is_shown_in_its_place(
    book: Path, text: str, place: str, hint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    file = written(book.parent, text)

    code = try_rules(book, "missed-scan", file, None, None, "text")

    said = capsys.readouterr().out
    assert code == 1
    assert said.startswith(f"{file}{place}")
    assert hint in said


def test_a_rule_that_there_is_not_is_told_with_what_is_near(book: Path) -> None:
    with pytest.raises(InputError, match='there is no rule mised-scan; did you mean "missed-scan"'):
        try_rules(book.parent, "mised-scan", written(book.parent, TIMELINE), None, None, "text")
