"""Bring a database's schema up to date, and say how far it is.

Migrations are numbered. An *expand* migration only adds, so the release before
it runs on its schema; a *contract* migration takes away, comes one release later
and raises `schema_meta.min_reader` to the oldest number that still works.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import select, text

from rotator.journal import tables
from rotator.journal.failures import named, translated
from rotator.journal.sqlite import WRITES

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine


_UPGRADES = 0x726F7461746F72
"""The number of the PostgreSQL advisory lock: `rotator` in ASCII."""

_PATIENCE = "10min"
"""How long an upgrade may take, and how long another one waits for it."""


class Schema(StrEnum):
    """What this release may do with a database as it is."""

    USABLE = "usable"
    OUTDATED = "outdated"
    TOO_NEW = "too_new"


def head() -> str:
    """Return the number of the newest migration that this release brings."""
    return str(_scripts().get_current_head())


def current(engine: Engine) -> str | None:
    """Return the number of the last migration applied; None in an empty database."""
    with translated(named(engine.url)), engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def upgrade(engine: Engine) -> None:
    """Apply every migration that is missing, in one transaction; none if there is none.

    A schema that a newer release brought is left as it is. Of several processes
    that come at once, one upgrades and the others wait for it.

    Raises:
        UnavailableError: The database cannot be written; nothing was changed.
    """
    config = _config()
    writers = engine.execution_options(**{WRITES: True})
    with translated(named(engine.url)), writers.begin() as connection:
        _come_alone(connection)
        now = MigrationContext.configure(connection).get_current_revision()
        if now is None or now < head():
            config.attributes["connection"] = connection
            command.upgrade(config, "head")


def _come_alone(connection: Connection) -> None:
    """Let no other process upgrade until the transaction ends; SQLite's begin did that already.

    A change of a table waits but shortly for those who use it: whoever comes
    after it would have to wait behind it.
    """
    if connection.dialect.name == "postgresql":
        patience = f"SET LOCAL statement_timeout = '{_PATIENCE}'; SET LOCAL lock_timeout = "
        connection.execute(text(f"{patience}'{_PATIENCE}'"))
        connection.execute(text(f"SELECT pg_advisory_xact_lock({_UPGRADES})"))
        connection.execute(text("SET LOCAL lock_timeout = '5s'"))


def judge(engine: Engine) -> Schema:
    """Say whether this release may run on a database.

    Additions of newer releases do no harm; what they took away is said by
    `schema_meta.min_reader`.
    """
    now = current(engine)
    if now is None or now < head():
        return Schema.OUTDATED
    with translated(named(engine.url)), engine.connect() as connection:
        oldest = _min_reader(connection)
    return Schema.USABLE if oldest <= int(head()) else Schema.TOO_NEW


def _min_reader(connection: Connection) -> int:
    meta = tables.schema_meta.c
    query = select(meta.value).where(meta.name == "min_reader")
    oldest: int = connection.execute(query).scalar_one()
    return oldest


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", "rotator.journal:migrations")
    return config


def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(_config())
