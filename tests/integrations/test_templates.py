"""The templates of messages, those in a test's folder and those that are shipped."""

from pathlib import Path
from typing import Any

import pytest

from domain.instant import HOUR, MINUTE
from domain.sending import TemplateError
from integrations.messaging.segments import segments
from integrations.messaging.templates import Templates

SHIPPED = Path(__file__).parents[2] / "rules" / "books" / "templates"
EIGHT_IN_HELSINKI = 1_795_500_000_000
"""Tue 24 Nov 2026, 08:00 in Helsinki, 07:00 in Berlin."""

CUSTOMERS = ["address-problem", "attempt-failed", "back-on-track", "running-late"]
STAFF = ["lost-contact", "missed-scan", "need-help"]

UNKNOWN: dict[str, Any] = {
    "now": EIGHT_IN_HELSINKI - HOUR,
    "delivery_id": "D-1001",
    "status": "out_for_delivery",
    "eta": None,
    "promised": {"start": None, "end": EIGHT_IN_HELSINKI},
    "attempts": 1,
    "attempts_allowed": 3,
    "last_scan": {"at": None, "place": None},
    "carrier": "acme",
    "driver": None,
    "route": None,
    "hub": None,
    "address": None,
    "customer": {"name": None},
    "incident": {"id": "D-1001:1:late:1", "says": "The promise has passed", "severity": "high", "opened_at": EIGHT_IN_HELSINKI},
}
"""All that a message may speak of, as little known as can be."""

KNOWN: dict[str, Any] = {
    **UNKNOWN,
    "tracking_url": "https://track.example.test/track/dApELTEwMDE.abc",
    "reply_code": "A2",
    "eta": EIGHT_IN_HELSINKI,
    "promised": {"start": EIGHT_IN_HELSINKI - HOUR, "end": EIGHT_IN_HELSINKI},
    "last_scan": {"at": EIGHT_IN_HELSINKI - 2 * HOUR, "place": "HEL1"},
    "driver": "V7",
    "route": "R12",
    "hub": "HEL1",
    "address": "Mannerheimintie 1 <b>",
    "customer": {"name": "Äiti & Poika"},
}


def written(folder: Path, **files: str) -> Templates:
    """Templates in a folder; `late__sms__en` is late.sms.en.liquid."""
    for name, text in files.items():
        (folder / f"{name.replace('__', '.')}.liquid").write_text(text, "utf-8")
    return Templates(folder)


def render(templates: Templates, name: str = "late", channel: str = "sms", language: str = "en", **context: Any) -> str:
    return templates.render(name, channel, language=language, timezone="Europe/Helsinki", context=context).text


def test_times_are_written_in_the_timezone_of_the_delivery_and_the_language_of_the_reader(tmp_path: Path) -> None:
    text = "{{ eta | local_date }} {{ eta | local_time }}"
    templates = written(tmp_path, late__sms__en=text, late__sms__fi=text, late__sms__de=text)
    context: dict[str, Any] = {"eta": EIGHT_IN_HELSINKI}

    assert render(templates, language="en", **context) == "Tue 24 Nov 08:00"
    assert render(templates, language="fi", **context) == "ti 24.11. 08:00"
    assert templates.render("late", "sms", language="de", timezone="Europe/Berlin", context=context).text == "Di 24.11. 07:00"


def test_minutes_are_counted_from_the_moment_that_the_message_speaks_of_and_rounded_up(tmp_path: Path) -> None:
    templates = written(tmp_path, late__sms__en="{{ eta | minutes_until }}")
    now = EIGHT_IN_HELSINKI

    assert render(templates, now=now, eta=now + 20 * MINUTE) == "20"
    assert render(templates, now=now, eta=now + 20 * MINUTE + 1) == "21"
    assert render(templates, now=now, eta=now - MINUTE) == "0"


