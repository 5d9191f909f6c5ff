"""A COMMIT without an answer: it is found out what became of it, or nobody acts on it."""

from __future__ import annotations

from contextlib import closing
from datetime import timedelta
from itertools import count
from typing import TYPE_CHECKING, cast

import pytest
from sqlalchemy import func, make_url, select, update

from rotator.core.ids import Instant
from rotator.core.rotation import Trigger
from rotator.core.terms import Grace, Limits, Terms
from rotator.errors import ConflictError, OutcomeUnknownError, UnavailableError
from rotator.journal import postgres, tables
from rotator.journal.postgres import PostgresTransactions, postgres_engine
from rotator.testing.journal_suite import change, claimed, written
from tests.builders import at, credential, rotation
from tests.journal.journals import open_postgres
from tests.journal.proxy import Cut, Proxy
from tests.reconcile.estate import Estate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rotator.journal.journal import SqlJournal
    from rotator.testing.memory_journal import MemoryJournal
    from tests.postgres import Server

IMPATIENT = timedelta(milliseconds=300)
DONE = [cut for cut in Cut if cut.is_done]
NOT_DONE = [Cut.REQUEST]


@pytest.fixture
def proxy(postgres_url: str) -> Iterator[Proxy]:
    """Give a wire that can break."""
    with Proxy(postgres_url) as made:
        yield made


@pytest.fixture
def journal(proxy: Proxy) -> Iterator[SqlJournal]:
    """Give a journal at the end of that wire."""
    with closing(open_postgres(proxy.url, busy_timeout=IMPATIENT)) as made:
        yield made


@pytest.fixture
def witness(postgres_url: str) -> Iterator[SqlJournal]:
    """Give a journal on the same database, on a wire of its own."""
    with closing(open_postgres(postgres_url)) as made:
        yield made


@pytest.mark.parametrize("cut", DONE)
def test_a_commit_that_was_done_succeeds_though_its_answer_was_lost(
    proxy: Proxy, journal: SqlJournal, witness: SqlJournal, cut: Cut
) -> None:
    claim = claimed(journal, credential())
    proxy.break_commit(cut)

    claim = journal.commit(claim, change(claim, rotation=rotation()))

    assert witness.rotations() == (rotation(),)
    assert journal.commit(claim, change(claim)).rotation == rotation()


@pytest.mark.parametrize("cut", NOT_DONE)
def test_a_commit_that_was_not_done_says_that_nothing_was_written(
    proxy: Proxy, journal: SqlJournal, witness: SqlJournal, cut: Cut
) -> None:
    claim = claimed(journal, credential())
    before = written(witness)
    proxy.break_commit(cut)

    with pytest.raises(UnavailableError):
        journal.commit(claim, change(claim, rotation=rotation()))

    assert written(witness) == before
    assert journal.commit(claim, change(claim, rotation=rotation())).rotation == rotation()


@pytest.mark.parametrize("cut", [Cut.ANSWER, Cut.REQUEST])
def test_a_commit_that_nobody_can_tell_of_is_in_doubt_and_spends_its_claim(
    proxy: Proxy, journal: SqlJournal, witness: SqlJournal, cut: Cut
) -> None:
    claim = claimed(journal, credential())
    proxy.break_commit(cut, deaf_for=9)

    with pytest.raises(OutcomeUnknownError) as caught:
        journal.commit(claim, change(claim, rotation=rotation()))
    proxy.refuse(0)
    with pytest.raises(ConflictError):
        journal.commit(claim, change(claim))

    assert caught.value.code == "journal_commit_unknown"
    assert bool(witness.rotations()) is cut.is_done
    again = claimed(journal, credential(), now=at(minutes=2))
    assert again.rotation == (rotation() if cut.is_done else None)


def test_a_transaction_that_does_not_end_is_in_doubt_for_no_longer_than_a_writer_waits(
    proxy: Proxy, journal: SqlJournal, witness: SqlJournal
) -> None:
    claim = claimed(journal, credential())
    proxy.break_commit(Cut.HELD)

    with pytest.raises(OutcomeUnknownError):
        journal.commit(claim, change(claim, rotation=rotation()))

    proxy.drop()
    assert witness.rotations() == ()


