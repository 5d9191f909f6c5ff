"""What only a journal on a server can promise: other replicas, lost connections, failover."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from datetime import timedelta
from typing import TYPE_CHECKING

import psycopg
import pytest
from sqlalchemy import make_url, text, update

from rotator.core.ids import Instant
from rotator.errors import ConflictError, InvariantError, UnavailableError
from rotator.journal import tables
from rotator.journal.postgres import PostgresTransactions, postgres_engine
from rotator.testing.journal_suite import LEASE, change, claimed, written
from tests.builders import EPOCH, at, audit_record, credential, rotation, sealed
from tests.journal.journals import open_postgres

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import Connection

    from rotator.core.ids import CredentialId
    from rotator.journal.journal import SqlJournal
    from tests.postgres import Server

SOON = timedelta(milliseconds=200)


@pytest.fixture
def journal(postgres_url: str) -> Iterator[SqlJournal]:
    """Give one replica's journal."""
    with closing(open_postgres(postgres_url)) as made:
        yield made


@pytest.fixture
def other(postgres_url: str) -> Iterator[SqlJournal]:
    """Give another replica's journal, on the same database."""
    with closing(open_postgres(postgres_url)) as made:
        yield made


@pytest.fixture
def transactions(postgres_url: str) -> Iterator[PostgresTransactions]:
    """Give bare transactions on the same database."""
    engine = postgres_engine(make_url(postgres_url), busy_timeout=SOON)
    made = PostgresTransactions(engine)
    yield made
    made.dispose()


def write(transactions: PostgresTransactions, act: Callable[[Connection], None]) -> None:
    """Do something in one writing transaction."""
    with transactions.writing() as connection:
        act(connection)


def acquires(journal: SqlJournal, name: CredentialId, *, now: Instant = EPOCH) -> bool:
    """Try to claim a credential."""
    return journal.acquire(name, now=now, lease_until=Instant(now + LEASE)) is not None


def refuse_writes(server: Server, *, is_refusing: bool) -> None:
    """Make a server read-only, as a managed one becomes when its disk is full."""
    with psycopg.connect(server.url("postgres", user="postgres"), autocommit=True) as connection:
        connection.execute("SET default_transaction_read_only = off")
        if is_refusing:
            connection.execute("ALTER SYSTEM SET default_transaction_read_only = on")
        else:
            connection.execute("ALTER SYSTEM RESET default_transaction_read_only")
        connection.execute("SELECT pg_reload_conf()")
        # The reload is a signal; a new session proves that it was heard.
        wanted = "on" if is_refusing else "off"
        while server.execute("SHOW default_transaction_read_only") != [(wanted,)]:
            pass


def test_every_connection_is_durable_and_says_how_long_it_waits(
    transactions: PostgresTransactions,
) -> None:
    names = (
        "synchronous_commit",
        "lock_timeout",
        "statement_timeout",
        "idle_in_transaction_session_timeout",
        "application_name",
        "transaction_isolation",
    )

    with transactions.reading() as connection:
        settings = [connection.execute(text(f"SHOW {name}")).scalar_one() for name in names]

    assert settings == ["on", "200ms", "30s", "15s", "rotator", "read committed"]


def test_a_url_may_say_how_long_connecting_takes_but_not_that_a_reader_will_do(
    postgres_url: str,
) -> None:
    url = make_url(f"{postgres_url}?application_name=audit&target_session_attrs=any")
    engine = postgres_engine(url, busy_timeout=SOON)
    with engine.connect() as connection:
        name = connection.execute(text("SHOW application_name")).scalar_one()
        info = connection.connection.dbapi_connection.info.get_parameters()  # type: ignore[union-attr]
    engine.dispose()

    assert (name, info["target_session_attrs"]) == ("audit", "read-write")


def test_several_replicas_may_run_on_one_journal(journal: SqlJournal, other: SqlJournal) -> None:
    journal.register(credential())

    assert other.credentials() == (credential(),)


def test_a_lost_lease_commits_nothing_from_another_connection(
    journal: SqlJournal, other: SqlJournal
) -> None:
    lost = claimed(journal, credential())
    owner = claimed(other, credential(), now=at(minutes=2))
    before = written(other)

    with pytest.raises(ConflictError):
        journal.commit(lost, change(lost, rotation=rotation()))

    assert written(other) == before
    assert other.commit(owner, change(owner)).token == owner.token


