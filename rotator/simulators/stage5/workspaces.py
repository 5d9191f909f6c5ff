"""Workspaces, and what is in them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Literal

from rotator.simulators.stage5.plans import PLANS

if TYPE_CHECKING:
    from datetime import datetime

    from rotator.simulators.stage5.plans import Plan, PlanLimits
    from rotator.simulators.stage5.scopes import Role
    from rotator.simulators.stage5.shapes import Settings

Status = Literal["active", "expired", "revoked"]

KEY_PREFIX, SESSION_PREFIX = "s5k_", "s5u_"
ID_CHARACTERS, SECRET_CHARACTERS = 16, 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """One call that a key was let in with."""

    at: datetime
    address: str
    user_agent: str


@dataclass(slots=True, kw_only=True)
class Uses:
    """The uses of a key, oldest first.

    Attributes:
        told: Those of them at which the time of the last use was written down.
    """

    all: list[Use] = field(default_factory=list)
    told: list[Use] = field(default_factory=list)

    def add(self, use: Use, every_seconds: float) -> None:
        """Note a use; its time is written down only if the last one is long enough ago."""
        self.all.append(use)
        if not self.told or use.at - self.told[-1].at >= timedelta(seconds=every_seconds):
            self.told.append(use)

    def last_told(self, by: datetime) -> Use | None:
        """Return the last use that was written down at or before an instant."""
        return next((use for use in reversed(self.told) if use.at <= by), None)


@dataclass(slots=True, kw_only=True)
class AccessKey:
    """An access key; a revoked one is remembered.

    Attributes:
        text: The whole key.
        expires_at: When it is refused by itself; None for never.
        created_by: A person's or a key's id.
        replaces: The key that it was made to replace; empty when none.
        rotate_every_days: Of the reminder that somebody set; None when nobody did.
    """

    id: str
    text: str = field(repr=False)
    name: str
    description: str
    scopes: tuple[str, ...]
    created_at: datetime
    created_by: str
    expires_at: datetime | None = None
    replaces: str = ""
    rotate_every_days: int | None = None
    revoked_at: datetime | None = None
    uses: Uses = field(default_factory=Uses)

    def status(self, instant: datetime) -> Status:
        """Tell its status at an instant."""
        if self.revoked_at is not None and self.revoked_at <= instant:
            return "revoked"
        is_over = self.expires_at is not None and self.expires_at <= instant
        return "expired" if is_over else "active"

    def is_known(self, now: datetime, settings: Settings) -> bool:
        """Say whether the doors have heard of it, and not yet of its revocation."""
        if now < self.created_at + timedelta(seconds=settings.propagation_delay_seconds):
            return False
        lag = timedelta(seconds=settings.revocation_lag_seconds)
        return self.revoked_at is None or now < self.revoked_at + lag

    def is_accepted(self, now: datetime, settings: Settings) -> bool:
        """Say whether it is let in, lags included."""
        is_over = self.expires_at is not None and self.expires_at <= now
        return self.is_known(now, settings) and not is_over


@dataclass(slots=True, kw_only=True)
class Person:
    """Somebody of a workspace.

    Attributes:
        session: What their browser sends.
        projects: Ids of the projects that they are a member of.
    """

    id: str
    name: str
    role: Role
    session: str = field(repr=False)
    projects: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A project: an assistant that is being built."""

    id: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Revocation:
    """An entry of the history of revocations."""

    at: datetime
    key_id: str
    name: str
    by: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Replacement:
    """An entry of the history of rotations."""

    at: datetime
    key_id: str
    name: str
    replaces: str
    by: str


@dataclass(slots=True, kw_only=True)
class Workspace:
    """A workspace; nothing in it is known to another.

    Attributes:
        admin: The id of the access key with which the daemon is admitted.
        keys: By id, in the order of their making.
        people: By id.
        projects: By id.
    """

    id: str
    name: str
    plan: Plan
    admin: str = ""
    keys: dict[str, AccessKey] = field(default_factory=dict)
    people: dict[str, Person] = field(default_factory=dict)
    projects: dict[str, Project] = field(default_factory=dict)
    revocations: list[Revocation] = field(default_factory=list)
    replacements: list[Replacement] = field(default_factory=list)

    @property
    def limits(self) -> PlanLimits:
        """Return what the workspace pays for."""
        return PLANS[self.plan]

    def active(self, now: datetime) -> int:
        """Count the keys that are active."""
        return sum(key.status(now) == "active" for key in self.keys.values())
