"""`rotator keys list`: every key that the journal knows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from rotator.cli.printing import (
    NOTHING,
    print_folded,
    print_json,
    print_table,
    span,
    when,
)
from rotator.core.ways import ID_SHOWN

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rotator.cli.invocation import Invocation
    from rotator.cli.key_rows import KeyRow

_TITLES = (
    "Name",
    "Key ID",
    "Account",
    "Created At",
    "Last Used At",
    "Age",
    "Status",
    "Policy",
    "Next",
)
_HANG = 4


def list_known(invocation: Invocation, *, with_gone: bool, as_json: bool) -> None:
    """List the keys of the journal, and why something waits for a person."""
    from rotator.cli.account_rows import standing
    from rotator.cli.key_rows import key_rows

    with invocation.app(read_only=True) as app:
        limits = invocation.settings().limits
        rows = key_rows(app.journal, app.clock.now(), limits, with_gone=with_gone)
        notes = standing(app)
    if as_json:
        print_json([_record(row) for row in rows])
    elif rows:
        _print_known(invocation, rows)
        _tell(invocation, rows, notes)
    else:
        click.echo("no key is known yet; `rotator once` or `rotator run` looks for them")


def _tell(invocation: Invocation, rows: Sequence[KeyRow], notes: Sequence[str]) -> None:
    """Say below the table why something waits for a person, and where to read on."""
    held = {(row.account, row.name): row for row in rows if row.happened}
    if held or notes:
        click.echo()
    for line in notes:
        print_folded(invocation, "", line, hang=_HANG)
    for row in held.values():
        print_folded(invocation, f"{row.name}: ", row.happened, hang=_HANG)
        if row.contact:
            print_folded(invocation, "  ask: ", row.contact, hang=_HANG)
        if row.rotation_id is not None:
            click.echo(f"  see: rotator rotations show {row.rotation_id[:ID_SHOWN]}")
            continue
        for way in row.ways:
            print_folded(invocation, f"  {way.command or 'by hand'}: ", way.effect, hang=_HANG)


def _print_known(invocation: Invocation, rows: Sequence[KeyRow]) -> None:
    """Print the rows; their providers only where that tells any apart."""
    lines = [(*_cells(row), row.provider) for row in rows]
    if len({row.provider for row in rows}) == 1:
        print_table(invocation, _TITLES, [line[:-1] for line in lines])
        return
    at = _TITLES.index("Account")
    titles = (*_TITLES[:at], "Provider", *_TITLES[at:])
    print_table(invocation, titles, [(*line[:at], line[-1], *line[at:-1]) for line in lines])


def _cells(row: KeyRow) -> tuple[str, ...]:
    return (
        row.name,
        row.key_id or NOTHING,
        row.account,
        when(row.created_at),
        when(row.last_used_at),
        span(row.age),
        row.status,
        row.policy,
        row.next or NOTHING,
    )


def _record(row: KeyRow) -> dict[str, object]:
    return {
        "name": row.name,
        "keyId": row.key_id,
        "provider": row.provider,
        "account": row.account,
        "createdAt": row.created_at,
        "lastUsedAt": row.last_used_at,
        "expiresAt": row.expires_at,
        "ageSeconds": row.age,
        "status": row.status,
        "policy": row.policy,
        "next": row.next,
        "nextAt": row.next_at,
        "happened": row.happened or None,
        "rotationId": row.rotation_id,
        "contact": row.contact or None,
        "ways": [{"command": way.command or None, "effect": way.effect} for way in row.ways],
    }
