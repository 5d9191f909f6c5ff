"""The data of a Secret: base64 of bytes, of which we read our own fields only."""

from __future__ import annotations

import binascii
import json
from base64 import b64decode, b64encode
from typing import TYPE_CHECKING, Any

from rotator.core.forms import published
from rotator.core.secret import Secret
from rotator.destinations.kubernetes_secret.managers import fields_of
from rotator.errors import RejectedError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rotator.core.facts import DestinationRef
    from rotator.core.ids import VersionId
    from rotator.core.secret import KeyMaterial


def encoded(text: str) -> Secret:
    """Write a text as a Secret's data carries it."""
    return Secret(b64encode(text.encode()).decode())


def data_of(ref: DestinationRef, material: KeyMaterial) -> dict[str, Secret]:
    """Write a key as the data of its fields."""
    fields = published(ref, material.key_id, material.secret.reveal())
    return {name: encoded(text) for name, text in fields.items()}


def content_of(ref: DestinationRef, material: KeyMaterial) -> Secret:
    """Write a key as the content of a stored version: JSON of its fields."""
    fields = published(ref, material.key_id, material.secret.reveal())
    return Secret(json.dumps(fields, separators=(",", ":")))


def own_fields(ref: DestinationRef, found: Mapping[str, Any]) -> Secret:
    """Read a credential's fields of a Secret, as JSON; those that are missing are left out.

    Raises:
        RejectedError: One of them is no text.
    """
    data = found.get("data") or {}
    texts = {name: decoded(ref, data, name) for name in sorted(fields_of(ref)) if name in data}
    return Secret(json.dumps({name: text.reveal() for name, text in texts.items()}))


def stored(ref: DestinationRef, companion: Mapping[str, Any], version: VersionId) -> Secret | None:
    """Read a version's content from the companion; None where it keeps none.

    Raises:
        RejectedError: It is no text.
    """
    data = companion.get("data") or {}
    return decoded(ref, data, version) if version in data else None


def decoded(ref: DestinationRef, data: Mapping[str, Any], name: str) -> Secret:
    """Read one field.

    Raises:
        RejectedError: It is no text in UTF-8.
    """
    try:
        return Secret(b64decode(data[name], validate=True).decode())
    except (binascii.Error, TypeError, UnicodeDecodeError):
        pass
    # Outside of `except`: the decoder's exception holds the bytes.
    msg = f"the field {name} holds no text"
    raise RejectedError(msg, subject=f"{ref.region}/{ref.name}", code="binary")
