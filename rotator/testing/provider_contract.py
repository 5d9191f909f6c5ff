"""The contract of `rotator.ports.provider`, sentence by sentence, as tests.

An implementation is held to it like this::

    class TestOurAdapter(KeyProviderContract):
        @pytest.fixture
        def bench(self) -> ProviderBench:
            return OurBench(...)

Capabilities that the implementation lacks are skipped; that it declares what it
has is itself a test.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rotator.core.facts import Principal
from rotator.core.secret import KeyMaterial, Secret
from rotator.errors import (
    AccessDeniedError,
    ConflictError,
    NotFoundError,
    OutcomeUnknownError,
    PermanentError,
    QuotaExceededError,
    TransientError,
)
from rotator.ports.provider import CanDisable, CanReportUse, KeyProvider, Verdict
from rotator.testing.bench import TOLERANCE, Fault
from rotator.testing.capability_contract import (
    DisableContract,
    MarkContract,
    MinterContract,
    PeopleContract,
    UseContract,
)
from rotator.testing.expiry_contract import ExpiryContract
from rotator.testing.facts_contract import SurveyContract, TagsContract
from rotator.testing.grants_contract import GrantsContract
from rotator.testing.provider_bench import ROTATION, listed, mint

if TYPE_CHECKING:
    from rotator.testing.provider_bench import ProviderBench


class ListingContract:
    """Principals and their keys, as the provider tells them."""

    def test_it_is_a_key_provider(self, bench: ProviderBench) -> None:
        """The methods are there, by the names of the port."""
        assert isinstance(bench.provider, KeyProvider)

    def test_its_traits_say_which_capabilities_it_has(self, bench: ProviderBench) -> None:
        """Policy reads the traits, the shell asks isinstance: they agree."""
        traits = bench.provider.traits
        assert traits.can_disable == isinstance(bench.provider, CanDisable)
        assert traits.can_report_use == isinstance(bench.provider, CanReportUse)

    def test_principals_yields_every_principal_once(self, bench: ProviderBench) -> None:
        """All pages, each principal complete and only once."""
        made = [bench.new_principal() for _ in range(3)]
        found = [item.uid for item in bench.provider.principals(made[0].account) if item in made]
        assert sorted(found) == sorted(item.uid for item in made)

    def test_a_new_principal_has_no_keys(self, bench: ProviderBench) -> None:
        """An empty listing is a listing, not an error."""
        assert not bench.provider.list_keys(bench.new_principal()).keys

    def test_a_listing_carries_the_providers_time(self, bench: ProviderBench) -> None:
        """Attribution is by the provider's clock, which moves with the vendor's time."""
        principal = bench.new_principal()
        assert abs(bench.provider.list_keys(principal).provider_time - bench.now()) <= TOLERANCE
        bench.advance(10 * TOLERANCE)
        assert abs(bench.provider.list_keys(principal).provider_time - bench.now()) <= TOLERANCE

    def test_a_strangers_key_is_listed_and_unmarked(self, bench: ProviderBench) -> None:
        """What somebody made in a console is there, and carries no rotation of ours."""
        principal = bench.new_principal()
        material = bench.mint_by_hand(principal)
        info = listed(bench, principal)[material.key_id]
        assert info.enabled
        assert info.rotation is None

    def test_an_unknown_principal_is_not_found(self, bench: ProviderBench) -> None:
        """It is an error, never an empty listing."""
        principal = bench.new_principal()
        ghost = Principal(
            provider=principal.provider,
            account=principal.account,
            name=f"{principal.name}-ghost",
            uid="no-such-uid",
        )
        with pytest.raises(NotFoundError):
            bench.provider.list_keys(ghost)

    def test_a_recreated_namesake_is_not_the_principal(self, bench: ProviderBench) -> None:
        """Another uid under the same name is told apart, by its own code."""
        principal = bench.new_principal()
        namesake = Principal(
            provider=principal.provider,
            account=principal.account,
            name=principal.name,
            uid="uid-of-before",
            path=principal.path,
        )
        with pytest.raises(NotFoundError) as caught:
            bench.provider.list_keys(namesake)
        assert caught.value.code == "principal_replaced"

    def test_a_throttled_listing_is_transient(self, bench: ProviderBench) -> None:
        """Being asked to slow down is never an answer about keys."""
        principal = bench.new_principal()
        with bench.failing(Fault.THROTTLED), pytest.raises(TransientError):
            bench.provider.list_keys(principal)

    def test_a_denied_listing_is_access_denied(self, bench: ProviderBench) -> None:
        """A missing permission is never "no keys"."""
        principal = bench.new_principal()
        with bench.failing(Fault.DENIED), pytest.raises(AccessDeniedError):
            bench.provider.list_keys(principal)


class MintContract:
    """Minting: exactly one key, in time, within the limit."""

    def test_minting_makes_exactly_one_enabled_key(self, bench: ProviderBench) -> None:
        """The answer names the key that the listing then shows."""
        principal = bench.new_principal()
        before = bench.now()
        minted = bench.provider.create_key(
            principal, ROTATION, replaces=None, not_after=bench.soon()
        )
        keys = listed(bench, principal)
        assert list(keys) == [minted.material.key_id]
        assert keys[minted.material.key_id].enabled
        assert abs(minted.created_at - before) <= TOLERANCE
        found = keys[minted.material.key_id]
        assert not found.is_dated or abs(found.created_at - before) <= TOLERANCE

    def test_minting_again_makes_another_key(self, bench: ProviderBench) -> None:
        """Nothing makes a second mint for one rotation the same key."""
        principal = bench.new_principal()
        assert mint(bench, principal).key_id != mint(bench, principal).key_id

    def test_a_key_is_named_for_its_rotation_where_keys_carry_it(
        self, bench: ProviderBench
    ) -> None:
        """With `marks_keys`, a listing tells exactly whose a key is, from birth."""
        if not bench.provider.traits.marks_keys:
            pytest.skip("keys carry no rotation from birth here")
        principal = bench.new_principal()
        material = mint(bench, principal)
        assert listed(bench, principal)[material.key_id].rotation == ROTATION

    def test_nothing_is_minted_after_not_after(self, bench: ProviderBench) -> None:
        """A mint that woke up too late is not sent."""
        principal = bench.new_principal()
        with pytest.raises(ConflictError):
            bench.provider.create_key(principal, ROTATION, replaces=None, not_after=bench.past())
        assert not listed(bench, principal)

    def test_a_lost_answer_is_unknown_and_made_one_key(self, bench: ProviderBench) -> None:
        """No retry, by nobody: not by us, not by an SDK."""
        principal = bench.new_principal()
        with bench.failing(Fault.LOST_ANSWER), pytest.raises(OutcomeUnknownError):
            bench.provider.create_key(principal, ROTATION, replaces=None, not_after=bench.soon())
        assert len(listed(bench, principal)) == 1

    def test_a_throttled_mint_made_nothing(self, bench: ProviderBench) -> None:
        """Transient means: surely not done."""
        principal = bench.new_principal()
        with bench.failing(Fault.THROTTLED), pytest.raises(TransientError):
            bench.provider.create_key(principal, ROTATION, replaces=None, not_after=bench.soon())
        assert not listed(bench, principal)

    def test_a_denied_mint_made_nothing(self, bench: ProviderBench) -> None:
        """A missing permission is told by its class."""
        principal = bench.new_principal()
        with bench.failing(Fault.DENIED), pytest.raises(AccessDeniedError):
            bench.provider.create_key(principal, ROTATION, replaces=None, not_after=bench.soon())
        assert not listed(bench, principal)

    def test_a_full_principal_is_a_quota_and_nothing_is_made(self, bench: ProviderBench) -> None:
        """The limit counts strangers' keys, and nothing makes room by itself."""
        limit = bench.provider.traits.max_keys
        if limit is None:
            pytest.skip("there is no limit here")
        principal = bench.new_principal()
        kept = {bench.mint_by_hand(principal).key_id for _ in range(limit)}
        bench.settle()
        with pytest.raises(QuotaExceededError):
            bench.provider.create_key(principal, ROTATION, replaces=None, not_after=bench.soon())
        assert set(listed(bench, principal)) == kept

    def test_a_minted_key_does_not_print_its_secret(self, bench: ProviderBench) -> None:
        """The secret has one way out."""
        minted = bench.provider.create_key(
            bench.new_principal(), ROTATION, replaces=None, not_after=bench.soon()
        )
        text = minted.material.secret.reveal()
        assert text
        assert text not in repr(minted)


