"""Amounts of money: a comparison of two currencies is unknown, wherever a rule is looked at."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from domain.currencies import amount_text
from domain.instant import NEVER
from domain.order import Money
from rules.adoption import is_same_condition
from rules.book import Rule, Rulebook, canonical_json, from_canonical
from rules.compile import MATCHERS, compile_book
from rules.evaluate import evaluate
from rules.reader import read_book
from rules.readings import Frame
from rules.scene import Scene
from rules.sentences import parse
from rules.steps import step_of
from rules.tree import Between, Compare, Is, NoneOf, Same, Sentence
from rules.why import why
from rules.words import SentenceError
from tests.builders import a_delivery, an_event, at
from tests.rules.test_coverage import coverage_of, shown
from workflows.orders import DeliveryOrder

EUR_60, SEK_60, USD_900 = Money(6000, "EUR"), Money(6000, "SEK"), Money(90_000, "USD")


def truth(sentence: str, cod: Money | None = None, value: Money | None = None) -> tuple[str, int]:
    found, until = step_of(parse(sentence), Frame())(Scene(a_delivery(cod=cod, value=value)), at("09:00"))
    return found.name.lower(), until


@pytest.mark.parametrize(
    ("sentence", "cod", "expected"),
    [
        pytest.param("cod over 50 EUR", EUR_60, "true", id="more, in the currency of the rule"),
        pytest.param("cod over 50 EUR", SEK_60, "unknown", id="a larger number of something worth less"),
        pytest.param("cod over 100 EUR", USD_900, "unknown", id="certainly more, but in another currency"),
        pytest.param("cod under 50 EUR", SEK_60, "unknown", id="a larger number is not false either"),
        pytest.param("cod over 50 EUR", None, "unknown", id="nothing to be collected"),
        pytest.param("cod between 50 and 70 EUR", EUR_60, "true", id="between, in the currency of the rule"),
        pytest.param("cod between 50 and 70 EUR", SEK_60, "unknown", id="between, in another"),
        pytest.param("cod is 60 EUR", EUR_60, "true", id="the same amount"),
        pytest.param("cod is 60 EUR", SEK_60, "unknown", id="the same number"),
        pytest.param("cod is not 60 EUR", SEK_60, "unknown", id="not the same number"),
        pytest.param("cod is one of 50, 60 SEK", SEK_60, "true", id="one of some amounts"),
        pytest.param("cod over 50", SEK_60, "true", id="without a currency it is the delivery's"),
        pytest.param("cod over 50 EUR for 1h", SEK_60, "unknown", id="for a while"),
        pytest.param("cod is known", SEK_60, "true", id="it is known all the same"),
    ],
)
def test_an_amount_in_another_currency_is_neither_more_nor_less(sentence: str, cod: Money | None, expected: str) -> None:
    assert truth(sentence, cod)[0] == expected


def test_the_value_of_the_goods_is_an_amount_too() -> None:
    assert truth("value over 500 EUR", value=Money(50_001, "EUR")) == ("true", NEVER)
    assert truth("value over 500 EUR", value=USD_900) == ("unknown", NEVER)


def test_two_amounts_of_one_delivery_are_compared_in_one_currency_only() -> None:
    assert truth("cod is value", EUR_60, EUR_60) == ("true", NEVER)
    assert truth("cod is not value", EUR_60, SEK_60) == ("unknown", NEVER)
    assert truth("cod is value", EUR_60, None) == ("unknown", NEVER)


@pytest.mark.parametrize("matcher", MATCHERS)
def test_a_rule_opens_for_its_own_currency_and_neither_it_nor_its_opposite_for_another(matcher: str) -> None:
    over = Compare("cod", "over", 5000, currency="EUR")
    rules = (Rule("over", "", over), Rule("not-over", "", NoneOf((over,))), Rule("any", "", replace(over, currency=None)))
    book = compile_book(Rulebook("b", rules), matcher)

    def opened(cod: Money) -> list[str]:
        before, told = a_delivery(cod=cod), an_event("scan", "09:00")
        verdict = evaluate(book, before, before.after(told), {}, (told,), at("09:00"), at("09:00"))
        return [change.rule for change in verdict.changes]

    assert book.matcher == matcher
    assert opened(EUR_60) == ["any", "over"]
    assert opened(SEK_60) == ["any"]
    assert opened(Money(4000, "EUR")) == ["not-over"]


@pytest.mark.parametrize(
    ("sentence", "missing", "value"),
    [
        pytest.param("cod over 50 EUR", "cod is 60.00 SEK, the rule says EUR", "60.00 SEK", id="compared"),
        pytest.param("cod between 10 and 20 EUR", "cod is 60.00 SEK, the rule says EUR", "60.00 SEK", id="between"),
        pytest.param("cod is 60 EUR", "cod is 60.00 SEK, the rule says EUR", "60.00 SEK", id="is"),
        pytest.param("cod is value", "cod is 60.00 SEK, value is 900.00 USD", ["60.00 SEK", "900.00 USD"], id="two facts"),
    ],
)
def test_why_says_that_it_is_the_currency(sentence: str, missing: str, value: object) -> None:
    book = compile_book(Rulebook("b", (Rule("r", "", parse(sentence)),)))

    (found,) = why(book, a_delivery(cod=SEK_60, value=USD_900), {}, at("09:00"))

    assert found["near_miss"] == [f'"{sentence}" is unknown: {missing}']
    assert (found["sentences"][0]["truth"], found["sentences"][0]["value"]) == ("unknown", value)


def test_why_says_how_much_is_missing_in_the_currency_of_the_delivery() -> None:
    book = compile_book(Rulebook("b", (Rule("r", "", parse("cod over 100 EUR")),)))

    (short,) = why(book, a_delivery(cod=EUR_60), {}, at("09:00"))
    (nothing,) = why(book, a_delivery(), {}, at("09:00"))

    assert short["near_miss"] == ['"cod over 100 EUR" is 40 EUR away']
    assert nothing["near_miss"] == ['"cod over 100 EUR" is unknown']


def test_coverage_sees_a_comparison_of_two_currencies_as_unknown(tmp_path: Path) -> None:
    book = 'rulebook: small\ndefaults: {hold: 1m}\nrules: [{id: dear, when: "cod over 50 EUR"}]\n'

    def seen(cod: str) -> list[str]:
        return shown(coverage_of(tmp_path, "08:00 scan", book=book, order=f"{{cod: {cod}}}"), "dear")["cod over 50 EUR"]

    assert seen("{amount: '60.00', currency: SEK}") == ["unknown"]
    assert seen("{amount: '40.00', currency: EUR}") == ["false"]


@pytest.mark.parametrize(
    ("sentence", "cod", "expected"),
    [
        pytest.param("cod over 1500 JPY", Money(1500, "JPY"), "false", id="yen have no smaller unit"),
        pytest.param("cod over 1500 JPY", Money(1501, "JPY"), "true", id="one yen more"),
        pytest.param("cod over 1.5 KWD", Money(1500, "KWD"), "false", id="fils are thousandths"),
        pytest.param("cod at least 1.501 KWD", Money(1501, "KWD"), "true", id="a fils decides"),
        pytest.param("cod is one of 10 JPY, 20", Money(20, "JPY"), "true", id="one of some, the currency first"),
        pytest.param("cod between 10 JPY and 20", Money(20, "JPY"), "true", id="between, the currency first"),
        pytest.param("cod between 10 and 20 jpy", Money(10, "JPY"), "true", id="between, the currency last"),
        pytest.param("cod over 15", Money(16, "JPY"), "true", id="a mere number is in units of any currency"),
        pytest.param("cod over 15", Money(15_000, "KWD"), "false", id="not over"),
        pytest.param("cod over 15", Money(15_001, "KWD"), "true", id="over by a fils, which is less than a hundredth"),
        pytest.param("cod over 100 CHF", Money(10_001, "CHF"), "true", id="a currency that was not known"),
    ],
)
def test_each_currency_counts_in_its_own_minor_unit(sentence: str, cod: Money, expected: str) -> None:
    """Rules knew EUR, USD, GBP and SEK, and every currency had cents."""
    assert truth(sentence, cod)[0] == expected


@pytest.mark.parametrize(
    ("sentence", "said"),
    [
        pytest.param("cod over 1.5 JPY", '"cod" is not measured as finely as 1.5', id="finer than the currency"),
        pytest.param("cod over 5 EURO", '"cod" is not measured in euro', id="no currency"),
        pytest.param("cod is one of 10, 20 JPY", "it is not clear what the amounts before JPY are in", id="named too late"),
    ],
)
def test_an_amount_that_its_currency_does_not_have_is_a_mistake(sentence: str, said: str) -> None:
    with pytest.raises(SentenceError, match=said):
        parse(sentence)


@pytest.mark.parametrize(
    ("when", "read"),
    [
        ("{between: {fact: cod, low: 10 JPY, high: 20}}", Between("cod", 10, 20, currency="JPY")),
        ("{is: {fact: cod, value: [1 KWD, 2]}}", Is("cod", (1000, 2000), currency="KWD")),
        ("{between: {fact: cod, low: 10, high: 20 JPY}}", None),
        ("{is: {fact: cod, value: [10, 20 JPY]}}", None),
    ],
)
def test_a_structured_amount_is_read_as_its_sentence_is(when: str, read: Sentence | None) -> None:
    reading = read_book(f"rulebook: b\nrules: [{{id: r, when: {when}}}]\n", "b.yaml")

    assert (reading.book.rules[0].when if reading.book else None) == read
    assert [problem.code for problem in reading.problems] == ([] if read else ["R106"])


@pytest.mark.parametrize(
    ("sentence", "cod", "away"),
    [
        ("cod over 2000 JPY", Money(1500, "JPY"), "500 JPY away"),
        ("cod over 2", Money(1500, "KWD"), "0.5 KWD away"),
        ("cod over 2 KWD", Money(1999, "KWD"), "0.001 KWD away"),
    ],
)
def test_why_says_how_much_is_missing_in_the_units_of_the_currency(sentence: str, cod: Money, away: str) -> None:
    book = compile_book(Rulebook("b", (Rule("r", "", parse(sentence)),)))

    (found,) = why(book, a_delivery(cod=cod), {}, at("09:00"))

    assert found["near_miss"] == [f'"{sentence}" is {away}']


def test_an_order_with_yen_is_read_to_the_yen() -> None:
    told = {"cod": {"amount": "1500", "currency": "JPY"}, "value": {"amount": "2.345", "currency": "KWD"}}
    order = {"delivery_id": "D", "carrier": "a", "promised": {"end": "2026-11-23T16:00:00Z"}, "destination": {"timezone": "UTC"}}

    read = DeliveryOrder.model_validate_json(json.dumps(order | told)).order()

    assert (read.cod, read.value) == (Money(1500, "JPY"), Money(2345, "KWD"))
    assert amount_text(1500, "JPY") == "1500 JPY"


def test_another_currency_is_another_condition_for_a_running_delivery() -> None:
    euros, crowns, again = (
        compile_book(Rulebook("b", (Rule("r", "", parse(f"cod over 50 {currency}")),))).rules[0]
        for currency in ("EUR", "SEK", "eur")
    )

    assert not is_same_condition(euros, crowns)
    assert is_same_condition(euros, again)


@pytest.mark.parametrize(
    "sentence",
    [Compare("cod", "over", 5000, currency="EUR"), Between("cod", 1, 2, currency="SEK"), Is("value", (100, 200), currency="USD")],
)
def test_a_published_book_keeps_the_currency(sentence: Sentence) -> None:
    book = Rulebook("b", (Rule("r", "", sentence),))

    assert from_canonical(canonical_json(book)) == book


def test_a_book_without_currencies_is_published_as_before_there_were_any() -> None:
    sentences: tuple[Sentence, ...] = (
        Compare("attempts", "over", 2),
        Between("temperature", 1, 2),
        Is("zone", ("a",)),
        Same("cod", "value"),
    )
    book = Rulebook("b", tuple(Rule(f"r{number}", "", sentence) for number, sentence in enumerate(sentences)))

    assert "currency" not in canonical_json(book)


def test_an_amount_that_was_published_without_a_currency_means_what_it_meant() -> None:
    when = {"counted": None, "fact": "cod", "form": "compare", "held": 0, "number": 5000, "op": "over", "text": "cod over 50 EUR"}
    book = from_canonical(json.dumps({"name": "b", "rules": [{"id": "r", "says": "r", "when": when}]}))

    found, _ = compile_book(book).rules[0].when.step(Scene(a_delivery(cod=SEK_60)), at("09:00"))

    assert book.rules[0].when == Compare("cod", "over", 5000)
    assert found.name == "TRUE"


@pytest.mark.parametrize(
    "when",
    [
        "{between: {fact: cod, low: 10, high: 20 EUR}}",
        "{between: {fact: cod, low: 10 EUR, high: 20}}",
        "{between: {fact: cod, low: 10 EUR, high: 20 EUR}}",
        "cod between 10 EUR and 20",
        "cod between 10 and 20 EUR",
    ],
)
def test_a_currency_that_is_written_once_counts_for_both_numbers(when: str) -> None:
    reading = read_book(f"rulebook: b\nrules: [{{id: r, when: {when}}}]\n", "b.yaml")

    assert reading.book is not None, reading.problems
    assert reading.book.rules[0].when == Between("cod", 1000, 2000, currency="EUR")
