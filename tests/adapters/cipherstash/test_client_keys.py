"""Client keys: what a successor may open, how a client is switched off, and how it is tried."""

from __future__ import annotations

import logging
import traceback
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from rotator.core.facts import Principal
from rotator.core.ids import AccountId, Instant, KeyId
from rotator.core.secret import KeyMaterial, Secret
from rotator.errors import (
    AccessDeniedError,
    ConflictError,
    NotFoundError,
    OutcomeUnknownError,
    RejectedError,
    RotatorError,
    UnavailableError,
)
from rotator.ports.provider import (
    CanDisable,
    CanKeepGrants,
    CanReportUse,
    CanTellPeople,
    KeyProvider,
    Verdict,
)
from rotator.providers.cipherstash import client_keys
from rotator.providers.cipherstash.client_keys import CipherStashClientKeys
from rotator.providers.cipherstash.config import CLIENT_KEYS
from rotator.simulators.cipherstash.proxy_keys import marks_of
from rotator.simulators.cipherstash.shapes import FaultKind
from tests.adapters.cipherstash.scripted import Script
from tests.adapters.cipherstash.service import ACCOUNT, ROTATION

if TYPE_CHECKING:
    from tests.adapters.cipherstash.service import Service

NAME = "api"
NOBODY = KeyId("00000000-0000-4000-8000-000000000000")
OF_2024 = "dataset_id"
MARK = "ROTATORLEAKCHECK"


def principal(name: str = NAME, account: AccountId = ACCOUNT) -> Principal:
    return Principal(provider=CLIENT_KEYS, account=account, name=name, uid=name)


@pytest.fixture
def provider(service: Service) -> CipherStashClientKeys:
    return CipherStashClientKeys([service.admission])


def rotated(service: Service, provider: CipherStashClientKeys, old: KeyId) -> KeyMaterial:
    """Mint a successor and grant it what its predecessor has, as the machine does."""
    minted = provider.create_key(principal(), ROTATION, replaces=old, not_after=service.soon())
    key = minted.material.key_id
    grants = provider.grants(principal(), old)
    provider.grant(principal(), key, grants, not_after=service.soon())
    return minted.material


def named(service: Service, *names: str) -> frozenset[str]:
    return frozenset(service.keyset(name) for name in names)


def enabled(provider: CipherStashClientKeys, key: KeyId) -> bool:
    info = provider.list_keys(principal()).find(key)
    assert info is not None
    return info.enabled


class TestWhatItIs:
    def test_it_can_what_its_traits_say(self, provider: CipherStashClientKeys) -> None:
        assert isinstance(provider, KeyProvider)
        assert isinstance(provider, CanDisable)
        assert isinstance(provider, CanKeepGrants)
        assert isinstance(provider, CanTellPeople)
        assert not isinstance(provider, CanReportUse)
        traits = provider.traits
        assert (traits.max_keys, traits.can_disable, traits.can_report_use) == (None, True, False)
        assert (traits.marks_keys, traits.has_grants) == (True, True)

    def test_its_periods_are_those_of_the_slowest_workspace(self, service: Service) -> None:
        slow = replace(service.new_config(), account=AccountId("PONMLKJIHGFEDCBA"))
        slow = replace(slow, list_lag=slow.list_lag * 3, request_window=slow.request_window * 2)
        provider = CipherStashClientKeys([service.admission, service.new_admission(slow)])
        assert provider.traits.list_lag == slow.list_lag
        assert provider.traits.signature_window == slow.request_window

    def test_a_workspace_that_is_not_configured_is_refused(
        self, provider: CipherStashClientKeys
    ) -> None:
        with pytest.raises(RejectedError) as caught:
            provider.list_keys(principal(account=AccountId("PONMLKJIHGFEDCBA")))
        assert caught.value.code == "unknown_account"