def test_a_process_that_was_frozen_past_the_marks_life_does_not_take_its_absence_for_a_no(
    proxy: Proxy, journal: SqlJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    claim = claimed(journal, credential())
    monkeypatch.setattr(postgres, "_KEPT", timedelta(0))
    proxy.break_commit(Cut.REQUEST)

    with pytest.raises(OutcomeUnknownError):
        journal.commit(claim, change(claim, rotation=rotation()))


def test_a_server_that_went_down_in_the_commit_is_in_doubt(private_postgres: Server) -> None:
    url = private_postgres.new_database()
    with Proxy(url) as proxy, closing(open_postgres(proxy.url)) as journal:
        claim = claimed(journal, credential())
        proxy.break_commit(Cut.ANSWER, deaf_for=9)
        with pytest.raises(OutcomeUnknownError):
            journal.commit(claim, change(claim, rotation=rotation()))

        private_postgres.restart("immediate")
        proxy.refuse(0)

        again = claimed(journal, credential(), now=at(minutes=2))
        assert again.rotation == rotation()


def test_marks_are_swept_away_when_nobody_will_ask_for_them_any_more(
    journal: SqlJournal, postgres_url: str
) -> None:
    engine = postgres_engine(make_url(postgres_url), busy_timeout=IMPATIENT)
    transactions = PostgresTransactions(engine)
    marks = select(func.count()).select_from(tables.commit_mark)
    for number in range(6):
        journal.register(credential(f"user-{number}"))
    with transactions.writing() as connection:
        old = at(days=-2)
        connection.execute(update(tables.commit_mark).values(at=old))

    left = []
    for number in range(6, 9):
        with transactions.reading() as connection:
            left.append(connection.execute(marks).scalar_one())
        journal.register(credential(f"user-{number}"))
    transactions.dispose()

    # Of six old ones four go with the next write, which leaves its own; then the rest.
    assert left == [3, 2, 3]


def test_a_write_in_doubt_leaves_one_current_key_whatever_the_rotation_was_doing(
    postgres_url: str,
) -> None:
    with Proxy(postgres_url) as proxy, closing(open_postgres(proxy.url)) as journal:
        estate = ordered_estate(journal)
        for cut in (Cut.REQUEST, Cut.ANSWER, Cut.REQUEST):
            proxy.break_commit(cut, skip=5, deaf_for=1)
            while proxy.is_whole:
                settle(estate, timedelta(hours=6))
        settle(estate, timedelta(days=9))
        check_converged(estate)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("cut", "deaf_for"),
    [(Cut.REQUEST, 0), (Cut.REQUEST, 1), (Cut.ANSWER, 0), (Cut.ANSWER, 1), (Cut.LATE, 0)],
)
def test_whatever_commit_of_a_rotation_is_broken_one_current_key_is_left(
    postgres_server: Server, postgres_url: str, cut: Cut, deaf_for: int
) -> None:
    for skip in count():
        postgres_server.wipe(postgres_url)
        with Proxy(postgres_url) as proxy, closing(open_postgres(proxy.url)) as journal:
            estate = ordered_estate(journal)
            proxy.break_commit(cut, skip=skip, deaf_for=deaf_for)
            settle(estate, timedelta(days=9))
            check_converged(estate)
            if proxy.is_whole:
                break


def ordered_estate(journal: SqlJournal) -> Estate:
    """Give the shell this journal to work on, and order a rotation."""
    limits = Limits(inspect_interval=timedelta(days=1), check_interval=timedelta(days=1))
    estate = Estate(terms=Terms(limits=limits, grace=Grace()))
    estate.journal = cast("MemoryJournal", journal)
    estate.register(estate.credential())
    journal.request(estate.credential().id, Trigger.MANUAL, now=estate.clock.now())
    return estate


def settle(estate: Estate, period: timedelta) -> None:
    """Look whenever something is due, and use the current key in between."""
    end = Instant(estate.clock.now() + period)
    while estate.clock.now() < end:
        soon = estate.look().next_at
        assert estate.consume()
        patience = Instant(estate.clock.now() + timedelta(minutes=3))
        estate.clock.advance_to(min(max(soon, patience), end))


def check_converged(estate: Estate) -> None:
    """Assert that a rotation ended, and that the published key is the only one."""
    assert not estate.newest.is_open
    material = estate.destination.material(estate.ref)
    assert material is not None
    assert estate.enabled() == {material.key_id}
