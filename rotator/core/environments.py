"""Whether environments are apart: nobody reads the data of two with one client.

Each environment has a keyset of its own. What was encrypted under one keyset cannot
be read under another, so isolation is a question of who is granted what.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from rotator.core.ids import KeyId
    from rotator.core.workspace import Client, Keyset


class Breach(StrEnum):
    """What is wrong."""

    CLIENT_CROSSES = "client_crosses"
    GRANTS_UNREADABLE = "grants_unreadable"
    KEYSET_SHARED = "keyset_shared"
    KEYSET_MISSING = "keyset_missing"
    KEYSET_AMBIGUOUS = "keyset_ambiguous"
    KEYSET_DISABLED = "keyset_disabled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is wrong.

    Attributes:
        environments: Whom it concerns, sorted; empty where that cannot be known.
        subject: What it is about, by name: a keyset, or a client.
        client: The client's id, where it is about one.
        text: The whole of it in a sentence.
    """

    breach: Breach
    environments: tuple[str, ...]
    subject: str
    client: KeyId | None = None
    text: str


def findings(
    environments: Mapping[str, str], clients: Sequence[Client], keysets: Sequence[Keyset]
) -> tuple[Finding, ...]:
    """Find what lets data of one environment be read in another, or not at all.

    Args:
        environments: Each environment's keyset, by id or by name.
        clients: Every client of the workspace.
        keysets: Every keyset of the workspace, disabled ones included.

    Returns:
        Environments by name first, then clients in the order that they came in.
    """
    if not environments:
        return ()
    owners: dict[str, list[str]] = {}
    found: list[Finding] = []
    for name, wanted in sorted(environments.items()):
        keyset, wrong = _resolved(name, wanted, keysets)
        found.extend(wrong)
        if keyset is not None:
            owners.setdefault(keyset.id, []).append(name)
    found.extend(_shared(owners, keysets))
    for client in clients:
        found.extend(_of_client(client, owners))
    return tuple(found)


def keysets_called(wanted: str, keysets: Sequence[Keyset]) -> tuple[Keyset, ...]:
    """Return the keyset of that id, or else every keyset of that name."""
    by_id = tuple(keyset for keyset in keysets if keyset.id == wanted)
    return by_id or tuple(keyset for keyset in keysets if keyset.name == wanted)


def _resolved(
    name: str, wanted: str, keysets: Sequence[Keyset]
) -> tuple[Keyset | None, tuple[Finding, ...]]:
    candidates = keysets_called(wanted, keysets)
    if not candidates:
        text = f"environment {name}: there is no keyset {wanted}"
        return None, (_of_keyset(Breach.KEYSET_MISSING, name, wanted, text),)
    if len(candidates) > 1:
        text = f"environment {name}: {len(candidates)} keysets are named {wanted}; write the id"
        return None, (_of_keyset(Breach.KEYSET_AMBIGUOUS, name, wanted, text),)
    keyset = candidates[0]
    if not keyset.is_disabled:
        return keyset, ()
    text = f"environment {name}: keyset {keyset.name} is disabled, so nobody can read its data"
    return keyset, (_of_keyset(Breach.KEYSET_DISABLED, name, keyset.name, text),)


def _of_keyset(breach: Breach, name: str, keyset: str, text: str) -> Finding:
    return Finding(breach=breach, environments=(name,), subject=keyset, text=text)


def _shared(owners: Mapping[str, Sequence[str]], keysets: Sequence[Keyset]) -> Iterator[Finding]:
    for keyset in keysets:
        names = tuple(owners.get(keyset.id, ()))
        if len(names) > 1:
            yield Finding(
                breach=Breach.KEYSET_SHARED,
                environments=names,
                subject=keyset.name,
                text=f"environments {_listed(names)} share keyset {keyset.name}",
            )


def _of_client(client: Client, owners: Mapping[str, Sequence[str]]) -> Iterator[Finding]:
    """Judge by what is known; a client's bound keyset counts until its grants are readable."""
    known = client.grants
    if known is None:
        known = frozenset() if client.bound is None else frozenset({client.bound})
        yield Finding(
            breach=Breach.GRANTS_UNREADABLE,
            environments=(),
            subject=client.name,
            client=client.client_id,
            text=f"client {client.name} ({client.client_id}): its grants cannot all be read",
        )
    reached = [names for keyset, names in owners.items() if keyset in known]
    if len(reached) > 1:
        names = tuple(sorted(name for sharing in reached for name in sharing))
        yield Finding(
            breach=Breach.CLIENT_CROSSES,
            environments=names,
            subject=client.name,
            client=client.client_id,
            text=f"client {client.name} ({client.client_id}) is granted keysets of "
            f"{_listed(names)}",
        )


def _listed(names: Sequence[str]) -> str:
    return f"{', '.join(names[:-1])} and {names[-1]}"
