"""What only a journal on a disk can promise: durability, full disks, other writers."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event, make_url, select
from sqlalchemy.dialects import postgresql

from rotator.core.reasons import Reason
from rotator.core.rotation import Effect, Hold, Intent, Phase, Trigger
from rotator.errors import ConflictError, InvariantError, UnavailableError
from rotator.journal import codec, tables
from rotator.journal.journal import SqlJournal
from rotator.journal.opening import open_journal
from rotator.journal.sqlite import sqlite_engine
from rotator.journal.transactions import Transactions
from rotator.testing.journal_suite import change, claimed, written
from tests.builders import (
    EPOCH,
    NEW_KEY,
    at,
    audit_record,
    credential,
    key_record,
    principal,
    rotation,
    sealed,
)
from tests.journal.journals import CountingChance, alter, journal_url, new_journal

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Select

    from rotator.core.rotation import Credential, Rotation

DYING = """
import os, sys, time
from pathlib import Path
from rotator.testing.journal_suite import change, claimed
from tests.builders import credential, rotation
from tests.journal.journals import new_journal
journal = new_journal(Path(sys.argv[1]))
claim = claimed(journal, credential())
journal.commit(claim, change(claim, rotation=rotation()))
print("committed", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[SqlJournal]:
    """Give a journal on a disk."""
    with closing(new_journal(tmp_path)) as made:
        yield made


def impatient(folder: Path) -> SqlJournal:
    """Open a journal as a command does that will not wait for other writers."""
    return open_journal(
        journal_url(folder),
        chance=CountingChance(),
        exclusive=False,
        busy_timeout=timedelta(0),
    )


def nearly_full(folder: Path) -> SqlJournal:
    """Open a journal on a volume that has no page left."""
    pages = alter(folder, "PRAGMA page_count")[0][0]
    engine = sqlite_engine(make_url(journal_url(folder)), busy_timeout=timedelta(0))

    @event.listens_for(engine, "connect")
    def limit(connection: sqlite3.Connection, record: object) -> None:
        del record
        connection.execute(f"PRAGMA max_page_count={pages}")

    return SqlJournal(Transactions(engine), CountingChance())


@pytest.mark.process
def test_a_commit_survives_the_death_of_its_process(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", DYING, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "committed\n"
        process.send_signal(signal.SIGKILL)

    with closing(
        open_journal(journal_url(tmp_path), chance=CountingChance(), exclusive=True)
    ) as journal:
        assert journal.rotations() == (rotation(),)


def test_every_connection_is_durable_and_checks_references(tmp_path: Path) -> None:
    new_journal(tmp_path).close()

    wanted = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}

    for pragma, value in wanted.items():
        assert alter(tmp_path, f"PRAGMA {pragma}") == [(value,)]


def test_a_full_disk_writes_nothing_and_says_what_to_do(
    journal: SqlJournal, tmp_path: Path
) -> None:
    claim = claimed(journal, credential())
    before = written(journal)
    full = nearly_full(tmp_path)
    flood = tuple(audit_record(number, reason="x" * 500) for number in range(200))

    with pytest.raises(UnavailableError) as caught:
        full.commit(claim, change(claim, rotation=rotation(), audit=flood))

    assert caught.value.code == "journal_full"
    assert "space" in caught.value.hint
    assert written(journal) == before
    full.close()


def test_a_locked_journal_is_unavailable(journal: SqlJournal, tmp_path: Path) -> None:
    journal.register(credential())
    engine = sqlite_engine(make_url(journal_url(tmp_path)), busy_timeout=timedelta(0))
    with (
        closing(impatient(tmp_path)) as other,
        Transactions(engine).writing(),
        pytest.raises(UnavailableError) as caught,
    ):
        other.register(credential(note="new"))

    assert caught.value.code == "journal_busy"
    engine.dispose()


def test_readers_do_not_wait_for_a_writer(journal: SqlJournal, tmp_path: Path) -> None:
    journal.register(credential())
    engine = sqlite_engine(make_url(journal_url(tmp_path)), busy_timeout=timedelta(0))
    with closing(impatient(tmp_path)) as other, Transactions(engine).writing() as connection:
        connection.execute(tables.credential.update().values(note="uncommitted"))

        assert other.credentials() == (credential(),)
    engine.dispose()


def test_a_file_that_is_no_journal_is_told_apart(tmp_path: Path) -> None:
    (tmp_path / "journal.db").write_bytes(b"not a database, but long enough to be taken for one")

    with pytest.raises(UnavailableError) as caught:
        impatient(tmp_path)

    assert caught.value.code == "journal_corrupt"


def test_a_failure_without_a_name_is_unavailability_too(
    journal: SqlJournal, tmp_path: Path
) -> None:
    alter(tmp_path, "DROP TABLE event")

    with pytest.raises(UnavailableError) as caught:
        journal.events(rotation().id)

    assert caught.value.code == "journal_unavailable"
    assert caught.value.subject.endswith("journal.db")


def test_a_taken_number_is_a_conflict_whoever_took_it(tmp_path: Path) -> None:
    with closing(new_journal(tmp_path)) as journal:
        journal.append((audit_record(0), audit_record(1)))
        journal.seal(((audit_record(0).id, sealed(0)),))
    engine = sqlite_engine(make_url(journal_url(tmp_path)), busy_timeout=timedelta(0))

    with pytest.raises(ConflictError), Transactions(engine).writing() as connection:
        connection.execute(tables.audit_record.update().values(seq=0))
    engine.dispose()


def test_a_broken_reference_is_a_bug(journal: SqlJournal) -> None:
    claim = claimed(journal, credential())
    foreign = key_record(credential("unknown"))

    with pytest.raises(InvariantError):
        journal.commit(claim, change(claim, keys=(foreign,)))

    assert journal.keys() == ()


def test_threads_share_one_journal_without_losing_a_commit(journal: SqlJournal) -> None:
    def drive(name: str) -> None:
        claim = claimed(journal, credential(name, destination=None))
        for failures in range(1, 21):
            row = replace(claim.credential, failures=failures)
            claim = journal.commit(claim, change(claim, credential=row))

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(drive, ("one", "two")))

    assert [row.failures for row in journal.credentials()] == [20, 20]


