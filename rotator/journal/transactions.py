"""Transactions: all of a write, or none of it; and the few statements that differ by dialect."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from sqlalchemy.dialects import postgresql, sqlite

from rotator.journal.failures import named, translated
from rotator.journal.sqlite import WRITES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from sqlalchemy import Connection, Engine, Table

_INSERTS: Mapping[str, Callable[[Table], sqlite.Insert | postgresql.Insert]] = {
    "sqlite": sqlite.insert,
    "postgresql": postgresql.insert,
}


class Transactions:
    """Gives out transactions on one engine, and speaks for its errors.

    Attributes:
        subject: How messages call the journal.
    """

    def __init__(self, engine: Engine) -> None:
        """Use an engine, and close its connections with `dispose`."""
        self.subject = named(engine.url)
        self._readers = engine
        self._writers = engine.execution_options(**{WRITES: True})

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give a connection that sees one state of the journal.

        Raises:
            UnavailableError: The journal cannot be read.
        """
        with translated(self.subject), self._readers.begin() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Give a connection whose writes are durable when the block ends.

        An error in the block undoes all of them.

        Raises:
            UnavailableError: The journal cannot be written; nothing was.
        """
        with translated(self.subject), self._writers.begin() as connection:
            yield connection

    def dispose(self) -> None:
        """Close every connection."""
        self._readers.dispose()


class Store:
    """What the journal's parts are built from."""

    def __init__(self, transactions: Transactions) -> None:
        """Work on the tables that `transactions` opens."""
        self._transactions = transactions


def insert_missing(connection: Connection, table: Table, row: Mapping[str, Any]) -> bool:
    """Insert a row unless one with its primary key exists; say whether it was inserted."""
    insert = _INSERTS[connection.dialect.name](table).values(**row)
    statement = insert.on_conflict_do_nothing(index_elements=list(table.primary_key.columns))
    # Drivers do not agree on an insertion's row count; what it returns is the same with all.
    inserted = connection.execute(statement.returning(*table.primary_key.columns))
    return inserted.one_or_none() is not None


def write_row(connection: Connection, table: Table, row: Mapping[str, Any]) -> None:
    """Update the row with this primary key, or insert it."""
    ours = [column == row[column.name] for column in table.primary_key.columns]
    if connection.execute(table.update().where(*ours).values(**row)).rowcount == 0:
        connection.execute(table.insert().values(**row))
