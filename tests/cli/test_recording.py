"""`doorstep rules record`: the test that is made of a delivery's life passes, and says where it is not what really happened."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from cli.recorded_books import Books, books_of
from cli.recording import history_lines, recorded_of, written
from rules.book import Rulebook, canonical_json, sha256
from rules.reader import read_file
from settings import SHIPPED_RULES
from tests.rules.readers import run

ORDER = {
    "schema_version": 1,
    "delivery_id": "D-7",
    "carrier": "acme",
    "promised": {"start": "2026-11-23T14:00:00+02:00", "end": "2026-11-23T16:00:00+02:00"},
    "destination": {"timezone": "Europe/Helsinki", "lat": 60.17, "lon": 24.95, "address": "Mannerheimintie 1"},
    "customer": {"name": "Aino", "email": "aino@example.test", "phone": "+358401234567", "language": "fi"},
    "reopen": False,
}


def event(number: int, kind: str, occurred: str, known: str | None = None, **more: Any) -> dict[str, Any]:
    clock = {"occurred_at": f"2026-11-23T{occurred}+02:00", "recorded_at": f"2026-11-23T{known or occurred}+02:00"}
    return {"event_id": f"acme {number}", "kind": kind, "source": "acme", **clock, **more}


EVENTS = [
    event(1, "scan", "08:00:00.250", status="out_for_delivery", location={"name": "HEL1"}),
    event(2, "eta", "12:29:58", "12:30:00.400", eta="2026-11-23T16:15:00+02:00", confidence=80),
    event(3, "moving", "13:00:00", by="driver", location={"lat": 60.2, "lon": 24.9}),
    event(4, "customer_reply", "13:10:00", by="customer", detail={"text": "at the back door: ring twice", "channel": "sms"}),
    event(5, "scan", "13:20:00", status="at_hub", location={"name": "the other hub"}),
    event(6, "correction", "13:25:00", detail={"event_id": "acme 5", "reason": "did_not_occur"}),
    event(7, "assignment", "13:30:00", source="doorstep", detail={"state": "accepted", "driver_id": "V8"}),
    event(8, "scan", "16:20:00", status="delivered"),
]
INCIDENTS: list[dict[str, Any]] = [
    {
        "rule": "predicted-late",
        "opened_at": "2026-11-23T12:32:00.400+02:00",
        "resolved_at": "2026-11-23T16:20:00+02:00",
        "resolution": "final",
        "acts": [
            {"action": "reroute", "at": "2026-11-23T12:32:00.5+02:00", "outcome": "no_help"},
            {"action": "reassign", "at": "2026-11-23T12:32:01+02:00", "outcome": "done"},
        ],
    },
    {"rule": "late", "opened_at": "2026-11-23T16:00:00+02:00", "resolved_at": None, "resolution": None, "acts": []},
]
HISTORY: dict[str, Any] = {
    "as_of": "2026-11-23T17:20:00+02:00",
    "rulebook": {"name": "standard", "version": "0123456789abcdef"},
    "order": ORDER,
    "known_at": "2026-11-23T07:59:59.900+02:00",
    "events": EVENTS,
    "incidents": INCIDENTS,
    "decisions": [{"what": "acknowledge", "rule": "late", "at": "2026-11-23T16:10:00+02:00"}],
}


@pytest.fixture(scope="module")
def book() -> Rulebook:
    found = read_file(SHIPPED_RULES / "standard.yaml").book
    assert found is not None
    return found


def test_the_test_that_is_written_passes_and_tells_what_happened(tmp_path: Path, book: Rulebook) -> None:
    text, differing = written(HISTORY, Books(book, str(SHIPPED_RULES / "standard.yaml")))
    (tmp_path / "D-7.test.yaml").write_text(text)

    report = run(tmp_path / "D-7.test.yaml")

    assert report.ok, report.summary()
    assert report.passed == 1
    assert differing == []
    assert "      - 08:00:01 scan out_for_delivery at HEL1 (happened 08:00:00)\n" in text
    assert "      - 12:30:01 eta 16:15:00 confidence 80% (happened 12:29:58)\n" in text
    assert "      - 16:10:00 acknowledge late\n" in text
    assert '    outcomes: {"predicted-late.reroute": ["no_help"]}\n' in text
    assert "'13:10:00 customer_reply \"at the back door: ring twice\"'" in text
    assert '- {at: "12:32:01", open: [predicted-late], did: [reroute, reassign]}' in text


def test_what_no_line_says_is_told_as_json(book: Rulebook) -> None:
    text, _ = written(HISTORY, Books(book, "standard.yaml"))

    lines = yaml.safe_load(text)["tests"][0]["timeline"]
    as_json = [json.loads(line.split(" event ", 1)[1]) for line in lines if " event " in line]
    assert [one["event_id"] for one in as_json] == ["acme 3", "acme 5", "acme 6", "acme 7"]


def test_nothing_tells_who_the_customer_is(book: Rulebook) -> None:
    text, _ = written(HISTORY, Books(book, "standard.yaml"))
    lines = list(history_lines(HISTORY))

    for secret in ("Aino", "aino@example.test", "+358401234567", "Mannerheimintie"):
        assert secret not in text
        assert secret not in json.dumps(lines)
    assert lines[0]["order"]["customer"] == {"language": "fi"}
    assert [line["event"]["event_id"] for line in lines[1:]] == [one["event_id"] for one in EVENTS]


def test_what_really_happened_otherwise_is_said(tmp_path: Path, book: Rulebook) -> None:
    silent: dict[str, Any] = {
        "rule": "silent",
        "opened_at": "2026-11-23T10:00:00+02:00",
        "resolved_at": None,
        "resolution": None,
        "acts": [],
    }
    history = {**HISTORY, "incidents": [INCIDENTS[0], silent]}

    text, differing = written(history, Books(book, str(SHIPPED_RULES / "standard.yaml")))
    (tmp_path / "D-7.test.yaml").write_text(text)

    assert differing == ["really silent opened at 10:00:00", "really late did not open at 16:00:00"]
    assert "# really silent opened at 10:00:00\n" in text
    assert run(tmp_path / "D-7.test.yaml").ok


def test_a_question_of_ours_is_asked_by_the_rules_again_and_its_answer_is_told(tmp_path: Path) -> None:
    (tmp_path / "b.yaml").write_text(
        "rulebook: standard\nrules:\n"
        "  - id: address\n    when: attempt_failed received\n    clears_when: customer_reply received\n"
        "    do: [{ask_customer: {template: x, answer_within: 1h, unanswered: [{open_ticket: {queue: q}}]}}]\n"
    )
    asked = event(2, "asked", "10:00:01", source="doorstep", by="system", detail={"template": "x", "channel": "sms"})
    events = [
        event(1, "attempt_failed", "10:00:00", reason="consignee_incorrect_address"),
        asked,
        event(3, "customer_reply", "10:30:00", by="customer", detail={"text": "yes", "channel": "sms"}),
    ]
    act = {"action": "ask_customer", "at": "2026-11-23T10:00:00+02:00", "outcome": "done"}
    incident = {
        "rule": "address",
        "opened_at": "2026-11-23T10:00:00+02:00",
        "resolved_at": None,
        "resolution": None,
        "acts": [act],
    }
    history = {**HISTORY, "events": events, "incidents": [incident], "decisions": []}
    book = read_file(tmp_path / "b.yaml").book
    assert isinstance(book, Rulebook)

    text, differing = written(history, Books(book, "b.yaml"))

    (tmp_path / "b.test.yaml").write_text(text)
    assert (differing, run(tmp_path).ok) == ([], True)
    assert "asked" not in text
    assert 'customer_reply "yes"' in text
    assert "did: [ask_customer]" in text
    assert "asked" not in str([line["event"]["kind"] for line in history_lines(history) if "event" in line])


SMALL = "rulebook: small\nrules:\n  - {id: late, when: condition is late, do: [{reroute: {}}]}\n"
MORE = SMALL + "  - {id: stands, when: stopped received}\n"


def adoption(before: str, after: str) -> dict[str, Any]:
    books = {"before": {"name": "small", "version": before}, "rulebook": {"name": "small", "version": after}}
    return {"what": "adopt", "at": "2026-11-23T12:00:00.300+02:00", **books}


def versions(folder: Path) -> list[str]:
    """Writes the book and its next version into a folder, and says what they are."""
    folder.mkdir()
    read = [read_file(_file(folder / name, text)).book for name, text in (("small.yaml", SMALL), ("next.yaml", MORE))]
    return [sha256(canonical_json(book)) for book in read if book is not None]


def _file(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


STAYS: dict[str, Any] = {**HISTORY, "events": EVENTS[:1], "incidents": [], "as_of": "2026-11-23T13:00:00+02:00"}


def test_an_adopted_book_is_named_by_its_file_and_the_test_begins_with_the_one_before(tmp_path: Path) -> None:
    before, after = versions(tmp_path / "books")
    muted = {"what": "mute", "rule": "stands", "at": "2026-11-23T12:30:00+02:00", "until": "2026-11-24T09:00:00.5+02:00"}
    history = {**STAYS, "decisions": [adoption(before, after), muted]}

    text, differing = written(history, books_of(history, tmp_path / "books", tmp_path))

    (tmp_path / "D-7.test.yaml").write_text(text)
    assert (differing, run(tmp_path / "D-7.test.yaml").ok) == ([], True)
    assert f"watched by small {before[:12]}, then small {after[:12]}.\n" in text
    assert 'rulebook: "books/small.yaml"\n' in text
    assert '12:00:01 adopt "books/next.yaml"' in text
    assert "12:30:00 mute stands until +1d 09:00:01" in text


def test_an_adopted_book_of_which_there_is_no_file_is_said(tmp_path: Path) -> None:
    before, _ = versions(tmp_path / "books")
    muted = {"what": "mute", "rule": "gone", "at": "2026-11-23T12:30:00+02:00", "until": "2026-11-23T12:40:00+02:00"}
    history = {**STAYS, "decisions": [adoption(before, "f" * 64), muted]}

    text, differing = written(history, books_of(history, tmp_path / "books", tmp_path))

    (tmp_path / "D-7.test.yaml").write_text(text)
    assert run(tmp_path / "D-7.test.yaml").ok
    assert differing == [
        "really version ffffffffffff was adopted at 12:00:01; the folder has not both it and the one before",
        "really somebody did mute gone at 12:30:00",
    ]


def test_what_was_only_proposed_is_no_outcome() -> None:
    act = {"action": "reassign", "at": "2026-11-23T12:32:01+02:00", "outcome": "declined", "begun": False}
    history = {**HISTORY, "incidents": [INCIDENTS[0] | {"acts": [act]}], "decisions": []}

    assert recorded_of(history).outcomes == {}
