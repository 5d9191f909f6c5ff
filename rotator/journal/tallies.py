"""The journal in numbers: aggregates over indexes that hold nothing but what is counted.

Every group is asked for by itself, by an index whose order begins with the group:
databases count such a range many times faster than they sort rows into groups, and
a range of what is rare (keys that are too old, credentials that fail) is short.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, case, func, select, text, type_coerce
from sqlalchemy import Text as SqlText

from rotator.core.notices import Delivery
from rotator.core.reasons import Reason
from rotator.core.rotation import Action
from rotator.core.tallies import (
    LIVE_ROLES,
    MANAGED_ROLES,
    HoldTally,
    NoticeTally,
    PhaseTally,
    PlaceTally,
    Tally,
)
from rotator.journal import codec, tables
from rotator.journal.transactions import Store

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Connection, Row, ScalarSelect, Select

    from rotator.core.ids import Instant
    from rotator.core.rotation import Role
    from rotator.core.tallies import Question

_PLACE, _CREDENTIAL, _KEY = tables.place.c, tables.credential.c, tables.key.c
_ROTATION, _NOTICE, _AUDIT = tables.rotation.c, tables.notice.c, tables.audit_record.c

_REASONS = frozenset(Reason)
_POSTGRES = (
    "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY",
    "SET LOCAL statement_timeout = '4s'",
    "SET LOCAL lock_timeout = '1s'",
)
"""One picture for all queries of a transaction, and soon or not at all."""


class SqlTallies(Store):
    """Numbers, as `rotator.ports.tallies` describes them."""

    def tally(self, question: Question) -> Tally:
        """Count everything at one moment."""
        with self._transactions.reading() as connection:
            if connection.dialect.name == "postgresql":
                for statement in _POSTGRES:
                    connection.exec_driver_sql(statement)
            waits = _waits(connection)
            return Tally(
                places=_places(connection, question, _keyless(waits)),
                holds=_holds(waits),
                phases=_phases(connection),
                accounts=tuple(
                    codec.decode_account(row)
                    for row in connection.execute(select(tables.account)).mappings()
                ),
                notices=_notices(connection),
                sealed=connection.execute(_SEALED).scalar_one() + 1,
                unsealed=connection.execute(_UNSEALED).scalar_one(),
            )


_SEALED = select(func.coalesce(func.max(_AUDIT.seq), -1))
_UNSEALED = select(func.count()).select_from(tables.audit_record).where(text("seq IS NULL"))


def _places(
    connection: Connection, question: Question, keyless: Mapping[int, int]
) -> tuple[PlaceTally, ...]:
    rows = connection.execute(_query(question))
    return tuple(
        replace(_place(row, len(question.ages)), keyless=keyless.get(row.id, 0))
        for row in rows
        if row.credentials
    )


def _query(question: Question) -> Select[Any]:
    """Ask for everything about each place, in columns."""
    ages = [question.now - age for age in question.ages]
    return select(
        _PLACE.id,
        _PLACE.provider,
        _PLACE.account,
        _PLACE.rule,
        _PLACE.action,
        _credentials().label("credentials"),
        _credentials(text("failures > 0")).label("failing"),
        *(_keys(role, enabled=True).label(f"on_{role}") for role in LIVE_ROLES),
        *(_keys(role, enabled=False).label(f"off_{role}") for role in LIVE_ROLES),
        _managed(func.count(), _KEY.created_at < _limit(question)).label("overaged"),
        _unvouched(question).label("unvouched"),
        *(
            _managed(func.count(), _KEY.created_at < born).label(f"older_{index}")
            for index, born in enumerate(ages)
        ),
        _managed(func.min(_KEY.created_at)).label("oldest_at"),
        _of(tables.credential, func.min(_CREDENTIAL.due_at)).label("due_at"),
        _of(tables.key, func.min(_KEY.expires_at), text(tables.EXPIRES)).label("expires_at"),
    ).where(_PLACE.action.in_(tuple(Action)))


def _of(
    table: Any,  # noqa: ANN401 - a table that has a place
    what: ColumnElement[Any],
    *which: ColumnElement[bool] | Any,  # noqa: ANN401 - a condition, or its text
) -> ScalarSelect[Any]:
    """Aggregate over a place's rows of one table."""
    return (
        select(what)
        .select_from(table)
        .where(table.c.place_id == _PLACE.id, *which)
        .correlate(tables.place)
        .scalar_subquery()
    )


def _credentials(*which: Any) -> ScalarSelect[Any]:  # noqa: ANN401 - a condition's text
    return _of(tables.credential, func.count(), *which)


