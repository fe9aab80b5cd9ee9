"""What tests expect to be said: the real templates, filled in with what is known at that moment."""

from pathlib import Path

import pytest

from integrations.messaging.templates import Templates
from rules.verify import Report, run_file
from tests.rules.readers import read_event, read_order

BOOK = """
rulebook: small
rules:
  - id: predicted
    when: eta later than promised end by 10m
    do:
      - notify: {who: customer, template: moved, channels: [sms, email]}
      - notify: {who: shift-lead, template: moved}
"""
FILES = {
    "moved.sms.en.liquid": "New time: {{ eta | local_time }}",
    "moved.email.en.liquid": "Subject: Your parcel\nIt comes at\n{{ eta | local_time }}.",
    "moved.sms.fi.liquid": "Uusi aika: {{ eta | local_time }}",
}


def report_of(folder: Path, expected: str, language: str = "en") -> Report:
    """A test of what is said at 12:30, when 16:40 is predicted."""
    (folder / "templates").mkdir()
    for name, text in FILES.items():
        (folder / "templates" / name).write_text(text)
    (folder / "small.yaml").write_text(BOOK)
    (folder / "small.test.yaml").write_text(
        "tests:\n"
        "  - name: one\n"
        f"    delivery: {{timezone: Europe/Helsinki, customer.language: {language}}}\n"
        "    timeline: ['12:30 eta 16:40']\n"
        f"    expect: [{{at: '12:30', message: {expected}}}]\n"
    )
    return run_file(folder, read_order, read_event, Templates(folder / "templates"))


@pytest.mark.parametrize(
    ("expected", "language"),
    [
        pytest.param('{to: customer, contains: "16:40"}', "en", id="a text"),
        pytest.param('{to: customer, contains: [New time, "16:40"]}', "en", id="several texts in one message"),
        pytest.param("{to: customer, contains: It comes at 16}", "en", id="across a line"),
        pytest.param("{to: customer, contains: Your parcel}", "en", id="a subject"),
        pytest.param("{to: customer}", "en", id="any text"),
        pytest.param("{to: customer, contains: Uusi aika}", "fi", id="in the customer's language"),
        pytest.param('[{to: customer}, {to: shift-lead, contains: "16:40"}]', "en", id="two messages"),
    ],
)
def test_a_message_is_expected(tmp_path: Path, expected: str, language: str) -> None:
    report = report_of(tmp_path, expected, language)

    assert report.ok, report.summary()


@pytest.mark.parametrize(
    ("expected", "said"),
    [
        pytest.param('{to: customer, contains: "17:40"}', "expected to customer, with 17:40, got 3 messages", id="another text"),
        pytest.param("{to: customer, contains: [New, Your]}", "with New and Your", id="not all in one"),
        pytest.param("{to: driver}", "expected to driver, with any text", id="another addressee"),
        pytest.param("[{to: customer}, {to: driver}]", "expected to driver", id="one of two"),
    ],
)
def test_a_message_that_was_not_sent_is_told_with_those_that_were(tmp_path: Path, expected: str, said: str) -> None:
    report = report_of(tmp_path, expected)

    assert not report.ok
    assert said in report.summary()
    assert "notify.customer: 'New time: 16:40'" in report.summary()


def test_without_templates_no_message_can_be_read(tmp_path: Path) -> None:
    report_of(tmp_path, "{to: customer}")

    report = run_file(tmp_path, read_order, read_event)

    assert "there are no templates" in report.summary()