def test_a_time_that_is_not_known_is_written_as_nothing(tmp_path: Path) -> None:
    templates = written(tmp_path, late__sms__en="[{{ eta | local_time }}{{ eta | local_date }}{{ eta | minutes_until }}]")

    assert render(templates, eta=None) == "[]"


@pytest.mark.parametrize(
    ("wanted", "got"),
    [("fi", "fi"), ("fi-FI", "fi"), ("de-AT", "de-AT"), ("de", "en"), ("sv", "en")],
)
def test_the_nearest_language_is_taken(tmp_path: Path, wanted: str, got: str) -> None:
    (tmp_path / "late.sms.de-AT.liquid").write_text("de-AT")
    templates = written(tmp_path, late__sms__en="en", late__sms__fi="fi")

    assert render(templates, language=wanted) == got


def test_a_template_without_english_falls_back_to_what_there_is(tmp_path: Path) -> None:
    assert render(written(tmp_path, late__sms__fi="suomi"), language="de") == "suomi"


def test_an_sms_falls_back_to_the_text_of_the_mail_and_a_mail_to_the_sms(tmp_path: Path) -> None:
    templates = written(tmp_path, mailonly__email__en="Subject: Late\nIt is late.\n", late__sms__en="It is late.")

    mail = templates.render("late", "email", language="en", timezone="UTC", context={})

    assert render(templates, name="mailonly") == "It is late."
    assert (mail.subject, mail.text, mail.html) == ("Late", "It is late.\n", None)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("Subject: {{ id }} is late\nSorry.\n", id="first line"),
        pytest.param("\ufeffsubject : {{ id }} is late\nSorry.\n", id="first line as an editor may save it"),
        pytest.param("---\nsubject: {{ id }} is late\n---\nSorry.\n", id="front matter"),
    ],
)
def test_the_subject_of_a_mail_stands_in_its_first_line_or_in_front_matter(tmp_path: Path, text: str) -> None:
    mail = written(tmp_path, late__email__en=text).render("late", "email", language="en", timezone="UTC", context={"id": "D-1"})

    assert (mail.subject, mail.text) == ("D-1 is late", "Sorry.\n")


def test_what_others_wrote_is_escaped_in_html_and_only_there(tmp_path: Path) -> None:
    templates = written(tmp_path, late__email__en="Subject: Late\n{{ name }}", late__html__en="<p>{{ name }}</p>")

    mail = templates.render("late", "email", language="en", timezone="UTC", context={"name": "<script>&"})

    assert (mail.text, mail.html) == ("<script>&\n", "<p>&lt;script&gt;&amp;</p>")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("{{ nobody }}", "late.sms.en.liquid cannot be filled in: 'nobody' is undefined", id="unknown variable"),
        pytest.param("{{ customer.age }}", "customer.age is undefined", id="unknown part of a variable"),
        pytest.param("{% if nobody %}x{% endif %}", "'nobody' is undefined", id="unknown variable in a condition"),
        pytest.param("{% if %}", "late.sms.en.liquid cannot be read", id="broken"),
        pytest.param("{{ eta | local_tim }}", "unknown filter 'local_tim'; did you mean \"local_time\"", id="misspelt filter"),
        pytest.param(
            "{{ eta | xyz }}", "there are local_date, local_time, minutes_until, and of Liquid abs, ", id="unknown filter"
        ),
        pytest.param("{{ customer | local_time }}", "a time is expected", id="not a time"),
    ],
)
def test_a_mistake_in_a_template_is_said_with_its_file(tmp_path: Path, text: str, said: str) -> None:
    templates = written(tmp_path, late__sms__en=text)

    with pytest.raises(TemplateError, match=said):
        render(templates, customer={"name": "x"}, eta=1)


