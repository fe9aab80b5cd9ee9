"""How many SMS segments a text takes, as networks count and bill them (3GPP TS 23.038, 23.040)."""

from dataclasses import dataclass
from typing import Literal

GSM_7 = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
GSM_7_EXTENDED = frozenset("\f^{}\\[~]|€")
"""Each takes two places."""

SINGLE = {"GSM-7": 160, "UCS-2": 70}
JOINED = {"GSM-7": 153, "UCS-2": 67}
"""Places in each part of a longer text: the header that joins the parts takes the rest."""


@dataclass(frozen=True, slots=True)
class Segments:
    """`units` are septets in GSM-7 and UTF-16 code units in UCS-2."""

    encoding: Literal["GSM-7", "UCS-2"]
    units: int
    count: int


def segments(text: str) -> Segments:
    """How a text is sent. One character outside GSM-7 makes all of it UCS-2. A character is never split over two parts."""
    if all(char in GSM_7 or char in GSM_7_EXTENDED for char in text):
        return _counted("GSM-7", [2 if char in GSM_7_EXTENDED else 1 for char in text])
    return _counted("UCS-2", [2 if ord(char) > 0xFFFF else 1 for char in text])


def _counted(encoding: Literal["GSM-7", "UCS-2"], widths: list[int]) -> Segments:
    if sum(widths) <= SINGLE[encoding]:
        return Segments(encoding, sum(widths), 1)
    count, used = 1, 0
    for width in widths:
        if used + width > JOINED[encoding]:
            count, used = count + 1, 0
        used += width
    return Segments(encoding, sum(widths), count)