class TestLineages:
    def test_each_is_yielded_once_whoever_its_clients_belong_to(
        self, service: Service, provider: CipherStashClientKeys
    ) -> None:
        service.new_client(NAME)
        service.new_client(f"{NAME}.rotator-{ROTATION}")
        service.new_client(NAME)
        service.new_client("laptop", is_device=True)
        service.configure(client_listing=OF_2024)
        assert [one.name for one in provider.principals(ACCOUNT)] == [NAME, "laptop"]
        assert {one.uid for one in provider.principals(ACCOUNT)} == {NAME, "laptop"}

    def test_the_name_of_a_client_tells_the_rotation_that_made_it(
        self, service: Service, provider: CipherStashClientKeys
    ) -> None:
        old = service.new_client(NAME).key_id
        new = rotated(service, provider, old).key_id
        listing = provider.list_keys(principal())
        assert {key.key_id: key.rotation for key in listing.keys} == {old: None, new: ROTATION}

    def test_a_client_without_a_time_of_birth_is_undated_and_not_new(
        self, service: Service, provider: CipherStashClientKeys
    ) -> None:
        service.new_client(NAME)
        (key,) = provider.list_keys(principal()).keys
        assert not key.is_dated
        assert key.created_at == provider.list_keys(principal()).provider_time

    def test_a_time_of_birth_is_taken_where_it_is_told(self) -> None:
        script = Script()
        script.on("cts:Authorise", (200, script.token()))
        row = {"id": "c-1", "name": NAME, "keyset_ids": [], "created_at": "2025-01-02T03:04:05Z"}
        script.on("zerokms:ListClients", (200, [row]))
        (key,) = CipherStashClientKeys([script.admission()]).list_keys(principal()).keys
        assert key.is_dated
        assert key.created_at.isoformat() == "2025-01-02T03:04:05+00:00"

    def test_a_lineage_without_clients_has_no_keys(self, provider: CipherStashClientKeys) -> None:
        assert provider.list_keys(principal("gone")).keys == ()

    def test_a_device_makes_the_whole_lineage_a_persons(
        self, service: Service, provider: CipherStashClientKeys
    ) -> None:
        service.new_client(NAME)
        assert not provider.is_person(principal())
        service.new_client(NAME, is_device=True)
        assert provider.is_person(principal())

    def test_a_scan_lists_everybody_once_however_many_there_are(
        self, service: Service, provider: CipherStashClientKeys
    ) -> None:
        service.new_client(NAME, is_device=True)
        service.new_client("another")
        found = list(provider.principals(principal().account))
        before = len(service.calls("list-clients"))

        assert {item.name: provider.is_person(item) for item in found} == {
            NAME: True,
            "another": False,
        }
        assert len(service.calls("list-clients")) == before


class TestWhetherAClientIsEnabled:
    def test_is_whether_it_may_open_what_it_is_bound_to(
        self, service: Service, provider: CipherStashClientKeys
    ) -> None:
        key = service.new_client(NAME, "default", "tenant-a").key_id
        assert enabled(provider, key)
        grant = {"client_id": key, "keyset_id": service.keyset("default")}
        assert service.by_hand("revoke-keyset", grant).is_success
        assert not enabled(provider, key)

    def test_is_whether_it_has_any_grant_where_the_bound_keyset_is_untold(
        self, service: Service, provider: CipherStashClientKeys
    ) -> None:
        service.configure(client_listing="keysets")
        key = service.new_client(NAME, "default", "tenant-a").key_id
        for name in ("default", "tenant-a"):
            assert enabled(provider, key)
            grant = {"client_id": key, "keyset_id": service.keyset(name)}
            assert service.by_hand("revoke-keyset", grant).is_success
        assert not enabled(provider, key)

    def test_is_presumed_where_the_grants_cannot_be_read(
        self, service: Service, provider: CipherStashClientKeys
    ) -> None:
        service.configure(client_listing=OF_2024)
        assert enabled(provider, service.new_client(NAME).key_id)


