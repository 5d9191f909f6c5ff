"""Access keys in front of the simulated CipherStash keep the port's contract."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import httpx
import pytest

from rotator.core.facts import Principal
from rotator.core.ids import KeyId
from rotator.core.secret import KeyMaterial, Secret
from rotator.core.workspace import AccessRole
from rotator.errors import OutcomeUnknownError, UnavailableError
from rotator.providers.cipherstash.access_keys import CipherStashAccessKeys
from rotator.providers.cipherstash.admission import Door
from rotator.providers.cipherstash.config import ACCESS_KEYS, ApiKind, usual_paths
from rotator.simulators.cipherstash.shapes import AccessKeySeed, FaultKind, WorkspaceSeed
from rotator.testing.bench import Fault
from rotator.testing.provider_bench import OTHER_ROTATION, ProviderBench, listed, mint
from rotator.testing.provider_contract import KeyProviderContract
from tests.adapters.cipherstash.service import ACCOUNT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import timedelta

    from rotator.core.ids import Instant
    from rotator.providers.cipherstash.config import WorkspaceConfig
    from tests.adapters.cipherstash.service import Service

PROPAGATION_SECONDS = 20.0
SETTLING_SECONDS = 90.0

FAULTS = {
    Fault.LOST_ANSWER: FaultKind.LOSE_ANSWER,
    Fault.THROTTLED: FaultKind.THROTTLE,
    Fault.DENIED: FaultKind.ACCESS_DENIED,
}


class AccessKeyBench(ProviderBench):
    def __init__(self, service: Service, config: WorkspaceConfig | None = None) -> None:
        self._service = service
        roles = (("*", AccessRole.MEMBER),)
        admission = service.new_admission(config or replace(service.new_config(), roles=roles))
        self._provider = CipherStashAccessKeys([admission])
        self.settle()
        # Enter before a fault can meet the entrance instead of the call.
        admission.token(Door.ADMIN)

    @property
    def provider(self) -> CipherStashAccessKeys:
        return self._provider

    def now(self) -> Instant:
        return self._service.clock.now()

    def advance(self, period: timedelta) -> None:
        self._service.clock.sleep(period.total_seconds())

    def settle(self) -> None:
        self._service.clock.sleep(SETTLING_SECONDS)

    @contextmanager
    def failing(self, fault: Fault) -> Iterator[None]:
        with self._service.failing(FAULTS[fault]):
            yield

    def new_principal(self) -> Principal:
        name = self._service.new_name()
        return Principal(provider=ACCESS_KEYS, account=ACCOUNT, name=name, uid=name)

    def mint_by_hand(self, principal: Principal) -> KeyMaterial:
        name = self._service.new_name(f"{principal.name}.rotator-but-not-a-rotation")
        if not self._provider.list_keys(principal).keys:
            name = principal.name
        seed = WorkspaceSeed(workspace_id=ACCOUNT, access_keys=(AccessKeySeed(name=name),))
        made = self._service.process.seed(seed).access_keys[name]
        return KeyMaterial(key_id=KeyId(made.key_id), secret=Secret(made.access_key))

    def delete_by_hand(self, principal: Principal, key: KeyId) -> None:
        state = next(item for item in self._service.state.access_keys if item.key_id == key)
        answer = httpx.request(
            "DELETE",
            f"{self._service.process.cts_url}api/access-key",
            json={"workspaceId": ACCOUNT, "keyName": state.name},
            headers={"authorization": f"Bearer {self._service.seeded.human}"},
            trust_env=False,
        )
        assert answer.is_success

    def use(self, material: KeyMaterial) -> bool:
        return httpx.post(
            f"{self._service.process.cts_url}api/authorise",
            json={"accessKey": material.secret.reveal()},
            trust_env=False,
        ).is_success

    def delay_activation(self) -> None:
        self._service.configure(propagation_delay_seconds=PROPAGATION_SECONDS)

    def make_person(self, principal: Principal) -> None:
        pytest.skip("no access key is a person's")

    def tag_by_hand(self, principal: Principal, name: str, value: str) -> None:
        pytest.skip("access keys carry no tags")

    def replace_by_hand(self, principal: Principal) -> None:
        pytest.skip("a lineage is a name; another one of that name is the same")


class _OfLineages(KeyProviderContract):
    """The contract of a provider whose keys are named, and where names are unique."""

    def test_principals_yields_every_principal_once(self, bench: ProviderBench) -> None:
        """A lineage without a key is a name that nobody lists."""
        made = [bench.new_principal() for _ in range(3)]
        for principal in made:
            bench.mint_by_hand(principal)
        mint(bench, made[0])
        found = [item.uid for item in bench.provider.principals(ACCOUNT) if item in made]

        assert sorted(found) == sorted(item.uid for item in made)

    def test_minting_again_makes_another_key(self, bench: ProviderBench) -> None:
        """Not here: its name is taken, so an earlier request landed, and somebody must look."""
        principal = bench.new_principal()
        key = mint(bench, principal).key_id
        with pytest.raises(OutcomeUnknownError) as caught:
            mint(bench, principal)

        assert caught.value.code == "name_taken"
        assert list(listed(bench, principal)) == [key]

    def test_only_the_named_key_is_deleted(self, bench: ProviderBench) -> None:
        principal = bench.new_principal()
        kept, lost = mint(bench, principal), mint_other(bench, principal)
        bench.provider.delete_key(principal, lost.key_id, not_after=bench.soon())

        assert list(listed(bench, principal)) == [kept.key_id]
        assert bench.use(kept)


def mint_other(bench: ProviderBench, principal: Principal) -> KeyMaterial:
    """Mint in another rotation than `mint` does."""
    minted = bench.provider.create_key(
        principal, OTHER_ROTATION, replaces=None, not_after=bench.soon()
    )
    bench.settle()
    return minted.material


class TestAccessKeys(_OfLineages):
    @pytest.fixture
    def bench(self, service: Service) -> AccessKeyBench:
        return AccessKeyBench(service)


class TestAccessKeysOfASlowService(_OfLineages):
    """Listings a minute old, which tell the role and write ids with their prefix."""

    @pytest.fixture
    def bench(self, service: Service) -> AccessKeyBench:
        service.configure(list_lag_seconds=60, key_ids_with_prefix=True, keys_tell_role=True)
        return AccessKeyBench(service)

    def test_deleting_twice_is_no_error(self, bench: ProviderBench) -> None:
        """Once the listing shows it; before, "not found" may be the path's answer."""
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


class TestAccessKeysOfTheLegacyConsole(_OfLineages):
    """Bare texts, no roles, a person's token, and no body for no keys."""

    @pytest.fixture
    def bench(self, service: Service) -> AccessKeyBench:
        service.configure(empty_list_is_empty_body=True)
        config = replace(
            service.new_config(),
            kind=ApiKind.LEGACY,
            cts_url=service.process.console_url,
            paths=usual_paths(ApiKind.LEGACY),
            admin=lambda: Secret(service.seeded.human),
        )
        return AccessKeyBench(service, config)