def test_of_two_claimers_exactly_one_wins(journal: SqlJournal, other: SqlJournal) -> None:
    names = [credential(f"user-{number}").id for number in range(20)]
    for number in range(20):
        journal.register(credential(f"user-{number}"))
    start = threading.Barrier(4)

    def claim_all(replica: SqlJournal) -> list[CredentialId]:
        start.wait()
        return [name for name in names if acquires(replica, name)]

    with ThreadPoolExecutor(4) as pool:
        won = list(pool.map(claim_all, (journal, other, journal, other)))

    assert sorted(name for names in won for name in names) == sorted(names)


def test_a_claimer_that_waited_for_the_winner_looks_again(
    journal: SqlJournal, transactions: PostgresTransactions
) -> None:
    journal.register(credential())
    row = tables.credential
    with ThreadPoolExecutor(1) as pool:
        with transactions.writing() as connection:
            connection.execute(update(row).values(token="winner", lease_until=at(minutes=2)))
            waiting = pool.submit(acquires, journal, credential().id)
            blocked = text(
                "SELECT count(*) FROM pg_locks, pg_sleep(0.01)"
                " WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))"
            )
            while not connection.execute(blocked).scalar_one():
                pass
        assert waiting.result() is False


def test_of_two_sealers_one_gives_the_numbers(journal: SqlJournal, other: SqlJournal) -> None:
    journal.append(tuple(audit_record(number) for number in range(10)))
    start = threading.Barrier(2)

    def seal(replica: SqlJournal) -> bool:
        start.wait()
        try:
            replica.seal(tuple((audit_record(n).id, sealed(n)) for n in range(10)))
        except ConflictError:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(seal, (journal, other))) == [False, True]
    assert [place.seq for place in other.sealed_after(-1, limit=20)] == list(range(10))


def test_sealers_of_different_records_do_not_share_a_number(
    journal: SqlJournal, other: SqlJournal, transactions: PostgresTransactions
) -> None:
    journal.append((audit_record(0), audit_record(1)))
    journal.seal(((audit_record(0).id, sealed(0)),))

    with pytest.raises(ConflictError), transactions.writing() as connection:
        connection.execute(update(tables.audit_record).values(seq=0))

    assert [place.seq for place in other.sealed_after(-1, limit=20)] == [0]


def test_a_connection_lost_in_a_transaction_writes_nothing(
    journal: SqlJournal,
    transactions: PostgresTransactions,
    postgres_server: Server,
    postgres_url: str,
) -> None:
    journal.register(credential())
    before = written(journal)

    def lose(connection: Connection) -> None:
        connection.execute(update(tables.credential).values(note="lost"))
        postgres_server.disconnect(postgres_url)
        connection.execute(update(tables.credential).values(rule="lost"))

    with pytest.raises(UnavailableError) as caught:
        write(transactions, lose)

    assert caught.value.code == "journal_restarting"
    assert written(journal) == before


def test_connections_that_died_while_idle_are_replaced_unnoticed(
    journal: SqlJournal, postgres_server: Server, postgres_url: str
) -> None:
    claim = claimed(journal, credential())
    assert postgres_server.disconnect(postgres_url) > 0

    journal.commit(claim, change(claim, rotation=rotation()))

    assert journal.rotations() == (rotation(),)


def test_a_server_that_stops_and_comes_back_is_used_again(private_postgres: Server) -> None:
    url = private_postgres.new_database()
    with closing(open_postgres(url)) as journal:
        claim = claimed(journal, credential())
        private_postgres.stop("immediate")
        with pytest.raises(UnavailableError) as caught:
            journal.commit(claim, change(claim, rotation=rotation()))
        private_postgres.start()

        journal.commit(claim, change(claim, rotation=rotation()))

        assert caught.value.code == "journal_unreachable"
        assert journal.rotations() == (rotation(),)