@pytest.mark.parametrize(
    "text", ["Hello {{ id }},\nyour parcel is late.\n", "Subject:\nSorry.\n", "---\nsubject:\n---\nSorry.\n", ""]
)
@pytest.mark.parametrize("channel", ["email", "sms"])
def test_a_mail_without_a_subject_is_refused(tmp_path: Path, text: str, channel: str) -> None:
    """Its first line was sent as the subject; a template of one line became an empty mail with all of it as the subject."""
    templates = written(tmp_path, late__email__en=text)

    with pytest.raises(TemplateError, match=r'late\.email\.en\.liquid:1: the first line must be "Subject: \.\.\."'):
        render(templates, channel=channel, id="D-1")
    assert list(templates.problems()) == ["late.email.en.liquid"]


def test_a_template_that_is_missing_is_said_with_those_that_there_are(tmp_path: Path) -> None:
    with pytest.raises(TemplateError, match="there is no template 'lat'; there are late"):
        render(written(tmp_path, late__sms__en="x"), name="lat")


def test_templates_that_cannot_be_read_are_all_reported_at_once(tmp_path: Path) -> None:
    problems = written(tmp_path, a__sms__en="{% if %}", b__sms__en="fine", c__email__en="Subject: x\n{{ y | nope }}").problems()

    assert sorted(problems) == ["a.sms.en.liquid", "c.email.en.liquid"]


def test_lint_can_ask_for_names_channels_and_variables(tmp_path: Path) -> None:
    templates = written(
        tmp_path,
        late__email__en="Subject: {{ delivery_id }}\n{% assign who = customer.name %}{{ who }} {{ eta | local_time }}",
        late__html__en="{{ address }}",
        back__sms__en="x",
    )

    assert templates.names() == ("back", "late")
    assert templates.channels("late") == ("email", "html")
    assert templates.variables("late") == ("address", "customer.name", "delivery_id", "eta")


def test_a_text_in_a_rule_is_filled_in_like_a_template() -> None:
    templates = Templates()
    title = "No scan since {{ last_scan.at | local_time }}"

    assert templates.render_text(title, timezone="Europe/Helsinki", context={"last_scan": {"at": EIGHT_IN_HELSINKI}}) == (
        "No scan since 08:00"
    )


def test_a_users_own_template_stands_before_the_shipped_one(tmp_path: Path) -> None:
    (tmp_path / "running-late.sms.en.liquid").write_text("ours")

    templates = Templates(tmp_path, SHIPPED)

    assert render(templates, name="running-late") == "ours"
    assert "back-on-track" in templates.names()


def test_the_shipped_templates_can_be_read_and_are_all_there() -> None:
    templates = Templates(SHIPPED)

    assert templates.problems() == {}
    assert set(CUSTOMERS + STAFF) <= set(templates.names())


@pytest.mark.parametrize("context", [pytest.param(KNOWN, id="all known"), pytest.param(UNKNOWN, id="little known")])
@pytest.mark.parametrize("name", CUSTOMERS + STAFF)
@pytest.mark.parametrize("language", ["en", "fi", "de"])
def test_a_shipped_template_fills_in_whatever_is_known(name: str, language: str, context: dict[str, Any]) -> None:
    templates = Templates(SHIPPED)

    sms = templates.render(name, "sms", language=language, timezone="Europe/Helsinki", context=context)
    mail = templates.render(name, "email", language=language, timezone="Europe/Helsinki", context=context)

    assert segments(sms.text).count == 1
    assert segments(sms.text).encoding == "GSM-7"
    assert "D-1001" in mail.subject
    assert mail.html is not None
    assert "<b>" not in mail.html
    assert "  " not in sms.text


@pytest.mark.parametrize("name", CUSTOMERS)
def test_customers_are_written_to_in_their_own_language(name: str) -> None:
    texts = {render(Templates(SHIPPED), name=name, language=language, **KNOWN) for language in ("en", "fi", "de")}

    assert len(texts) == 3


def test_an_expected_time_that_has_passed_is_not_promised_again() -> None:
    late = {**KNOWN, "now": EIGHT_IN_HELSINKI + HOUR}

    assert "08:00" not in render(Templates(SHIPPED), name="running-late", **late)
