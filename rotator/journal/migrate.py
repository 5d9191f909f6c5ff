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
from sqlalchemy import select

from rotator.journal import tables
from rotator.journal.failures import translated
from rotator.journal.sqlite import WRITES

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine


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
    with translated(engine.url.database or ""), engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def upgrade(engine: Engine) -> None:
    """Apply every migration that is missing, in one transaction; none if there is none.

    A schema that a newer release brought is left as it is.

    Raises:
        UnavailableError: The database cannot be written; nothing was changed.
    """
    config = _config()
    writers = engine.execution_options(**{WRITES: True})
    with translated(engine.url.database or ""), writers.begin() as connection:
        now = MigrationContext.configure(connection).get_current_revision()
        if now is None or now < head():
            config.attributes["connection"] = connection
            command.upgrade(config, "head")


def judge(engine: Engine) -> Schema:
    """Say whether this release may run on a database.

    Additions of newer releases do no harm; what they took away is said by
    `schema_meta.min_reader`.
    """
    now = current(engine)
    if now is None or now < head():
        return Schema.OUTDATED
    with translated(engine.url.database or ""), engine.connect() as connection:
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
