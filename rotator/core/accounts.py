"""Whether a person let rotator act in an account: without that word it only looks.

An account is in plan mode until somebody confirms it, and again from the moment
at which somebody takes that back. The configuration's `mode` stands above it:
`plan` there means plan mode everywhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from rotator.core.terms import Mode

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from rotator.core.ids import AccountId, Instant

CIPHERSTASH: Final = "cipherstash"
"""The kind of account that is a CipherStash workspace."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """The last word of a person about an account; one that nobody spoke of has no row.

    Attributes:
        provider: Whose container it is, as `container_of` says, such as ``aws-iam``.
        id: The provider's id of it.
        is_confirmed: Whether changes may be made in it; False after a withdrawal.
        operator: Whose word it is; ``upgrade`` for accounts that an older release
            had been rotating before there were confirmations.
        reason: Why, in the operator's words; may be empty.
        since: Since when it holds.
    """

    provider: str
    id: AccountId
    is_confirmed: bool
    operator: str
    reason: str
    since: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """An account that the configuration names.

    Attributes:
        provider: Whose container it is, as `container_of` says.
        name: What people call it; empty if it has no name.
    """

    provider: str
    account: AccountId
    name: str = ""


def container_of(provider: str) -> str:
    """Name the kind of account that a provider's principals live in.

    Both kinds of CipherStash's keys live in one workspace, and so one word about the
    workspace is a word about both.
    """
    return CIPHERSTASH if provider.startswith(f"{CIPHERSTASH}-") else provider


def find_account(accounts: Iterable[Account], provider: str, account: AccountId) -> Account | None:
    """Return what was said about an account; None if nothing was."""
    wanted = container_of(provider), account
    return next((row for row in accounts if (row.provider, row.id) == wanted), None)


def unconfirmed(places: Iterable[Place], accounts: Collection[Account]) -> tuple[Place, ...]:
    """Pick the configured accounts in which nobody lets us act."""
    return tuple(
        place
        for place in places
        if effective_mode(Mode.ENFORCE, accounts, place.provider, place.account) is Mode.PLAN
    )


def effective_mode(
    configured: Mode, accounts: Iterable[Account], provider: str, account: AccountId
) -> Mode:
    """Say the mode that an account is in: enforce only if configured and confirmed.

    Args:
        configured: What the configuration says for all accounts.
        accounts: What was said about each.
        provider: The provider of the account that is asked about.
        account: The account that is asked about.
    """
    found = find_account(accounts, provider, account)
    return configured if found is not None and found.is_confirmed else Mode.PLAN
