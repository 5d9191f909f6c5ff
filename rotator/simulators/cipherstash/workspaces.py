"""Workspaces, and what is in them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from rotator.simulators.cipherstash.proxy_keys import ProxyKey
    from rotator.simulators.cipherstash.shapes import ClientType, Settings

PREFIX = "CSAK"
DEFAULT_KEYSET = "default"


@dataclass(slots=True, kw_only=True)
class Uses:
    """When something was used, oldest first."""

    at: list[datetime] = field(default_factory=list)

    def last(self, by: datetime) -> datetime | None:
        """Return the last use at or before an instant."""
        return next((use for use in reversed(self.at) if use <= by), None)


@dataclass(slots=True, kw_only=True)
class Lifetime:
    """From when until when something is there."""

    begins_at: datetime
    ends_at: datetime | None = None

    def covers(self, instant: datetime) -> bool:
        """Say whether it is there at an instant."""
        return self.begins_at <= instant and (self.ends_at is None or instant < self.ends_at)

    def is_accepted(self, now: datetime, settings: Settings) -> bool:
        """Say whether it is let in: later than it begins, and for a while after its end."""
        if now < self.begins_at + timedelta(seconds=settings.propagation_delay_seconds):
            return False
        lag = timedelta(seconds=settings.revocation_lag_seconds)
        return self.ends_at is None or now < self.ends_at + lag


@dataclass(slots=True, kw_only=True)
class AccessKey:
    """An access key; a revoked one is remembered.

    Attributes:
        text: The whole key, secret included.
        uses: When it was given tokens.
        calls: When calls were let in with these.
    """

    key_id: str
    text: str = field(repr=False)
    name: str
    role: str
    life: Lifetime
    uses: Uses = field(default_factory=Uses)
    calls: Uses = field(default_factory=Uses)


@dataclass(slots=True, kw_only=True)
class Client:
    """A ZeroKMS client; a deleted one is remembered.

    Attributes:
        bound: The id of its default keyset; empty when it has none.
        grants: Every grant that it ever had: the keyset's id, and from when until when.
    """

    id: str
    name: str
    description: str
    kind: ClientType
    key: ProxyKey
    bound: str
    life: Lifetime
    grants: list[tuple[str, Lifetime]] = field(default_factory=list)
    uses: Uses = field(default_factory=Uses)

    def granted(self, instant: datetime) -> list[str]:
        """Return the keysets that it is granted at an instant, in the order of granting."""
        return [keyset for keyset, life in self.grants if life.covers(instant)]

    def may_use(self, keyset: str, now: datetime, settings: Settings) -> bool:
        """Say whether it is let in to a keyset, lags included."""
        lives = (life for granted, life in self.grants if granted == keyset)
        return any(life.is_accepted(now, settings) for life in lives)

    def grant(self, keyset: str, now: datetime) -> None:
        """Grant a keyset; again is harmless."""
        if keyset not in self.granted(now):
            self.grants.append((keyset, Lifetime(begins_at=now)))

    def revoke(self, keyset: str, now: datetime) -> bool:
        """Take a grant back; False when there is none."""
        for granted, life in self.grants:
            if granted == keyset and life.ends_at is None:
                life.ends_at = now
                return True
        return False


@dataclass(slots=True, kw_only=True)
class Keyset:
    """A keyset.

    Attributes:
        root: What all its data keys come from.
        is_default: It is the one that every workspace has, whatever its name.
    """

    id: str
    name: str
    description: str
    created_at: datetime
    root: bytes = field(repr=False)
    is_default: bool = False
    is_disabled: bool = False


@dataclass(slots=True, kw_only=True)
class Workspace:
    """A workspace; nothing in it is known to another.

    Attributes:
        admin: The id of the access key with which the daemon is admitted.
        human: A person's token, which never ends.
        access_keys: By id.
        clients: By id.
        keysets: By id.
    """

    id: str
    region: str
    human: str = field(repr=False)
    admin: str = ""
    access_keys: dict[str, AccessKey] = field(default_factory=dict)
    clients: dict[str, Client] = field(default_factory=dict)
    keysets: dict[str, Keyset] = field(default_factory=dict)

    @property
    def crn(self) -> str:
        """Return the name by which clients are told of it."""
        return f"crn:{self.region}:{self.id}"

    def named(self, name: str, now: datetime) -> AccessKey | None:
        """Return the access key of this name that is there, if there is one."""
        keys = self.access_keys.values()
        return next((key for key in keys if key.name == name and key.life.covers(now)), None)

    @property
    def default_keyset(self) -> Keyset:
        """Return the keyset to which clients are bound when nobody names one."""
        return next(keyset for keyset in self.keysets.values() if keyset.is_default)

    def keyset(self, identity: str) -> Keyset | None:
        """Return a keyset by its id or name."""
        found = self.keysets.get(identity.lower())
        named = (keyset for keyset in self.keysets.values() if keyset.name == identity)
        return found or next(named, None)
