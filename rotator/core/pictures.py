"""What a picture of the inventory shows: every key, and what decides about it, at one instant.

A report is a function of a picture and of nothing else, so that it can be made again years
later. Key ids stand here in clear; a secret never does.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from datetime import datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final, TypeVar

from rotator.core.chain import canonical
from rotator.core.ids import AccountId, Instant, KeyId, instant

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    Row = TypeVar("Row", bound=DataclassInstance)

SCHEMA: Final = "rotator.snapshot/v1"
"""The picture's schema; a change of meaning is a new number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PicturedKey:
    """One key that was not known to be gone; see `rotator.core.rotation.KeyRecord`."""

    id: KeyId
    role: str
    enabled: bool
    created_at: Instant
    seen_at: Instant
    rotation: str | None = None
    last_used_at: Instant | None = None
    use_read_at: Instant | None = None
    suspect_since: Instant | None = None
    disabled_at: Instant | None = None
    expires_at: Instant | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PicturedRotation:
    """The rotation that was under way."""

    id: str
    trigger: str
    phase: str
    since: Instant
    created_at: Instant
    old_key: KeyId
    new_key: KeyId | None = None
    promoted_at: Instant | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PicturedCredential:
    """One principal, with policy's verdict on it.

    Attributes:
        max_age: How old policy lets its keys get, in seconds.
        waits_for: Why it waited for something out of the ordinary; None if it did not.
        keys: Its keys, oldest first.
    """

    provider: str
    account: AccountId
    principal: str
    action: str
    rule: str
    max_age: int
    note: str = ""
    contact: str = ""
    destination: str | None = None
    current_key: KeyId | None = None
    inspected_at: Instant | None = None
    waits_for: str | None = None
    waits_since: Instant | None = None
    rotation: PicturedRotation | None = None
    keys: tuple[PicturedKey, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PicturedAccount:
    """One configured account.

    Attributes:
        provider: Whose container it is, such as ``aws-iam``.
        is_confirmed: Whether a person let changes be made in it.
        root_keys: How many keys its root has; None where nobody tells.
    """

    provider: str
    id: AccountId
    name: str
    is_confirmed: bool
    root_keys: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedScan:
    """An account in which a provider's principals could not all be listed."""

    provider: str
    account: AccountId
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """Everything that a report needs to know.

    Attributes:
        taken_at: The instant that it is of, to the millisecond.
        policy: SHA-256 of the policy that was in force.
        inspected_every: How often an idle credential is looked at, in seconds.
        unread: What the last scans could not see; None where whoever took the
            picture had not scanned.
    """

    taken_at: Instant
    log: str
    owner: str
    mode: str
    policy: str
    inspected_every: int
    accounts: tuple[PicturedAccount, ...]
    credentials: tuple[PicturedCredential, ...]
    unread: tuple[FailedScan, ...] | None = None

    @property
    def key_count(self) -> int:
        """How many keys it shows."""
        return sum(len(credential.keys) for credential in self.credentials)


def to_text(picture: Picture) -> str:
    """Write a picture as canonical JSON: one text for one picture."""
    return canonical({"schema": SCHEMA, **asdict(picture, dict_factory=_written)})


def digest(text: str) -> str:
    """Return the SHA-256 of a picture's text in hexadecimal digits."""
    return sha256(text.encode()).hexdigest()


def from_text(text: str) -> Picture:
    """Read a picture.

    Raises:
        ValueError: It is no picture of this schema.
    """
    try:
        row = json.loads(text)
        if row.pop("schema") != SCHEMA:
            raise ValueError(f"the picture is not of the schema {SCHEMA}")
        accounts = tuple(PicturedAccount(**item) for item in row.pop("accounts"))
        credentials = tuple(_credential(item) for item in row.pop("credentials"))
        scans = row.pop("unread")
        unread = None if scans is None else tuple(FailedScan(**item) for item in scans)
        parts = {"accounts": accounts, "credentials": credentials, "unread": unread}
        return _read(Picture, {**row, **parts})
    except (AttributeError, KeyError, TypeError, RecursionError) as error:
        raise ValueError("the picture's fields are not those of its schema") from error


def _written(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    return {
        name: _moment(value) if isinstance(value, datetime) else _listed(value)
        for name, value in pairs
    }


def _listed(value: Any) -> Any:  # noqa: ANN401 - any field
    if isinstance(value, tuple):
        return list(value)
    # A lone surrogate has no place in UTF-8, and a name may hold one.
    return value.encode(errors="replace").decode() if isinstance(value, str) else value


def _moment(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _credential(row: dict[str, Any]) -> PicturedCredential:
    keys = tuple(_read(PicturedKey, item) for item in row["keys"])
    rotation = row["rotation"] and _read(PicturedRotation, row["rotation"])
    return _read(PicturedCredential, {**row, "keys": keys, "rotation": rotation})


def _read(kind: type[Row], row: dict[str, Any]) -> Row:
    moments = {item.name for item in fields(kind) if "Instant" in str(item.type)}
    return kind(
        **{
            name: instant(datetime.fromisoformat(value)) if name in moments and value else value
            for name, value in row.items()
        }
    )


def to_milliseconds(at: Instant) -> Instant:
    """Drop what a picture does not write of an instant."""
    return Instant(at - timedelta(microseconds=at.microsecond % 1000))
