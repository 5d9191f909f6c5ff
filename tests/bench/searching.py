"""The largest things that are looked through for keys, and half of each."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING

from rotator.core.adoption import places
from rotator.core.ids import KeyId
from rotator.core.recognition import recognise
from rotator.core.survey import FoundKey, FoundObject, Shape
from rotator.testing.builders import ACCOUNT, REGION

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

ONE = KeyId("AKIAIOSFODNN7EXAMPLE")
MANY = 1600
BLANKS = 30_000


def searches() -> Mapping[str, Mapping[int, Callable[[], int]]]:
    """Name each kind of search, with what it does by size."""
    return {
        "a secret of many words": _by_size(_words),
        "a secret of many fields": _by_size(_fields),
        "a key in many objects": {size: partial(_placed, size) for size in (200, 400)},
    }


def _by_size(text: Callable[[int], str]) -> Mapping[int, Callable[[], int]]:
    return {size: partial(_recognised, text(size)) for size in (MANY // 2, MANY)}


def _words(size: int) -> str:
    return " " * (BLANKS * size // MANY) + "x " + f"{ONE} " * size


def _fields(size: int) -> str:
    return json.dumps({f"f{number}": ONE for number in range(size)})


def _recognised(text: str) -> int:
    return len(recognise(text).keys)


def _placed(objects: int) -> int:
    keys = (FoundKey(key_id=ONE, key_id_field="id", secret_field="secret"),) * 100
    return len(places([_object(number, keys) for number in range(objects)])[ONE])


def _object(number: int, keys: tuple[FoundKey, ...]) -> FoundObject:
    return FoundObject(
        kind="aws-secrets-manager",
        account=ACCOUNT,
        region=REGION,
        name=f"app/{number}",
        shape=Shape.FIELDS,
        keys=keys,
        fields=2 * len(keys),
    )
