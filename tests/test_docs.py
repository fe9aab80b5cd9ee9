"""What the documents say is there: paths, links, commands, settings, and examples that really work."""

import ast
import re
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from cli.main import app
from cli.views import VIEWS, link
from integrations.messaging.templates import Templates
from rules.check import check
from settings import SETTINGS, read_settings
from workflows.events import DeliveryEvent
from workflows.orders import DeliveryOrder

ROOT = Path(__file__).parents[1]
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
IDS = [str(document.relative_to(ROOT)) for document in DOCUMENTS]

# What a user makes, or a program of somebody else; not part of the repository.
NOT_OURS = ("my-rules", "order.json", "events.json", "webhook.json", ".env", ".venv", ".doorstep", "doorstep.toml")


def code(text: str, *languages: str) -> list[str]:
    """The fenced blocks of a language."""
    return [
        body for language, body in re.findall(r"^```(\w*)\n(.*?)^```", text, re.MULTILINE | re.DOTALL) if language in languages
    ]


def spoken(text: str) -> list[str]:
    """What stands in code marks in running text, and the lines of shell blocks."""
    prose = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    lines = [line for block in code(text, "sh") for line in block.splitlines()]
    return [*re.findall(r"`([^`\n]+)`", prose), *lines]


def commands(command: Any, before: str = "") -> set[str]:
    """Every command of the program, groups too, as `rules check`."""
    names = {f"{before}{name}": inner for name, inner in getattr(command, "commands", {}).items()}
    return {*names, *(deeper for name, inner in names.items() for deeper in commands(inner, f"{name} "))}


def options(command: Any) -> set[str]:
    own = {option for parameter in command.params for option in parameter.opts if option.startswith("--")}
    return own.union(*(options(inner) for inner in getattr(command, "commands", {}).values()))


def promised_commands() -> set[str]:
    """The commands that docs/design.md lists as to come."""
    to_come = (ROOT / "docs" / "design.md").read_text().split("### To come")[1].split("\n## ")[0]
    return set(re.findall(r"`doorstep ([a-z -]+)`", to_come))


PROGRAM = get_command(app)
BUILT, PROMISED = commands(PROGRAM), promised_commands()


@pytest.mark.parametrize("document", DOCUMENTS, ids=IDS)
def test_every_link_leads_somewhere(document: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", document.read_text())

    missing = [link for link in links if "://" not in link and not (document.parent / link).exists()]
    assert missing == []


def anchors(document: Path) -> set[str]:
    """What the headings of a document are linked by."""
    headings = re.findall(
        r"^#+ (.+)$", re.sub(r"^```.*?^```", "", document.read_text(), flags=re.MULTILINE | re.DOTALL), re.MULTILINE
    )
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=IDS)
def test_every_link_into_a_page_leads_to_a_heading(document: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]*\.md|)#([^)\s]+)\)", document.read_text())

    wrong = [f"{path}#{anchor}" for path, anchor in links if anchor not in anchors(document.parent / path if path else document)]
    assert wrong == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=IDS)
def test_every_path_that_is_named_exists(document: Path) -> None:
    packages = "domain|rules|workflows|activities|integrations|store|web|cli|deploy|docs|tests|worker|settings"
    names = [name.strip() for name in spoken(document.read_text())]
    paths = [name for name in names if re.fullmatch(rf"(?:{packages})(?:/[\w./-]*)?(?:\.py|\.md|\.yaml|\.sh|/)", name)]

    assert [path for path in paths if path not in NOT_OURS and not (ROOT / path).exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=IDS)
def test_every_make_target_that_is_named_exists(document: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))

    named = {match for text in spoken(document.read_text()) for match in re.findall(r"\bmake ([a-z]+(?:-[a-z]+)*)", text)}
    assert named <= targets


@pytest.mark.parametrize("document", DOCUMENTS, ids=IDS)
def test_every_command_that_is_named_is_built_or_said_to_come(document: Path) -> None:
    known = BUILT | PROMISED

    named = {
        " ".join(word for word in (first, second) if word)
        for text in spoken(document.read_text())
        for first, second in re.findall(r"\bdoorstep ([a-z]+)(?: ([a-z]+))?(?![\w./:-])", text)
    }
    assert [
        command for command in named if command not in known and command.split()[0] not in BUILT - {"rules", "delivery"}
    ] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=IDS)
def test_every_option_that_is_named_exists(document: Path) -> None:
    lines = [text for text in spoken(document.read_text()) if re.search(r"(?:^|/)doorstep ", text)]

    named = {option for line in lines for option in re.findall(r"(--[a-z-]+)", line)}
    assert named <= options(PROGRAM)


