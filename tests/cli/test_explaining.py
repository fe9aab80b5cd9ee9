"""`doorstep rules explain`: a rule in plain words."""

import json
from pathlib import Path

import pytest

from cli.errors import InputError
from cli.explaining import explain_rule
from rules.explaining import explained
from rules.reader import read_file
from settings import SHIPPED_RULES

BOOK = """
rulebook: small
defaults: {limits: [{what: customer_message, at_most: 2, within: 24h}, {what: reroute, at_most: 1, within: 1h}]}
define: {on the van: [status is out_for_delivery]}
rules:
  - id: missed-scan
    says: No scan for two hours
    applies_to: {carrier: [acme], zone: ["north-*", not north-test]}
    rollout: 50%
    only_when: [between 08:00 and 20:00]
    when: {all: [on the van, no scan for 2h since out_for_delivery, {any: [attempts at least 1, eta is unknown]}]}
    hold: 5m
    stay_clear: 10m
    cooldown: 1h
    severity: high
    decision: unseen
    suppressed_by: halted
    do:
      - reassign: {to: nearby_driver, accept_within: 5m}
        otherwise: [{open_ticket: {queue: hub-ops}}]
      - notify: {who: customer, template: running-late, channels: [sms, email]}
    escalate:
      stop_when: [cleared, acknowledged]
      steps: [{after: 15m, do: [{open_ticket: {queue: hub-ops}}], repeat: {every: 30m, at_most: 2}}]
    acknowledge_expires: 1h
    quiet_hours: {for: [notify.customer], window: "21:00-08:00"}
    on_resolve: [{notify: {who: customer, template: back-on-track}}]
  - {id: halted, mode: shadow, when: stopped for 20m, clears_when: moving for 1m}
"""

MISSED_SCAN = """missed-scan: No scan for two hours
It is live: it acts. Severity high.
It is for deliveries with carrier acme; zone north-*, not north-test, and of these for 50% (always the same).
It opens when all of these are true, and that has been so for 5 minutes:
  - status is out_for_delivery
  - no scan for 2h since out_for_delivery
  - any of these:
    - attempts at least 1
    - eta is unknown
It opens only while (by the recipient's clock) this is true:
  - between 08:00 and 20:00
Among the rules of the decision unseen the highest priority opens; its own is 50.
It does not open while an incident of halted is open.
After an incident has ended it does not open again for 1 hour.
Then, in order:
  1. reassign (to nearby_driver; accept within 5 minutes)
     if that fails or does not help:
      1. open_ticket (queue hub-ops)
  2. notify.customer (template running-late; channels sms, email)
If the incident stays open, counted from its opening (held up while the condition is false or somebody has acknowledged it):
  after 15 minutes, and again every 30 minutes, at most 2 times:
    1. open_ticket (queue hub-ops)
An acknowledgement expires after 1 hour.
Quiet hours: between 21:00 and 08:00 (the recipient's clock) notify.customer is done when they end, if it is still called for.
At most 2 customer messages within 1 day on a delivery, by all rules.
It resolves when that is false again, and has been for 10 minutes; also when the delivery ends, or a person resolves it.
When it has ended as cured, in order:
  1. notify.customer (template back-on-track)
"""


@pytest.fixture
def book(tmp_path: Path) -> Path:
    (tmp_path / "small.yaml").write_text(BOOK.strip() + "\n")
    (tmp_path / "directory.yaml").write_text("queues: [hub-ops]\ncarriers: {acme: {}}\nzones: [north-1, north-test]\n")
    return tmp_path / "small.yaml"


def test_a_rule_is_told_from_whom_it_is_for_to_how_it_ends(book: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = explain_rule(book, "missed-scan", "text")

    assert code == 0
    assert capsys.readouterr().out == MISSED_SCAN


def test_programs_get_the_lines(book: Path, capsys: pytest.CaptureFixture[str]) -> None:
    explain_rule(book, "halted", "json")

    (rule,) = json.loads(capsys.readouterr().out)["rules"]
    assert rule["lines"][1] == "It is a shadow: it notes what it would do, and does nothing. Severity medium."
    assert rule["lines"][-3:] == [
        "It resolves when this is true:",
        "  - moving for 1m",
        "It also resolves when the delivery ends, or a person resolves it.",
    ]


def test_what_is_done_about_a_question_that_nobody_answers_is_told(book: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asks = "{ask_customer: {template: address-problem, answer_within: 2h, unanswered: [{open_ticket: {queue: hub-ops}}]}}"
    book.write_text(f"rulebook: small\nrules: [{{id: asks, says: asks, when: status is on_hold, do: [{asks}]}}]\n")

    explain_rule(book, "asks", "text")

    said = capsys.readouterr().out.splitlines()
    assert said[said.index("Then, in order:") + 1 :][:3] == [
        "  1. ask_customer (template address-problem; answer within 2 hours)",
        "     if nobody answers in time:",
        "      1. open_ticket (queue hub-ops)",
    ]


def test_a_rule_that_there_is_not_is_told_with_what_is_near(book: Path) -> None:
    with pytest.raises(InputError, match='there is no rule halt; did you mean "halted"'):
        explain_rule(book, "halt", "text")


def test_a_book_with_a_mistake_is_not_explained(book: Path, capsys: pytest.CaptureFixture[str]) -> None:
    book.write_text("rulebook: small\nrules: [{id: a, when: statsu is created}]\n")

    code = explain_rule(book, "a", "text")

    assert code == 1
    assert 'did you mean "status"?' in capsys.readouterr().out


@pytest.mark.parametrize("name", ["standard", "parcel", "same-day", "cold-chain"])
def test_every_shipped_rule_can_be_told(name: str) -> None:
    book = read_file(SHIPPED_RULES / f"{name}.yaml").book
    assert book is not None

    told = {rule.id: list(explained(rule)) for rule in book.rules}

    assert all(any(line.startswith("It opens when") for line in lines) for lines in told.values())
    assert not any("=" in line and "(form" in line for lines in told.values() for line in lines)