class TestMinting:
    def test_a_successor_is_bound_alike_and_granted_nothing_else(
        self, service: Service, provider: CipherStashClientKeys
    ) -> None:
        old = service.new_client(NAME, "tenant-a", "default", "tenant-b").key_id
        minted = provider.create_key(principal(), ROTATION, replaces=old, not_after=service.soon())
        made = service.client(minted.material.key_id)
        assert made.name == f"{NAME}.rotator-{ROTATION}"
        assert made.bound_keyset == service.keyset("tenant-a")
        assert made.grants == named(service, "tenant-a")
        assert minted.material.secret.reveal() == made.client_key
        assert len(service.calls("create-client")) == 1

    def test_the_successor_of_a_successor_has_one_ending(
        self, service: Service, provider: CipherStashClientKeys
    ) -> None:
        old = service.new_client(f"{NAME}.rotator-{'0' * 8}-0000-4000-8000-{'0' * 12}").key_id
        minted = provider.create_key(principal(), ROTATION, replaces=old, not_after=service.soon())
        assert service.client(minted.material.key_id).name == f"{NAME}.rotator-{ROTATION}"

    def test_a_bound_keyset_that_is_not_listed_is_asked_for(
        self, service: Service, provider: CipherStashClientKeys
    ) -> None:
        service.configure(client_listing="keysets")
        old = service.new_client(NAME, "tenant-a", "default").key_id
        minted = provider.create_key(principal(), ROTATION, replaces=old, not_after=service.soon())
        assert service.client(minted.material.key_id).bound_keyset == service.keyset("tenant-a")

    def test_a_client_whose_grants_cannot_be_read_is_not_rotated_and_says_which(
        self, service: Service, provider: CipherStashClientKeys
    ) -> None:
        service.configure(client_listing=OF_2024)
        old = service.new_client(NAME).key_id
        with pytest.raises(RejectedError, match=f"client {NAME}") as caught:
            provider.create_key(principal(), ROTATION, replaces=old, not_after=service.soon())
        assert (caught.value.code, caught.value.subject) == ("grants_unreadable", old)
        assert "cipherstash.workspaces[].api.clientKeysetsField" in caught.value.hint
        assert service.calls("create-client") == []

    def test_without_an_example_nothing_is_made(
        self, service: Service, provider: CipherStashClientKeys
    ) -> None:
        service.new_client(NAME)
        with pytest.raises(RejectedError) as caught:
            provider.create_key(principal(), ROTATION, replaces=None, not_after=service.soon())
        assert caught.value.code == "no_example"
        with pytest.raises(NotFoundError):
            provider.create_key(principal(), ROTATION, replaces=NOBODY, not_after=service.soon())
        assert service.calls("create-client") == []

    def test_the_client_of_another_lineage_is_no_example(
        self, service: Service, provider: CipherStashClientKeys
    ) -> None:
        other = service.new_client("other").key_id
        with pytest.raises(NotFoundError):
            provider.create_key(principal(), ROTATION, replaces=other, not_after=service.soon())

    def test_a_developers_device_gets_no_successor(
        self, service: Service, provider: CipherStashClientKeys
    ) -> None:
        old = service.new_client(NAME, is_device=True).key_id
        with pytest.raises(RejectedError) as caught:
            provider.create_key(principal(), ROTATION, replaces=old, not_after=service.soon())
        assert caught.value.code == "device_backed"
        assert service.calls("create-client") == []

    def test_a_client_that_is_bound_to_nothing_gets_no_successor_with_more(
        self, service: Service, provider: CipherStashClientKeys
    ) -> None:
        script = Script()
        script.on("cts:Authorise", (200, script.token()))
        row = {"id": "c-1", "name": NAME, "keyset_ids": ["k-1"]}
        script.on("zerokms:ListClients", (200, [row]))
        script.on("zerokms:LoadKeyset", (404, "Client (c-1) has no default keyset"))
        unbound = CipherStashClientKeys([script.admission()])
        with pytest.raises(RejectedError) as caught:
            unbound.create_key(
                principal(), ROTATION, replaces=KeyId("c-1"), not_after=service.soon()
            )
        assert caught.value.code == "unbound"
        assert script.count("zerokms:CreateClient") == 0

    @pytest.mark.parametrize("is_disabled", [False, True])
    def test_a_successor_that_was_silently_bound_elsewhere_is_the_wrong_one(
        self, service: Service, *, is_disabled: bool
    ) -> None:
        """Searches over what its predecessor wrote would find nothing."""
        script = Script()
        script.on("cts:Authorise", (200, script.token()))
        old = {"id": "c-1", "name": NAME, "dataset_id": "k-1", "keyset_ids": ["k-1"]}
        new = {**old, "id": "c-2", "dataset_id": "k-0", "keyset_ids": ["k-0", "k-1"]}
        script.on("zerokms:ListClients", (200, [old]), (200, [old, new]))
        other = {"id": "k-0", "name": "elsewhere", "is_disabled": is_disabled}
        script.on("zerokms:ListKeysets", (200, [other]))
        script.on("zerokms:LoadKeyset", (200, {"dataset": {"id": "k-0"}}))
        script.on("zerokms:CreateClient", (200, {"id": "c-2", "client_key": "pA=="}))
        provider = CipherStashClientKeys([script.admission()])
        minted = provider.create_key(
            principal(), ROTATION, replaces=KeyId("c-1"), not_after=service.soon()
        )
        assert provider.verify(principal(), minted.material) is Verdict.WRONG_PRINCIPAL

    def test_the_description_goes_on_and_is_never_empty(self) -> None:
        script = Script()
        script.on("cts:Authorise", (200, script.token()))
        row = {"id": "c-1", "name": NAME, "dataset_id": "k-1", "keyset_ids": ["k-1"]}
        script.on("zerokms:ListClients", (200, [{**row, "description": "the API's"}]), (200, [row]))
        script.on("zerokms:CreateClient", (200, {"id": "c-2", "client_key": "pA=="}))
        provider = CipherStashClientKeys([script.admission()])
        at = Instant(script.clock.now())
        for _ in range(2):
            provider.create_key(principal(), ROTATION, replaces=KeyId("c-1"), not_after=at)
        told = [sent.body["description"] for sent in script.sent if sent.is_change]
        assert told == ["the API's", "Made by rotator"]


