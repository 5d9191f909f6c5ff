"""`rotator history`: every key that a credential ever had, and what allowed each end."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from rotator.cli.invocation import common_options, examples, json_option, pass_invocation
from rotator.cli.printing import NOTHING, print_json, print_lines, print_table, when

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rotator.cli.invocation import Invocation
    from rotator.core.history import KeyLife, Step, Story
    from rotator.core.ids import AccountId
    from rotator.core.rotation import Credential, KeyRecord
    from rotator.ports.journal import Journal

_TITLES = ("At", "Records", "What", "Who", "Outcome", "Rotation", "Why, and what allowed it")
_MINUTE = len("2026-11-21T09:30")


@click.command(
    epilog=examples(
        "rotator history ci-deployer",
        "rotator history ci-deployer --account prod --last 3",
        "rotator history ci-deployer --json",
    )
)
@click.argument("credential")
@click.option("--account", metavar="ID", help="The account or workspace, by id or name.")
@click.option("--provider", metavar="NAME", help="The provider, where several know the name.")
@click.option("--last", type=click.IntRange(min=1), metavar="N", help="Only the newest N keys.")
@click.option("--all", "with_routine", is_flag=True, help="Every step, also the routine ones.")
@json_option
@common_options
@pass_invocation
def history(
    invocation: Invocation,
    *,
    credential: str,
    account: str | None,
    provider: str | None,
    last: int | None,
    with_routine: bool,
    as_json: bool,
) -> None:
    """Tell every key that CREDENTIAL ever had, the oldest first.

    CREDENTIAL is the name of a principal, such as an IAM user. Of each key: when
    it was made and why, by whom, when it was published, and what evidence allowed
    that it was disabled and deleted; with the number of each audit record. Reads
    the journal only. `rotator audit verify` shows that the records are as they
    were written.
    """
    from rotator.cli.finding import account_id, find_credential, need_journal
    from rotator.core.history import story

    place = account_id(invocation.settings(), account) if account else None
    with invocation.app(read_only=True) as app:
        need_journal(app)
        row = find_credential(app.journal, credential, place, provider)
        keys = app.journal.keys(row.id)
        told = story(_records(app.journal, row.principal.account), row.principal, keys)
    if as_json:
        print_json(_record(row, told, last))
    else:
        _tell(invocation, row, told, last, with_routine=with_routine)


def _records(journal: Journal, account: AccountId) -> Iterator[dict[str, Any]]:
    """Read the records of an account; those of others are not even parsed."""
    from rotator.cli.audit_records import sealed_lines, waiting_lines
    from rotator.core.audit_lines import read_record

    mark = json.dumps(account, ensure_ascii=False)
    for sealed in sealed_lines(journal):
        if mark in sealed.line:
            yield read_record(sealed.line)
    for waiting in waiting_lines(journal):
        if mark in waiting.line:
            # The number that it would get now is not its own yet.
            yield {**read_record(waiting.line), "seq": None}


def _tell(
    invocation: Invocation, row: Credential, told: Story, last: int | None, *, with_routine: bool
) -> None:
    who = row.principal
    print_lines(f"{who.name} of {who.provider} in account {who.account}: {_count(told)}")
    for life in _newest(told, last):
        print_lines(f"\n{life.key_id}: {_status(life.known)}")
        _table(invocation, life.steps, with_routine=with_routine)
    if told.between:
        click.echo("\nBETWEEN: rotations, waits, orders and drift")
        _table(invocation, told.between, with_routine=with_routine)


def _count(told: Story) -> str:
    count = len(told.lives)
    return f"{count or 'no'} key{'' if count == 1 else 's'} known"


def _newest(told: Story, last: int | None) -> tuple[KeyLife, ...]:
    return told.lives[-last:] if last else told.lives


def _table(invocation: Invocation, steps: tuple[Step, ...], *, with_routine: bool) -> None:
    shown = [step for step in steps if with_routine or not step.is_routine]
    if shown:
        print_table(invocation, _TITLES, [_cells(step) for step in shown])
    if len(shown) < len(steps):
        click.echo(f"routine steps left out: {len(steps) - len(shown)} (--all shows them)")
    if not steps:
        click.echo("no record tells of it")


def _status(known: KeyRecord | None) -> str:
    if known is None:
        return "the journal does not know it any more"
    parts = [known.role.value, f"made {when(known.created_at)}"]
    if known.gone_at is not None:
        parts.append(f"gone since {when(known.gone_at)}")
    elif not known.enabled:
        parts.append("disabled")
    if known.last_used_at is not None:
        parts.append(f"last used {when(known.last_used_at)}")
    return ", ".join(parts)


def _cells(step: Step) -> tuple[str, ...]:
    from rotator.core.ways import ID_SHOWN

    return (
        step.at[:_MINUTE].replace("T", " ") + "Z",
        _numbers(step),
        step.what,
        step.who,
        step.outcome,
        step.rotation[:ID_SHOWN] or NOTHING,
        _why(step) or NOTHING,
    )


def _numbers(step: Step) -> str:
    """Number the record, and before it the one of its intent."""
    seq = "not sealed" if step.seq is None else f"#{step.seq}"
    return seq if step.intent_seq is None else f"#{step.intent_seq} {seq}"


def _why(step: Step) -> str:
    """Say the reason, and then the evidence as it was written."""
    rule = f"rule {step.rule}" if step.rule and step.trigger else ""
    into = f"in {step.destination}, version {step.version}" if step.version else ""
    evidence = (f"{name}={_shown(value)}" for name, value in step.evidence.items())
    return "; ".join(filter(None, (step.reason, step.trigger, rule, into, step.error, *evidence)))


def _shown(value: object) -> str:
    if value is None:
        return "none"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _record(row: Credential, told: Story, last: int | None) -> dict[str, object]:
    return {
        "provider": row.principal.provider,
        "account": row.principal.account,
        "name": row.principal.name,
        "keys": [_life(life) for life in _newest(told, last)],
        "between": [_step(step) for step in told.between],
    }


def _life(life: KeyLife) -> dict[str, object]:
    known = life.known
    return {
        "keyId": life.key_id,
        "role": known.role.value if known else None,
        "isEnabled": known.enabled if known else None,
        "createdAt": known.created_at if known else None,
        "goneAt": known.gone_at if known else None,
        "lastUsedAt": known.last_used_at if known else None,
        "steps": [_step(step) for step in life.steps],
    }


def _step(step: Step) -> dict[str, object]:
    return {
        "at": step.at,
        "seq": step.seq,
        "intentSeq": step.intent_seq,
        "action": step.action,
        "who": step.who,
        "outcome": step.outcome,
        "rotationId": step.rotation or None,
        "trigger": step.trigger or None,
        "rule": step.rule or None,
        "destination": step.destination or None,
        "versionId": step.version or None,
        "reason": step.reason or None,
        "error": step.error or None,
        "evidence": dict(step.evidence),
    }
