"""Leases by the database's clock: a caller's clock says when a row is due, never who holds it."""

from __future__ import annotations

from contextlib import closing
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import make_url, select, update

from rotator.core.ids import Instant
from rotator.journal import tables
from rotator.journal.leases import LeaseClock, server_time
from rotator.journal.postgres import PostgresTransactions, postgres_engine
from rotator.testing.journal_suite import LEASE, change, claimed
from tests.builders import EPOCH, at, credential, rotation
from tests.journal.journals import open_postgres

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rotator.core.ids import CredentialId
    from rotator.journal.journal import SqlJournal
    from tests.postgres import Server

SOON = timedelta(milliseconds=200)


@pytest.fixture
def journal(postgres_url: str) -> Iterator[SqlJournal]:
    """Give a journal as replicas open it."""
    with closing(open_postgres(postgres_url, lease_clock=LeaseClock.DATABASE)) as made:
        yield made


@pytest.fixture
def transactions(postgres_url: str) -> Iterator[PostgresTransactions]:
    """Give bare transactions on the same database."""
    made = PostgresTransactions(postgres_engine(make_url(postgres_url), busy_timeout=SOON))
    yield made
    made.dispose()


def acquires(journal: SqlJournal, name: CredentialId, *, now: Instant = EPOCH) -> bool:
    """Try to claim a credential."""
    return journal.acquire(name, now=now, lease_until=Instant(now + LEASE)) is not None


def read_server_time(transactions: PostgresTransactions) -> Instant:
    """Ask the server what time it is."""
    with transactions.reading() as connection:
        now: Instant = connection.execute(select(server_time())).scalar_one()
        return now


def read_lease(transactions: PostgresTransactions) -> Instant:
    """Read when the only credential's lease ends, in the server's time."""
    with transactions.reading() as connection:
        until: Instant = connection.execute(select(tables.credential.c.lease_until)).scalar_one()
        return until


@pytest.mark.parametrize("days", [-300, -1, 0, 1, 300])
def test_a_wrong_clock_steals_no_lease(journal: SqlJournal, days: int) -> None:
    of = credential(next_at=at(days=-399))
    claimed(journal, of)

    assert not acquires(journal, of.id, now=at(days=days))
    assert journal.due(now=at(days=days), limit=10) == ()


@pytest.mark.parametrize("days", [-300, 300])
def test_a_wrong_clock_leases_for_no_longer_than_it_asked(
    journal: SqlJournal, postgres_server: Server, days: int
) -> None:
    of = credential(next_at=at(days=-399))
    journal.register(of)
    now = at(days=days)
    journal.acquire(of.id, now=now, lease_until=Instant(now + SOON))

    postgres_server.execute("SELECT pg_sleep(0.25)")

    assert journal.due(now=EPOCH, limit=10) == (of.id,)
    assert acquires(journal, of.id)


def test_a_claim_ends_in_the_callers_time_and_never_after_the_lease(
    journal: SqlJournal, transactions: PostgresTransactions
) -> None:
    journal.register(credential())
    before = read_server_time(transactions)
    claim = journal.acquire(credential().id, now=EPOCH, lease_until=at(minutes=2))

    assert claim is not None
    assert claim.lease_until == at(minutes=2)
    assert read_lease(transactions) >= before + timedelta(minutes=2)


def test_a_commit_renews_by_the_period_that_it_asks_for(
    journal: SqlJournal, transactions: PostgresTransactions
) -> None:
    claim = claimed(journal, credential())
    before = read_server_time(transactions)

    jumped = at(days=30)
    ends = Instant(jumped + timedelta(minutes=5))
    claim = journal.commit(claim, change(claim, rotation=rotation(), now=jumped, lease_until=ends))

    after = read_server_time(transactions)
    assert claim.lease_until == ends
    for row in (tables.credential, tables.destination_object):
        for column in (row.c.lease_until, row.c.lease_max):
            with transactions.reading() as connection:
                granted = connection.execute(select(column)).scalar_one()
            assert timedelta(minutes=5) <= granted - before <= after - before + timedelta(minutes=5)


def test_a_lease_that_ends_further_ahead_than_leases_can_counts_as_free(
    journal: SqlJournal, transactions: PostgresTransactions
) -> None:
    claimed(journal, credential())
    with transactions.writing() as connection:
        far = server_time(timedelta(minutes=5))
        connection.execute(update(tables.credential).values(lease_until=far))

    assert acquires(journal, credential().id)
