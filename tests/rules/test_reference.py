"""docs/vocabulary.md is what the program's own tables say."""

from pathlib import Path

from domain.reasons import Reason
from rules.reference import page
from rules.vocabulary import EVENTS, VOCABULARY

PAGE = Path(__file__).parents[2] / "docs" / "vocabulary.md"


def test_the_page_of_words_is_the_one_that_the_tables_make() -> None:
    assert PAGE.read_text("utf-8") == page() + "\n", "write it again: python -m rules.reference > docs/vocabulary.md"


def test_every_word_is_on_the_page() -> None:
    for word in [*VOCABULARY, *EVENTS, *Reason, "customer.name", "local_time", "upcase"]:
        assert f"`{word}`" in page()