class TestGranting:
    def test_only_what_is_missing_is_sent_disabled_keysets_included(
        self, service: Service, provider: CipherStashClientKeys
    ) -> None:
        disabled = {"keyset_id": service.keyset("tenant-b")}
        assert service.by_hand("disable-keyset", disabled).is_success
        old = service.new_client(NAME, "default", "tenant-a", "tenant-b").key_id
        new = rotated(service, provider, old).key_id
        assert service.client(new).grants == service.client(old).grants
        assert [one.keyset for one in service.calls("grant-keyset")] == sorted(
            named(service, "tenant-a", "tenant-b")
        )
        rotated_again = provider.grants(principal(), new)
        provider.grant(principal(), new, rotated_again, not_after=service.soon())
        assert len(service.calls("grant-keyset")) == 2

    def test_a_keyset_that_does_not_exist_is_named(
        self, service: Service, provider: CipherStashClientKeys
    ) -> None:
        key = service.new_client(NAME).key_id
        with pytest.raises(NotFoundError) as caught:
            provider.grant(principal(), key, frozenset({NOBODY}), not_after=service.soon())
        assert caught.value.subject == NOBODY

    def test_grants_that_cannot_be_read_are_no_empty_set(
        self, service: Service, provider: CipherStashClientKeys
    ) -> None:
        service.configure(client_listing=OF_2024)
        key = service.new_client(NAME).key_id
        with pytest.raises(RejectedError, match="does not tell every keyset"):
            provider.grants(principal(), key)
        wanted = named(service, "tenant-a")
        with pytest.raises(RejectedError, match="does not tell every keyset"):
            provider.grant(principal(), key, wanted, not_after=service.soon())
        assert service.calls("grant-keyset") == []


class TestSwitchingOff:
    def test_every_grant_is_taken_the_bound_keysets_last(
        self, service: Service, provider: CipherStashClientKeys
    ) -> None:
        key = service.new_client(NAME, "tenant-a", "default", "tenant-b").key_id
        provider.disable_key(principal(), key, not_after=service.soon())
        assert service.client(key).grants == frozenset()
        taken = [one.keyset for one in service.calls("revoke-keyset")]
        assert len(taken) == 3
        assert taken[-1] == service.keyset("tenant-a")

    def test_what_fails_at_once_is_told_as_it_is(
        self, service: Service, provider: CipherStashClientKeys
    ) -> None:
        key = service.new_client(NAME, "default", "tenant-a").key_id
        service.fault(FaultKind.ACCESS_DENIED, "revoke-keyset")
        with pytest.raises(AccessDeniedError):
            provider.disable_key(principal(), key, not_after=service.soon())
        assert enabled(provider, key)

    def test_what_fails_halfway_is_unknown_and_a_repeat_finishes_it(
        self, service: Service, provider: CipherStashClientKeys
    ) -> None:
        key = service.new_client(NAME, "default", "tenant-a").key_id
        service.fault(FaultKind.ACCESS_DENIED, "revoke-keyset", skip=1)
        with pytest.raises(OutcomeUnknownError) as caught:
            provider.disable_key(principal(), key, not_after=service.soon())
        assert caught.value.code == "forbidden"
        assert enabled(provider, key)
        provider.disable_key(principal(), key, not_after=service.soon())
        assert not enabled(provider, key)

    def test_time_is_looked_at_before_every_request(
        self, service: Service, provider: CipherStashClientKeys
    ) -> None:
        key = service.new_client(NAME, "default", "tenant-a").key_id
        with pytest.raises(ConflictError):
            provider.disable_key(principal(), key, not_after=service.past())
        assert service.calls("revoke-keyset") == []

    def test_a_client_whose_grants_cannot_be_read_is_not_switched(
        self, service: Service, provider: CipherStashClientKeys
    ) -> None:
        service.configure(client_listing=OF_2024)
        key = service.new_client(NAME).key_id
        with pytest.raises(RejectedError, match="does not tell every keyset"):
            provider.disable_key(principal(), key, not_after=service.soon())
        assert service.calls("revoke-keyset") == []

    def test_a_revoke_that_nobody_knows_is_no_success(
        self, service: Service, provider: CipherStashClientKeys
    ) -> None:
        key = service.new_client(NAME).key_id
        service.configure(moved={"revoke-keyset": "/take-keyset"})
        with pytest.raises(UnavailableError, match="the API may have changed"):
            provider.disable_key(principal(), key, not_after=service.soon())
        assert enabled(provider, key)


