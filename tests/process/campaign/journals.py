"""The journals that a campaign can run on: a file, or a PostgreSQL server of its own."""

from __future__ import annotations

import os
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.postgres import Server

SQLITE, POSTGRES = "sqlite", "postgres"


@contextmanager
def opened(
    kind: str, folder: Path, server: Server | None = None
) -> Iterator[tuple[str, set[str], Callable[[], None]]]:
    """Make room for a journal, on a given server or on one that lives as long.

    Yields:
        Its URL, what is secret in it, and how to write its content into the folder.
    """
    if kind == SQLITE:
        # The file lies in the folder already.
        yield f"sqlite:///{folder / 'rotator.db'}", set(), lambda: None
        return
    # Not everybody who runs the other one has it.
    from tests.postgres import running_server  # noqa: PLC0415

    with nullcontext(server) if server else running_server() as used:
        url = used.new_database(empty=True)
        yield url, {used.password}, lambda: _dump(url, folder)
        used.drop_database(url)


def _dump(url: str, folder: Path) -> None:
    import psycopg  # noqa: PLC0415
    from psycopg import sql  # noqa: PLC0415

    tables = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
    with psycopg.connect(url) as connection, (folder / "journal.dump").open("wb") as out:
        for (table,) in connection.execute(tables).fetchall():
            out.write(f"-- {table}{os.linesep}".encode())
            copy = sql.SQL("COPY {} TO STDOUT").format(sql.Identifier(table))
            with connection.cursor().copy(copy) as rows:
                for row in rows:
                    out.write(row)