def test_a_server_that_only_reads_is_left_until_it_writes_again(private_postgres: Server) -> None:
    url = private_postgres.new_database()
    with closing(open_postgres(url)) as journal:
        claim = claimed(journal, credential())
        refuse_writes(private_postgres, is_refusing=True)

        for _ in ("the open connection", "a new one"):
            with pytest.raises(UnavailableError) as caught:
                journal.commit(claim, change(claim, rotation=rotation()))
            assert caught.value.code == "journal_read_only"
        with pytest.raises(UnavailableError):
            open_postgres(url)

        refuse_writes(private_postgres, is_refusing=False)
        journal.commit(claim, change(claim, rotation=rotation()))
        assert journal.rotations() == (rotation(),)


def test_a_claim_goes_on_after_a_failover_to_the_standby(private_postgres: Server) -> None:
    primary = private_postgres
    database = make_url(primary.new_database()).database
    with ExitStack() as stack:
        standby = stack.enter_context(primary.standby())
        primary.execute("ALTER SYSTEM SET synchronous_standby_names = '*'")
        primary.execute("SELECT pg_reload_conf()")
        hosts = "&".join(f"host=127.0.0.1:{server.port}" for server in (primary, standby))
        url = f"postgresql://rotator:{primary.password}@/{database}?{hosts}"
        journal = stack.enter_context(closing(open_postgres(url)))
        claim = claimed(journal, credential())
        claim = journal.commit(claim, change(claim, rotation=rotation()))

        primary.stop("immediate")
        with pytest.raises(UnavailableError) as caught:
            journal.commit(claim, change(claim))
        assert str(primary.port) in caught.value.subject
        standby.promote()

        journal.commit(claim, change(claim, lease_until=at(minutes=9)))
        assert journal.rotations() == (rotation(),)


def test_a_row_that_another_writer_keeps_is_not_waited_for_for_ever(
    postgres_url: str, transactions: PostgresTransactions
) -> None:
    with closing(open_postgres(postgres_url, busy_timeout=SOON)) as journal:
        claim = claimed(journal, credential())
        with transactions.writing() as connection:
            connection.execute(update(tables.credential).values(note="mine"))
            with pytest.raises(UnavailableError) as caught:
                journal.commit(claim, change(claim, rotation=rotation()))

        assert caught.value.code == "journal_busy"
        assert journal.rotations() == ()


def test_a_statement_that_takes_too_long_is_interrupted(
    journal: SqlJournal, transactions: PostgresTransactions
) -> None:
    journal.register(credential())

    def dawdle(connection: Connection) -> None:
        connection.execute(update(tables.credential).values(note="slow"))
        connection.execute(text("SET LOCAL statement_timeout = '50ms'"))
        connection.execute(text("SELECT pg_sleep(5)"))

    with pytest.raises(UnavailableError) as caught:
        write(transactions, dawdle)

    assert caught.value.code == "journal_slow"
    assert journal.credentials() == (credential(),)


def test_the_transaction_of_a_frozen_replica_frees_its_rows(
    journal: SqlJournal, transactions: PostgresTransactions, postgres_server: Server
) -> None:
    journal.register(credential())

    def freeze(connection: Connection) -> None:
        connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = '50ms'"))
        connection.execute(update(tables.credential).values(note="frozen"))
        postgres_server.execute("SELECT pg_sleep(0.2)")
        assert acquires(journal, credential().id)
        connection.execute(text("SELECT 1"))

    with pytest.raises(UnavailableError):
        write(transactions, freeze)


def test_writers_that_wait_for_each_other_are_told_apart(
    journal: SqlJournal, postgres_url: str
) -> None:
    journal.register(credential("one"))
    journal.register(credential("two"))
    both = threading.Barrier(2)
    row = tables.credential

    def cross(order: tuple[str, str]) -> str:
        engine = postgres_engine(make_url(postgres_url), busy_timeout=timedelta(seconds=20))
        mine = PostgresTransactions(engine)
        try:
            with mine.writing() as connection:
                for position, name in enumerate(order):
                    this = row.c.principal == name
                    connection.execute(update(row).where(this).values(note="x"))
                    if position == 0:
                        both.wait()
        except UnavailableError as error:
            return error.code
        finally:
            mine.dispose()
        return "done"

    with ThreadPoolExecutor(2) as pool:
        ends = pool.map(cross, (("one", "two"), ("two", "one")))

    assert sorted(ends) == ["done", "journal_collision"]


def test_a_text_that_postgresql_cannot_hold_is_a_bug(journal: SqlJournal) -> None:
    with pytest.raises(InvariantError):
        journal.register(credential(note="a\0b"))
