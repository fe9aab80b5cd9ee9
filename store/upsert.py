"""INSERT ... ON CONFLICT DO UPDATE as a text that is made once: SQLAlchemy compiles such a statement anew each time, in milliseconds."""

from collections.abc import Sequence

from sqlalchemy import Table, TextClause, bindparam, text
from sqlalchemy.dialects import sqlite


def upsert(table: Table, columns: Sequence[str], key: Sequence[str], not_older_by: str | None = None) -> TextClause:
    """Takes one parameter for each column. SQLite and PostgreSQL spell it alike.

    An existing row changes only if its `not_older_by` is not above the new one's.
    """
    statement = sqlite.insert(table).values({name: bindparam(name, type_=table.c[name].type) for name in columns})
    condition = None if not_older_by is None else table.c[not_older_by] <= statement.excluded[not_older_by]
    told = {name: statement.excluded[name] for name in columns}
    statement = statement.on_conflict_do_update(index_elements=list(key), set_=told, where=condition)
    return _spelt(statement, table, columns)


def add(table: Table, columns: Sequence[str]) -> TextClause:
    """INSERT ... ON CONFLICT DO NOTHING, likewise."""
    statement = sqlite.insert(table).values({name: bindparam(name, type_=table.c[name].type) for name in columns})
    return _spelt(statement.on_conflict_do_nothing(), table, columns)


def _spelt(statement: sqlite.Insert, table: Table, columns: Sequence[str]) -> TextClause:
    spelt = str(statement.compile(dialect=sqlite.dialect(paramstyle="named")))
    return text(spelt).bindparams(*(bindparam(name, type_=table.c[name].type) for name in columns))
