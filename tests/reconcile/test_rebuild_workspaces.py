"""A lost journal of a workspace: keys are known by their names, clients tell no age."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from itertools import count
from typing import TYPE_CHECKING

import pytest

from rotator.core.accounts import Account, effective_mode
from rotator.core.events import AuditAction, AuditRecord, Stage
from rotator.core.facts import DestinationRef, KeyListing
from rotator.core.ids import AccountId, credential_id
from rotator.core.rotation import Action, Credential, Phase, Role, Trigger
from rotator.core.terms import Grace, Limits, Mode, Terms
from rotator.reconcile import rebuilding
from rotator.reconcile.parts import Parts
from rotator.reconcile.reconciler import Reconciler
from rotator.testing.fake_destination import FakeDestination
from rotator.testing.fake_grants import BOUND, FakeProviderWithGrants, KnowingOwn
from rotator.testing.fake_keys import Habits
from rotator.testing.fake_provider import BareFakeProvider, ReportingUse
from rotator.testing.manual_clock import ManualClock, SeededChance
from rotator.testing.memory_evidence import MemoryGate, QuietTelemetry
from rotator.testing.memory_journal import MemoryJournal
from rotator.testing.wire import Actor, Wire

if TYPE_CHECKING:
    from rotator.core.facts import Principal
    from rotator.core.ids import KeyId
    from rotator.core.secret import KeyMaterial
    from rotator.reconcile.rebuilding import RebuildRow

WORKSPACE = AccountId("ABCDEFGHIJKLMNOP")
HOME = AccountId("111122223333")
ACCESS, CLIENTS = "access", "clients"
KIND = "fake-secrets"
LIMITS = Limits()
CRN = {"CS_WORKSPACE_CRN": f"crn:us-east-1.aws:{WORKSPACE}"}


class AccessKeys(ReportingUse, KnowingOwn):
    """What access keys can: they cannot be switched off, and a use is seen."""


class Clients(FakeProviderWithGrants):
    """What clients can, in a service that tells nobody when a client was made."""

    def list_keys(self, principal: Principal) -> KeyListing:
        listing = super().list_keys(principal)
        keys = tuple(
            replace(key, is_dated=False, created_at=listing.provider_time) for key in listing.keys
        )
        return replace(listing, keys=keys)


class Vault:
    """A workspace with an application's two keys in one secret, and a journal to lose."""

    def __init__(self) -> None:
        self.clock, self.chance = ManualClock(), SeededChance(3)
        self.wire = Wire(clock=self.clock)
        self.access, self.clients = self._kind(AccessKeys, ACCESS), self._kind(Clients, CLIENTS)
        self.clients._numbers = count(500_001)
        self.destination = FakeDestination(self.clock, wire=self.wire)
        self.providers: dict[str, BareFakeProvider] = {ACCESS: self.access, CLIENTS: self.clients}
        self.principals = {
            name: it.add_principal("checkout", WORKSPACE) for name, it in self.providers.items()
        }
        self.refs = {
            ACCESS: self._ref("CS_ACCESS_ID", "CS_CLIENT_ACCESS_KEY"),
            CLIENTS: self._ref("CS_CLIENT_ID", "CS_CLIENT_KEY"),
        }
        self.first = {
            name: it.mint_by_hand(self.principals[name]) for name, it in self.providers.items()
        }
        fields = dict(CRN)
        for name, material in self.first.items():
            fields |= self._fields(name, material)
        self.destination.create_by_hand(self.refs[ACCESS], json.dumps(fields))
        self.journal = MemoryJournal(self.chance)
        self.say(is_confirmed=True)
        self.register()

    def _kind(self, kind: type[BareFakeProvider], name: str) -> BareFakeProvider:
        habits = Habits(name=name, max_keys=None, marks_keys=True)
        return kind(self.clock, habits=habits, wire=self.wire)

    def _ref(self, key_id: str, secret: str) -> DestinationRef:
        return DestinationRef(
            kind=KIND,
            account=HOME,
            region="eu-central-1",
            name="cs/checkout",
            key_id_field=key_id,
            secret_field=secret,
            merge=True,
        )

    def _fields(self, name: str, material: KeyMaterial) -> dict[str, str]:
        ref = self.refs[name]
        return {ref.key_id_field: material.key_id, ref.secret_field: material.secret.reveal()}

    def candidate(self, name: str) -> Credential:
        principal, now = self.principals[name], self.clock.now()
        return Credential(
            id=credential_id(name, WORKSPACE, principal.name),
            principal=principal,
            action=Action.ROTATE,
            rule="bundle",
            next_at=now,
            created_at=now,
            destination=self.refs[name],
        )

    def register(self) -> None:
        for name in self.providers:
            self.journal.register(self.candidate(name))

    def parts(self) -> Parts:
        return Parts(
            journal=self.journal,
            providers=dict(self.providers),
            destinations={KIND: self.destination},
            clock=self.clock,
            chance=self.chance,
            terms_for=self._terms,
            gate=MemoryGate(),
            telemetry=QuietTelemetry(),
        )

    def _terms(self, credential: Credential) -> Terms:
        name = credential.principal.provider
        said = self.journal.accounts()
        return Terms(
            mode=effective_mode(Mode.ENFORCE, said, name, WORKSPACE),
            traits=self.providers[name].traits,
            limits=LIMITS,
            grace=Grace(accept_blind=True),
        )

    def say(self, *, is_confirmed: bool) -> None:
        for name in self.providers:
            said = Account(
                provider=name,
                id=WORKSPACE,
                is_confirmed=is_confirmed,
                operator="ann",
                reason="",
                since=self.clock.now(),
            )
            record = AuditRecord(
                id=self.chance.new_id(),
                at=self.clock.now(),
                stage=Stage.EVENT,
                action=AuditAction.OPERATOR_CONFIRM_ACCOUNT,
                outcome="success",
            )
            self.journal.save_account(said, record)

    def rotate(self) -> None:
        """Order a rotation of both, and let them come into their grace."""
        for name in self.providers:
            found = self.candidate(name).id
            self.journal.request(found, Trigger.MANUAL, now=self.clock.now())
        self.live(timedelta(hours=4))
        open_ones = [item.phase for item in self.journal.rotations() if item.is_open]
        assert open_ones == [Phase.PROMOTED] * 2

    def live(self, period: timedelta) -> None:
        """Let time pass: whoever is due is looked at, and consumers use what they read."""
        end = self.clock.now() + period
        while self.clock.now() < end:
            for found in self.journal.due(now=self.clock.now(), limit=9):
                Reconciler(self.parts()).reconcile(found)
            self.consume()
            self.clock.advance(timedelta(hours=1))

    def consume(self) -> None:
        for name, provider in self.providers.items():
            material = self.destination.material(self.refs[name])
            assert material is not None
            assert provider.use(material), f"{name}: the published key is refused"

    def lose(self) -> None:
        """Lose the journal while both old keys are in their grace."""
        self.journal = MemoryJournal(self.chance)

    def plan(self) -> tuple[RebuildRow, ...]:
        candidates = [self.candidate(name) for name in self.providers]
        return rebuilding.plan(self.parts(), [WORKSPACE], candidates)

    def rebuild(self) -> dict[str, RebuildRow]:
        rows = rebuilding.write(self.parts(), self.plan(), operator="ann")
        return {row.candidate.principal.provider: row for row in rows}

    def listed(self, name: str) -> set[KeyId]:
        return set(self.providers[name].list_keys(self.principals[name]).ids)

    def acts(self, since: int) -> list[str]:
        return [act.verb for act in self.wire.acts[since:] if act.actor is Actor.ROTATOR]


