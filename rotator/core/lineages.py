"""Names of keys we make: the lineage's own name, and the rotation that made it (0014)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from rotator.core.ids import RotationId
from rotator.errors import RejectedError

_OURS = re.compile(
    r"(?P<base>.+)\.rotator-(?P<rotation>[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})", re.DOTALL
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lineage:
    """A name taken apart.

    Attributes:
        base: What all keys of one lineage share.
        rotation: The rotation that made this one; None if none of ours did.
    """

    base: str
    rotation: RotationId | None = None


def lineage(name: str) -> Lineage:
    """Take a key's or a client's name apart."""
    found = _OURS.fullmatch(name)
    if found is None:
        return Lineage(base=name)
    return Lineage(base=found["base"], rotation=RotationId(found["rotation"]))


def successor(base: str, rotation: RotationId, *, longest: int = 255) -> str:
    """Name what a rotation makes; no other rotation gives this name.

    Args:
        base: The lineage's name.
        rotation: The rotation.
        longest: Most characters that the provider takes.

    Raises:
        RejectedError: The name would be too long.
    """
    name = f"{base}.rotator-{rotation}"
    if len(name) > longest:
        msg = f"the name of the successor would have {len(name)} characters, more than {longest}"
        hint = "give the key a shorter name by hand, publish it, and let it be adopted anew"
        raise RejectedError(msg, subject=base[:64], code="name_too_long", hint=hint)
    return name
