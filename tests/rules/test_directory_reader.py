"""directory.yaml: what rules may name, and people's addresses apart from it."""

import pytest

from domain.contact import Contact
from domain.endpoint import Endpoint
from domain.instant import HOUR
from rules.business import days_off
from rules.directory import Calendar, Carrier, Directory, Hub
from rules.directory_reader import read_directory

WHOLE = """
hubs: {HEL1: {timezone: Europe/Helsinki, cutoff: "20:00", calendar: weekdays, lat: 60.2, lon: 24.9}, TKU1: {}}
people: {shift-lead: {email: lead@example.test, phone: "+358 40 123 4567", on_call: weekdays}}
queues: [hub-ops, duty-manager]
carriers: {acme: {feed: {cadence: 2h}, backup: [zipvan], cost_per_drop: 6.50 EUR, requests: acme-dispatch}, zipvan: {}}
zones: [north-1, north-2]
calendars: {weekdays: {days: [mon, tue, wed, thu, fri], hours: "09:00-17:00", holidays: FI}}
endpoints: {acme-dispatch: {url: "https://dispatch.acme.example.test:8443/doorstep", secret: ACME_SECRET}}
"""


def test_every_section_arrives_in_the_directory() -> None:
    reading = read_directory(WHOLE)

    assert reading.problems == ()
    assert reading.directory == Directory(
        hubs={"HEL1": Hub("Europe/Helsinki", 20 * HOUR, "weekdays", 60.2, 24.9), "TKU1": Hub()},
        people=("shift-lead",),
        queues=("hub-ops", "duty-manager"),
        carriers={"acme": Carrier(2 * HOUR, ("zipvan",), 650, "EUR", "acme-dispatch"), "zipvan": Carrier()},
        zones=("north-1", "north-2"),
        calendars={"weekdays": Calendar((0, 1, 2, 3, 4), 9 * HOUR, 17 * HOUR, "FI", days_off("FI"))},
        endpoints=("acme-dispatch",),
    )


def test_addresses_of_people_are_kept_apart() -> None:
    reading = read_directory(WHOLE)

    assert reading.contacts == {"shift-lead": Contact("lead@example.test", "+358401234567", on_call="weekdays")}
    assert "lead@example.test" not in repr(reading.directory)


def test_where_endpoints_are_is_kept_apart_too() -> None:
    reading = read_directory(WHOLE)

    assert reading.endpoints == {"acme-dispatch": Endpoint("https://dispatch.acme.example.test:8443/doorstep", "ACME_SECRET")}
    assert "https" not in repr(reading.directory)
    assert "ACME_SECRET" not in repr(reading.directory)


@pytest.mark.parametrize("text", ["", "# nothing\n", "queues:\n"])
def test_every_section_may_be_missing(text: str) -> None:
    reading = read_directory(text)

    assert (reading.directory, reading.problems) == (Directory(), ())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("hub: {}", ("R010", 'the directory has no key "hub"', 'did you mean "hubs"?')),
        ("hubs: {H: {timezone: Helsinki}}", ("R025", '"Helsinki" is not a time zone', "use an IANA name such as Europe/Helsinki")),
        ("hubs: {H: {cutoff: 20}}", ("R025", 'cutoff: "20" is not a time of day', 'for example "20:00"')),
        ("hubs: {H: {lat: 91}}", ("R025", "lat can not be 91", "degrees, WGS 84")),
        ("hubs: {H: {calendar: weekdys}}\ncalendars: {weekdays: {}}", ("R023", 'unknown calendar "weekdys"', 'did you mean "weekdays"?')),
        ("people: {p: {email: nobody}}", ("R025", 'email can not be "nobody"', "for example lead@example.test")),
        ("people: {p: {phone: 0401234567}}", ("R025", 'phone can not be "0401234567"', 'for example "+358401234567", in quotes')),
        ("endpoints: {e: {secret: A_SECRET}}", ("R011", 'an endpoint needs "url"', "for example url: https://orders.example.test/doorstep")),
        ("endpoints: {e: {url: 'https://a.test'}}", ("R011", 'an endpoint needs "secret"', "for example secret: ORDER_SYSTEM_SECRET")),
        ("endpoints: {e: {url: 'https://a.test', secret: a-b-c}}", ("R025", "a secret is named here, not written", "name the environment variable that holds it, for example ORDER_SYSTEM_SECRET")),
        ("endpoints: {e: {url: 'ftp://a.test', secret: A_SECRET}}", ("R025", 'url can not be "ftp://a.test"', "for example https://orders.example.test/doorstep")),
        ("endpoints: {e: {url: 'https://u:p@a.test', secret: A_SECRET}}", ("R025", 'url can not be "https://u:p@a.test"', "for example https://orders.example.test/doorstep")),
        ("carriers: {a: {requests: e}}", ("R023", 'unknown endpoint "e"', "")),
        ("queues: {a: b}", ("R012", "queues must be a list", "")),
        ("carriers: {a: {backup: [b]}}", ("R023", 'unknown carrier "b"', "allowed: a")),
        ("carriers: {a: {feed: {cadence: 2}}}", ("R021", "cadence: a duration needs a unit, 2 has none", "write 2s, 2m, 2h or 2 days")),
        ("carriers: {a: {cost_per_drop: 6.50 EUX}}", ("R025", "cost_per_drop: there is no currency EUX", "an ISO 4217 code, for example 6.50 EUR")),
        ("carriers: {a: {cost_per_drop: 6.50 JPY}}", ("R025", "JPY has no amount as fine as 6.50", "at most 0 decimals")),
        ("carriers: {a: {cost_per_drop: 6.5}}", ("R025", 'cost_per_drop can not be "6.5"', "for example 6.50 EUR")),
        ("calendars: {c: {days: [mo]}}", ("R022", 'days can not be "mo"', 'did you mean "mon"?')),
        ('calendars: {c: {hours: "17:00-09:00"}}', ("R025", 'hours can not be "17:00-09:00"', "from an earlier to a later time of one day")),
        ("[a]", ("R012", "the directory must be a mapping (key: value), not a list", "")),
    ],
)  # fmt: skip
def test_a_mistake_says_what_is_wrong_and_what_to_write(text: str, expected: tuple[str, str, str]) -> None:
    problems = read_directory(text).problems

    assert [(problem.code, problem.message, problem.hint) for problem in problems] == [expected]
