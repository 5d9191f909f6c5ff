"""Column types that turn the core's values into integers and text, and back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, TypeVar

from sqlalchemy import BigInteger, Text
from sqlalchemy.types import TypeDecorator

from rotator.core.events import Scalar
from rotator.core.ids import Instant, instant
from rotator.core.orders import Order, Verb
from rotator.core.rotation import Effect, Intent

if TYPE_CHECKING:
    from sqlalchemy import Dialect

_EPOCH = instant(datetime(1970, 1, 1, tzinfo=UTC))
_MICROSECOND = timedelta(microseconds=1)

W = TypeVar("W", bound=StrEnum)


def to_micros(at: Instant) -> int:
    """Count the microseconds since 1970, exactly."""
    return (at - _EPOCH) // _MICROSECOND


def from_micros(count: int) -> Instant:
    """Return the instant so many microseconds after 1970."""
    return Instant(_EPOCH + count * _MICROSECOND)


class Moment(TypeDecorator[Instant]):
    """An `Instant` as microseconds since 1970."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: Instant | None, dialect: Dialect) -> int | None:
        """Encode an instant."""
        del dialect
        return None if value is None else to_micros(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> Instant | None:
        """Decode an instant."""
        del dialect
        return None if value is None else from_micros(value)


class Period(TypeDecorator[timedelta]):
    """A `timedelta` as microseconds."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: timedelta | None, dialect: Dialect) -> int | None:
        """Encode a period."""
        del dialect
        return None if value is None else value // _MICROSECOND

    def process_result_value(self, value: int | None, dialect: Dialect) -> timedelta | None:
        """Decode a period."""
        del dialect
        return None if value is None else value * _MICROSECOND


class Word(TypeDecorator[W]):
    """A member of one `StrEnum` as its value."""

    impl = Text
    cache_ok = True

    def __init__(self, words: type[W]) -> None:
        """Hold values of `words`."""
        super().__init__()
        self.words = words

    def process_bind_param(self, value: W | None, dialect: Dialect) -> str | None:
        """Encode a member."""
        del dialect
        return None if value is None else value.value

    def process_result_value(self, value: str | None, dialect: Dialect) -> W | None:
        """Decode a member."""
        del dialect
        return None if value is None else self.words(value)


class Details(TypeDecorator[Mapping[str, Scalar]]):
    """A flat mapping of scalars as JSON text with sorted names."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Mapping[str, Scalar] | None, dialect: Dialect) -> str:
        """Encode a mapping."""
        del dialect
        return json.dumps(dict(value or {}), sort_keys=True)

    def process_result_value(self, value: str | None, dialect: Dialect) -> dict[str, Scalar]:
        """Decode a mapping."""
        del dialect
        decoded: dict[str, Scalar] = json.loads(value or "{}")
        return decoded


class Texts(TypeDecorator[tuple[str, ...]]):
    """Several texts in order, as a JSON list; NULL is none at all."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: tuple[str, ...] | None, dialect: Dialect) -> str | None:
        """Encode a list."""
        del dialect
        return None if value is None else json.dumps(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> tuple[str, ...] | None:
        """Decode a list."""
        del dialect
        return None if value is None else tuple(json.loads(value))


class Intention(TypeDecorator[Intent]):
    """An open intent as JSON text, for it is written and read as a whole."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Intent | None, dialect: Dialect) -> str | None:
        """Encode an intent."""
        del dialect
        if value is None:
            return None
        seen = None if value.provider_time is None else to_micros(value.provider_time)
        document = {
            "effect": value.effect,
            "made_at": to_micros(value.made_at),
            "not_after": to_micros(value.not_after),
            "key_id": value.key_id,
            "version": value.version,
            "provider_time": seen,
            "known_keys": list(value.known_keys),
            **({"is_answered": True} if value.is_answered else {}),
            **({"place": value.place} if value.place else {}),
        }
        return json.dumps(document, sort_keys=True)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Intent | None:
        """Decode an intent; fields of a newer release are passed over."""
        del dialect
        if value is None:
            return None
        document = json.loads(value)
        seen = document["provider_time"]
        return Intent(
            effect=Effect(document["effect"]),
            made_at=from_micros(document["made_at"]),
            not_after=from_micros(document["not_after"]),
            key_id=document["key_id"],
            version=document["version"],
            provider_time=None if seen is None else from_micros(seen),
            known_keys=tuple(document["known_keys"]),
            is_answered=document.get("is_answered", False),
            place=document.get("place", ""),
        )


class Instruction(TypeDecorator[Order]):
    """An operator's order as JSON text, for it is written and read as a whole."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Order | None, dialect: Dialect) -> str | None:
        """Encode an order."""
        del dialect
        if value is None:
            return None
        document = {
            "id": value.id,
            "verb": value.verb,
            "operator": value.operator,
            "reason": value.reason,
            "given_at": to_micros(value.given_at),
            "rotation_id": value.rotation_id,
            "key_id": value.key_id,
        }
        return json.dumps(document, sort_keys=True)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Order | None:
        """Decode an order; fields of a newer release are passed over."""
        del dialect
        if value is None:
            return None
        document = json.loads(value)
        return Order(
            id=document["id"],
            verb=Verb(document["verb"]),
            operator=document["operator"],
            reason=document["reason"],
            given_at=from_micros(document["given_at"]),
            rotation_id=document["rotation_id"],
            key_id=document["key_id"],
        )
