"""Keys that carry their own id: one text of which the first part is no secret."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from rotator.core.ids import KeyId

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rotator.core.facts import DestinationRef

_WHOLE = re.compile(r"CSAK([A-Za-z0-9_-]+)\.[^\s.]+")
"""A CipherStash access key: a prefix, the key's id, a dot, the secret."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fields:
    """Under which names a key's two parts stand in a secret; no `key_id` if it has one part."""

    key_id: str
    secret: str


AWS_IAM: Final = "aws-iam"
CLIENT_KEY: Final = "cipherstash-client-key"
_USUAL_FIELDS = {
    AWS_IAM: Fields(key_id="AccessKeyId", secret="SecretAccessKey"),  # noqa: S106 - names
    "cipherstash-access-key": Fields(key_id="", secret="CS_CLIENT_ACCESS_KEY"),  # noqa: S106
    CLIENT_KEY: Fields(key_id="CS_CLIENT_ID", secret="CS_CLIENT_KEY"),  # noqa: S106
}

_OTHER_FIELDS = Fields(key_id="KEY_ID", secret="SECRET_KEY")  # noqa: S106 - names

BUILT_IN: Final = tuple(_USUAL_FIELDS)
"""The name of every provider that needs no spec."""

TAGGED: Final = frozenset({AWS_IAM})
"""Providers whose principals have a path and tags."""


def usual_fields(provider: str) -> Fields:
    """Name the fields that a provider's own clients read a key from; specs share two names."""
    return _USUAL_FIELDS.get(provider, _OTHER_FIELDS)


def id_inside(text: str) -> KeyId | None:
    """Read the id at the beginning of a whole key; None if the text is no such key.

    The caller reveals the text; nothing but the id of it is kept.
    """
    found = _WHOLE.fullmatch(text)
    return KeyId(found[1]) if found else None


def published(ref: DestinationRef, key_id: KeyId, text: str) -> dict[str, str]:
    """Name the fields under which a key is published, with their values."""
    own = {ref.key_id_field: str(key_id)} if ref.key_id_field else {}
    return {**own, ref.secret_field: text}


def key_id_of(ref: DestinationRef, fields: Mapping[str, object]) -> KeyId | None:
    """Read the id of the key that an object publishes; None where it publishes none.

    Raises:
        ValueError: Something stands in the field that is no key's id; names the field.
    """
    name = ref.key_id_field or ref.secret_field
    found = fields.get(name)
    if found is None or found == "":
        return None
    text = found if isinstance(found, str) else ""
    key_id = KeyId(text) if ref.key_id_field else id_inside(text)
    if not key_id:
        raise ValueError(name)
    return key_id
