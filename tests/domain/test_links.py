"""Signed links: what is signed can be read again, and nothing else can."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.instant import DAY, MINUTE
from domain.links import ExpiredLinkError, Link, LinkError, LinkKind, Signer

NOW = 1_795_413_600_000 // MINUTE * MINUTE
SIGNER = Signer("a secret of this installation")
LINK = Link(LinkKind.TRACK, "D-1001", NOW, NOW + DAY, "Aino")


@given(about=st.from_regex(r"[A-Za-z0-9._:/-]{1,64}", fullmatch=True), by=st.text("abcäö 漢", max_size=20))
def test_a_link_is_read_as_it_was_signed(about: str, by: str) -> None:
    link = Link(LinkKind.DECIDE, about, NOW, NOW + DAY, by)

    token = SIGNER.token(link)

    assert SIGNER.read(token, LinkKind.DECIDE, NOW) == link
    assert SIGNER.token(link) == token


def test_a_link_is_good_until_it_expires_and_says_what_it_was_for() -> None:
    token = SIGNER.token(LINK)

    assert SIGNER.read(token, LinkKind.TRACK, NOW + DAY - 1) == LINK
    with pytest.raises(ExpiredLinkError, match="expired") as expired:
        SIGNER.read(token, LinkKind.TRACK, NOW + DAY)
    assert expired.value.link == LINK


@given(at=st.integers(0, 200), with_=st.sampled_from("Aa0-_.=ä\n"))
def test_a_link_that_was_changed_anywhere_is_refused(at: int, with_: str) -> None:
    token = SIGNER.token(LINK)
    changed = token[:at] + with_ + token[at + 1 :]

    if changed != token:
        with pytest.raises(LinkError):
            SIGNER.read(changed, LinkKind.TRACK, NOW)


@pytest.mark.parametrize("token", ["", ".", "..", "a.b.c", "ä.ö", "A" * 5_000])
def test_what_is_no_link_is_refused(token: str) -> None:
    with pytest.raises(LinkError, match="link is"):
        SIGNER.read(token, LinkKind.TRACK, NOW)


def test_a_link_of_another_kind_or_of_another_secret_is_refused() -> None:
    with pytest.raises(LinkError, match="for something else"):
        SIGNER.read(SIGNER.token(LINK), LinkKind.DECIDE, NOW)
    with pytest.raises(LinkError, match="not one of ours"):
        SIGNER.read(Signer("another secret").token(LINK), LinkKind.TRACK, NOW)
