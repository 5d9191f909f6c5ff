"""`rotator rebuild`: a lost journal, reconstructed from what is left outside."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from rotator.cli.consent import ask, yes_option
from rotator.cli.finding import configured_account, need_journal
from rotator.cli.invocation import (
    WAITING,
    common_options,
    examples,
    json_option,
    pass_invocation,
)
from rotator.cli.printing import NOTHING, print_json, print_table, without_same
from rotator.core.rotation import Role

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rotator.cli.invocation import Invocation
    from rotator.core.rebuild import Finding
    from rotator.reconcile.rebuilding import RebuildRow

_TITLES = ("Name", "Provider", "Account", "Key ID", "State", "Taken for", "Why, and what follows")
_OURS = frozenset({Role.CURRENT, Role.PREVIOUS})


@click.command(
    epilog=examples(
        "rotator rebuild --plan",
        "rotator rebuild",
        "rotator rebuild --account 111122223333 --yes",
        "rotator rebuild --account ZVATKW3VHMFG27DY --plan",
    )
)
@click.option("--plan", "is_plan", is_flag=True, help="Only show what would be written.")
@click.option("--account", metavar="ID_OR_NAME", help="One account or workspace; else every one.")
@yes_option
@json_option
@common_options
@pass_invocation
@click.pass_context
def rebuild(
    context: click.Context,
    invocation: Invocation,
    *,
    is_plan: bool,
    account: str | None,
    yes: bool,
    as_json: bool,
) -> None:
    """Reconstruct a lost journal from tags, names, secrets and listed keys.

    Stop every replica first, and let ten minutes pass, so that nothing of theirs
    is under way. Shows for each key what it is taken for and what proves it, asks,
    and writes it down. Whatever is not proved counts as a stranger's. No key is
    made, switched off or deleted, now or later, until `rotator accounts confirm`;
    every old key gets a whole new grace.

    Refuses if the journal knows rotations of the account, or if the account is
    confirmed. Exits with 3 if a person should look at something before confirming.
    """
    number = configured_account(invocation.settings(), account) if account else None
    with invocation.app(read_only=True) as app:
        if not is_plan:
            need_journal(app)
        rows = app.rebuild_plan(number)
        _show(invocation, rows, as_json=as_json)
        if not is_plan and any(row.rebuilt for row in rows):
            ask(invocation, _headline(rows), _details(rows), yes=yes, as_json=as_json)
            written = app.rebuild(rows, operator=invocation.operator)
            click.echo(_written(written), err=as_json)
    if any(row.is_unclear for row in rows):
        context.exit(WAITING)


def _show(invocation: Invocation, rows: Sequence[RebuildRow], *, as_json: bool) -> None:
    if as_json:
        print_json([_record(row) for row in rows])
    elif rows:
        lines = [_TITLES, *(cells for row in rows for cells in _cells(row))]
        titles, *shown = without_same(lines, "Provider")
        print_table(invocation, titles, shown)
    else:
        click.echo("no principal has a key that policy does not ignore")


def _cells(row: RebuildRow) -> list[tuple[str, ...]]:
    principal = row.candidate.principal
    if row.rebuilt is None:
        taken = "unclear" if row.is_unclear else NOTHING
        why = f"{row.note}; nothing is written"
        who = (principal.name, principal.provider, principal.account)
        return [(*who, NOTHING, NOTHING, taken, why)]
    return [
        (
            principal.name,
            principal.provider,
            principal.account,
            finding.record.key_id,
            _state(finding),
            finding.record.role.value,
            f"{finding.proof}; then {finding.then}",
        )
        for finding in row.rebuilt.findings
    ]


def _state(finding: Finding) -> str:
    return "enabled" if finding.record.enabled else "disabled"


def _record(row: RebuildRow) -> dict[str, object]:
    made = row.rebuilt
    return {
        "name": row.candidate.principal.name,
        "provider": row.candidate.principal.provider,
        "account": row.candidate.principal.account,
        "destination": row.candidate.destination.name if row.candidate.destination else None,
        "currentVersion": made.credential.current_version if made else None,
        "rotation": made.rotation.id if made and made.rotation else None,
        "note": row.note,
        "isUnclear": row.is_unclear,
        "keys": [
            {
                "keyId": finding.record.key_id,
                "state": _state(finding),
                "takenFor": finding.record.role.value,
                "proof": finding.proof,
                "then": finding.then,
            }
            for finding in (made.findings if made else ())
        ],
    }


def _headline(rows: Sequence[RebuildRow]) -> str:
    return f"write the journal of {_count([row for row in rows if row.rebuilt])} again"


def _details(rows: Sequence[RebuildRow]) -> list[tuple[str, str]]:
    findings = [item for row in rows if row.rebuilt for item in row.rebuilt.findings]
    foreign = sum(item.record.role not in _OURS for item in findings)
    unclear = ", ".join(row.candidate.principal.name for row in rows if row.is_unclear)
    return [
        ("now", "nothing is done to any key or secret"),
        ("later", "after `rotator accounts confirm ID`, and a whole new grace for every old key"),
        ("strangers'", f"{foreign} of the keys; they are left alone" if foreign else ""),
        ("left out", f"{unclear}; see above why" if unclear else ""),
    ]


def _count(rows: Sequence[RebuildRow]) -> str:
    return f"{len(rows)} principal{'' if len(rows) == 1 else 's'}"


def _written(rows: Sequence[RebuildRow]) -> str:
    opened = sum(row.rebuilt is not None and row.rebuilt.rotation is not None for row in rows)
    accounts = sorted({row.candidate.principal.account for row in rows})
    confirm = " and ".join(f"rotator accounts confirm {account}" for account in accounts)
    return (
        f"written: {_count(rows)}, {opened} with an old key to let go; look at `rotator keys list`"
        f"\nnothing is done before: {confirm}"
    )
