"""What a name or an id on the command line stands for."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

import click

from rotator.core.ids import AccountId
from rotator.errors import NotFoundError

if TYPE_CHECKING:
    from rotator.cli.invocation import App
    from rotator.cli.rotation_views import RotationView
    from rotator.core.rotation import Credential, KeyRecord
    from rotator.ports.journal import Journal
    from rotator.settings.settings import Settings


def configured_account(settings: Settings, account: str) -> AccountId:
    """Return the id of a configured account or workspace, of which the id or the name is given.

    Raises:
        click.UsageError: It is not configured.
    """
    known = [item.id for item in settings.policy.accounts]
    found = account_id(settings, account)
    if found not in known:
        raise click.UsageError(f"no account {account} is configured; known are {', '.join(known)}")
    return found


def account_id(settings: Settings, word: str) -> AccountId:
    """Return the id of the account that is called so; a word that is no name is the id itself.

    An account that is configured no more has a past, too, and is known by its id.
    """
    known = settings.policy.accounts
    ids = {item.id for item in known}
    named = next((item.id for item in known if item.name == word), None)
    return AccountId(word) if word in ids or named is None else AccountId(named)


def need_journal(app: App) -> None:
    """Refuse, before anybody is asked, where there is no journal to write to.

    Raises:
        RotatorError: There is none yet.
    """
    if app.missing is not None:
        raise app.missing


def find_credential(
    journal: Journal, name: str, account: str | None, provider: str | None = None
) -> Credential:
    """Find the credential of a principal.

    Raises:
        NotFoundError: No such principal is known.
        click.UsageError: The name exists in several accounts, or at several providers.
    """
    known = journal.credentials()
    found = [
        row
        for row in known
        if row.principal.name == name
        and account in {None, row.principal.account}
        and provider in {None, row.principal.provider}
    ]
    if not found:
        close = get_close_matches(name, {row.principal.name for row in known}, n=1)
        hint = f"did you mean {close[0]}?" if close else "see `rotator keys list`"
        raise NotFoundError("no such principal is known", subject=name, hint=hint)
    if len({row.principal.account for row in found}) > 1:
        accounts = ", ".join(row.principal.account for row in found)
        raise click.UsageError(f"{name} exists in several accounts: {accounts}; add --account")
    if len(found) > 1:
        providers = ", ".join(row.principal.provider for row in found)
        raise click.UsageError(f"{name} exists at several providers: {providers}; add --provider")
    return found[0]


def find_rotation(views: list[RotationView], prefix: str) -> RotationView:
    """Find the rotation whose id begins with some letters.

    Raises:
        NotFoundError: None does.
        click.UsageError: Several do.
    """
    found = [view for view in views if view.rotation.id.startswith(prefix.lower())]
    if not found:
        hint = "see `rotator rotations list`"
        raise NotFoundError("no rotation begins like this", subject=prefix, hint=hint)
    if len(found) > 1:
        raise click.UsageError(f"{len(found)} rotations begin with {prefix}; write more of it")
    return found[0]


def find_key(journal: Journal, key_id: str) -> KeyRecord:
    """Find the record of one key by its whole id.

    Raises:
        NotFoundError: No such key is known.
    """
    known = journal.keys()
    found = next((row for row in known if row.key_id == key_id), None)
    if found is None:
        hint = "see `rotator keys list --all`"
        raise NotFoundError("no such key is known", subject=key_id, hint=hint)
    return found