def test_of_many_threads_one_acquires(journal: SqlJournal) -> None:
    journal.register(credential())

    def acquire(_: int) -> bool:
        claim = journal.acquire(credential().id, now=EPOCH, lease_until=at(minutes=2))
        return claim is not None

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(acquire, range(16))) == 1


def test_the_latest_deadline_ever_granted_is_remembered(
    journal: SqlJournal, tmp_path: Path
) -> None:
    claim = claimed(journal, credential())
    claim = journal.commit(claim, change(claim, lease_until=at(minutes=9)))
    claim = journal.commit(claim, change(claim, lease_until=at(minutes=5)))
    journal.release(claim)

    rows = alter(tmp_path, "SELECT lease_until, lease_max, token FROM credential")

    assert rows == [(None, micros(minutes=9), None)]


def test_a_destination_object_knows_its_holder_and_its_latest_lease(
    journal: SqlJournal, tmp_path: Path
) -> None:
    query = "SELECT holder_rotation_id, lease_until, lease_max FROM destination_object"
    claim = claimed(journal, credential())
    claim = journal.commit(claim, change(claim, rotation=rotation()))
    assert alter(tmp_path, query) == [(rotation().id, micros(minutes=2), micros(minutes=2))]

    claim = journal.commit(claim, change(claim, lease_until=at(minutes=4)))
    assert alter(tmp_path, query) == [(rotation().id, micros(minutes=4), micros(minutes=4))]

    promoted = rotation(phase=Phase.PROMOTED)
    journal.commit(claim, change(claim, rotation=promoted, lease_until=at(minutes=5)))
    assert alter(tmp_path, query) == [(None, None, micros(minutes=5))]


def test_rows_of_a_newer_release_are_left_alone(journal: SqlJournal, tmp_path: Path) -> None:
    claim = claimed(journal, credential())
    whole = change(claim, rotation=rotation(), keys=(key_record(key_id=NEW_KEY),))
    claim = journal.commit(claim, whole)
    alter(tmp_path, "UPDATE credential SET min_reader = 999")

    with pytest.raises(ConflictError):
        journal.commit(claim, whole)
    assert journal.due(now=at(days=1), limit=10) == ()
    assert journal.acquire(credential().id, now=at(days=1), lease_until=at(days=2)) is None
    assert not journal.register(credential(note="new"))
    assert not journal.request(credential().id, Trigger.MANUAL, now=at(days=1))
    assert (journal.credentials(), journal.keys(), journal.rotations()) == ((), (), ())