def test_what_is_built_is_no_longer_said_to_come() -> None:
    assert sorted(BUILT & PROMISED) == []


def test_every_setting_is_described_and_no_other_is_named() -> None:
    operations = (ROOT / "docs" / "operations.md").read_text()

    described = set(re.findall(r"`((?:DOORSTEP|TWILIO|OTEL)_[A-Z_]+)`", operations))
    assert described == {row.name for row in SETTINGS}


def test_the_rulebook_of_the_readme_has_no_mistake_and_its_rules_are_those_that_are_shipped(tmp_path: Path) -> None:
    """The README showed other rules under the shipped names: a promise that counted otherwise, a silence that told fewer people."""
    rulebook, test = code((ROOT / "README.md").read_text(), "yaml")
    shipped = ROOT / "rules" / "books"
    (tmp_path / "example.yaml").write_text(rulebook)
    (tmp_path / "example.test.yaml").write_text(test)
    (tmp_path / "directory.yaml").write_text((shipped / "directory.yaml").read_text())

    checked = check(tmp_path, Templates(tmp_path / "templates", shipped / "templates"))

    assert [problem.render() for problem in checked.problems if problem.is_error] == []
    (book,) = check(shipped / "standard.yaml", Templates(shipped / "templates")).books
    assert [rule.id for rule in checked.books[0].rules] == ["predicted-late", "silent"]
    for rule in checked.books[0].rules:
        assert rule == book.rule(rule.id)
    assert checked.books[0].final_grace == book.final_grace
    blocks = re.split(r"\n\n", rulebook.split("\nrules:\n")[1].strip("\n"))
    assert all(block in (shipped / "standard.yaml").read_text() for block in blocks)


def test_the_orders_and_events_of_the_documents_are_good() -> None:
    text = (ROOT / "docs" / "oms.md").read_text() + (ROOT / "README.md").read_text()

    orders = [DeliveryOrder.model_validate_json(block) for block in code(text, "json")]
    (event,) = re.findall(r"--input '(\{\"event_id.*\})'", text)
    assert len(orders) == 3
    assert DeliveryEvent.model_validate_json(event).event_id == "acme-991"


def test_the_python_of_the_documents_is_python() -> None:
    blocks = [block for document in DOCUMENTS for block in code(document.read_text(), "python")]

    assert len([ast.parse(block) for block in blocks]) >= 1


def test_the_picture_shows_in_light_and_in_dark() -> None:
    picture = (ROOT / "docs" / "picture.svg").read_text()

    assert "prefers-color-scheme: dark" in picture
    assert "<title" in picture
    assert "<desc" in picture


@pytest.mark.parametrize("document", [*DOCUMENTS, ROOT / "requirements.lock"], ids=[*IDS, "requirements.lock"])
def test_no_document_names_a_package_index_or_a_folder_of_one_machine(document: Path) -> None:
    assert re.findall(r"--(?:extra-)?index-url|/root/|/home/|/tmp/\S", document.read_text()) == []


def test_the_example_of_a_settings_file_can_be_read(tmp_path: Path) -> None:
    (example,) = code((ROOT / "docs" / "operations.md").read_text(), "toml")
    file = tmp_path / "doorstep.toml"
    file.write_text(example)

    settings = read_settings({}, file)

    assert (settings.port, settings["DOORSTEP_MAIL_FROM"]) == (8081, "deliveries@example.test")


def test_what_the_readme_does_with_a_delivery_is_about_the_one_that_it_starts() -> None:
    block = next(block for block in code((ROOT / "README.md").read_text(), "sh") if "delivery start" in block)

    named = set(re.findall(r"\bD-[0-9]+\b", block))
    example = next(line for line in block.splitlines() if "delivery example" in line)
    assert [f"--id {name} " in example for name in named] == [True]


def test_the_saved_views_of_the_readme_are_those_that_doctor_prints() -> None:
    printed = {link(view, "http://127.0.0.1:8233") for view in VIEWS}

    shown = set(re.findall(r"\]\((\S+savedQuery=\S+)\)", (ROOT / "README.md").read_text()))
    assert len(shown) >= 5
    assert shown <= printed


def test_every_screenshot_is_small_and_shown_somewhere() -> None:
    pictures = sorted((ROOT / "docs" / "screenshots").glob("*.png"))
    text = "".join(document.read_text() for document in DOCUMENTS)

    assert [file.name for file in pictures if file.stat().st_size > 150_000] == []
    assert [file.name for file in pictures if f"screenshots/{file.name}" not in text] == []
