"""Which keyset, client or access key a word on the command line stands for."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, TypeVar

import click

from rotator.cli.printing import clean
from rotator.core.lineages import lineage
from rotator.errors import NotFoundError, RejectedError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rotator.core.workspace import AccessKey, Client, Keyset

Thing = TypeVar("Thing", "Keyset", "Client")


def find_keyset(keysets: Sequence[Keyset], word: str) -> Keyset:
    """Find a keyset by id or name.

    Raises:
        NotFoundError: There is none.
        click.UsageError: Several have this name; says their ids.
    """
    return _only([(it.id, it) for it in keysets], word, "keyset")


def find_client(clients: Sequence[Client], word: str) -> Client:
    """Find a client by id or name.

    Raises:
        NotFoundError: There is none.
        click.UsageError: Several have this name; says their ids.
    """
    return _only([(it.client_id, it) for it in clients], word, "client")


def find_access_key(keys: Sequence[AccessKey], name: str, *, listing: str) -> AccessKey:
    """Find an access key by its name.

    Args:
        keys: Where to look.
        name: Its name, as the service has it.
        listing: The command that shows all names.

    Raises:
        NotFoundError: There is none; names what rotations have made of it, if they have.
        RejectedError: Several have this name; says their ids.
    """
    found = [it for it in keys if it.name == name]
    if len(found) > 1:
        # The service ends a key by its name: it may be the other one, or all of them.
        ids = ", ".join(it.key_id for it in found)
        hint = "end the one that is meant in the vendor's dashboard"
        why = f"several access keys have this name: {ids}"
        raise RejectedError(why, subject=name, code="ambiguous", hint=hint)
    renamed = [it.name for it in keys if it.name != name and lineage(it.name).base == name]
    if not found and renamed:
        hint = f"rotations have put others in its place: {', '.join(renamed)}"
        raise NotFoundError("there is no such access key", subject=name, hint=hint)
    if not found:
        raise _unknown("access key", name, [it.name for it in keys], listing)
    return found[0]


def _only(things: Sequence[tuple[str, Thing]], word: str, what: str) -> Thing:
    found = [(id_, it) for id_, it in things if word == it.name or word.lower() == id_.lower()]
    if not found:
        names = [it.name for _, it in things]
        raise _unknown(what, word, names, f"rotator cipherstash {what} list")
    if len(found) > 1:
        ids = clean(", ".join(id_ for id_, _ in found))
        raise click.UsageError(f"several {what}s are called {word}: {ids}; write the id")
    return found[0][1]


def _unknown(what: str, word: str, names: Sequence[str], listing: str) -> NotFoundError:
    close = get_close_matches(word, names, n=1)
    hint = f"did you mean {close[0]}?" if close else f"see `{listing}`"
    return NotFoundError(f"there is no such {what}", subject=word, hint=hint)