class TestSwitchingOn:
    def test_a_client_gets_what_its_successor_has_the_bound_keyset_last(
        self, service: Service, provider: CipherStashClientKeys
    ) -> None:
        old = service.new_client(NAME, "tenant-a", "default").key_id
        new = rotated(service, provider, old).key_id
        provider.disable_key(principal(), old, not_after=service.soon())
        # A tenant that came meanwhile is the old client's, too, if consumers go back to it.
        granted = frozenset({service.keyset("tenant-b")})
        provider.grant(principal(), new, granted, not_after=service.soon())
        service.process.clear_calls()
        provider.enable_key(principal(), old, not_after=service.soon())
        assert service.client(old).grants == named(service, "tenant-a", "default", "tenant-b")
        assert [one.keyset for one in service.calls("grant-keyset")][-1] == service.keyset(
            "tenant-a"
        )

    def test_of_several_the_newest_enabled_one_is_the_example(self) -> None:
        script = Script()
        script.on("cts:Authorise", (200, script.token()))
        born = {"a": "2025-01-01T00:00:00Z", "b": "2025-03-01T00:00:00Z"}
        rows = [
            {"id": "old", "name": NAME, "dataset_id": "k-0", "keyset_ids": []},
            *(
                {"id": one, "name": NAME, "keyset_ids": [f"k-{one}"], "created_at": at}
                for one, at in born.items()
            ),
            {"id": "off", "name": NAME, "keyset_ids": [], "created_at": "2025-09-01T00:00:00Z"},
            {"id": "else", "name": "other", "keyset_ids": ["k-else"]},
        ]
        script.on("zerokms:ListClients", (200, rows))
        script.on("zerokms:GrantKeyset", (200, {}))
        provider = CipherStashClientKeys([script.admission()])
        provider.enable_key(principal(), KeyId("old"), not_after=script.clock.now())
        granted = [sent.body["keyset_id"]["Uuid"] for sent in script.sent if sent.is_change]
        assert granted == ["k-b", "k-0"]

    @pytest.mark.parametrize(
        "stranger",
        [{"dataset_id": "k-9", "keyset_ids": ["k-9"]}, {"keyset_ids": ["k-0", "k-9"]}],
        ids=["bound elsewhere", "bound alike"],
    )
    def test_a_namesake_that_we_did_not_make_is_no_example_beside_the_successor(
        self, stranger: dict[str, object]
    ) -> None:
        script = Script()
        script.on("cts:Authorise", (200, script.token()))
        bound = {"name": NAME, "dataset_id": "k-0"}
        rows = [
            {**bound, "id": "old", "keyset_ids": []},
            {**bound, "id": "new", "name": f"{NAME}.rotator-{ROTATION}", "keyset_ids": ["k-0"]},
            {**bound, "id": "namesake", **stranger, "created_at": "2026-09-01T00:00:00Z"},
        ]
        script.on("zerokms:ListClients", (200, rows))
        script.on("zerokms:GrantKeyset", (200, {}))
        provider = CipherStashClientKeys([script.admission()])
        provider.enable_key(principal(), KeyId("old"), not_after=script.clock.now())
        granted = [sent.body["keyset_id"]["Uuid"] for sent in script.sent if sent.is_change]
        assert granted == ["k-0"]

    def test_without_a_successor_a_client_that_is_bound_elsewhere_is_no_example(self) -> None:
        script = Script()
        script.on("cts:Authorise", (200, script.token()))
        rows = [
            {"id": "old", "name": NAME, "dataset_id": "k-0", "keyset_ids": []},
            {"id": "namesake", "name": NAME, "dataset_id": "k-9", "keyset_ids": ["k-9"]},
        ]
        script.on("zerokms:ListClients", (200, rows))
        script.on("zerokms:GrantKeyset", (200, {}))
        provider = CipherStashClientKeys([script.admission()])
        provider.enable_key(principal(), KeyId("old"), not_after=script.clock.now())
        granted = [sent.body["keyset_id"]["Uuid"] for sent in script.sent if sent.is_change]
        assert granted == ["k-0"]

    def test_a_stale_listing_that_shows_it_enabled_still_does_not_keep_it_off(
        self, service: Service, provider: CipherStashClientKeys
    ) -> None:
        old = service.new_client(NAME, "tenant-a", "default").key_id
        rotated(service, provider, old)
        service.configure(list_lag_seconds=60)
        service.clock.sleep(61)
        provider.disable_key(principal(), old, not_after=service.soon())
        assert enabled(provider, old)
        provider.enable_key(principal(), old, not_after=service.soon())
        assert service.client(old).grants == named(service, "tenant-a", "default")

    def test_one_keyset_that_is_refused_does_not_keep_the_others_shut(
        self, service: Service, provider: CipherStashClientKeys
    ) -> None:
        old = service.new_client(NAME, "default", "tenant-a", "tenant-b").key_id
        rotated(service, provider, old)
        provider.disable_key(principal(), old, not_after=service.soon())
        refused = service.keyset("tenant-a")
        service.fault(FaultKind.ACCESS_DENIED, "grant-keyset", keyset=refused)
        with pytest.raises(OutcomeUnknownError, match="1 of 3 keysets") as caught:
            provider.enable_key(principal(), old, not_after=service.soon())
        assert caught.value.code == "forbidden"
        assert service.client(old).grants == named(service, "default", "tenant-b")

    def test_when_every_keyset_is_refused_nothing_was_done(
        self, service: Service, provider: CipherStashClientKeys
    ) -> None:
        key = service.new_client(NAME, "default").key_id
        provider.disable_key(principal(), key, not_after=service.soon())
        service.fault(FaultKind.ACCESS_DENIED, "grant-keyset")
        with pytest.raises(AccessDeniedError):
            provider.enable_key(principal(), key, not_after=service.soon())

    def test_alone_it_gets_what_it_is_bound_to(
        self, service: Service, provider: CipherStashClientKeys
    ) -> None:
        key = service.new_client(NAME, "tenant-a", "default").key_id
        provider.disable_key(principal(), key, not_after=service.soon())
        provider.enable_key(principal(), key, not_after=service.soon())
        assert service.client(key).grants == named(service, "tenant-a")

    def test_with_nothing_to_go_by_it_is_refused(
        self, service: Service, provider: CipherStashClientKeys
    ) -> None:
        service.configure(client_listing="keysets")
        key = service.new_client(NAME).key_id
        provider.disable_key(principal(), key, not_after=service.soon())
        with pytest.raises(RejectedError) as caught:
            provider.enable_key(principal(), key, not_after=service.soon())
        assert caught.value.code == "no_example"

    def test_what_was_interrupted_is_finished_by_a_repeat(
        self, service: Service, provider: CipherStashClientKeys
    ) -> None:
        old = service.new_client(NAME, "default", "tenant-a", "tenant-b").key_id
        rotated(service, provider, old)
        provider.disable_key(principal(), old, not_after=service.soon())
        service.fault(FaultKind.LOSE_ANSWER, "grant-keyset", skip=1)
        with pytest.raises(OutcomeUnknownError):
            provider.enable_key(principal(), old, not_after=service.soon())
        assert not enabled(provider, old)
        provider.enable_key(principal(), old, not_after=service.soon())
        assert service.client(old).grants == named(service, "default", "tenant-a", "tenant-b")