class DeleteContract:
    """Deleting: for good, once or twice alike."""

    def test_a_deleted_key_is_gone_and_refused(self, bench: ProviderBench) -> None:
        """It leaves the listing and opens nothing any more."""
        principal = bench.new_principal()
        material = mint(bench, principal)
        bench.provider.delete_key(principal, material.key_id, not_after=bench.soon())
        assert material.key_id not in listed(bench, principal)
        assert bench.provider.verify(principal, material) is Verdict.NOT_YET
        assert not bench.use(material)

    def test_deleting_twice_is_no_error(self, bench: ProviderBench) -> None:
        """That is what makes a repeat after a crash safe."""
        principal = bench.new_principal()
        material = mint(bench, principal)
        bench.provider.delete_key(principal, material.key_id, not_after=bench.soon())
        bench.provider.delete_key(principal, material.key_id, not_after=bench.soon())

    def test_deleting_what_somebody_else_deleted_is_no_error(self, bench: ProviderBench) -> None:
        """Already gone is gone, whoever did it."""
        principal = bench.new_principal()
        material = mint(bench, principal)
        bench.delete_by_hand(principal, material.key_id)
        bench.provider.delete_key(principal, material.key_id, not_after=bench.soon())

    def test_only_the_named_key_is_deleted(self, bench: ProviderBench) -> None:
        """Its neighbour goes on working."""
        principal = bench.new_principal()
        kept, lost = mint(bench, principal), mint(bench, principal)
        bench.provider.delete_key(principal, lost.key_id, not_after=bench.soon())
        assert list(listed(bench, principal)) == [kept.key_id]
        assert bench.use(kept)

    def test_nothing_is_deleted_after_not_after(self, bench: ProviderBench) -> None:
        """A delete that woke up too late is not sent."""
        principal = bench.new_principal()
        material = mint(bench, principal)
        with pytest.raises(ConflictError):
            bench.provider.delete_key(principal, material.key_id, not_after=bench.past())
        assert material.key_id in listed(bench, principal)

    def test_a_denied_delete_is_access_denied(self, bench: ProviderBench) -> None:
        """A missing permission is never "already gone"."""
        principal = bench.new_principal()
        material = mint(bench, principal)
        with bench.failing(Fault.DENIED), pytest.raises(AccessDeniedError):
            bench.provider.delete_key(principal, material.key_id, not_after=bench.soon())
        assert material.key_id in listed(bench, principal)


