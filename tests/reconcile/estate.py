"""A small estate for the shell's tests: one principal, one secret, the real reconciler."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from rotator.core.facts import DestinationRef
from rotator.core.ids import Instant, credential_id
from rotator.core.rotation import Action, Credential, Phase, Rotation
from rotator.core.terms import Grace, Limits, Terms
from rotator.reconcile.parts import Budget, Parts
from rotator.reconcile.reconciler import Reconciler
from rotator.testing.fake_destination import FakeDestination
from rotator.testing.fake_provider import ACCOUNT, BareFakeProvider, FakeProvider
from rotator.testing.manual_clock import ManualClock, SeededChance
from rotator.testing.memory_evidence import MemoryGate, QuietTelemetry
from rotator.testing.memory_journal import MemoryJournal

if TYPE_CHECKING:
    from rotator.core.facts import Principal
    from rotator.core.secret import KeyMaterial

KIND = "fake-secrets"
NAME = "svc-payments"
LIMITS = Limits(inspect_interval=timedelta(hours=12))


@dataclass
class Estate:
    """One principal with one old key that its secret carries, and a shell to look after it."""

    provider_type: type[BareFakeProvider] = FakeProvider
    is_published: bool = True
    merge: bool = False
    create: bool = False
    terms: Terms = field(default_factory=lambda: Terms(limits=LIMITS, grace=Grace()))
    budget: Budget = field(default_factory=Budget)

    def __post_init__(self) -> None:
        self.clock = ManualClock()
        self.chance = SeededChance()
        self.provider = self.provider_type(self.clock)
        self.provider.habits = replace(self.provider.habits, name="aws-iam")
        self.destination = FakeDestination(self.clock, wire=self.provider.wire)
        self.wire = self.provider.wire
        self.gate = MemoryGate()
        self.telemetry = QuietTelemetry()
        self.journal = MemoryJournal(self.chance)
        self.principal: Principal = self.provider.add_principal(NAME)
        self.old: KeyMaterial = self.provider.mint_by_hand(self.principal)
        self.ref = DestinationRef(
            kind=KIND,
            account=ACCOUNT,
            region="eu-central-1",
            name=f"iam/{NAME}",
            merge=self.merge,
            create=self.create,
        )
        if self.is_published:
            self.destination.create_by_hand(self.ref, self.content(self.old, note="kept"))
        self.register(self.credential())

    def content(self, material: KeyMaterial, **others: str) -> str:
        key = {"AccessKeyId": material.key_id, "SecretAccessKey": material.secret.reveal()}
        return json.dumps({**others, **key})

    def credential(self) -> Credential:
        return Credential(
            id=credential_id("aws-iam", ACCOUNT, NAME),
            principal=self.principal,
            action=Action.ROTATE,
            rule="services",
            next_at=self.clock.now(),
            created_at=self.clock.now(),
            destination=self.ref,
        )

    def register(self, credential: Credential) -> None:
        self.journal.register(credential)

    def parts(self) -> Parts:
        return Parts(
            journal=self.journal,
            providers={"aws-iam": self.provider},
            destinations={KIND: self.destination},
            clock=self.clock,
            chance=self.chance,
            terms_for=lambda _: replace(self.terms, traits=self.provider.traits),
            gate=self.gate,
            telemetry=self.telemetry,
            budget=self.budget,
        )

    def look(self) -> Credential:
        """One pass of a shell that remembers nothing; says what it wrote down."""
        Reconciler(self.parts()).reconcile(self.stored.id)
        return self.stored

    def consume(self) -> bool:
        """Use the key that the secret carries, as a consumer that re-reads does."""
        if self.ref.id not in self.destination.objects:
            return True
        material = self.destination.material(self.ref)
        if material is None and not self.is_published:
            return True
        return material is not None and self.provider.use(material)

    def run(
        self, period: timedelta, *, until: Phase | None = None, consuming: bool = True
    ) -> Rotation | None:
        """Let time pass, look when something is due, and stop early at a phase."""
        end = self.clock.now() + period
        while self.clock.now() < end:
            for credential in self.journal.due(now=self.clock.now(), limit=10):
                Reconciler(self.parts()).reconcile(credential)
            if consuming:
                self.consume()
            if until is not None and self.rotation and self.rotation.phase is until:
                return self.rotation
            self._step(Instant(end))
        return self.rotation

    def _step(self, end: Instant) -> None:
        now = self.clock.now()
        soon = max(self.stored.next_at, Instant(now + timedelta(seconds=1)))
        self.clock.advance_to(min(soon, Instant(now + timedelta(hours=12)), end))

    @property
    def stored(self) -> Credential:
        return self.journal.credentials()[0]

    @property
    def rotation(self) -> Rotation | None:
        found = self.journal.rotations()
        return found[0] if found else None

    @property
    def newest(self) -> Rotation:
        found = self.rotation
        assert found is not None
        return found

    def enabled(self) -> set[str]:
        """Keys that the provider lists as enabled, in truth."""
        listing = self.provider.list_keys(self.principal)
        return {key.key_id for key in listing.keys if key.enabled}

    def actions(self) -> list[str]:
        """Every audit record so far, as ``stage action outcome``."""
        records = self.journal.unsealed(limit=10_000)
        return [f"{item.stage.value} {item.action.value} {item.outcome}" for item in records]

    def due(self) -> None:
        """Let the old key grow old enough, while it is used."""
        self.run(timedelta(days=80), until=Phase.PROMOTED)
