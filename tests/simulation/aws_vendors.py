"""The real AWS adapters over a simulated AWS in this process, as a world's vendors."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar, cast
from uuid import UUID

from moto.iam.exceptions import LimitExceededException
from moto.iam.models import iam_backends
from moto.secretsmanager.models import FakeSecret, secretsmanager_backends

from rotator.clients.aws import AwsClients
from rotator.clients.aws_config import AwsAccount, AwsConfig
from rotator.core.facts import Principal
from rotator.core.forms import key_id_of
from rotator.core.ids import KeyId, VersionId
from rotator.core.secret import KeyMaterial, Secret
from rotator.destinations.aws_secrets_manager.config import OWNER_TAG, AwsSecretsManagerConfig
from rotator.destinations.aws_secrets_manager.destination import AwsSecretsManager
from rotator.errors import NotFoundError, QuotaExceededError
from rotator.providers.aws_iam import (
    PROVIDER,
    AwsIamConfig,
    AwsIamProvider,
)
from rotator.simulators.aws.embedded import EmbeddedAws
from rotator.simulators.aws.embedded_session import EmbeddedSession, OnRequest, ignore_request
from rotator.simulators.aws.iam import mint
from rotator.simulators.aws.keys import Use
from rotator.simulators.aws.secrets_manager import CURRENT, move_label, put_version
from rotator.simulators.aws.seeding import PARTITION, seed
from rotator.simulators.aws.shapes import AccountSeed, Call, SecretSeed, Settings, UserSeed
from rotator.testing.fake_provider import ACCOUNT, LISTING_MARGIN, SECRET_MARK
from rotator.testing.wire import Actor
from tests.simulation.aws_truth import Books
from tests.simulation.aws_wire import AwsWire
from tests.simulation.vendors import Vendors
from tests.simulation.wrapping import offered, remade

if TYPE_CHECKING:
    from collections.abc import Callable

    from moto.iam.models import AccessKey, IAMBackend

    from rotator.core.facts import DestinationRef
    from rotator.core.ids import AccountId, DestinationId
    from rotator.core.terms import Traits
    from rotator.ports.clock import Clock
    from rotator.ports.destination import Destination as DestinationPort
    from rotator.ports.provider import KeyProvider
    from rotator.testing.fake_destination import FakeObject, WriteOnlyFakeDestination
    from rotator.testing.fake_keys import FakeKey, Habits
    from rotator.testing.fake_provider import BareFakeProvider
    from rotator.testing.manual_clock import ManualClock
    from tests.simulation.scene import Scene

PortT = TypeVar("PortT")

OWNER = "rotator"
_ENDPOINT = "http://simulated.aws"
_UNNAMED = 0xFEED << 64


class AwsKeys:
    """The truth about IAM's keys, and what people and consumers do with them."""

    def __init__(
        self,
        aws: EmbeddedAws,
        wire: AwsWire,
        books: Books,
        habits: Habits,
        kind: type[AwsIamProvider],
    ) -> None:
        """Know of no user yet; `kind` is the adapter that the shell is handed."""
        self.wire, self.kind = wire, kind
        self._aws, self._books, self._habits = aws, books, habits
        self.habits = habits

    @property
    def keys(self) -> dict[KeyId, FakeKey]:
        """Every key that ever was, in the order of their making."""
        return self._books.keys

    @property
    def habits(self) -> Habits:
        """How slow and coarse AWS is."""
        return self._habits

    @habits.setter
    def habits(self, habits: Habits) -> None:
        self._habits = habits
        self._aws.time.offset = habits.clock_offset
        self._aws.world.settings = Settings(
            propagation_delay_seconds=habits.activation_lag.total_seconds(),
            revocation_lag_seconds=habits.revocation_lag.total_seconds(),
            list_lag_seconds=habits.list_lag.total_seconds(),
            last_used_quantum_seconds=habits.use_quantum.total_seconds(),
            last_used_lag_seconds=habits.report_lag.total_seconds(),
            trail_lag_seconds=habits.trail_lag.total_seconds(),
            signature_window_seconds=habits.signature_window.total_seconds(),
            secret_mark=SECRET_MARK,
        )

    @property
    def config(self) -> AwsIamConfig:
        """What an installation would be told of this AWS."""
        return AwsIamConfig(
            signature_window=self._habits.signature_window,
            list_lag=max(self._habits.list_lag, LISTING_MARGIN),
            use_quantum=self._habits.use_quantum,
        )

    @property
    def traits(self) -> Traits:
        """What the adapter would say."""
        return self.kind(self.config, cast("AwsClients", None)).traits

    def add_principal(
        self, name: str, account: AccountId = ACCOUNT, *, path: str = "/"
    ) -> Principal:
        """Make a user, or make it again with another id and without its keys and tags."""
        self.wire.land()
        users = _iam(account)
        if name in users.users:
            for key in list(users.get_user(name).access_keys):
                self._delete(name, KeyId(key.access_key_id))
            users.delete_user(name)
        seed(
            self._aws.world,
            AccountSeed(account_id=account, users=(UserSeed(name=name, path=path),)),
        )
        uid = users.get_user(name).id
        return Principal(provider=PROVIDER, account=account, name=name, uid=uid, path=path)

    def mint_by_hand(self, principal: Principal) -> KeyMaterial:
        """Mint a key as a human does in the console."""
        self.wire.land()
        try:
            key = mint(self._aws.world, _iam(principal.account), principal.name)
        except LimitExceededException as error:
            raise QuotaExceededError("no free key slot", subject=principal.name) from error
        self._books.look(self._aws, Actor.HUMAN)
        self._log_mint(principal, key)
        return KeyMaterial(key_id=KeyId(key.access_key_id), secret=Secret(key.secret_access_key))

    def _log_mint(self, principal: Principal, key: AccessKey) -> None:
        """Let the event history show it too, as the call of another administrator."""
        _, human = self._aws.world.admins_of(principal.account)
        self._aws.world.calls.append(
            Call(
                at=self._aws.world.now(),
                service="iam",
                operation="CreateAccessKey",
                account_id=principal.account,
                caller=human.access_key_id,
                user_agent="a console",
                user_name=principal.name,
                access_key_id="",
                secret="",
                status=200,
                error="",
                is_effective=True,
                fault=None,
                parameters={"CreatedAccessKeyId": key.access_key_id},
            )
        )

    def delete_by_hand(self, principal: Principal, key: KeyId) -> None:
        """Delete a key as a human does in the console; nothing happens when it is gone."""
        self.wire.land()
        if not self._aws.world.keys.by_id(key).is_deleted:
            self._delete(principal.name, key)

    def _delete(self, name: str, key: KeyId) -> None:
        _iam(ACCOUNT).delete_access_key(key, name)
        self._aws.world.keys.by_id(key).delete(self._aws.world.now())
        self._books.look(self._aws, Actor.HUMAN)

    def switch_by_hand(self, principal: Principal, key: KeyId, *, on: bool) -> None:
        """Switch a key on or off as a human does in the console."""
        self.wire.land()
        if self._aws.world.keys.by_id(key).is_deleted:
            raise NotFoundError("no such key", subject=key)
        status = "Active" if on else "Inactive"
        _iam(principal.account).update_access_key(principal.name, key, status)
        self._aws.world.keys.by_id(key).set_active(is_active=on, now=self._aws.world.now())
        self._books.look(self._aws, Actor.HUMAN)

    def use(self, material: KeyMaterial, service: str = "s3") -> bool:
        """Make one ordinary call as a consumer; say whether it was accepted."""
        at, world = self.wire.land(), self._aws.world
        key = world.keys.find(material.key_id)
        if key is None or key.secret_access_key != material.secret.reveal():
            return False
        if not key.is_accepted(world.now(), world.settings):
            return False
        use = Use(at=world.now(), service=service, region="eu-central-1")
        key.record_use(use, agent="consumer", settings=world.settings)
        self.keys[material.key_id].uses.append(at)
        return True