def _keys(role: Role, *, enabled: bool) -> ScalarSelect[Any]:
    is_on = _KEY.enabled if enabled else ~_KEY.enabled
    return _of(tables.key, func.count(), text(tables.EXISTS), _KEY.role == role, is_on)


def _managed(what: ColumnElement[Any], *which: ColumnElement[bool]) -> ScalarSelect[Any]:
    return _of(tables.key, what, text(tables.MANAGED), *which)


def _unvouched(question: Question) -> ScalarSelect[Any]:
    """Count the keys that are young enough, by what a listing last showed too long ago."""
    is_unseen = _KEY.seen_at <= question.stale_before
    return _managed(func.count(), is_unseen, _KEY.created_at >= _limit(question))


def _limit(question: Question) -> ColumnElement[Instant]:
    """Say the birth of a key that is exactly as old as its place's rule lets it get."""
    births = {rule: question.born_before(rule) for rule in question.limits.by_rule}
    otherwise = question.now - question.limits.otherwise
    moments = {rule: type_coerce(born, _KEY.created_at.type) for rule, born in births.items()}
    return case(moments, value=_PLACE.rule, else_=type_coerce(otherwise, _KEY.created_at.type))


def _place(row: Row[Any], ages: int) -> PlaceTally:
    found = row._mapping  # noqa: SLF001 - a public attribute, in spite of its name
    enabled: dict[Role, int] = {role: found[f"on_{role}"] for role in LIVE_ROLES}
    keys = {role: enabled[role] + found[f"off_{role}"] for role in LIVE_ROLES}
    is_promised = found["action"] is Action.ROTATE
    return PlaceTally(
        provider=found["provider"],
        account=found["account"],
        rule=found["rule"],
        action=found["action"],
        credentials=found["credentials"],
        failing=found["failing"],
        keys=keys,
        enabled=enabled,
        managed=sum(enabled[role] for role in MANAGED_ROLES),
        overaged=found["overaged"],
        unvouched=found["unvouched"],
        older=tuple(found[f"older_{index}"] for index in range(ages)),
        oldest_at=found["oldest_at"],
        due_at=found["due_at"] if is_promised else None,
        expires_at=found["expires_at"] if is_promised else None,
    )


def _waits(connection: Connection) -> Sequence[Row[Any]]:
    """Count holds by provider, reason and place, in the order of their index."""
    reason = type_coerce(_CREDENTIAL.hold_reason, SqlText).label("reason")
    query = select(_CREDENTIAL.provider, reason, _CREDENTIAL.place_id, func.count().label("found"))
    groups = _CREDENTIAL.provider, _CREDENTIAL.hold_reason, _CREDENTIAL.place_id
    return connection.execute(query.where(text(tables.HELD)).group_by(*groups)).all()


def _holds(waits: Sequence[Row[Any]]) -> tuple[HoldTally, ...]:
    """Sum up the holds of each provider; reasons of a newer release are left out."""
    found: Counter[tuple[str, str]] = Counter()
    for row in waits:
        if row.reason in _REASONS:
            found[row.provider, row.reason] += row.found
    return tuple(
        HoldTally(provider=provider, reason=Reason(reason), count=count)
        for (provider, reason), count in found.items()
    )


def _keyless(waits: Sequence[Row[Any]]) -> dict[int, int]:
    """Count the credentials of each place that have no key, as a look showed."""
    return {row.place_id: row.found for row in waits if row.reason == Reason.NO_KEY}


def _phases(connection: Connection) -> tuple[PhaseTally, ...]:
    query = (
        select(
            _CREDENTIAL.provider,
            _ROTATION.phase,
            func.count().label("found"),
            func.min(_ROTATION.phase_since).label("since"),
        )
        .select_from(tables.rotation.join(tables.credential))
        .where(tables.IS_OPEN)
        .group_by(_CREDENTIAL.provider, _ROTATION.phase)
    )
    return tuple(
        PhaseTally(provider=row.provider, phase=row.phase, count=row.found, since=row.since)
        for row in connection.execute(query)
    )


def _notices(connection: Connection) -> tuple[NoticeTally, ...]:
    query = (
        select(
            _NOTICE.channel,
            _NOTICE.delivery,
            func.count().label("found"),
            func.min(_NOTICE.made_at).label("oldest_at"),
        )
        .where(_NOTICE.delivery.in_((Delivery.WAITING, Delivery.GIVEN_UP)))
        .group_by(_NOTICE.delivery, _NOTICE.channel)
    )
    return tuple(
        NoticeTally(
            channel=row.channel, delivery=row.delivery, count=row.found, oldest_at=row.oldest_at
        )
        for row in connection.execute(query)
    )
