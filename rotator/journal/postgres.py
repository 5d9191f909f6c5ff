"""PostgreSQL as the journal's database: its connections, and commits without a doubt.

Every connection refuses a server that does not write, says how long it waits for
anything, and asks for durable commits whatever the server's default is. A lost
connection is replaced when the next transaction begins.

Between COMMIT and its answer the network lies, so an answer may be lost. Each
transaction therefore leaves a mark, a row with a random id. After a lost answer
the id is inserted again: the insertion waits until the lost transaction has
ended, and meets the mark or does not. (The number of a transaction would not do:
after a crash or a failover it may be given to another one.)
"""

from __future__ import annotations

from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import Text, cast, create_engine, delete, event, func, insert, select
from sqlalchemy.exc import DBAPIError

from rotator.errors import OutcomeUnknownError
from rotator.journal.failures import translated
from rotator.journal.leases import server_time
from rotator.journal.tables import commit_mark
from rotator.journal.transactions import Transactions, insert_missing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import URL, Connection, Engine, ExceptionContext

    from rotator.core.ids import Instant

DRIVER = "postgresql+psycopg"
"""How SQLAlchemy calls PostgreSQL with psycopg 3."""

READ_ONLY = "25006"
"""The SQLSTATE of a write to a server that only reads."""

_STATEMENT_TIMEOUT = timedelta(seconds=30)
_IDLE_TIMEOUT = timedelta(seconds=15)
"""After this long the server ends the transaction of a frozen process, and frees its rows."""

_DEFAULTS: dict[str, Any] = {
    "application_name": "rotator",
    "connect_timeout": 5,
    # A network that swallows everything is noticed within about half a minute.
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 25_000,
}
"""What a URL may say otherwise."""

_ALWAYS: dict[str, Any] = {
    "client_encoding": "utf8",
    "target_session_attrs": "read-write",
    # Connection poolers and migrations under a running replica both break prepared statements.
    "prepare_threshold": None,
}

_KEPT = timedelta(days=1)
"""How long marks are kept; a writer that was frozen for half of it is not sure any more."""

_SWEPT_AT_ONCE = 4


def postgres_engine(url: URL, *, busy_timeout: timedelta) -> Engine:
    """Make an engine whose commits are durable.

    Args:
        url: Any PostgreSQL URL; psycopg is used whatever driver it names.
        busy_timeout: How long a statement waits for another writer.

    Raises:
        ImportError: psycopg is not installed.
    """
    defaults = {name: value for name, value in _DEFAULTS.items() if name not in url.query}
    engine = create_engine(
        url.set(drivername=DRIVER),
        connect_args={**defaults, **_ALWAYS},
        hide_parameters=True,
        isolation_level="READ COMMITTED",
        max_overflow=-1,
        pool_pre_ping=True,
    )

    @event.listens_for(engine, "connect")
    def configure(connection: Any, record: object) -> None:  # noqa: ANN401 - the driver's own
        del record
        _configure(connection, busy_timeout)

    event.listen(engine, "handle_error", _leave_read_only)
    return engine


class PostgresTransactions(Transactions):
    """Transactions whose end is known even if COMMIT gets no answer."""

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Give a connection whose writes are durable when the block ends.

        Raises:
            UnavailableError: The journal cannot be written; nothing was.
            OutcomeUnknownError: The connection was lost in COMMIT and the server
                cannot say whether it was done.
        """
        with translated(self.subject), self._writers.connect() as connection:
            yield connection
            mark = _leave_mark(connection)
            try:
                connection.commit()
            except DBAPIError as error:
                if not self._is_committed(mark, error):
                    raise

    def _is_committed(self, mark: _Mark, cause: DBAPIError) -> bool:
        """Ask the server that writes now whether it knows a transaction's mark.

        Raises:
            OutcomeUnknownError: It does not answer, or marks so old are swept away.
        """
        try:
            with self._writers.connect() as connection:
                if not insert_missing(connection, commit_mark, mark._asdict()):
                    return True
                now: Instant = connection.execute(select(server_time())).scalar_one()
        except DBAPIError:
            pass
        else:
            if now - mark.at < _KEPT / 2:
                return False
        raise OutcomeUnknownError(
            "the journal was lost in a commit, which may have been done",
            subject=self.subject,
            code="journal_commit_unknown",
            hint="see whether its database is up; the next pass looks at what was written",
        ) from cause


class _Mark(NamedTuple):
    id: str
    at: Instant


def _leave_mark(connection: Connection) -> _Mark:
    """Write a mark, and sweep away a few that nobody will ask for any more."""
    row = commit_mark.c
    past = select(row.id).where(row.at < server_time(-_KEPT)).limit(_SWEPT_AT_ONCE)
    old = past.with_for_update(skip_locked=True).cte("old")
    swept = delete(commit_mark).where(row.id.in_(select(old.c.id)))
    made = insert(commit_mark).values(id=cast(func.gen_random_uuid(), Text), at=server_time())
    statement = made.add_cte(swept.cte("swept")).returning(row.id, row.at)
    return _Mark(*connection.execute(statement).one())


def _configure(connection: Any, busy_timeout: timedelta) -> None:  # noqa: ANN401 - the driver's own
    """Say on a new connection how long it waits and that its commits are durable."""
    settings = {
        "synchronous_commit": "on",
        "lock_timeout": _milliseconds(busy_timeout),
        "statement_timeout": _milliseconds(max(_STATEMENT_TIMEOUT, 2 * busy_timeout)),
        "idle_in_transaction_session_timeout": _milliseconds(_IDLE_TIMEOUT),
    }
    with connection.cursor() as cursor:
        for name, value in settings.items():
            cursor.execute("SELECT set_config(%s, %s, false)", (name, value))
    connection.commit()


def _leave_read_only(context: ExceptionContext) -> None:
    """Drop every connection when one turns out to be read-only: the writer is elsewhere now."""
    if getattr(context.original_exception, "sqlstate", None) == READ_ONLY:
        context.is_disconnect = True


def _milliseconds(period: timedelta) -> str:
    return str(period // timedelta(milliseconds=1))
