"""What really is at the simulated AWS: read from its state after every effect.

The books are kept in the shape of the fakes' own truth, so that the checker, the
consumers and the people of a world need not know who is on the other side.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from moto.secretsmanager.models import FakeSecret, secretsmanager_backends

from rotator.clients.aws_calls import is_reading
from rotator.core.ids import AccountId, Instant, KeyId, VersionId, destination_id
from rotator.destinations.aws_secrets_manager.config import OWNER_TAG
from rotator.testing.fake_destination import FakeObject
from rotator.testing.fake_keys import FakeKey
from rotator.testing.fake_provider import ACCOUNT
from rotator.testing.wire import Act, Actor
from tests.simulation.subject import KIND

if TYPE_CHECKING:
    from rotator.core.ids import DestinationId
    from rotator.simulators.aws.embedded import EmbeddedAws
    from rotator.simulators.aws.keys import Key
    from rotator.simulators.aws.shapes import Call


@dataclass(slots=True)
class Books:
    """Keys and objects as they are, and every act that changed one.

    Attributes:
        acts: Where acts are written down, in the order in which they took effect.
    """

    acts: list[Act]
    keys: dict[KeyId, FakeKey] = field(default_factory=dict)
    objects: dict[DestinationId, FakeObject] = field(default_factory=dict)

    def heard(self, aws: EmbeddedAws, call: Call) -> None:
        """Take note of one of our calls, which the simulated AWS has just carried out.

        What people did was written down when they did it.
        """
        if not call.is_effective:
            return
        user = self.keys.get(KeyId(call.caller))
        if user is not None:
            user.uses.append(_true(aws))
        if not is_reading(call.operation):
            self.look(aws, Actor.ROTATOR)

    def look(self, aws: EmbeddedAws, actor: Actor) -> None:
        """Write down what has changed since the last look; it was this actor's doing."""
        at = _true(aws)
        for key in aws.world.keys.all():
            if key.principal.user_name:
                self._look_at_key(key, actor, at)
        for region, backend in secretsmanager_backends[ACCOUNT].items():
            for secret in backend.secrets.values():
                if isinstance(secret, FakeSecret):
                    self._look_at_secret(region, secret, actor, at)

    def _look_at_key(self, key: Key, actor: Actor, at: Instant) -> None:
        key_id = KeyId(key.access_key_id)
        known = self.keys.get(key_id)
        if known is None:
            self.keys[key_id] = FakeKey(
                key_id=key_id,
                secret=key.secret_access_key,
                owner_uid=key.principal.user_id,
                minter=actor,
                created_at=at,
            )
            self.acts.append(Act(at=at, actor=actor, verb="create_key", key=key_id))
        elif key.is_deleted and known.deleted_at is None:
            known.deleted_at = at
            self.acts.append(Act(at=at, actor=actor, verb="delete_key", key=key_id))
        elif not key.is_deleted and known.is_enabled_at(at) != key.is_active:
            known.switches.append((at, key.is_active))
            verb = "enable_key" if key.is_active else "disable_key"
            self.acts.append(Act(at=at, actor=actor, verb=verb, key=key_id))

    def _look_at_secret(self, region: str, secret: FakeSecret, actor: Actor, at: Instant) -> None:
        ref = destination_id(KIND, AccountId(secret.account_id), region, secret.name)
        known = self.objects.setdefault(ref, FakeObject())
        for verb, version in _changes(known, _told(secret)):
            self.acts.append(Act(at=at, actor=actor, verb=verb, destination=ref, version=version))
        self.objects[ref] = _told(secret)


def _changes(before: FakeObject, after: FakeObject) -> list[tuple[str, VersionId]]:
    """Name what was done to an object, by the port's methods and the fakes' "write"."""
    born = [version for version in after.versions if version not in before.versions]
    found = [("write" if version == after.current else "stage", version) for version in born]
    known = {before.current, *born}
    if after.current is not None and after.current not in known:
        found.append(("promote", after.current))
    known = {before.pending, *born}
    if after.pending is not None and after.pending not in known:
        found.append(("stage", after.pending))
    if before.pending is not None and before.pending not in {after.pending, after.current}:
        found.append(("unstage", before.pending))
    return found


def _told(secret: FakeSecret) -> FakeObject:
    def holder(label: str) -> VersionId | None:
        holders = (k for k, v in secret.versions.items() if label in v["version_stages"])
        return next((VersionId(version) for version in holders), None)

    tags = {tag["Key"]: tag["Value"] for tag in secret.tags or ()}
    return FakeObject(
        owner=tags.get(OWNER_TAG),
        versions={VersionId(k): v["secret_string"] for k, v in secret.versions.items()},
        current=holder("AWSCURRENT"),
        pending=holder("AWSPENDING"),
        previous=holder("AWSPREVIOUS"),
        native_rotation=secret.rotation_enabled,
        deletion_scheduled=secret.is_deleted(),
    )


def _true(aws: EmbeddedAws) -> Instant:
    """The true time of what happens now, whatever AWS's own clock says."""
    return Instant(aws.world.now() - aws.time.offset)
