"""Which account of an HTTP API a command is about, and which of its keys."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

import click

from rotator.core.durations import parse_duration
from rotator.core.lineages import lineage
from rotator.errors import NotFoundError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import timedelta

    from rotator.cli.invocation import Command
    from rotator.core.api_keys import ApiKey
    from rotator.settings.http import HttpPlace
    from rotator.settings.settings import Settings


def account_option(command: Command) -> Command:
    """Give a command the option ``--account``, which it needs."""
    return click.option(
        "--account",
        required=True,
        metavar="ID_OR_NAME",
        help="The account of an HTTP API, by id or name.",
    )(command)


def choose_account(settings: Settings, word: str) -> HttpPlace:
    """Say which configured account of an HTTP API is meant.

    Raises:
        click.UsageError: It is an account of another kind.
        NotFoundError: The configuration names no such account.
    """
    others = [
        *((it.id, it.name, "rotator keys list") for it in settings.aws.accounts),
        *((it.id, it.name, f"rotator keys list --workspace {it.id}") for it in settings.workspaces),
    ]
    instead = next((command for id_, name, command in others if word in {id_, name}), None)
    if instead is not None:
        why = f"{word} is no account of an HTTP API; its keys are shown by `{instead}`"
        raise click.UsageError(why)
    return settings.http_account(word)


def title(place: HttpPlace) -> str:
    """Name an account by its id, and by its name if it has one."""
    return f"{place.id} ({place.name})" if place.name else place.id


def listing(place: HttpPlace) -> str:
    """Return the command that shows every key of an account."""
    return f"rotator keys list --account {place.id}"


def find_api_key(keys: Sequence[ApiKey], word: str, *, shown_by: str) -> ApiKey:
    """Find a key by its id, or by its name.

    Args:
        keys: Where to look.
        word: Its whole id, or its name.
        shown_by: The command that shows all of them.

    Raises:
        NotFoundError: There is none; names what rotations have made of it, if they have.
        click.UsageError: Several have this name; says their ids.
    """
    found = [it for it in keys if it.key_id == word] or [it for it in keys if it.name == word]
    if len(found) > 1:
        ids = ", ".join(it.key_id for it in found)
        raise click.UsageError(f"several keys are called {word}: {ids}; write the id")
    if found:
        return found[0]
    names = {it.name for it in keys if it.name}
    renamed = sorted(name for name in names if lineage(name).base == word)
    close = get_close_matches(word, [*names, *(it.key_id for it in keys)], n=1)
    hint = f"did you mean {close[0]}?" if close else f"see `{shown_by}`"
    if renamed:
        hint = f"rotations have put others in its place: {', '.join(renamed)}"
    raise NotFoundError("there is no such key", subject=word, hint=hint)


def length(_: click.Context, __: click.Parameter, value: str | None) -> timedelta | None:
    """Read an option that is a length of time."""
    if value is None:
        return None
    try:
        return parse_duration(value)
    except ValueError as error:
        raise click.BadParameter(f"{error}; write 90d, 36h or 15m") from error
