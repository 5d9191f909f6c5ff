"""The JSON inside a destination's object: read strictly, merged without loss, never quoted."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, NoReturn

from rotator.core.forms import key_id_of, published
from rotator.core.secret import KeyMaterial, Secret
from rotator.errors import RejectedError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rotator.core.facts import DestinationRef
    from rotator.core.ids import KeyId


def parse(ref: DestinationRef, text: Secret) -> dict[str, object]:
    """Read a JSON object.

    Raises:
        RejectedError: The text is something else; nothing of it is in the error.
    """
    try:
        fields = json.loads(text.reveal())
    except (ValueError, RecursionError):
        fields = None
    if not isinstance(fields, dict):
        msg = "the value is not a JSON object"
        raise RejectedError(msg, subject=ref.name, code="not_an_object")
    return fields


def key_id_in(ref: DestinationRef, text: Secret) -> KeyId | None:
    """Read the key id in our fields; None when a JSON object has no such field.

    Raises:
        RejectedError: The text is no JSON object, or the field holds no key id. A key
            may be in there all the same, so this is not None.
    """
    try:
        return key_id_of(ref, parse(ref, text))
    except ValueError as error:
        msg = f"the field {error} holds no key id"
        raise RejectedError(msg, subject=ref.name, code="no_key_inside") from None


def field_in(ref: DestinationRef, text: Secret) -> Secret:
    """Read the field of the secret, whatever it is a key of.

    Raises:
        RejectedError: The text is no JSON object, or the field is missing or no text.
    """
    found = parse(ref, text).get(ref.secret_field)
    if not isinstance(found, str) or not found:
        msg = f"the field {ref.secret_field} holds no text"
        raise RejectedError(msg, subject=ref.name, code="no_key_inside")
    return Secret(found)


def material_in(ref: DestinationRef, text: Secret) -> KeyMaterial:
    """Read the key in our fields, both parts of it.

    Raises:
        RejectedError: The text is no JSON object, or a part is missing or no text.
    """
    key_id, secret = key_id_in(ref, text), field_in(ref, text)
    if key_id is None:
        msg = f"the version lacks {ref.key_id_field}"
        raise RejectedError(msg, subject=ref.name, code="no_key_inside")
    return KeyMaterial(key_id=key_id, secret=secret)


def merge(
    ref: DestinationRef, base: Secret | None, material: KeyMaterial, *, limit_bytes: int
) -> Secret:
    """Write our fields into an object, in the order in which its fields stood.

    Args:
        ref: Names our fields.
        base: The object whose other fields are kept; None for an empty one.
        material: What goes into our fields.
        limit_bytes: The longest text that the destination takes, in UTF-8.

    Raises:
        RejectedError: `base` is no JSON object, or holds a number that would not
            come out as it went in, or the result is over `limit_bytes`.
    """
    others = parse(ref, base) if base else {}
    ours = published(ref, material.key_id, material.secret.reveal())
    text = json.dumps({**others, **ours}, separators=(",", ":"))
    if base and _exactly(text, without=ours) != _exactly(base.reveal(), without=ours):
        msg = "the value holds a number that cannot be kept exactly"
        raise RejectedError(msg, subject=ref.name, code="inexact_number")
    if len(text.encode()) > limit_bytes:
        msg = f"the content would have {len(text.encode())} bytes, of {limit_bytes}"
        raise RejectedError(msg, subject=ref.name, code="too_large")
    return Secret(text)


def _exactly(text: str, *, without: Mapping[str, str]) -> dict[str, object] | None:
    """Read an object without rounding its numbers; None if one has no exact value."""

    def refuse(name: str) -> NoReturn:
        raise ValueError(name)

    try:
        fields = json.loads(text, parse_float=Decimal, parse_constant=refuse)
    except ValueError:
        return None
    return {name: value for name, value in fields.items() if name not in without}
