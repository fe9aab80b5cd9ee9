"""docs/vocabulary.md, made from the tables that the rule language is read with: `python -m rules.reference > docs/vocabulary.md`."""

import sys
from collections.abc import Iterable, Iterator

from liquid import Environment

from domain.reasons import Reason
from domain.status import FINAL, MILESTONES, REPORTED, AssignmentState, Condition, DriverState, Party, Status
from rules.durations import UNITS
from rules.meant import STATES
from rules.template_check import IMPLICIT, OUR_FILTERS, known_variables
from rules.vocabulary import COUNT, EVENTS, MONEY, VOCABULARY, Fact

_TOP = """# The words of the rule language

Every word that a rule, a test or a template may use. This page is made from the program's own tables
(`python -m rules.reference`); a test fails when it differs. How sentences are built from the words: [rules-reference.md](rules-reference.md).
How to write tests: [testing-rules.md](testing-rules.md).
"""

_ON_FACTS = """A fact is what is known of a delivery. A value that is not known is neither equal, nor more, nor less; ask `is known`.
"""

_ON_EVENTS = """An event is what was reported: `no scan for 2h`, `attempt_failed received`. A status as an event is the moment at which it began.
"""

_ON_VARIABLES = """In messages, and in `title` and `body` of a ticket: `{{ customer.name }}`. A value that is not known is empty.
"""

_ON_FILTERS = """`{{ eta | local_time }}` is the clock time where the delivery goes, `{{ eta | local_date }}` its day in the reader's language,
`{{ eta | minutes_until }}` whole minutes from now on, rounded up, 0 if past. The others are Liquid's own.
"""

_TYPES = {"enum": "one word", "text": "text", "list": "list", "number": "number", "time": "time", "yes_no": "yes or no"}


def page() -> str:
    """The whole page."""
    return "\n".join([_TOP, *_of_facts(), *_of_events(), *_of_words(), *_of_templates()])


def _of_facts() -> Iterator[str]:
    yield f"## Facts\n\n{_ON_FACTS}\n| fact | also called | type | unit | what it is |\n|---|---|---|---|---|"
    for name, fact in VOCABULARY.items():
        also = ", ".join(f"`{synonym}`" for synonym in fact.synonyms)
        yield f"| `{name}` | {also} | {_TYPES[fact.type]} | {_unit(fact)} | {fact.help} |"
    yield ""
    for name, fact in VOCABULARY.items():
        if fact.values:
            yield f"Values of `{name}`: {_listed(fact.values)}.\n"


def _unit(fact: Fact) -> str:
    if fact.units is None or fact.units is COUNT:
        return ""
    if fact.units is MONEY:
        return "a currency by its ISO 4217 code: `EUR`, `JPY`, ..."
    return _listed(_unit_text(unit) for unit in fact.units if unit) if fact.units else "a duration"


def _unit_text(unit: str) -> str:
    return unit.upper() if unit == "c" or len(unit) == 3 else unit


def _of_events() -> Iterator[str]:
    yield f"## Events\n\n{_ON_EVENTS}\n{_listed(EVENTS)}.\n"
    yield f"Kinds of reports among them: {_listed(REPORTED)}.\n"


def _of_words() -> Iterator[str]:
    yield f"## Statuses\n\n{_listed(Status)}.\n"
    yield f"Final, after which a delivery ends: {_listed(status for status in Status if status in FINAL)}.\n"
    yield f"Milestones, which a plan can have and which can be overdue: {_listed(MILESTONES)}.\n"
    yield f"## Conditions\n\n{_listed(Condition)}.\n"
    yield f"## Reasons\n\nThe first word says who has to act. {_listed(Reason)}.\n"
    yield f"## States that last\n\nFor `stopped for 30m`: {_listed(STATES)}.\n"
    yield f"## Driver and assignment\n\nAfter `driver_status`: {_listed(DriverState)}.\n"
    yield f"After `assignment`: {_listed(AssignmentState)}.\n"
    yield f"## Parties\n\nAfter `by`: {_listed(Party)}.\n"
    yield f"## Units of time\n\n{_listed(UNITS)}.\n"


def _of_templates() -> Iterator[str]:
    yield f"## Variables of templates\n\n{_ON_VARIABLES}\n{_listed(sorted(known_variables() | IMPLICIT))}.\n"
    yield f"## Filters of templates\n\n{_ON_FILTERS}\n{_listed(sorted({*Environment().filters, *OUR_FILTERS}))}."


def _listed(words: Iterable[str]) -> str:
    return ", ".join(f"`{word}`" for word in words)


if __name__ == "__main__":
    sys.stdout.write(page() + "\n")
