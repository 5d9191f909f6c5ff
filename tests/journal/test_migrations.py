"""Migrations: they make exactly the tables of the model, and say what they are."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import make_url, select, text

from rotator.core.rotation import Phase
from rotator.errors import UnavailableError
from rotator.journal import codec, migrations, tables
from rotator.journal.columns import from_micros
from rotator.journal.migrate import Schema, current, head, judge, upgrade
from rotator.journal.places import place_number
from rotator.journal.sqlite import WRITES, sqlite_engine
from rotator.journal.tables import metadata
from tests.journal.journals import journal_url

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine

_CREDENTIAL = """
INSERT INTO credential (id, provider, account, principal, principal_uid, principal_path, action,
    rule, note, next_at, failures, last_error, created_at)
VALUES (:name, 'aws-iam', :account, :name, '', '/', 'rotate', 'all', '', 0, 0, '', 0)
"""
_ROTATION = """
INSERT INTO rotation (id, credential_id, trigger, phase, phase_since, created_at, old_key_id,
    attempt, verify_failures, outcome)
VALUES (:name, :name, 'age', 'completed', 0, :since, 'AKIA', 1, 0, 'rotated')
"""
_KEY = """
INSERT INTO key (credential_id, key_id, role, enabled, created_at, seen_at, last_used_service,
    last_used_region)
VALUES ('ci', 'AKIA', 'current', TRUE, 0, 0, '', '')
"""

VERSIONS = Path(migrations.__file__).parent / "versions"


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """Give an engine on a database that does not exist yet."""
    made = sqlite_engine(make_url(journal_url(tmp_path)), busy_timeout=timedelta(0))
    yield made
    made.dispose()


def definitions(engine: Engine) -> set[str]:
    """Read every definition, without its white space, quotes and order of columns."""
    with engine.connect() as connection:
        rows = connection.execute(
            text("SELECT sql FROM sqlite_master WHERE sql NOT LIKE '%alembic_version%'")
        )
        parts = (re.split(r"[(,]\s*\n?\s*", row.replace('"', "")) for row in rows.scalars())
        return {" ".join(sorted(part.strip(" )\n\t") for part in split)) for split in parts}


def test_an_empty_database_is_outdated_and_becomes_usable(engine: Engine) -> None:
    assert (current(engine), judge(engine)) == (None, Schema.OUTDATED)

    upgrade(engine)

    assert (current(engine), judge(engine)) == (head(), Schema.USABLE)


def test_the_migrations_make_what_the_model_says(engine: Engine) -> None:
    upgrade(engine)

    with engine.connect() as connection:
        options = {"compare_type": True, "compare_server_default": True}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, metadata) == []


def test_constraints_and_partial_indexes_are_those_of_the_model(
    engine: Engine, tmp_path: Path
) -> None:
    upgrade(engine)
    model = sqlite_engine(make_url(f"sqlite:///{tmp_path / 'model.db'}"), busy_timeout=timedelta(0))
    metadata.create_all(model)

    assert definitions(engine) == definitions(model)
    model.dispose()


def test_every_migration_is_numbered_and_says_whether_it_expands_or_contracts() -> None:
    names = sorted(item.stem for item in VERSIONS.glob("*.py") if item.stem != "__init__")

    numbers = [re.fullmatch(r"(expand|contract)_(\d{4})_[a-z_]+", name) for name in names]

    assert all(numbers)
    assert sorted(match[2] for match in numbers if match) == [
        f"{number:04d}" for number in range(1, len(names) + 1)
    ]
    assert head() == f"{len(names):04d}"


def test_an_upgrade_that_fails_leaves_nothing_behind(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE placement (wrong TEXT)"))

    with pytest.raises(UnavailableError):
        upgrade(engine)

    with engine.connect() as connection:
        tables = connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'table'"))
        assert list(tables.scalars()) == ["placement"]


def test_what_an_older_release_was_rotating_counts_as_confirmed(engine: Engine) -> None:
    _upgrade_to(engine, "0003")
    with engine.begin() as connection:
        for name, account in (("ci", "111"), ("web", "111"), ("idle", "222")):
            connection.execute(text(_CREDENTIAL), {"name": name, "account": account})
        for name, since in (("ci", 9), ("web", 7)):
            connection.execute(text(_ROTATION), {"name": name, "since": since})

    upgrade(engine)

    with engine.connect() as connection:
        rows = connection.execute(select(tables.account)).mappings().all()
    (row,) = map(codec.decode_account, rows)
    assert (row.provider, row.id, row.is_confirmed, row.operator) == (
        "aws-iam",
        "111",
        True,
        "upgrade",
    )
    assert row.since == from_micros(7)


def test_what_the_release_before_writes_of_a_key_is_read_as_one_without_an_end(
    engine: Engine,
) -> None:
    upgrade(engine)
    with engine.begin() as connection:
        connection.execute(text(_CREDENTIAL), {"name": "ci", "account": "111"})
        connection.execute(text(_KEY))

    with engine.connect() as connection:
        (row,) = connection.execute(codec.select_keys()).mappings().all()

    assert codec.decode_key(row).expires_at is None


def test_what_an_older_release_wrote_is_counted_where_it_belongs(engine: Engine) -> None:
    _upgrade_to(engine, "0007")
    with engine.begin() as connection:
        for name, account in (("ci", "111"), ("web", "111"), ("idle", "222")):
            connection.execute(text(_CREDENTIAL), {"name": name, "account": account})
        connection.execute(text(_KEY))

    upgrade(engine)

    ours = {
        account: place_number("aws-iam", account, "all", "rotate") for account in ("111", "222")
    }
    with engine.connect() as connection:
        assert {row.account: row.id for row in connection.execute(select(tables.place))} == ours
        row = tables.credential.c
        for found in connection.execute(select(row.account, row.place_id)):
            assert found.place_id == ours[found.account]
        assert connection.execute(select(tables.key.c.place_id)).scalar_one() == ours["111"]


def _upgrade_to(engine: Engine, number: str) -> None:
    config = Config()
    config.set_main_option("script_location", "rotator.journal:migrations")
    writers = engine.execution_options(**{WRITES: True})
    with writers.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, number)


def test_the_phases_are_checked_by_the_database(engine: Engine) -> None:
    upgrade(engine)

    with engine.connect() as connection:
        sql = connection.execute(text("SELECT sql FROM sqlite_master WHERE name = 'rotation'"))
        listed = re.search(r"CHECK \(phase IN \(([^)]*)\)", sql.scalar_one())

    assert listed is not None
    assert listed[1] == ", ".join(f"'{phase}'" for phase in Phase)


def test_no_column_could_hold_a_secret() -> None:
    suspicious = re.compile(r"secret|password|plaintext|material|credential_value")

    found = {
        column.name
        for table in metadata.tables.values()
        for column in table.columns
        if suspicious.search(column.name)
    }

    # The name of the JSON field under which a destination keeps it, not the secret.
    assert found == {"secret_field"}
