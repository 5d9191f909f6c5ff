"""Listings of access keys: tolerant in what is read, strict in what follows from it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from rotator.clients.http_answers import json_of, provider_time, unusable
from rotator.core.cipherstash_forms import bare_key_id
from rotator.core.ids import instant
from rotator.core.lineages import lineage
from rotator.core.workspace import AccessKey, AccessRole
from rotator.errors import RejectedError, UnavailableError
from rotator.providers.cipherstash.config import ApiKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rotator.clients.http_messages import Answer
    from rotator.core.ids import Instant, KeyId
    from rotator.providers.cipherstash.config import WorkspaceConfig


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One listed access key.

    Attributes:
        key: What is told of it.
        has_use: Whether its row has a place for the last use at all.
        strange_role: A role that we do not know; empty where there is none.
    """

    key: AccessKey
    has_use: bool
    strange_role: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessKeyListing:
    """All access keys of a workspace in one listing, with the service's own time."""

    rows: tuple[Row, ...]
    provider_time: Instant

    def find(self, key: KeyId) -> Row | None:
        """Return a key's row; None when it is not listed."""
        return next((row for row in self.rows if row.key.key_id == key), None)

    def named(self, name: str) -> tuple[Row, ...]:
        """Return the rows of exactly this name; names should be unique."""
        return tuple(row for row in self.rows if row.key.name == name)

    def of_lineage(self, base: str) -> tuple[Row, ...]:
        """Return the rows whose names differ in our ending only."""
        return tuple(row for row in self.rows if lineage(row.key.name).base == base)

    def last_use(self, row: Row) -> Instant | None:
        """Tell when a key was last exchanged for a token; None for "never".

        A row may leave the field out for "never", but only where another row shows
        that the service tells of uses at all.

        Raises:
            RejectedError: The listing says nothing about uses; code ``use_unclear``.
        """
        tells = row.has_use or any(other.key.last_used_at is not None for other in self.rows)
        if not tells:
            raise RejectedError(
                "neither a last use nor the word that there was none",
                subject=row.key.key_id,
                code="use_unclear",
            )
        return row.key.last_used_at


def read_listing(config: WorkspaceConfig, answer: Answer) -> AccessKeyListing:
    """Read a successful answer to a listing; keys of other workspaces are left out.

    Raises:
        RejectedError: It is no list of keys; code ``listing_unclear``.
        UnavailableError: The service does not tell its time.
    """
    at = provider_time(answer)
    if at is None:
        msg = f"{answer.operation}: {answer.host} does not tell its time"
        raise UnavailableError(msg, subject=answer.subject, code="time_unknown")
    return AccessKeyListing(rows=tuple(_rows(config, answer)), provider_time=at)


def _rows(config: WorkspaceConfig, answer: Answer) -> Iterator[Row]:
    if config.kind is ApiKind.LEGACY and not answer.content.strip():
        return
    told = json_of(answer)
    if not isinstance(told, list):
        raise unusable(answer, "its body is no list of access keys", code="listing_unclear")
    for item in told:
        if not isinstance(item, dict):
            raise unusable(answer, "one of its rows is no access key", code="listing_unclear")
        if item.get("workspaceId") in {None, config.account}:
            yield _row(item, answer)


def _row(item: Mapping[str, object], answer: Answer) -> Row:
    key_id, name = item.get("keyId"), item.get("keyName")
    created_at = time_in(item.get("createdAt"))
    is_named = isinstance(key_id, str) and isinstance(name, str) and bool(key_id and name)
    if not is_named or created_at is None:
        raise unusable(
            answer, "one of its rows lacks an id, a name or a time", code="listing_unclear"
        )
    used = item.get("lastUsedAt")
    used_at = time_in(used)
    if used and used_at is None:
        raise unusable(answer, "one of its last uses is no time", code="listing_unclear")
    role = role_in(item.get("role"))
    key = AccessKey(
        key_id=bare_key_id(str(key_id)),
        name=str(name),
        created_at=created_at,
        last_used_at=used_at,
        role=role,
    )
    strange = str(item["role"]) if item.get("role") and role is None else ""
    return Row(key=key, has_use="lastUsedAt" in item, strange_role=strange)


def role_in(told: object) -> AccessRole | None:
    """Read a role in any case; None if it is none that we know."""
    word = told.lower() if isinstance(told, str) else ""
    return next((role for role in AccessRole if role.value == word), None)


def time_in(told: object) -> Instant | None:
    """Read a time of RFC 3339; None if it is none."""
    try:
        return instant(datetime.fromisoformat(told)) if isinstance(told, str) else None
    except ValueError:
        return None