class TestDeleting:
    def test_grants_are_taken_first(
        self, service: Service, provider: CipherStashClientKeys
    ) -> None:
        key = service.new_client(NAME, "default", "tenant-a").key_id
        provider.delete_key(principal(), key, not_after=service.soon())
        operations = [one.operation for one in service.calls("revoke-keyset", "delete-client")]
        assert operations == ["revoke-keyset", "revoke-keyset", "delete-client"]
        assert service.client(key).deleted_at is not None

    def test_a_client_of_another_lineage_is_left_alone(
        self, service: Service, provider: CipherStashClientKeys
    ) -> None:
        other = service.new_client("other").key_id
        with pytest.raises(RejectedError) as caught:
            provider.delete_key(principal(), other, not_after=service.soon())
        assert caught.value.code == "another_lineage"
        assert service.client(other).deleted_at is None
        assert service.client(other).grants == named(service, "default")

    def test_a_client_that_no_listing_shows_yet_is_deleted_all_the_same(
        self, service: Service, provider: CipherStashClientKeys
    ) -> None:
        service.configure(list_lag_seconds=60)
        key = service.new_client(NAME).key_id
        assert provider.list_keys(principal()).keys == ()
        provider.delete_key(principal(), key, not_after=service.soon())
        assert service.client(key).deleted_at is not None

    def test_one_whose_grants_cannot_be_read_can_still_be_deleted(
        self, service: Service, provider: CipherStashClientKeys
    ) -> None:
        service.configure(client_listing=OF_2024)
        key = service.new_client(NAME).key_id
        provider.delete_key(principal(), key, not_after=service.soon())
        assert service.client(key).deleted_at is not None

    def test_what_fails_after_its_grants_were_taken_is_finished_by_a_repeat(
        self, service: Service, provider: CipherStashClientKeys
    ) -> None:
        key = service.new_client(NAME, "default", "tenant-a").key_id
        service.fault(FaultKind.LOSE_ANSWER, "delete-client")
        with pytest.raises(OutcomeUnknownError):
            provider.delete_key(principal(), key, not_after=service.soon())
        provider.delete_key(principal(), key, not_after=service.soon())
        assert len(service.calls("revoke-keyset")) == 2

    def test_a_delete_that_nobody_knows_is_no_success(
        self, service: Service, provider: CipherStashClientKeys
    ) -> None:
        key = service.new_client(NAME).key_id
        service.configure(moved={"delete-client": "/remove-client"})
        with pytest.raises(UnavailableError, match="the API may have changed"):
            provider.delete_key(principal(), key, not_after=service.soon())
        assert provider.list_keys(principal()).find(key) is not None


