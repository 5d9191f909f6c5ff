"""The JSON inside a secret: read strictly, merged without loss, never quoted."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, NoReturn

from rotator.core.ids import KeyId
from rotator.core.secret import Secret
from rotator.errors import RejectedError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rotator.core.facts import DestinationRef
    from rotator.core.secret import KeyMaterial

SIZE_LIMIT_BYTES = 65_536


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
    """Read the key id in our field; None when a JSON object has no such field.

    Raises:
        RejectedError: The text is no JSON object, or the field is no text. A key may
            be in there all the same, so this is not None.
    """
    key_id = parse(ref, text).get(ref.key_id_field)
    if key_id is None or isinstance(key_id, str):
        return KeyId(key_id) if key_id else None
    msg = f"the field {ref.key_id_field} is no text"
    raise RejectedError(msg, subject=ref.name, code="no_key_inside")


def merge(ref: DestinationRef, base: Secret | None, material: KeyMaterial) -> Secret:
    """Write our two fields into an object, in the order in which its fields stood.

    Args:
        ref: Names our fields.
        base: The object whose other fields are kept; None for an empty one.
        material: What goes into our fields.

    Raises:
        RejectedError: `base` is no JSON object, or holds a number that would not
            come out as it went in, or the result is over `SIZE_LIMIT_BYTES`.
    """
    others = parse(ref, base) if base else {}
    ours = {ref.key_id_field: material.key_id, ref.secret_field: material.secret.reveal()}
    text = json.dumps({**others, **ours}, separators=(",", ":"))
    if base and _exactly(text, without=ours) != _exactly(base.reveal(), without=ours):
        msg = "the value holds a number that cannot be kept exactly"
        raise RejectedError(msg, subject=ref.name, code="inexact_number")
    if len(text.encode()) > SIZE_LIMIT_BYTES:
        msg = f"the secret would have {len(text.encode())} bytes, of {SIZE_LIMIT_BYTES}"
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