class VerifyContract:
    """Trying a key as itself, from outside."""

    def test_a_settled_key_is_accepted(self, bench: ProviderBench) -> None:
        """The provider names the principal that we minted for."""
        principal = bench.new_principal()
        assert bench.provider.verify(principal, mint(bench, principal)) is Verdict.ACCEPTED

    def test_a_key_that_has_not_spread_is_not_yet(self, bench: ProviderBench) -> None:
        """Right after a mint, "not known" is propagation; later it is accepted."""
        principal = bench.new_principal()
        bench.delay_activation()
        minted = bench.provider.create_key(
            principal, ROTATION, replaces=None, not_after=bench.soon()
        )
        assert bench.provider.verify(principal, minted.material) is Verdict.NOT_YET
        bench.settle()
        assert bench.provider.verify(principal, minted.material) is Verdict.ACCEPTED

    def test_anothers_key_is_the_wrong_principal(self, bench: ProviderBench) -> None:
        """A key that works for somebody else is not ours to publish."""
        principal, other = bench.new_principal(), bench.new_principal()
        material = mint(bench, other)
        assert bench.provider.verify(principal, material) is Verdict.WRONG_PRINCIPAL

    def test_a_wrong_secret_is_never_accepted(self, bench: ProviderBench) -> None:
        """The secret is what is tried, not the id."""
        principal = bench.new_principal()
        material = mint(bench, principal)
        forged = KeyMaterial(key_id=material.key_id, secret=Secret("not+the/secret" * 3))
        try:
            verdict = bench.provider.verify(principal, forged)
        except PermanentError:
            return
        assert verdict is not Verdict.ACCEPTED

    def test_a_try_that_could_not_be_made_is_transient(self, bench: ProviderBench) -> None:
        """It says nothing of the key."""
        principal = bench.new_principal()
        material = mint(bench, principal)
        with bench.failing(Fault.THROTTLED), pytest.raises(TransientError):
            bench.provider.verify(principal, material)


class KeyProviderContract(
    ListingContract,
    MintContract,
    DeleteContract,
    VerifyContract,
    DisableContract,
    GrantsContract,
    UseContract,
    MarkContract,
    MinterContract,
    PeopleContract,
    TagsContract,
    SurveyContract,
    ExpiryContract,
):
    """Everything that a key provider promises; a subclass offers the fixture `bench`."""
