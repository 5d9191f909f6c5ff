"""What a key that is to be ended by hand is to rotator, and what may be made by hand."""

from __future__ import annotations

from dataclasses import dataclass
from shlex import quote
from typing import TYPE_CHECKING

from rotator.core.lineages import lineage
from rotator.core.rotation import Role
from rotator.errors import RejectedError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rotator.core.ids import AccountId, KeyId
    from rotator.core.rotation import Credential
    from rotator.ports.journal import Journal

_KEPT = frozenset({Role.CURRENT, Role.PREVIOUS, Role.PENDING})
"""What a key is while a consumer, or a rotation, counts on it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Managed:
    """A key that the journal knows.

    Attributes:
        credential: Whose key it is.
        role: What it is to us.
    """

    credential: Credential
    role: Role

    @property
    def is_kept(self) -> bool:
        """Whether ending it by hand refuses a consumer, or breaks a rotation."""
        return self.role in _KEPT


def managed(journal: Journal, provider: str, account: AccountId) -> dict[KeyId, Managed]:
    """Return every key of a workspace that the journal knows and that is not gone."""
    owners = {
        row.id: row
        for row in journal.credentials()
        if (row.principal.provider, row.principal.account) == (provider, account)
    }
    known = journal.keys()
    return {
        record.key_id: Managed(credential=owners[record.credential_id], role=record.role)
        for record in known
        if record.credential_id in owners and record.role is not Role.GONE
    }


def check_name(name: str) -> None:
    """Check what a new key or client is to be called.

    Raises:
        RejectedError: It would be taken for one of ours, or for none.
    """
    if not name.strip() or not name.isprintable():
        raise RejectedError("this cannot be a name", hint="write a few printable letters")
    if lineage(name).rotation is not None:
        why = "this ending is kept for what rotations make"
        raise RejectedError(why, subject=name, hint=f"call it {lineage(name).base}, for instance")


def check_free(name: str, taken: Iterable[tuple[str, KeyId]]) -> None:
    """Check that nothing has a new key's or client's name, nor had it before a rotation.

    Args:
        name: What is to be made.
        taken: The name and the id of everything that there is.

    Raises:
        RejectedError: It would be one more key of what exists already.
    """
    found = next((it for it in taken if lineage(it[0]).base == name), None)
    if found is not None:
        why = f"the name is taken, by {found[1]}"
        hint = "choose another name; a secret that nobody has is made anew, not shown again"
        raise RejectedError(why, subject=name, code="conflict", hint=hint)


def check_outage(kept: Managed | None, name: str, *, is_ordered: bool) -> None:
    """Refuse to end a key that somebody counts on, unless that was ordered.

    Args:
        kept: The key as the journal knows it; None if it does not.
        name: What the service calls it.
        is_ordered: Whether the operator said that it shall be so, and why.

    Raises:
        RejectedError: It would be an outage, or break a rotation.
    """
    if kept is None or not kept.is_kept or is_ordered:
        return
    principal = kept.credential.principal
    why = f"{part_of(kept)}, and ending it refuses whoever uses it: an outage"
    instead = f"rotator keys rotate {quote(principal.name)} --account {principal.account}"
    hint = (
        f"to replace it without one: {instead} --provider {principal.provider}; "
        "to end it all the same, add --now and --reason"
    )
    raise RejectedError(why, subject=name, code="in_use", hint=hint)


def part_of(kept: Managed) -> str:
    """Say what a key is to rotator, and to consumers."""
    name = kept.credential.principal.name
    texts = {
        Role.CURRENT: f"it is the key that consumers of {name} are given",
        Role.PREVIOUS: f"it is the previous key of {name}, which consumers may still use",
        Role.PENDING: f"a rotation of {name} has just made it, and publishes it next",
    }
    return texts.get(kept.role, f"rotator knows it as a key of {name}: {kept.role.value}")
