"""`rotator keys show`, `prune` and `history`: one key, superfluous ones, and the past."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from rotator.cli.api_place import account_option, length
from rotator.cli.consent import optional_reason_option, yes_option
from rotator.cli.invocation import common_options, examples, json_option, pass_invocation

if TYPE_CHECKING:
    from datetime import timedelta

    from rotator.cli.invocation import Invocation


@click.command(
    epilog=examples(
        "rotator keys show ci --account stage5-prod",
        "rotator keys show 4f1d2c --account stage5-prod --json",
    )
)
@click.argument("word", metavar="KEY")
@account_option
@json_option
@common_options
@pass_invocation
def show(invocation: Invocation, *, word: str, account: str, as_json: bool) -> None:
    """Show what an HTTP API tells of KEY, and how much it is used.

    KEY is an id or a name. "Not told" is not "never": an API that does not tell of
    uses says nothing of them.
    """
    from rotator.cli.keys_api import show_api_key

    show_api_key(invocation, account, word, as_json=as_json)


@click.command(
    epilog=examples(
        "rotator keys prune --account stage5-prod --expired",
        "rotator keys prune --account stage5-prod --unused 90d --reason 'spring cleaning' --yes",
    )
)
@click.option(
    "--unused",
    metavar="PERIOD",
    callback=length,
    help="Keys that are older than this and were not used for as long, such as 90d.",
)
@click.option("--expired", "ends_expired", is_flag=True, help="Keys that have expired.")
@account_option
@optional_reason_option
@yes_option
@json_option
@common_options
@pass_invocation
def prune(
    invocation: Invocation,
    *,
    unused: timedelta | None,
    ends_expired: bool,
    account: str,
    reason: str,
    yes: bool,
    as_json: bool,
) -> None:
    """Revoke keys of an HTTP API that are unused or have expired.

    Says of every key what would become of it and why, and revokes only with consent.
    A key whose use nobody tells is never taken for unused, and keys that rotator
    manages, or by which it is admitted itself, are left alone. Each revocation is
    written to the audit log. Exits with 1 if one fails.
    """
    from rotator.cli.keys_prune import prune_keys
    from rotator.core.pruning import Chosen

    if unused is None and not ends_expired:
        raise click.UsageError("say which: --unused PERIOD, --expired, or both")
    chosen = Chosen(unused=unused, expired=ends_expired)
    prune_keys(invocation, account, chosen, reason=reason, yes=yes, as_json=as_json)


@click.command(
    epilog=examples(
        "rotator keys history --account stage5-prod",
        "rotator keys history --account stage5-prod --revoked --json",
    )
)
@click.option("--revoked", "only_revoked", is_flag=True, help="Only what was revoked or deleted.")
@click.option("--account", required=True, metavar="ID_OR_NAME", help="The account or workspace.")
@json_option
@common_options
@pass_invocation
def history(invocation: Invocation, *, only_revoked: bool, account: str, as_json: bool) -> None:
    """Tell who did what to the keys of an account, and when.

    Made, published, disabled, revoked: by rotations, and by operators by hand. Reads
    the audit records in the journal, oldest first. What was done in the vendor's own
    dashboard is not among it.
    """
    from rotator.cli.keys_history import tell_history

    tell_history(invocation, account, only_revoked=only_revoked, as_json=as_json)
