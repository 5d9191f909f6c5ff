"""`rotator config`: what the two files say, and what is wrong with them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from rotator.cli.invocation import common_options, examples, pass_invocation
from rotator.cli.printing import print_fields

if TYPE_CHECKING:
    from rotator.cli.invocation import Invocation


@click.group(epilog=examples("rotator config check"))
def config() -> None:
    """Check the configuration and the policy."""


@config.command(
    epilog=examples("rotator config check", "rotator config check --config config/rotator.yaml")
)
@common_options
@pass_invocation
def check(invocation: Invocation) -> None:
    """Load both files as the daemon does, and tell every fault at once.

    Nothing is contacted. Exits with 2 if there are faults.
    """
    settings = invocation.settings()
    rules, accounts = settings.policy.rules, settings.aws.accounts
    workspaces = ", ".join(item.name or item.id for item in settings.workspaces)
    http = ", ".join(
        f"{item.name or item.id} ({item.spec.name})" for item in settings.http_accounts
    )
    print_fields(
        invocation,
        (
            ("configuration", f"{settings.file}: fine"),
            ("policy", f"{settings.policy_file}: fine, {_count(len(rules), 'rule')}"),
            ("owner", settings.owner),
            ("mode", settings.mode.value),
            ("accounts", ", ".join(account.name or account.id for account in accounts)),
            *([("workspaces", workspaces)] if workspaces else ()),
            *([("HTTP APIs", http)] if http else ()),
        ),
    )


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
