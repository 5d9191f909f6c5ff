"""`rotator keys history`: who did what to the keys of an account, from the audit records."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

import click

from rotator.cli.audit_records import all_lines
from rotator.cli.finding import account_id
from rotator.cli.printing import NOTHING, print_json, print_table
from rotator.core.key_history import deeds
from rotator.core.ways import ID_SHOWN

if TYPE_CHECKING:
    from rotator.cli.invocation import Invocation
    from rotator.core.key_history import Deed

_TITLES = ("At", "Who", "What", "Name", "Key ID", "Outcome", "Rotation", "Why")
_MINUTE: Final = len("2026-11-21T09:30")


def tell_history(
    invocation: Invocation, account: str, *, only_revoked: bool, as_json: bool
) -> None:
    """Tell what was done to the keys of an account, oldest first."""
    settings = invocation.settings()
    # One that is configured no more has a history, too.
    place = account_id(settings, account)
    with invocation.app(read_only=True) as app:
        found = list(deeds(map(json.loads, all_lines(app.journal)), place, only_ended=only_revoked))
    if as_json:
        print_json([_record(deed) for deed in found])
    elif found:
        print_table(invocation, _TITLES, [_cells(deed) for deed in found])
    else:
        known = [it.id for it in settings.policy.accounts]
        strange = (
            "" if place in known else f", which is not configured; known are {', '.join(known)}"
        )
        what = "was revoked" if only_revoked else "was done"
        click.echo(f"nothing {what} in account {place}{strange}")


def _cells(deed: Deed) -> tuple[str, ...]:
    proof = f"proof: {deed.proof}" if deed.proof else ""
    return (
        deed.at[:_MINUTE].replace("T", " ") + "Z",
        deed.who,
        deed.what,
        deed.name or NOTHING,
        deed.key_id or NOTHING,
        deed.outcome,
        deed.rotation[:ID_SHOWN] or NOTHING,
        "; ".join(filter(None, (deed.why, proof))) or NOTHING,
    )


def _record(deed: Deed) -> dict[str, object]:
    return {
        "at": deed.at,
        "who": deed.who,
        "what": deed.what,
        "name": deed.name or None,
        "keyId": deed.key_id or None,
        "outcome": deed.outcome,
        "why": deed.why or None,
        "proof": deed.proof or None,
        "rotationId": deed.rotation or None,
    }
