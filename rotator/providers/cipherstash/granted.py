"""What clients are granted, and what follows from it; pure, and strict about what is not told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rotator.core.lineages import lineage
from rotator.errors import RejectedError
from rotator.providers.cipherstash.config import SETTINGS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rotator.core.ids import Instant
    from rotator.core.workspace import Client
    from rotator.providers.cipherstash.reading import Row


def is_enabled(client: Client) -> bool:
    """Whether a client opens what it is bound to; one that does not tell counts as enabled."""
    if client.grants is None:
        return True
    return client.bound in client.grants if client.bound else bool(client.grants)


def readable(client: Client) -> frozenset[str]:
    """Return a client's grants.

    Raises:
        RejectedError: They cannot all be read, and are never taken for fewer.
    """
    if client.grants is None:
        raise RejectedError(
            f"the service does not tell every keyset of client {client.name}",
            subject=client.client_id,
            code="grants_unreadable",
            hint=f"name the field that does in {SETTINGS}.api.clientKeysetsField",
        )
    return client.grants


def told(client: Client) -> frozenset[str]:
    """Return the grants that are told; of an unreadable client the bound keyset is."""
    return bound(client) if client.grants is None else client.grants


def bound(client: Client) -> frozenset[str]:
    """Return the keyset that a client is bound to, if that is told."""
    return frozenset({client.bound}) if client.bound else frozenset()


def bound_last(client: Client, keysets: Iterable[str]) -> list[str]:
    """Put keysets in order, the one that a client is bound to last."""
    return sorted(keysets, key=lambda keyset: (keyset == client.bound, keyset))


def example(rows: Sequence[Row], client: Client, now: Instant) -> frozenset[str]:
    """Return what a client's successor is granted; nothing if there is none.

    That is the newest other enabled one that we made, or else that anybody did: names
    are not unique, and a stranger's of the same name may open quite other things. A
    successor is bound to the same keyset.

    Args:
        rows: All clients of the lineage, in the listing's order.
        client: One of them.
        now: The age of one whose age is not told.
    """
    others = [
        row
        for row in rows
        if row.client.client_id != client.client_id
        and row.client.grants
        and is_enabled(row.client)
        and (None in {row.client.bound, client.bound} or row.client.bound == client.bound)
    ]

    def rank(row: Row) -> tuple[bool, Instant]:
        return lineage(row.client.name).rotation is not None, row.created_at or now

    # Of equal ages the last that is listed; where no ages are told, all are equal.
    newest = max(reversed(others), key=rank, default=None)
    return frozenset() if newest is None else readable(newest.client)
