"""`doorstep rules explain`: a rule in plain words. No server is needed."""

import json
from pathlib import Path

from cli.command import FINDINGS, FINE
from cli.trying import book_with, mistakes
from rules.explaining import explained


def explain_rule(path: Path, name: str, format: str) -> int:
    """Prints the rule, with each of its layers and rows; 1 if its book has a mistake. Raises InputError if there is none."""
    book, problems = book_with(path, name)
    if book is None:
        print(mistakes(problems, format))
        return FINDINGS
    told = {rule.id: list(explained(rule)) for rule in book.rules if rule.name == name}
    if format == "json":
        print(
            json.dumps({"rulebook": book.name, "rules": [{"id": one, "lines": lines} for one, lines in told.items()]}, indent=2)
        )
    else:
        print("\n\n".join("\n".join(lines) for lines in told.values()))
    return FINE
