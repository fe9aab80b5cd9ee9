"""What a customer's words mean, and for which delivery."""

import pytest

from domain.conversation import Conversation, Question
from domain.instant import HOUR
from intake.replies import WORDS, Wish, understood
from intake.reply_words import TEXTS, answer_to, language_of

NOW = 1_795_413_600_000
NUMBER = "+358401234567"


def about(delivery_id: str, code: str = "A2", answers: tuple[str, ...] | None = (), over: bool = False) -> Conversation:
    """A conversation with an open question; `answers` None: nothing was asked."""
    question = None if answers is None else Question(f"{delivery_id}/1/r/1/do.0/0", answers, NOW + HOUR)
    return Conversation(NUMBER, delivery_id, code, True, "en", "Europe/Helsinki", question, over)


YES_NO = ("yes", "no", "later")


@pytest.mark.parametrize(
    ("text", "answers", "wish", "said"),
    [
        pytest.param("YES", YES_NO, Wish.YES, "yes", id="the word"),
        pytest.param("  Kyllä! ", YES_NO, Wish.YES, "yes", id="in another language"),
        pytest.param("nein", YES_NO, Wish.NO, "no", id="no in German"),
        pytest.param("2", YES_NO, Wish.NO, "no", id="by its number"),
        pytest.param("huomenna", YES_NO, Wish.LATER, "later", id="later in Finnish"),
        pytest.param("A2 3", YES_NO, Wish.LATER, "later", id="with the code before it"),
        pytest.param("yes a2", YES_NO, Wish.YES, "yes", id="with the code behind it"),
        pytest.param("neighbour", ("home", "neighbour"), Wish.ANSWER, "neighbour", id="an answer of the rule"),
        pytest.param("2", ("home", "neighbour"), Wish.ANSWER, "neighbour", id="an answer of the rule by its number"),
        pytest.param("yes", ("home", "neighbour"), Wish.OTHER, "yes", id="no answer of the rule"),
        pytest.param("4", YES_NO, Wish.OTHER, "4", id="a number that is none"),
        pytest.param("²", YES_NO, Wish.OTHER, "²", id="a digit that is none"),
        pytest.param("A2", YES_NO, Wish.OTHER, "", id="the code alone"),
        pytest.param("Mannerheimintie 1 B", (), Wish.ANSWER, "Mannerheimintie 1 B", id="words, where any count"),
        pytest.param("later", (), Wish.ANSWER, "later", id="later, where nobody offered it"),
        pytest.param("ja", (), Wish.YES, "ja", id="yes, where any count"),
        pytest.param("thank you", None, Wish.NOTE, "thank you", id="nothing was asked"),
        pytest.param("STOP", YES_NO, Wish.STOP, "STOP", id="stop"),
        pytest.param("stop", ("stop", "go"), Wish.ANSWER, "stop", id="stop as an answer of the rule"),
        pytest.param("Hilfe", YES_NO, Wish.HELP, "Hilfe", id="help"),
        pytest.param("start", None, Wish.START, "start", id="start"),
    ],
)
def test_a_reply_counts_by_what_was_asked(text: str, answers: tuple[str, ...] | None, wish: Wish, said: str) -> None:
    means = understood(text, (about("D-1", answers=answers),), NOW)

    assert (means.wish, means.text) == (wish, said if wish is not Wish.STOP else text)
    assert [one.delivery_id for one in means.about] == ["D-1"]


def test_with_several_deliveries_a_reply_needs_the_code() -> None:
    known = (about("D-1", "A2"), about("D-2", "B2", YES_NO))

    assert understood("yes", known, NOW).wish is Wish.WHICH
    assert [one.delivery_id for one in understood("b2 yes", known, NOW).about] == ["D-2"]
    assert answer_to(understood("yes", known, NOW), NUMBER).endswith("A2 (D-1), B2 (D-2).")


def test_the_only_open_question_is_the_one_that_is_answered() -> None:
    known = (about("D-1", answers=None), about("D-2", "B2", YES_NO), about("D-3", "C2", YES_NO, over=True))

    assert [one.delivery_id for one in understood("yes", known, NOW).about] == ["D-2"]


def test_after_its_time_a_question_is_not_answered_any_more() -> None:
    assert understood("yes", (about("D-1", answers=YES_NO),), NOW + HOUR + 1).wish is Wish.NOTE


def test_stop_is_for_all_deliveries_and_may_come_from_the_provider() -> None:
    known = (about("D-1"), about("D-2", "B2"))

    assert len(understood("stop", known, NOW).about) == 2
    assert understood("arrêter", known, NOW, "STOP").wish is Wish.STOP


def test_a_stranger_is_told_so_in_the_language_of_their_country() -> None:
    means = understood("yes", (), NOW)

    assert means.wish is Wish.UNKNOWN
    assert language_of((), "+358401234567") == "fi"
    assert language_of((), "+33123456789") == "en"
    assert answer_to(means, "+4915112345678").startswith("Zu dieser Nummer")


def test_every_language_has_a_text_for_everything_and_no_word_means_two_things() -> None:
    words = [word for known in WORDS.values() for word in known]

    assert len({frozenset(texts) for texts in TEXTS.values()}) == 1
    assert len(words) == len(set(words))
    assert {len(set(texts)) for texts in TEXTS.values()} == {len(Wish) + 2}