def roles(row: RebuildRow) -> dict[KeyId, Role]:
    assert row.rebuilt is not None
    return {item.record.key_id: item.record.role for item in row.rebuilt.findings}


@pytest.fixture
def vault() -> Vault:
    """Rotate both keys twice, so that both old ones carry a mark of ours."""
    made = Vault()
    made.live(timedelta(hours=2))
    made.rotate()
    made.live(timedelta(days=20))
    assert {item.phase for item in made.journal.rotations()} == {Phase.COMPLETED}
    made.rotate()
    return made


def test_the_parts_of_a_bundle_are_told_apart_and_their_old_keys_get_a_new_grace(
    vault: Vault,
) -> None:
    before = {name: vault.destination.published_key_id(vault.refs[name]) for name in vault.refs}
    vault.lose()
    rows = vault.rebuild()

    assert set(rows) == {ACCESS, CLIENTS}
    for name, row in rows.items():
        assert row.rebuilt is not None
        rotation = row.rebuilt.rotation
        assert rotation is not None
        assert (rotation.phase, rotation.promoted_at) == (Phase.PROMOTED, None)
        assert rotation.new_key_id == before[name]
        assert sorted(roles(row).values()) == [Role.CURRENT, Role.PREVIOUS]


def test_nothing_is_done_before_a_person_confirms_the_workspace(vault: Vault) -> None:
    vault.lose()
    vault.rebuild()
    keys, acts = {name: vault.listed(name) for name in vault.providers}, len(vault.wire.acts)
    vault.live(timedelta(days=20))

    assert vault.acts(acts) == []
    assert {name: vault.listed(name) for name in vault.providers} == keys


def test_once_it_is_confirmed_the_old_keys_go_after_a_whole_grace_and_no_consumer_is_refused(
    vault: Vault,
) -> None:
    published = {name: vault.destination.published_key_id(vault.refs[name]) for name in vault.refs}
    vault.lose()
    vault.rebuild()
    vault.say(is_confirmed=True)
    acts = len(vault.wire.acts)
    vault.live(Grace().min_period - timedelta(hours=1))
    assert not {"disable_key", "delete_key"} & set(vault.acts(acts))
    vault.live(timedelta(days=30))

    assert {name: vault.listed(name) for name in vault.providers} == {
        name: {key} for name, key in published.items()
    }
    assert {item.phase for item in vault.journal.rotations()} == {Phase.COMPLETED}
    current = vault.clients.granted[published[CLIENTS]]  # type: ignore[attr-defined]
    assert BOUND in current


def test_a_client_that_a_person_made_is_never_let_go_for_nobody_tells_its_age() -> None:
    vault = Vault()
    vault.live(timedelta(hours=2))
    vault.rotate()
    vault.lose()
    rows = vault.rebuild()

    assert roles(rows[CLIENTS])[vault.first[CLIENTS].key_id] is Role.FOREIGN
    made = rows[CLIENTS].rebuilt
    assert made is not None
    assert made.rotation is None
