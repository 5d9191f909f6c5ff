"""A simulated AWS with our clients in front of it, and a person beside them."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from typing import TYPE_CHECKING

import boto3

from rotator.clients.aws import AwsClients, Purpose
from rotator.clients.aws_config import AwsAccount, AwsConfig
from rotator.core.facts import DestinationRef, Principal
from rotator.core.ids import AccountId, Instant
from rotator.simulators.aws.shapes import FaultKind, FaultRule, SecretSeed, UserSeed
from rotator.simulators.clock import SteppedClock

if TYPE_CHECKING:
    from collections.abc import Iterator

    from botocore.session import Session
    from mypy_boto3_iam import IAMClient
    from mypy_boto3_secretsmanager import SecretsManagerClient

    from rotator.clients.aws_calls import OnCall
    from rotator.core.ids import VersionId
    from rotator.simulators.aws.clients import SimulatedClients
    from rotator.simulators.aws.process import SimulatedAws
    from rotator.simulators.aws.shapes import Call, SecretState, SeededAccount, UserState

ACCOUNT = AccountId("111122223333")
OTHER_ACCOUNT = AccountId("444455556666")
REGION = "eu-central-1"
SETTLING = timedelta(seconds=60)

_NAMES = count(1)


@dataclass(kw_only=True)
class Told:
    """Remembers what `on_call` was told."""

    calls: list[tuple[str, str, str, str, float]]
    changes: list[str] = field(default_factory=list)

    def __call__(
        self,
        service: str,
        operation: str,
        code: str,
        request_id: str,
        seconds: float,
        *,
        is_change: bool,
    ) -> None:
        if is_change:
            self.changes.append(operation)
        self.calls.append((service, operation, code, request_id, seconds))


class Cloud:
    """One account, seeded afresh, on a clock that the simulator follows."""

    def __init__(
        self, aws: SimulatedAws, hands: SimulatedClients, core: Session, seeded: SeededAccount
    ) -> None:
        self.aws = aws
        self.hands = hands
        self.seeded = seeded
        self.clock = SteppedClock(aws.now(), on_advance=aws.advance_to)
        self.told = Told(calls=[])
        core.set_credentials(seeded.admin.access_key_id, seeded.admin.secret_access_key)
        self._core = core
        self.clients = self.new_clients()

    def new_clients(self, *, on_call: OnCall | None = None, **settings: object) -> AwsClients:
        """Make clients that act as the account's administrator."""
        given = {
            "accounts": {ACCOUNT: AwsAccount()},
            "region": REGION,
            "endpoint_url": self.aws.url,
            "attempts": 2,
            **settings,
        }
        return AwsClients(
            AwsConfig.model_validate(given),
            self.clock,
            on_call=on_call or self.told,
            session=boto3.Session(botocore_session=self._core),
        )

    def soon(self, seconds: float = 60) -> Instant:
        return Instant(self.clock.now() + timedelta(seconds=seconds))

    def past(self, seconds: float = 60) -> Instant:
        return Instant(self.clock.now() - timedelta(seconds=seconds))

    def settle(self) -> None:
        self.clock.sleep(SETTLING.total_seconds())

    def warm(self) -> None:
        """Have the account's identity checked, so that a fault meets the call under test."""
        self.clients.iam(ACCOUNT, Purpose.SCAN)
        self.aws.clear_calls()

    def fault(self, kind: FaultKind, operation: str = "*", times: int | None = None) -> None:
        self.aws.add_fault(FaultRule(kind=kind, operation=operation, times=times))

    @contextmanager
    def failing(self, kind: FaultKind) -> Iterator[None]:
        self.fault(kind)
        try:
            yield
        finally:
            self.aws.clear_faults()

    def calls(self, *operations: str) -> list[Call]:
        return self.aws.calls(*operations)

    def new_user(self, name: str = "", *, path: str = "/svc/", **more: object) -> Principal:
        name = name or f"user-{next(_NAMES)}"
        self.aws.seed(
            ACCOUNT, users=[UserSeed.model_validate({"name": name, "path": path, **more})]
        )
        uid = self.user(name).user_id
        return Principal(provider="aws-iam", account=ACCOUNT, name=name, uid=uid, path=path)

    def user(self, name: str) -> UserState:
        return self.aws.state(account_id=ACCOUNT, user=name).accounts[ACCOUNT].users[name]

    def new_ref(self, *, merge: bool = False, create: bool = False) -> DestinationRef:
        return DestinationRef(
            kind="aws-secrets-manager",
            account=ACCOUNT,
            region=REGION,
            name=f"svc/secret-{next(_NAMES)}",
            merge=merge,
            create=create,
        )

    def new_secret(
        self, value: str | None = "{}", *, merge: bool = False, owner: str | None = "rotator"
    ) -> DestinationRef:
        ref = self.new_ref(merge=merge)
        tags = {"rotator:owner": owner} if owner else {}
        self.aws.seed(
            ACCOUNT, secrets=[SecretSeed(name=ref.name, value=value, region=REGION, tags=tags)]
        )
        return ref

    def secret(self, ref: DestinationRef) -> SecretState:
        state = self.aws.state(account_id=ACCOUNT, secret=ref.name).accounts[ACCOUNT]
        return next(item for item in state.secrets if item.name == ref.name)

    def current(self, ref: DestinationRef) -> VersionId:
        return self.holder(ref, "AWSCURRENT")

    def holder(self, ref: DestinationRef, label: str) -> VersionId:
        versions = self.secret(ref).versions
        found: list[VersionId] = [k for k, v in versions.items() if label in v.labels]  # type: ignore[misc]
        return found[0]

    @property
    def iam_by_hand(self) -> IAMClient:
        return self.hands.iam(self.seeded.human)

    @property
    def secrets_by_hand(self) -> SecretsManagerClient:
        return self.hands.secrets_manager(self.seeded.human, region=REGION)
