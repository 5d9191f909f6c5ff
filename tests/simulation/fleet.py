"""Many principals, each stopped at a point of its own, and one journal that can be lost.

Each principal has consumers that read its secret at their own pace. The real shell
carries them, one process a principal, so that each can be cut off by itself.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from rotator.core.accounts import Account, effective_mode
from rotator.core.events import AuditAction, AuditRecord, Stage
from rotator.core.facts import DestinationRef
from rotator.core.ids import credential_id
from rotator.core.rotation import Action, Credential, Trigger
from rotator.core.terms import Limits, Mode, Terms
from rotator.reconcile import rebuilding
from rotator.reconcile.parts import Parts
from rotator.reconcile.reconciler import Reconciler
from rotator.testing.fake_destination import FakeDestination
from rotator.testing.fake_provider import ACCOUNT, FakeProvider
from rotator.testing.manual_clock import ManualClock, SeededChance
from rotator.testing.memory_evidence import MemoryGate, QuietTelemetry
from rotator.testing.memory_journal import MemoryJournal
from rotator.testing.wire import Actor
from tests.simulation.consumers import CLINGER, DAILY, EAGER, Consumer
from tests.simulation.points import Director, Point, Points, PowerCut, pointed

if TYPE_CHECKING:
    from rotator.core.facts import Principal
    from rotator.core.ids import KeyId
    from rotator.testing.wire import Act
    from tests.simulation.consumers import Refusal
    from tests.simulation.points import Around

KIND = "fake-secrets"
PROVIDER = "fake"
STEP = timedelta(hours=1)
LIMITS = Limits()


@dataclass
class CutAt(Director):
    """Ends the process when it comes to a point for the n-th time; then it never starts again."""

    point: Point | None
    after: int = 1
    is_cut: bool = False
    passed: dict[Point, None] = field(default_factory=dict)

    def at(self, number: int, point: Point) -> Around | None:
        """End it, if this is where."""
        del number
        if self.is_cut:
            raise PowerCut(str(point))
        self.passed[point] = None
        wanted = self.point
        if wanted is not None and wanted in {point, point.bare}:
            self.after -= 1
            self.is_cut = self.after == 0
        if self.is_cut:
            raise PowerCut(str(point))
        return None


@dataclass
class Member:
    """One principal of the fleet, its consumers, and where its process ends."""

    principal: Principal
    ref: DestinationRef
    director: CutAt
    consumers: list[Consumer]

    @property
    def id(self) -> str:
        """Its credential."""
        return credential_id(PROVIDER, ACCOUNT, self.principal.name)


@dataclass
class Fleet:
    """The vendors, the journal, and everybody."""

    seed: int = 0
    members: dict[str, Member] = field(default_factory=dict)
    refusals: list[Refusal] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Begin without anybody, in an account that is confirmed."""
        self.clock = ManualClock()
        self.chance = SeededChance(self.seed)
        self.provider = FakeProvider(self.clock)
        self.provider.habits = replace(self.provider.habits, name=PROVIDER)
        self.wire = self.provider.wire
        self.destination = FakeDestination(self.clock, wire=self.wire)
        self.journal = MemoryJournal(self.chance)
        self.say(is_confirmed=True)

    def add(self, name: str, *, cut: Point | None = None, after: int = 1) -> Member:
        """Add a principal with a key that its secret carries and that is in use."""
        principal = self.provider.add_principal(name)
        material = self.provider.mint_by_hand(principal)
        ref = DestinationRef(kind=KIND, account=ACCOUNT, region="eu-central-1", name=f"iam/{name}")
        key = {"AccessKeyId": material.key_id, "SecretAccessKey": material.secret.reveal()}
        self.destination.create_by_hand(ref, json.dumps(key))
        consumers = [
            Consumer(habit=habit, ref=ref, material=material, next_at=self.clock.now())
            for habit in (EAGER, DAILY, CLINGER)
        ]
        director = CutAt(cut, after=after)
        member = Member(principal=principal, ref=ref, director=director, consumers=consumers)
        self.members[name] = member
        self.journal.register(self.candidate(member))
        return member

    def candidate(self, member: Member) -> Credential:
        """Say what a scan finds."""
        return Credential(
            id=credential_id(PROVIDER, ACCOUNT, member.principal.name),
            principal=member.principal,
            action=Action.ROTATE,
            rule="everybody",
            next_at=self.clock.now(),
            created_at=self.clock.now(),
            destination=member.ref,
        )

    def say(self, *, is_confirmed: bool) -> None:
        """Confirm the account, or take that back."""
        said = Account(
            provider=PROVIDER,
            id=ACCOUNT,
            is_confirmed=is_confirmed,
            operator="ann",
            reason="",
            since=self.clock.now(),
        )
        action = AuditAction.OPERATOR_CONFIRM_ACCOUNT
        record = AuditRecord(
            id=self.chance.new_id(),
            at=self.clock.now(),
            stage=Stage.EVENT,
            action=action,
            outcome="success",
        )
        self.journal.save_account(said, record)

    def order(self, member: Member) -> None:
        """Order a rotation."""
        self.journal.request(
            credential_id(PROVIDER, ACCOUNT, member.principal.name),
            Trigger.MANUAL,
            now=self.clock.now(),
        )

    def lose(self) -> None:
        """Lose the journal; every process is gone, and new ones come to no cut."""
        self.journal = MemoryJournal(self.chance)
        for member in self.members.values():
            member.director = CutAt(None)

    def plan(self) -> tuple[rebuilding.RebuildRow, ...]:
        """Plan the rebuild of everybody."""
        parts = self.parts(CutAt(None))
        return rebuilding.plan(
            parts, [ACCOUNT], [self.candidate(item) for item in self.members.values()]
        )

    def rebuild(self) -> tuple[rebuilding.RebuildRow, ...]:
        """Rebuild everybody."""
        return rebuilding.write(self.parts(CutAt(None)), self.plan(), operator="ann")

    def parts(self, director: Director) -> Parts:
        """Make the parts of one process."""
        points = Points(director=director)
        return Parts(
            journal=pointed(self.journal, "journal", points),
            providers={PROVIDER: pointed(self.provider, "provider", points)},
            destinations={KIND: pointed(self.destination, "destination", points)},
            clock=self.clock,
            chance=self.chance,
            terms_for=self._terms,
            gate=MemoryGate(),
            telemetry=QuietTelemetry(),
        )

    def _terms(self, credential: Credential) -> Terms:
        del credential
        mode = effective_mode(Mode.ENFORCE, self.journal.accounts(), PROVIDER, ACCOUNT)
        return Terms(mode=mode, traits=self.provider.traits, limits=LIMITS)

    def live(self, period: timedelta) -> None:
        """Let time pass: whoever is due is looked at, and consumers work."""
        ends = self.clock.now() + period
        while self.clock.now() < ends:
            due = set(self.journal.due(now=self.clock.now(), limit=1_000))
            for member in self.members.values():
                if member.id in due:
                    self._look(member)
            self._consume()
            self.clock.advance(STEP)

    def _look(self, member: Member) -> None:
        try:
            Reconciler(self.parts(member.director)).reconcile(self.candidate(member).id)
        except PowerCut:
            return

    def _consume(self) -> None:
        now = self.clock.now()
        for consumer in (item for member in self.members.values() for item in member.consumers):
            if consumer.next_at <= now:
                refusal = consumer.tick(now, self.provider, self.destination)
                self.refusals += [refusal] if refusal else []

    def acts(self, since: int = 0) -> list[Act]:
        """Tell what we have done at the vendors since a moment, in order."""
        return [act for act in self.wire.acts[since:] if act.actor is Actor.ROTATOR]

    def listed(self, member: Member) -> dict[KeyId, bool]:
        """Tell which keys the principal has, and which of them are enabled."""
        keys = self.provider.list_keys(member.principal).keys
        return {key.key_id: key.enabled for key in keys}

    def published(self, member: Member) -> KeyId | None:
        """Tell which key consumers are given."""
        return self.destination.published_key_id(member.ref)

    def stored(self, member: Member) -> Credential:
        """Tell what the journal holds."""
        return next(item for item in self.journal.credentials() if item.id == member.id)