class AwsSecrets:
    """The truth about Secrets Manager, and what people and consumers do with it."""

    def __init__(self, aws: EmbeddedAws, wire: AwsWire, books: Books) -> None:
        """Know of no secret yet."""
        self.wire, self.owner = wire, OWNER
        self._aws, self._books = aws, books
        self._unnamed = 0

    @property
    def objects(self) -> dict[DestinationId, FakeObject]:
        """Every secret as it is now."""
        return self._books.objects

    def create_by_hand(
        self, ref: DestinationRef, content: str, *, owner: str | None = None
    ) -> VersionId:
        """Make a secret with a first version."""
        tags = {OWNER_TAG: owner} if owner else {}
        made = SecretSeed(name=ref.name, region=ref.region, tags=tags)
        seed(self._aws.world, AccountSeed(account_id=ref.account, secrets=(made,)))
        return self.write_by_hand(ref, content)

    def write_by_hand(self, ref: DestinationRef, content: str) -> VersionId:
        """Write a new current version, as a human or another program does."""
        self.wire.land()
        self._unnamed += 1
        version = VersionId(str(UUID(int=_UNNAMED + self._unnamed)))
        put_version(
            _secret(ref),
            {"version_id": version, "secret_string": content},
            labels=[CURRENT],
            created_at=int(self._aws.world.now().timestamp()),
        )
        self._books.look(self._aws, Actor.HUMAN)
        return version

    def make_current_by_hand(self, ref: DestinationRef, version: VersionId) -> None:
        """Move the label AWSCURRENT, as a human who rolls back does."""
        self.wire.land()
        move_label(_secret(ref), CURRENT, version)
        self._books.look(self._aws, Actor.HUMAN)

    def read(self, ref: DestinationRef, version: VersionId | None = None) -> str:
        """Read the current version, or a named one, as a consumer does."""
        self.wire.land()
        found = self.objects[ref.id]
        wanted = version or found.current
        if wanted is None or wanted not in found.versions:
            raise NotFoundError("no such version", subject=ref.name)
        return found.versions[wanted]

    def material(self, ref: DestinationRef, version: VersionId | None = None) -> KeyMaterial | None:
        """Read the key that a version publishes, or None if it publishes none."""
        fields = json.loads(self.read(ref, version))
        key, secret = key_id_of(ref, fields), fields.get(ref.secret_field)
        if key is None or not isinstance(secret, str):
            return None
        return KeyMaterial(key_id=key, secret=Secret(secret))


