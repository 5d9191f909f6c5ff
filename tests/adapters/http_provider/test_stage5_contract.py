"""A Stage5 workspace, by its spec alone, keeps every contract of the ports."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import timedelta
from itertools import count
from typing import TYPE_CHECKING

import pytest

from rotator.core.api_keys import ApiKeyWish
from rotator.core.facts import Principal
from rotator.core.ids import Instant, KeyId
from rotator.core.secret import KeyMaterial, Secret
from rotator.errors import UnavailableError
from rotator.simulators.stage5.shapes import Settings
from rotator.testing.api_keys_contract import ApiKeysBench, ApiKeysContract
from rotator.testing.provider_bench import ProviderBench, mint
from rotator.testing.provider_contract import KeyProviderContract
from tests.adapters.http_provider.stage5_account import ACCOUNT, SPEC, Stage5Account

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from rotator.ports.api_keys import ApiKeys
    from rotator.ports.provider import KeyProvider
    from rotator.testing.bench import Fault


class Stage5Bench(ProviderBench):
    def __init__(self, **settings: object) -> None:
        self._account = Stage5Account()
        self._acme = self._account.acme
        self._acme.configure(**settings)
        self._settings = settings
        self._provider = self._account.provider()
        self._names = count(1)

    @property
    def provider(self) -> KeyProvider:
        return self._provider

    def now(self) -> Instant:
        return self._acme.clock.now()

    def advance(self, period: timedelta) -> None:
        self._acme.clock.advance(period)

    def settle(self) -> None:
        self._account.settle()

    @contextmanager
    def failing(self, fault: Fault) -> Iterator[None]:
        with self._account.failing(fault):
            yield

    def new_principal(self) -> Principal:
        name = f"svc-{next(self._names)}"
        return Principal(provider=SPEC.name, account=ACCOUNT, name=name, uid=name)

    def mint_by_hand(self, principal: Principal) -> KeyMaterial:
        made = self._acme.made(principal.name, scopes=["projects:read"])
        return _material(made)

    def mint_expiring(self, principal: Principal) -> tuple[KeyMaterial, Instant]:
        ends = Instant(self.now() + timedelta(days=7))
        made = self._acme.made(principal.name, expiresAt=ends.isoformat())
        return _material(made), ends

    def delete_by_hand(self, principal: Principal, key: KeyId) -> None:
        assert self._acme.revoke(key).status_code == 204

    def use(self, material: KeyMaterial) -> bool:
        return self._acme.me(material.secret.reveal()).is_success

    def delay_activation(self) -> None:
        self._acme.world.settings = Settings.model_validate(
            {**self._settings, "propagation_delay_seconds": 20.0}
        )

    def make_person(self, principal: Principal) -> None:
        pytest.skip("no access key is a person's")

    def tag_by_hand(self, principal: Principal, name: str, value: str) -> None:
        pytest.skip("access keys carry no tags")

    def replace_by_hand(self, principal: Principal) -> None:
        pytest.skip("a lineage is a name; another one of that name is the same")


def _material(made: dict[str, Any]) -> KeyMaterial:
    return KeyMaterial(key_id=KeyId(made["id"]), secret=Secret(made["key"]))


class _OfLineages(KeyProviderContract):
    """A lineage is a name: one without a key is nobody's, and another one has no keys."""

    def test_principals_yields_every_principal_once(self, bench: ProviderBench) -> None:
        made = [bench.new_principal() for _ in range(3)]
        for principal in made:
            bench.mint_by_hand(principal)
            bench.mint_by_hand(principal)
        bench.settle()
        found = [item.uid for item in bench.provider.principals(ACCOUNT) if item in made]

        assert found == [item.uid for item in made]


class TestStage5(_OfLineages):
    @pytest.fixture
    def bench(self) -> ProviderBench:
        return Stage5Bench()


class TestASlowStage5(_OfLineages):
    """Pages of one key, lists and last uses that are late, revoked keys let in for a while."""

    @pytest.fixture
    def bench(self) -> ProviderBench:
        return Stage5Bench(
            max_page_size=1,
            list_lag_seconds=25,
            revocation_lag_seconds=45,
            last_used_every_seconds=300,
            last_used_lag_seconds=60,
        )

    def test_deleting_twice_is_no_error(self, bench: ProviderBench) -> None:
        """Once the list shows it; before, "not found" may be a mistyped path's answer."""
        principal = bench.new_principal()
        key = mint(bench, principal).key_id
        bench.provider.delete_key(principal, key, not_after=bench.soon())
        with pytest.raises(UnavailableError) as caught:
            bench.provider.delete_key(principal, key, not_after=bench.soon())
        bench.settle()
        bench.provider.delete_key(principal, key, not_after=bench.soon())

        assert caught.value.code == "still_listed"

    def test_deleting_what_somebody_else_deleted_is_no_error(self, bench: ProviderBench) -> None:
        principal = bench.new_principal()
        key = mint(bench, principal).key_id
        bench.delete_by_hand(principal, key)
        bench.settle()
        bench.provider.delete_key(principal, key, not_after=bench.soon())


class Stage5KeysBench(ApiKeysBench):
    wish = ApiKeyWish(
        name="ci",
        description="deploys",
        lifetime=timedelta(days=30),
        scopes=("projects:read",),
    )

    def __init__(self) -> None:
        self._account = Stage5Account()
        self._keys = self._account.api_keys()

    @property
    def keys(self) -> ApiKeys:
        return self._keys

    def entered_as_nobody(self) -> ApiKeys:
        self._account.token = self._account.acme.crm
        return self._account.api_keys()

    def now(self) -> Instant:
        return self._account.acme.clock.now()

    def advance(self, period: timedelta) -> None:
        self._account.acme.clock.advance(period)

    def settle(self) -> None:
        self._account.settle()

    @contextmanager
    def failing(self, fault: Fault) -> Iterator[None]:
        with self._account.failing(fault):
            yield


class TestStage5ByHand(ApiKeysContract):
    @pytest.fixture
    def bench(self) -> ApiKeysBench:
        return Stage5KeysBench()