OTHER_PROVIDER = replace(principal(), provider="cipherstash-client-key")
SPEC_PROVIDER = replace(principal(), provider="jupyterhub-token")
GRANTING = Intent(effect=Effect.GRANT, made_at=EPOCH, not_after=at(minutes=1))
RESTARTING = Intent(effect=Effect.RESTART, made_at=EPOCH, not_after=at(minutes=1))
FOLLOWING = Intent(
    effect=Effect.FOLLOW, made_at=EPOCH, not_after=at(minutes=1), place="apps/payments"
)


@pytest.mark.parametrize(
    ("value", "needed"),
    [
        pytest.param(credential(), 1, id="as-ever"),
        pytest.param(credential(requested=Trigger.DRIFT), 2, id="a-word-of-the-second"),
        pytest.param(credential(requested=Trigger.BREAK_GLASS), 5, id="glass-to-be-broken"),
        pytest.param(credential(principal=OTHER_PROVIDER), 3, id="another-provider"),
        pytest.param(
            credential(hold=Hold(reason=Reason.GRANTS_TAKEN, since=EPOCH)), 3, id="a-new-hold"
        ),
        pytest.param(
            credential(hold=Hold(reason=Reason.OLD_KEY_LIVES, since=EPOCH)), 3, id="a-key-lives-on"
        ),
        pytest.param(credential(principal=SPEC_PROVIDER), 4, id="a-provider-by-a-spec"),
        pytest.param(
            credential(hold=Hold(reason=Reason.EXPIRES_TOO_SOON, since=EPOCH)), 4, id="too-short"
        ),
        pytest.param(rotation(), 1, id="a-rotation-as-ever"),
        pytest.param(rotation(trigger=Trigger.EXPIRY), 4, id="before-a-key-expires"),
        pytest.param(rotation(trigger=Trigger.EXPIRED), 4, id="after-a-key-expired"),
        pytest.param(rotation(trigger=Trigger.BREAK_GLASS), 5, id="broken-glass"),
        pytest.param(rotation(reversed_at=EPOCH), 2, id="a-rotation-of-the-second"),
        pytest.param(rotation(granted=("keyset",)), 3, id="something-granted"),
        pytest.param(rotation(intent=GRANTING), 3, id="an-open-grant"),
        pytest.param(rotation(intent=FOLLOWING), 6, id="a-follower-is-written"),
        pytest.param(rotation(followed_at=EPOCH), 6, id="followers-are-current"),
        pytest.param(rotation(intent=RESTARTING), 6, id="a-consumer-is-restarted"),
        pytest.param(rotation(refreshed_at=EPOCH), 6, id="consumers-have-the-key"),
        pytest.param(
            credential(hold=Hold(reason=Reason.CONSUMERS_BEHIND, since=EPOCH)), 6, id="a-consumer"
        ),
        pytest.param(credential(intent=FOLLOWING), 6, id="a-follower-of-an-idle-one-is-written"),
        pytest.param(
            credential(hold=Hold(reason=Reason.FOLLOWER_DRIFT, since=EPOCH)), 6, id="a-follower"
        ),
    ],
)
def test_a_row_that_an_older_release_would_misread_says_so(
    value: Credential | Rotation, needed: int
) -> None:
    assert codec.generation(value) == needed


@pytest.mark.parametrize(
    "query",
    [
        codec.select_credentials(),
        codec.select_rotations(),
        codec.select_keys(),
        select(tables.credential.c.id).with_for_update(),
    ],
)
def test_queries_can_be_said_in_postgresql(query: Select[Any]) -> None:
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call] # as SQLAlchemy has it

    compiled = query.compile(dialect=dialect)

    assert "SELECT" in str(compiled)


def micros(*, minutes: int) -> int:
    """Count the microseconds from 1970 to so many minutes after `EPOCH`."""
    return int(at(minutes=minutes).timestamp()) * 1_000_000
