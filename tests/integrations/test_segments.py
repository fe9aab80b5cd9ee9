"""How many segments an SMS takes."""

import pytest

from integrations.messaging.segments import Segments, segments


@pytest.mark.parametrize(
    ("text", "counted"),
    [
        pytest.param("", Segments("GSM-7", 0, 1), id="empty"),
        pytest.param("a" * 160, Segments("GSM-7", 160, 1), id="just one"),
        pytest.param("a" * 161, Segments("GSM-7", 161, 2), id="one more"),
        pytest.param("a" * 306, Segments("GSM-7", 306, 2), id="two full parts"),
        pytest.param("a" * 307, Segments("GSM-7", 307, 3), id="a third"),
        pytest.param("ÄÖÅäöåñü€", Segments("GSM-7", 10, 1), id="nordic letters are in the alphabet, the euro takes two"),
        pytest.param("€" * 80, Segments("GSM-7", 160, 1), id="eighty euros"),
        pytest.param("a" * 152 + "€" + "a" * 152, Segments("GSM-7", 306, 3), id="a character of two places is not split"),
        pytest.param("–" * 70, Segments("UCS-2", 70, 1), id="a dash makes it UCS-2"),
        pytest.param("–" * 71, Segments("UCS-2", 71, 2), id="and then two parts"),
        pytest.param("👍" * 35, Segments("UCS-2", 70, 1), id="an emoji takes two units"),
        pytest.param("👍" * 67, Segments("UCS-2", 134, 3), id="and is not split"),
    ],
)
def test_segments_are_counted_as_networks_count_them(text: str, counted: Segments) -> None:
    assert segments(text) == counted