class TestTrying:
    def test_the_bound_keyset_and_every_other_grant_are_loaded(
        self, service: Service, provider: CipherStashClientKeys
    ) -> None:
        old = service.new_client(NAME, "default", "tenant-a", "tenant-b").key_id
        material = rotated(service, provider, old)
        service.process.clear_calls()
        assert provider.verify(principal(), material) is Verdict.ACCEPTED
        loaded = [one.keyset for one in service.calls("load-keyset")]
        assert loaded == ["", *sorted(named(service, "tenant-a", "tenant-b"))]

    def test_what_was_opened_once_is_not_tried_again_but_for_the_bound_keyset(
        self, service: Service, provider: CipherStashClientKeys
    ) -> None:
        material = service.new_client(NAME, "default", "tenant-a", "tenant-b")
        for _ in range(3):
            assert provider.verify(principal(), material) is Verdict.ACCEPTED
        loaded = [one.keyset for one in service.calls("load-keyset")]
        assert sorted(loaded) == ["", "", "", *sorted(named(service, "tenant-a", "tenant-b"))]
        provider.disable_key(principal(), material.key_id, not_after=service.soon())
        assert provider.verify(principal(), material) is Verdict.NOT_YET

    def test_thousands_of_keysets_are_loaded_in_several_tries(
        self,
        service: Service,
        provider: CipherStashClientKeys,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """A try renews no lease, so none may take much of one."""
        monkeypatch.setattr(client_keys, "_MOST_LOADS", 1)
        material = service.new_client(NAME, "default", "tenant-a", "tenant-b")
        with pytest.raises(UnavailableError) as caught:
            provider.verify(principal(), material)
        assert caught.value.code == "keysets_left"
        assert provider.verify(principal(), material) is Verdict.ACCEPTED
        loaded = [one.keyset for one in service.calls("load-keyset")]
        assert sorted(loaded) == ["", "", *sorted(named(service, "tenant-a", "tenant-b"))]

    def test_what_was_opened_is_forgotten_before_it_grows_too_large(
        self,
        service: Service,
        provider: CipherStashClientKeys,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(client_keys, "_REMEMBERED", 1)
        for _ in range(2):
            material = service.new_client(NAME, "default", "tenant-a")
            assert provider.verify(principal(), material) is Verdict.ACCEPTED
            assert len(provider._opened) == 1

    def test_a_client_that_opens_only_some_of_its_keysets_is_not_refused_either(
        self, service: Service, provider: CipherStashClientKeys
    ) -> None:
        material = service.new_client(NAME, "default", "tenant-a")
        tenant = service.keyset("tenant-a")
        with service.failing(FaultKind.NOT_FOUND, "load-keyset"):
            assert provider.verify(principal(), material) is Verdict.NOT_YET
        service.fault(FaultKind.NOT_FOUND, "load-keyset", keyset=tenant)
        assert provider.verify(principal(), material) is Verdict.PARTLY
        assert provider.verify(principal(), material) is Verdict.ACCEPTED

    @pytest.mark.parametrize("bound", ["default", "tenant-a"])
    def test_a_disabled_keyset_is_proved_by_the_listing(
        self, service: Service, provider: CipherStashClientKeys, bound: str
    ) -> None:
        others = [name for name in ("default", "tenant-a") if name != bound]
        material = service.new_client(NAME, bound, *others)
        disabled = {"keyset_id": service.keyset("tenant-a")}
        assert service.by_hand("disable-keyset", disabled).is_success
        assert provider.verify(principal(), material) is Verdict.ACCEPTED
        assert service.keyset("tenant-a") not in {
            one.keyset for one in service.calls("load-keyset")
        }

    def test_a_client_that_lost_a_disabled_bound_keyset_is_not_accepted(
        self, service: Service, provider: CipherStashClientKeys
    ) -> None:
        material = service.new_client(NAME, "tenant-a", "default")
        tenant = service.keyset("tenant-a")
        assert service.by_hand("disable-keyset", {"keyset_id": tenant}).is_success
        grant = {"client_id": material.key_id, "keyset_id": tenant}
        assert service.by_hand("revoke-keyset", grant).is_success
        assert provider.verify(principal(), material) is Verdict.NOT_YET

    def test_the_bound_keyset_is_enough_where_no_more_is_told(
        self, service: Service, provider: CipherStashClientKeys
    ) -> None:
        service.configure(client_listing=OF_2024)
        material = service.new_client(NAME, "default", "tenant-a")
        assert provider.verify(principal(), material) is Verdict.ACCEPTED

    @pytest.mark.parametrize(
        ("loaded", "verdict"),
        [
            (["k-1", "k-2"], Verdict.ACCEPTED),
            (["k-2", "k-2"], Verdict.WRONG_PRINCIPAL),
            (["k-1", "k-1"], Verdict.WRONG_PRINCIPAL),
        ],
    )
    def test_another_keyset_than_the_one_that_was_meant_is_wrong(
        self, loaded: list[str], verdict: Verdict
    ) -> None:
        script = Script()
        script.on("cts:Authorise", (200, script.token()))
        row = {"id": "c-1", "name": NAME, "dataset_id": "k-1", "keyset_ids": ["k-1", "k-2"]}
        script.on("zerokms:ListClients", (200, [row]))
        script.on("zerokms:ListKeysets", (200, []))
        answers = [(200, {"dataset": {"id": keyset}}) for keyset in loaded]
        script.on("zerokms:LoadKeyset", *answers)
        material = KeyMaterial(key_id=KeyId("c-1"), secret=Secret("a4"))
        provider = CipherStashClientKeys([script.admission()])
        assert provider.verify(principal(), material) is verdict

    def test_any_bound_keyset_will_do_where_none_is_told(
        self, service: Service, provider: CipherStashClientKeys
    ) -> None:
        service.configure(client_listing="keysets")
        material = service.new_client(NAME, "tenant-a", "default")
        assert provider.verify(principal(), material) is Verdict.ACCEPTED

    def test_a_client_that_works_and_is_not_listed_proves_nothing_either_way(
        self, service: Service, provider: CipherStashClientKeys
    ) -> None:
        service.configure(list_lag_seconds=60)
        material = service.new_client(NAME)
        assert provider.verify(principal(), material) is Verdict.PARTLY

    def test_a_client_of_another_workspace_is_not_known_here(
        self, provider: CipherStashClientKeys
    ) -> None:
        material = KeyMaterial(key_id=NOBODY, secret=Secret("a4"))
        assert provider.verify(principal(), material) is Verdict.NOT_YET

    @pytest.mark.parametrize(
        "text", ["", "a", "a4b", "pGJwMaFr", "'a4b1'", "a4 b1", "a4b1\n", "٤٤"]
    )
    def test_what_is_no_client_key_is_refused_before_anything_is_sent(
        self, service: Service, provider: CipherStashClientKeys, text: str
    ) -> None:
        key = service.new_client(NAME).key_id
        with pytest.raises(RejectedError) as caught:
            provider.verify(principal(), KeyMaterial(key_id=key, secret=Secret(text)))
        assert caught.value.code == "malformed_key"
        assert service.calls() == []


def test_no_key_is_in_a_log_an_error_or_a_repr(
    service: Service, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    service.configure(secret_mark=MARK, error_style="quoting")
    provider = CipherStashClientKeys([service.admission])
    old = service.new_client(NAME, "default", "tenant-a").key_id
    material = rotated(service, provider, old)
    said = [repr(material), repr(provider.list_keys(principal()))]
    for kind in (FaultKind.ACCESS_DENIED, FaultKind.GARBLE, FaultKind.SERVER_ERROR_AFTER):
        service.fault(kind, "create-client")
        with pytest.raises(RotatorError) as caught:
            provider.create_key(principal(), ROTATION, replaces=old, not_after=service.soon())
        said += [*traceback.format_exception(caught.value), repr(caught.value)]
    text = "\n".join([*said, caplog.text])
    for mark in marks_of(MARK):
        assert mark not in text
    assert service.seeded.admin.access_key not in text
