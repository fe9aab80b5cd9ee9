"""The YAML that we read: words keep their text and their place, and what rulebooks do not use is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.scalars import Text, word_offsets
from rules.source import Items, Node, Pairs, Source, compose, decoded, source_of


def read(text: str) -> tuple[Source, Node | None]:
    source = source_of(text, "book.yaml")
    return source, compose(source)


def only_text(text: str) -> tuple[Source, Text]:
    """The scalar under the key `a`."""
    source, node = read(text)
    assert isinstance(node, Pairs)
    scalar = node.get("a")
    assert isinstance(scalar, Text)
    return source, scalar


@pytest.mark.parametrize("written", ["no", "on", "22:30", "1e3", "0x1F", "2026-11-23", "1_000", "~user", "=", "off"])
def test_nothing_is_guessed_about_a_plain_value(written: str) -> None:
    _, scalar = only_text(f"a: {written}\n")

    assert scalar.value == written


@pytest.mark.parametrize("written", ["", "~", "null"])
def test_nothing_written_is_empty(written: str) -> None:
    _, scalar = only_text(f"a: {written}\n")

    assert scalar.is_empty


@pytest.mark.parametrize(
    "written",
    [
        pytest.param("no scan for WORD", id="plain"),
        pytest.param("no scan\n  for\n  WORD", id="plain over lines"),
        pytest.param("no scan\n\n  for WORD", id="plain with an empty line"),
        pytest.param("'it''s no scan for WORD'", id="single quotes"),
        pytest.param('"no \\"scan\\" \\u0066or\\tWORD"', id="double quotes with escapes"),
        pytest.param('"no scan \\\n    for WORD"', id="double quotes with a continued line"),
        pytest.param('"no scan \\N\\_ for WORD"', id="double quotes with escaped spaces"),
        pytest.param("|\n  no scan\n    for WORD", id="literal block"),
        pytest.param(">-  # why\n  no scan\n  for WORD", id="folded block with a comment"),
        pytest.param(">2\n  no scan\n\n  for WORD", id="folded block with an indicator"),
        pytest.param("'ä € 🚚 no scan for WORD'", id="letters beyond ASCII"),
    ],
)
@pytest.mark.parametrize("line_end", ["\n", "\r\n"], ids=["LF", "CRLF"])
def test_every_word_of_every_kind_of_scalar_is_found_where_it_stands(written: str, line_end: str) -> None:
    text = f"x: 1\na: {written}\n".replace("\n", line_end)
    source, scalar = only_text(text)

    offset = word_offsets(source.text, scalar)[scalar.value.index("WORD")]

    assert source.text[offset : offset + 4] == "WORD"
    assert source.line(source.position(offset)[0])[source.position(offset)[1] - 1 :].startswith("WORD")


@given(st.text(alphabet="ab '\"\\\n:#€ \t", min_size=1, max_size=40))
def test_every_character_of_a_double_quoted_text_is_found(value: str) -> None:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
    source, scalar = only_text(f'a: "{escaped}"\n')

    offsets = word_offsets(source.text, scalar)

    for place, character in enumerate(scalar.value):
        if not character.isspace():
            found = source.text[offsets[place] : offsets[place] + 2]
            assert found.startswith(character) or found == f"\\{character}"


def test_a_byte_order_mark_is_taken_off() -> None:
    source, scalar = only_text("\ufeffa: b\n")

    assert source.position(scalar.start) == (1, 4)


def test_lines_may_end_in_carriage_return_and_line_feed() -> None:
    source, scalar = only_text("# x\r\na: b\r\nc: d\r\n")

    assert source.position(scalar.start) == (2, 4)
    assert source.line(2) == "a: b"


@pytest.mark.parametrize(
    ("text", "code", "line", "col"),
    [
        pytest.param("a: &x b\n", "R002", 1, 4, id="anchor"),
        pytest.param("a: *x\n", "R002", 1, 4, id="alias"),
        pytest.param("a: !x b\n", "R002", 1, 4, id="tag"),
        pytest.param("b: {c: d}\n<<: {e: f}\n", "R002", 2, 1, id="merge key"),
        pytest.param("a: b\n---\na: c\n", "R002", 2, 1, id="second document"),
        pytest.param("a: b\nc: d\na: e\n", "R005", 3, 1, id="key twice"),
        pytest.param("a:\n\tb: c\n", "R001", 2, 1, id="tab"),
        pytest.param("a: b: c\n", "R001", 1, 4, id="syntax"),
        pytest.param("a: b\x00c\n", "R004", 1, 5, id="control character"),
        pytest.param("a: \ud800\n", "R004", 1, 4, id="half a character"),
        pytest.param("a: " + "[" * 60 + "]" * 60, "R003", 1, 53, id="too deep"),
        pytest.param("a: " + "x" * 2_000_000, "R003", 1, 1, id="too large"),
        pytest.param("? [a, b]\n: c\n", "R012", 1, 3, id="a list as key"),
    ],
)
def test_what_rulebooks_do_not_use_is_refused_where_it_stands(text: str, code: str, line: int, col: int) -> None:
    source, _ = read(text)

    assert [(p.code, p.line, p.col) for p in source.problems][:1] == [(code, line, col)]


def test_an_alias_bomb_does_not_blow_up() -> None:
    lines = ["a0: &a0 [x, x]"] + [f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]" for n in range(1, 40)]

    source, _ = read("\n".join(lines))

    assert len(source.problems) == 40 + 39 * 2
    assert {problem.code for problem in source.problems} == {"R002"}


def test_bytes_that_are_not_utf8_are_a_problem_in_their_line() -> None:
    text, problems = decoded("a: b\nc: ä\n".encode("latin-1"), "book.yaml")

    assert text == ""
    assert [(p.code, p.line, p.message) for p in problems] == [("R004", 2, "byte 0xe4 is not UTF-8")]


def test_lists_and_mappings_keep_their_order() -> None:
    _, node = read("b: 1\na: [z, y]\n")

    assert isinstance(node, Pairs)
    assert [key.value for key, _ in node.pairs] == ["b", "a"]
    listed = node.get("a")
    assert isinstance(listed, Items)
    assert [item.value for item in listed.items if isinstance(item, Text)] == ["z", "y"]


@pytest.mark.parametrize(
    "before",
    [
        pytest.param('says: "over\n   two lines, it\'s"\n', id="double quotes over lines"),
        pytest.param("says: 'it''s\n   \"fine\"'\n", id="single quotes over lines"),
        pytest.param("says: it's fine [really\n", id="marks within a plain text"),
        pytest.param('body: |\n  "Hello\n  [you\n', id="a block that begins with a quotation mark"),
        pytest.param('do: [\n  {a: "b"},\n  "c"]\n', id="brackets over lines"),
        pytest.param("a: b  # don't\n# 'x\n", id="a remark"),
    ],
)
def test_what_is_right_is_not_blamed_for_a_slip_that_follows(before: str) -> None:
    source, _ = read(f"{before}title: Wrong address: nobody\n")

    (problem,) = source.problems
    assert (problem.line, problem.col, problem.hint) == (before.count("\n") + 1, 8, "put the text in quotes")


def test_a_long_line_that_is_no_yaml_is_told_soon() -> None:
    source, _ = read("a: " + "[a: b: {c," * 20_000)

    assert [problem.code for problem in source.problems] == ["R001"]
