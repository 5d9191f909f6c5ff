"""The whole truth about the simulated AWS, for checkers."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

from moto.iam.models import iam_backends
from moto.secretsmanager.models import FakeSecret, secretsmanager_backends

from rotator.simulators.aws.seeding import PARTITION
from rotator.simulators.aws.shapes import (
    AccountState,
    KeyState,
    SecretState,
    State,
    UserState,
    VersionState,
)

if TYPE_CHECKING:
    from moto.iam.models import User

    from rotator.simulators.aws.keys import Key
    from rotator.simulators.aws.world import World


def state_of(world: World, *, account_id: str = "", user: str = "", secret: str = "") -> State:
    """Tell everything, or one account, and in it one user or one secret by name."""
    accounts = [account_id] if account_id else list(world.admins)
    return State(
        now=world.now(),
        accounts={
            account: AccountState(
                users={
                    found.name: _user_state(world, found)
                    for found in iam_backends[account][PARTITION].users.values()
                    if user in ("", found.name)
                },
                deleted_keys=tuple(_key_state(world, k) for k in world.keys.deleted_of(account)),
                secrets=tuple(
                    _secret_state(found)
                    for backend in secretsmanager_backends[account].values()
                    for found in backend.secrets.values()
                    if isinstance(found, FakeSecret) and secret in ("", found.name)
                ),
            )
            for account in accounts
        },
    )


def _user_state(world: World, user: User) -> UserState:
    return UserState(
        user_id=user.id,
        arn=user.arn,
        created_at=user.create_date.replace(tzinfo=UTC),
        has_console_password=bool(user.password),
        tags={tag["Key"]: tag["Value"] for tag in user.tags or ()},
        keys=tuple(_key_state(world, key) for key in world.keys.of_user(user.id)),
    )


def _key_state(world: World, key: Key) -> KeyState:
    now = world.now()
    reported = key.reported_use(now, world.settings)
    return KeyState(
        access_key_id=key.access_key_id,
        secret_access_key=key.secret_access_key,
        status=_status(key),
        is_accepted=key.is_accepted(now, world.settings),
        created_at=key.created_at,
        last_used_at=key.last_used_at,
        last_used_by=dict(key.last_used_by),
        reported_at=reported.at.replace(microsecond=0) if reported else None,
        uses=key.uses,
    )


def _status(key: Key) -> Literal["Active", "Inactive", "Deleted"]:
    if key.is_deleted:
        return "Deleted"
    return "Active" if key.is_active else "Inactive"


def _secret_state(secret: FakeSecret) -> SecretState:
    return SecretState(
        name=secret.name,
        region=secret.region,
        arn=secret.arn,
        tags={tag["Key"]: tag["Value"] for tag in secret.tags or ()},
        is_rotated_natively=secret.rotation_enabled,
        deleted_at=_instant(secret.deleted_date) if secret.deleted_date else None,
        versions={
            version_id: VersionState(
                value=version.get("secret_string"),
                labels=tuple(version["version_stages"]),
                created_at=_instant(version["createdate"]),
            )
            for version_id, version in secret.versions.items()
        },
    )


def _instant(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, tz=UTC)