class AwsSide:
    """A simulated AWS with everything a world needs of it.

    Attributes:
        attempts: How often the SDK tries a call, the first time included.
        on_request: Is told of every single call, on both sides of it.
    """

    def __init__(
        self,
        scene: Scene,
        clock: Clock,
        *,
        attempts: int = 1,
        kind: type[AwsIamProvider] = AwsIamProvider,
    ) -> None:
        """Start empty.

        Args:
            scene: Its habits are AWS's.
            clock: The true time.
            attempts: With one, every failure reaches the shell.
            kind: The adapter; the one with a trail may read CloudTrail's history.
        """
        self.attempts = attempts
        self.on_request: OnRequest = ignore_request
        self.aws = EmbeddedAws(clock, seed=scene.seed, on_call=self._heard)
        self.admin, _ = self.aws.world.admins_of(ACCOUNT)
        self.wire = AwsWire(clock=clock, aws=self.aws, ours=self.admin.access_key_id)
        self.books = Books(self.wire.acts)
        self.keys = AwsKeys(self.aws, self.wire, self.books, scene.habits, kind)
        self.secrets = AwsSecrets(self.aws, self.wire, self.books)

    def calls(self) -> list[Call]:
        """Return every call that reached AWS from us, in order; people's are left out."""
        _, human = self.aws.world.admins_of(ACCOUNT)
        return [call for call in self.aws.world.calls if call.caller != human.access_key_id]

    def _heard(self, call: Call) -> None:
        self.books.heard(self.aws, call)

    def start(self, clock: Clock) -> tuple[KeyProvider, DestinationPort]:
        """Make the adapters of a process that starts, with clients of its own.

        Args:
            clock: What the process takes for the time; it dates signatures.
        """
        session = EmbeddedSession(self.aws, clock, self.admin, on_request=self._on_request)
        config = AwsConfig(
            accounts={ACCOUNT: AwsAccount()}, endpoint_url=_ENDPOINT, attempts=self.attempts
        )
        clients = AwsClients(config, clock, session=session)
        provider = self.keys.kind(self.keys.config, clients)
        destination = AwsSecretsManager(AwsSecretsManagerConfig(owner=OWNER), clients)
        return (
            _carried(provider, "provider", self.wire),
            _carried(destination, "destination", self.wire),
        )

    def _on_request(self, operation: str, *, is_over: bool) -> None:
        self.on_request(operation, is_over=is_over)

    def vendors(self, clock: Clock) -> Vendors:
        """Offer both sides; the ports are those of one process."""
        provider, destination = self.start(clock)
        return Vendors(
            provider=cast("BareFakeProvider", self.keys),
            destination=cast("WriteOnlyFakeDestination", self.secrets),
            provider_port=provider,
            destination_port=destination,
            wire=self.wire,
        )


def aws(scene: Scene, clock: ManualClock) -> Vendors:
    """Make a simulated AWS and the real adapters that speak to it."""
    return AwsSide(scene, clock).vendors(clock)


def _carried(adapter: PortT, room: str, wire: AwsWire) -> PortT:
    """Let the wire carry every method of a port; a generator's calls are made at once."""

    def carrying(name: str, method: Callable[..., object]) -> Callable[..., object]:
        def call(*args: object, **kwargs: object) -> object:
            return wire.carry(name, partial(_whole, name, method, *args, **kwargs))

        return call

    calls = {name: carrying(name, method) for name, method in offered(adapter, room).items()}
    return remade(adapter, room, calls)


def _whole(name: str, method: Callable[..., Any], *args: object, **kwargs: object) -> object:
    made = method(*args, **kwargs)
    return iter(list(made)) if name == "principals" else made


def _iam(account: AccountId) -> IAMBackend:
    return iam_backends[account][PARTITION]


def _secret(ref: DestinationRef) -> FakeSecret:
    found = secretsmanager_backends[ref.account][ref.region].secrets[ref.name]
    assert isinstance(found, FakeSecret)
    return found
