"""The demonstration's workspace without a daemon: applications, the new customer, the truth."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING

import httpx
import pytest

from rotator.cli.demo.character import WORKSPACE
from rotator.cli.demo.fleet import Scene, Standing
from rotator.cli.demo.vault.cast import APPLICATIONS, LATE_TENANT, ORDERS, TENANT, VAULT, VaultKey
from rotator.cli.demo.vault.consumers import Worker, Workers
from rotator.cli.demo.vault.estate import WORKSPACE_SEED, VaultEstate, vault_estate
from rotator.cli.demo.vault.onboarding import Onboarding
from rotator.cli.demo.vault.truth import VaultTruth
from rotator.core.ids import Instant
from rotator.core.rotation import Phase, Rotation
from rotator.providers.cipherstash.config import ACCESS_KEYS, CLIENT_KEYS
from rotator.simulators.cipherstash.embedded import EmbeddedCipherStash
from rotator.simulators.cipherstash.seeding import seed
from rotator.simulators.cipherstash.shapes import (
    AccessKeySeed,
    ClientSeed,
    KeysetSeed,
    SeededWorkspace,
    WorkspaceSeed,
)
from rotator.simulators.cipherstash.state import state_of
from rotator.simulators.clock import SteppedClock
from rotator.testing.builders import at, rotation

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rotator.simulators.cipherstash.workspaces import AccessKey, Client

CTS = "http://127.0.0.1:1/"
ROTATION = "6c0f5d39-9c43-4b8b-9f5e-0d3f8b1c2a77"
BUNDLE = ORDERS.secret


@dataclass
class Place:
    """The workspace in this very process, its secrets, and who works with them."""

    clock: SteppedClock
    stash: EmbeddedCipherStash
    estate: VaultEstate
    http: httpx.Client
    secrets: dict[str, dict[str, str]] = field(init=False)
    workers: Workers = field(init=False)
    onboarding: Onboarding = field(init=False)

    def __post_init__(self) -> None:
        self.secrets = {name: json.loads(text) for name, text in self.estate.values.items()}
        self.workers = Workers(self.http, CTS, self.estate, self.text)
        self.onboarding = Onboarding(self.http, f"{CTS}zerokms/", self.estate, self.workers)

    def text(self, name: str) -> str:
        return json.dumps(self.secrets[name])

    @property
    def orders(self) -> Worker:
        return self.workers.all["orders"]

    def work(self, *, days: int = 1) -> None:
        for _ in range(days):
            self.workers.step()
            self.clock.advance_to(self.clock.now() + timedelta(days=1))

    def make(self, **what: object) -> SeededWorkspace:
        wanted = WorkspaceSeed.model_validate({"workspace_id": WORKSPACE, **what})
        return seed(self.stash.world, wanted)

    def client(self, name: str) -> Client:
        clients = self.stash.world.workspaces[WORKSPACE].clients
        return clients[self.estate.workspace.clients[name].id]

    def key(self, name: str) -> AccessKey:
        keys = self.stash.world.workspaces[WORKSPACE].access_keys.values()
        return next(key for key in keys if key.name == name)

    def end(self, what: AccessKey | Client) -> None:
        what.life.ends_at = self.clock.now()

    def rotate_key(self, member: VaultKey) -> None:
        """Do what rotator should have done by the last day."""
        wanted = AccessKeySeed(name=f"{member.name}.rotator-{ROTATION}", role=member.role)
        (made,) = self.make(access_keys=(wanted,)).access_keys.values()
        self.secrets[member.secret]["CS_CLIENT_ACCESS_KEY"] = made.access_key
        self.end(self.key(member.name))

    def rotate_client(self, keysets: tuple[str, ...]) -> None:
        wanted = ClientSeed(name=f"orders.rotator-{ROTATION}", keysets=keysets)
        (made,) = self.make(clients=(wanted,)).clients.values()
        pair = {"CS_CLIENT_ID": made.id, "CS_CLIENT_KEY": made.client_key}
        self.secrets[BUNDLE] |= pair
        self.end(self.client("orders"))

    def faults(self, member: VaultKey) -> list[str]:
        truth = VaultTruth(
            workspace=state_of(self.stash.world).workspaces[WORKSPACE],
            values={name: self.text(name) for name in self.secrets},
            estate=self.estate,
        )
        return list(truth.faults(member))


@pytest.fixture
def place() -> Iterator[Place]:
    clock = SteppedClock(at())
    stash = EmbeddedCipherStash(clock)
    estate = vault_estate(seed(stash.world, WORKSPACE_SEED))
    with httpx.Client(transport=stash.transport()) as http:
        yield Place(clock, stash, estate, http)


def member(name: str, provider: str = CLIENT_KEYS) -> VaultKey:
    return next(item for item in VAULT if (item.name, item.provider) == (name, provider))


def scene(found: Rotation | None, *, days: float = 0) -> Scene:
    standing = Standing(character=ORDERS, rotation=found)
    return Scene(now=Instant(at() + timedelta(days=days)), day=days, fleet=(standing,))


def test_applications_encrypt_and_decrypt_every_day_and_nothing_is_refused(place: Place) -> None:
    place.work(days=4)

    keysets = sum(len(item.keysets) for item in APPLICATIONS)
    assert place.workers.calls == 4 * 3 * keysets
    assert place.workers.refusals == 0


def test_a_revoked_access_key_is_a_refusal_in_every_keyset(place: Place) -> None:
    place.work()
    place.end(place.key("orders"))
    place.work()

    assert place.orders.refusals == 2
    assert place.workers.refusals == 2


def test_a_new_bundle_is_used_as_soon_as_the_old_one_has_aged(place: Place) -> None:
    place.work()
    place.rotate_client(("default", TENANT))
    place.orders.refusals = 0
    caches = place.orders.application.caches_days
    place.work(days=caches - 1)
    refused = place.orders.refusals
    place.work()

    assert refused == 2 * (caches - 1)
    assert place.orders.refusals == refused


def test_data_of_the_first_day_that_is_not_to_be_found_is_a_refusal(place: Place) -> None:
    place.work()
    place.rotate_client((TENANT, "default"))
    place.work(days=place.orders.application.caches_days)
    before = place.orders.refusals
    place.work()

    assert place.orders.refusals == before + 1


def test_a_new_customer_is_granted_to_the_old_client_in_the_middle_of_its_grace(
    place: Place,
) -> None:
    promoted = rotation(phase=Phase.PROMOTED, promoted_at=at())
    said = [
        list(place.onboarding.watch(item))
        for item in (
            scene(None),
            scene(rotation(phase=Phase.STAGED)),
            scene(promoted),
            scene(promoted, days=1),
            scene(promoted, days=1),
        )
    ]

    assert [len(lines) for lines in said] == [0, 0, 0, 1, 0]
    assert said[3] == [
        "2026-01-02 00:00  vault/orders client   somebody grants tenant-globex to the old client"
    ]
    late = place.estate.workspace.keysets[LATE_TENANT]
    assert late in place.client("orders").granted(place.clock.now())
    assert list(place.onboarding.faults()) == [
        "tenant-globex, which a person granted meanwhile, was never opened"
    ]


def test_the_application_works_with_it_once_rotator_has_seen_to_both_clients(place: Place) -> None:
    late = place.estate.workspace.keysets[LATE_TENANT]
    promoted = rotation(phase=Phase.PROMOTED, promoted_at=at())
    list(place.onboarding.watch(scene(promoted, days=1)))
    (line,) = place.onboarding.watch(scene(replace(promoted, granted=(late,)), days=2))
    place.work()

    assert line.endswith("rotator has granted tenant-globex to the new one, too")
    assert place.onboarding.is_over
    assert list(place.onboarding.faults()) == []
    assert list(place.onboarding.watch(scene(promoted, days=2))) == []
    assert place.orders.calls == 3 * 3
    assert place.orders.refusals == 0


def test_the_first_day_itself_has_no_faults_but_that_nothing_was_rotated_yet(place: Place) -> None:
    assert [name for name in ("reports", "search", "lena") if place.faults(member(name))] == []
    assert place.faults(ORDERS) == [
        f"{place.client('orders').id} does not open what its predecessor opened"
    ]


def test_a_rotation_as_it_should_be_has_no_faults(place: Place) -> None:
    for name in ("rotator", "orders", "batch"):
        place.rotate_key(member(name, ACCESS_KEYS))
    place.rotate_client(("default", TENANT, LATE_TENANT))

    assert [place.faults(item) for item in VAULT] == [[]] * len(VAULT)


def test_a_second_key_another_role_and_lost_fields_are_faults(place: Place) -> None:
    own, orders = member("rotator", ACCESS_KEYS), member("orders", ACCESS_KEYS)
    place.rotate_key(replace(own, role="member"))
    place.make(access_keys=(AccessKeySeed(name=f"orders.rotator-{ROTATION}"),))
    del place.secrets[BUNDLE]["CS_WORKSPACE_CRN"]

    wrong = "the published key is not the one and only key, with its role"
    assert place.faults(own) == [wrong]
    assert place.faults(orders) == ["other fields of the secret were lost", wrong]


def test_a_client_that_is_left_over_or_lacks_a_keyset_is_a_fault(place: Place) -> None:
    old = place.client("orders").id
    place.rotate_client(("default", TENANT))
    new = place.secrets[BUNDLE]["CS_CLIENT_ID"]
    place.client("orders").life.ends_at = None

    assert place.faults(ORDERS) == [
        "the published client is not the one and only client",
        f"{old} does not open what its predecessor opened",
        f"{new} does not open what its predecessor opened",
    ]


def test_what_is_not_ours_to_touch_must_not_be_touched(place: Place) -> None:
    place.end(place.client("lena"))
    place.secrets["cipherstash/search"]["CS_CLIENT_ID"] = "another"
    place.secrets["cipherstash/reports"]["CS_CLIENT_ID"] = "its successor"

    touched = "which is not ours to touch, was touched"
    assert place.faults(member("lena")) == [f"{place.client('lena').id}, {touched}"]
    assert place.faults(member("search")) == [f"cipherstash/search, {touched}"]
    assert place.faults(member("reports")) == []


def test_every_secret_of_an_application_publishes_what_it_needs() -> None:
    published = {item.secret for item in VAULT}

    assert {name for item in APPLICATIONS for name in item.secrets} <= published
    assert {KeysetSeed(name=TENANT), KeysetSeed(name=LATE_TENANT)} == set(WORKSPACE_SEED.keysets)
