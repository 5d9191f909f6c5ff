"""Opening a journal on a server: its schema, who upgrades it, and what a refusal says."""

from __future__ import annotations

import sys
import traceback
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import TYPE_CHECKING

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import make_url, text

from rotator.errors import ConfigError, RotatorError, UnavailableError
from rotator.journal.migrate import head
from rotator.journal.opening import upgrade_journal
from rotator.journal.postgres import postgres_engine
from rotator.journal.tables import metadata
from tests.builders import credential
from tests.journal.journals import open_postgres
from tests.journal.test_postgres import SOON

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from sqlalchemy import URL, Engine

    from tests.postgres import Server

DEFINITIONS = """
SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
 WHERE connamespace = 'public'::regnamespace AND contype <> 'n'
UNION ALL
SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'
UNION ALL
SELECT table_name, column_name, concat_ws(' ', data_type, is_nullable, column_default)
  FROM information_schema.columns WHERE table_schema = 'public'
"""


@pytest.fixture
def empty(postgres_server: Server) -> Iterator[str]:
    """Give a database without tables."""
    url = postgres_server.new_database(empty=True)
    yield url
    postgres_server.drop_database(url)


@pytest.fixture
def engine(empty: str) -> Iterator[Engine]:
    """Give an engine on that database."""
    made = postgres_engine(make_url(empty), busy_timeout=SOON)
    yield made
    made.dispose()


def definitions(engine: Engine) -> set[tuple[str, ...]]:
    """Read what every table consists of."""
    with engine.connect() as connection:
        rows = connection.execute(text(DEFINITIONS)).all()
    return {tuple(row) for row in rows if row[0] != "alembic_version"}


def test_the_migrations_make_what_the_model_says(
    empty: str, engine: Engine, postgres_server: Server
) -> None:
    upgrade_journal(empty)
    model = postgres_server.new_database(empty=True)
    by_model = postgres_engine(make_url(model), busy_timeout=SOON)
    metadata.create_all(by_model)

    with engine.connect() as connection:
        options = {"compare_type": True, "compare_server_default": True}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, metadata) == []
    assert definitions(engine) == definitions(by_model)
    by_model.dispose()
    postgres_server.drop_database(model)


def test_of_replicas_that_start_together_one_upgrades(empty: str) -> None:
    with ThreadPoolExecutor(4) as pool:
        ends = list(pool.map(upgrade_journal, [empty] * 4))

    assert {after for _, after in ends} == {head()}
    with closing(open_postgres(empty)) as journal:
        assert journal.register(credential())


def test_an_upgrade_waits_for_the_one_that_is_under_way(empty: str, engine: Engine) -> None:
    blocked = text(
        "SELECT count(*) FROM pg_locks, pg_sleep(0.01)"
        " WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))"
    )
    with ThreadPoolExecutor(1) as pool:
        with engine.begin() as connection:
            connection.execute(text(f"SELECT pg_advisory_xact_lock({0x726F7461746F72})"))
            waiting = pool.submit(upgrade_journal, empty)
            while not connection.execute(blocked).scalar_one():
                assert not waiting.done()
        assert waiting.result() == (None, head())


def test_an_upgrade_that_fails_leaves_nothing_behind(empty: str, engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE placement (wrong TEXT)"))

    with pytest.raises(UnavailableError):
        upgrade_journal(empty)

    assert {table for table, _, _ in definitions(engine)} == {"placement"}


def test_a_database_without_a_journal_is_not_made_one_by_opening_it(
    empty: str, engine: Engine
) -> None:
    with pytest.raises(UnavailableError) as caught:
        open_postgres(empty)

    assert caught.value.code == "journal_missing"
    assert "rotator db upgrade" in caught.value.hint
    assert definitions(engine) == set()


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ("UPDATE alembic_version SET version_num = '0000'", "journal_outdated"),
        ("UPDATE schema_meta SET value = 998 WHERE name = 'min_reader'", "journal_too_new"),
    ],
)
def test_a_schema_that_does_not_fit_is_refused(
    empty: str, engine: Engine, statement: str, code: str
) -> None:
    upgrade_journal(empty)
    with engine.begin() as connection:
        connection.execute(text(statement))

    with pytest.raises(UnavailableError) as caught:
        open_postgres(empty)

    assert caught.value.code == code


PASSWORD = "hunter2"

REFUSALS: dict[str, Callable[[URL], URL]] = {
    "journal_denied": lambda url: url.set(password=PASSWORD),
    "journal_database_missing": lambda url: url.set(database="nowhere"),
    "journal_unreachable": lambda url: url.set(port=1),
    "journal_misconfigured": lambda url: url.update_query_dict({"colour": "red"}),
}


@pytest.mark.parametrize("code", REFUSALS)
def test_a_refusal_says_what_to_do_and_never_the_password(postgres_url: str, code: str) -> None:
    url = REFUSALS[code](make_url(postgres_url))
    password = str(url.password)

    with pytest.raises(RotatorError) as caught:
        open_postgres(url.render_as_string(hide_password=False))

    said = "".join(traceback.format_exception(caught.value)) + caught.value.diagnostics()
    assert caught.value.code == code
    assert caught.value.hint
    assert password not in said


def test_a_server_that_takes_no_more_connections_is_told_apart(private_postgres: Server) -> None:
    url = private_postgres.new_database()
    private_postgres.execute("ALTER ROLE rotator CONNECTION LIMIT 0")

    with pytest.raises(UnavailableError) as caught:
        open_postgres(url)

    assert caught.value.code == "journal_crowded"


def test_a_role_without_rights_is_told_apart(postgres_url: str, private_postgres: Server) -> None:
    del postgres_url
    url = private_postgres.new_database()
    private_postgres.execute("REVOKE ALL ON ALL TABLES IN SCHEMA public FROM rotator", url=url)
    private_postgres.execute("ALTER TABLE alembic_version OWNER TO postgres", url=url)

    with pytest.raises(UnavailableError) as caught:
        open_postgres(url)

    assert caught.value.code == "journal_denied"


def test_the_password_may_stand_in_a_file_of_libpq(
    postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = make_url(postgres_url)
    file = tmp_path / "pgpass"
    file.write_text(f"*:*:*:rotator:{url.password}\n", encoding="utf-8")
    file.chmod(0o600)
    monkeypatch.setenv("PGPASSFILE", str(file))

    bare = f"postgresql+psycopg://rotator@{url.host}:{url.port}/{url.database}"
    with closing(open_postgres(bare)) as journal:
        assert journal.credentials() == ()


def test_a_missing_driver_is_named_with_the_extra_that_brings_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)

    with pytest.raises(ConfigError) as caught:
        open_postgres(f"postgresql://rotator:{PASSWORD}@localhost/rotator")

    assert "rotator[postgres]" in caught.value.diagnostics()
    assert PASSWORD not in "".join(traceback.format_exception(caught.value))


def test_the_server_speaks_psycopgs_protocol_in_the_url_that_tests_get(postgres_url: str) -> None:
    with psycopg.connect(postgres_url) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
