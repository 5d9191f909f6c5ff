"""Filling the simulated AWS directly: 5,000 users in a second instead of a minute."""

from __future__ import annotations

import json
import secrets
from base64 import b64encode
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

from moto.iam.models import iam_backends
from moto.secretsmanager.models import FakeSecret, secretsmanager_backends

from rotator.simulators.aws.iam import new_user_id, register_key
from rotator.simulators.aws.keys import Use
from rotator.simulators.aws.policy_documents import read_policies
from rotator.simulators.aws.secrets_manager import put_version
from rotator.simulators.aws.shapes import (
    DEFAULT_REGION,
    AccountSeed,
    Credentials,
    KeySeed,
    PolicyChange,
    RoleSeed,
    SecretSeed,
    SeededAccount,
    UserSeed,
)

if TYPE_CHECKING:
    from datetime import datetime

    from moto.iam.models import User

    from rotator.simulators.aws.world import World

PARTITION = "aws"
_SEEDED_LAMBDA = "arn:aws:lambda:us-east-1:000000000000:function:native-rotation"


def seed(world: World, account: AccountSeed) -> SeededAccount:
    """Add users, keys and secrets to an account.

    Raises:
        ValueError: A user, a role, a key id or a secret's name is taken, or a policy
            cannot be evaluated.
    """
    _refuse_bad_policies(account)
    world.policies.add_service_control(account.account_id, account.scps)
    admin, human = world.admins_of(account.account_id)
    if account.root_key_active:
        world.root_keys.add(account.account_id)
    return SeededAccount(
        account_id=account.account_id,
        admin=admin,
        human=human,
        users={user.name: _add_user(world, account.account_id, user) for user in account.users},
        roles={role.name: _add_role(world, account.account_id, role) for role in account.roles},
        secrets={
            secret.name: _add_secret(world, account.account_id, secret)
            for secret in account.secrets
        },
    )


def put_policies(world: World, change: PolicyChange) -> None:
    """Replace the policies of one user or role, at once.

    Raises:
        ValueError: None or both are of this name, or a policy cannot be evaluated.
    """
    user = iam_backends[change.account_id][PARTITION].users.get(change.name)
    roles = world.policies.roles_of(change.account_id)
    found = [arn for arn in roles if arn.endswith(f"/{change.name}")] + ([user.arn] if user else [])
    if len(found) != 1:
        msg = f"{len(found)} users and roles of {change.account_id} are named {change.name}"
        raise ValueError(msg)
    world.policies.put(found[0], change.policies)


def _refuse_bad_policies(account: AccountSeed) -> None:
    """Read all before anything is made of any."""
    read_policies(account.scps)
    for policies in [*(u.policies for u in account.users), *(r.policies for r in account.roles)]:
        read_policies(policies or ())


def _add_role(world: World, account_id: str, wanted: RoleSeed) -> str:
    arn = f"arn:{PARTITION}:iam::{account_id}:role{wanted.path}{wanted.name}"
    if any(taken.endswith(f"/{wanted.name}") for taken in world.policies.roles_of(account_id)):
        msg = f"role {wanted.name} exists"
        raise ValueError(msg)
    world.policies.trust(arn, wanted.trusts)
    world.policies.put(arn, wanted.policies)
    return arn


def _add_user(world: World, account_id: str, wanted: UserSeed) -> tuple[Credentials, ...]:
    backend = iam_backends[account_id][PARTITION]
    if wanted.name in backend.users:
        msg = f"user {wanted.name} exists"
        raise ValueError(msg)
    tags = [{"Key": key, "Value": value} for key, value in wanted.tags.items()]
    user = backend.create_user(DEFAULT_REGION, wanted.name, wanted.path, tags)
    user.id = new_user_id()
    born = [_created_at(world, key) for key in wanted.keys]
    user.create_date = min([world.date(), *born]).replace(microsecond=0, tzinfo=None)
    if wanted.console_password:
        user.password = secrets.token_urlsafe(20)
    world.policies.put(user.arn, wanted.policies)
    return tuple(_add_key(world, user, key) for key in wanted.keys)


def _add_key(world: World, user: User, wanted: KeySeed) -> Credentials:
    created_at = _created_at(world, wanted)
    key = user.create_access_key("AKIA", wanted.status)
    key.access_key_id = wanted.access_key_id or key.access_key_id
    key.secret_access_key = wanted.secret_access_key or key.secret_access_key
    key.create_date = created_at.replace(microsecond=0, tzinfo=None)
    registered = register_key(world, user, key)
    iam_backends[user.account_id][PARTITION].access_keys[key.access_key_id] = key
    registered.created_at = created_at.replace(microsecond=0)
    registered.changes = [(created_at, True)]
    registered.set_active(is_active=wanted.status == "Active", now=created_at)
    if wanted.last_used_at is not None:
        use = Use(at=wanted.last_used_at, service="s3", region=DEFAULT_REGION)
        registered.record_use(use, agent="seed", settings=world.settings)
    return Credentials(access_key_id=key.access_key_id, secret_access_key=key.secret_access_key)


def _created_at(world: World, wanted: KeySeed) -> datetime:
    return wanted.created_at or world.now() - timedelta(seconds=wanted.age_seconds)


def _add_secret(world: World, account_id: str, wanted: SecretSeed) -> str:
    backend = secretsmanager_backends[account_id][wanted.region]
    if wanted.name in backend.secrets:
        msg = f"secret {wanted.name} exists"
        raise ValueError(msg)
    tags = [{"Key": key, "Value": value} for key, value in wanted.tags.items()]
    answer = backend.create_secret(
        name=wanted.name,
        secret_string=None,
        secret_binary=None,
        description="",
        tags=tags,
        kms_key_id=None,
        client_request_token=None,
        replica_regions=[],
        force_overwrite=False,
    )
    secret = backend.secrets[wanted.name]
    if isinstance(secret, FakeSecret):
        if wanted.value is not None or wanted.binary is not None:
            version = {"version_id": str(uuid4()), **_stored(wanted)}
            put_version(secret, version, labels=[], created_at=int(world.now().timestamp()))
        if wanted.native_rotation:
            secret.rotation_requested = secret.rotation_enabled = True
            secret.rotation_lambda_arn = _SEEDED_LAMBDA
            secret.auto_rotate_after_days = 30
    return str(json.loads(answer)["ARN"])


def _stored(wanted: SecretSeed) -> dict[str, str]:
    """Return the value as moto keeps it, binary ones as they are on the wire."""
    if wanted.binary is not None:
        return {"secret_binary": b64encode(wanted.binary).decode()}
    return {"secret_string": wanted.value or ""}
