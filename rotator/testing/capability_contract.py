"""The contract of a provider's optional capabilities, as tests.

`rotator.testing.provider_contract` puts them together with the rest.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from rotator.core.facts import Minter
from rotator.core.ids import Instant
from rotator.errors import (
    AccessDeniedError,
    ConflictError,
    NotFoundError,
    QuotaExceededError,
    TransientError,
)
from rotator.ports.provider import (
    CanDisable,
    CanMark,
    CanReportUse,
    CanTellMinter,
    CanTellPeople,
    Verdict,
)
from rotator.testing.bench import TOLERANCE, Fault
from rotator.testing.provider_bench import (
    OTHER_ROTATION,
    ROTATION,
    is_enabled,
    listed,
    mint,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from rotator.core.facts import Principal
    from rotator.core.ids import KeyId, RotationId
    from rotator.testing.provider_bench import ProviderBench


class DisableContract:
    """The capability `CanDisable`."""

    @pytest.fixture
    def switch(self, bench: ProviderBench) -> CanDisable:
        """Return the provider with this capability, or skip."""
        if not isinstance(bench.provider, CanDisable):
            pytest.skip(f"{type(bench.provider).__name__} is not CanDisable")
        return bench.provider

    def test_a_disabled_key_is_refused_and_still_listed(
        self, bench: ProviderBench, switch: CanDisable
    ) -> None:
        """It is off, and it can come back."""
        principal = bench.new_principal()
        material = mint(bench, principal)
        switch.disable_key(principal, material.key_id, not_after=bench.soon())
        assert not is_enabled(bench, principal, material.key_id)
        assert bench.provider.verify(principal, material) is Verdict.NOT_YET
        assert not bench.use(material)

    def test_disabling_twice_is_no_error(self, bench: ProviderBench, switch: CanDisable) -> None:
        """Off is off."""
        principal = bench.new_principal()
        key = mint(bench, principal).key_id
        switch.disable_key(principal, key, not_after=bench.soon())
        switch.disable_key(principal, key, not_after=bench.soon())
        assert not is_enabled(bench, principal, key)

    def test_an_enabled_key_works_again(self, bench: ProviderBench, switch: CanDisable) -> None:
        """Disabling is reversible, with the same secret."""
        principal = bench.new_principal()
        material = mint(bench, principal)
        switch.disable_key(principal, material.key_id, not_after=bench.soon())
        bench.settle()
        switch.enable_key(principal, material.key_id, not_after=bench.soon())
        assert is_enabled(bench, principal, material.key_id)
        assert bench.use(material)

    def test_enabling_an_enabled_key_is_no_error(
        self, bench: ProviderBench, switch: CanDisable
    ) -> None:
        """On is on."""
        principal = bench.new_principal()
        key = mint(bench, principal).key_id
        switch.enable_key(principal, key, not_after=bench.soon())
        assert is_enabled(bench, principal, key)

    def test_a_missing_key_is_not_found(self, bench: ProviderBench, switch: CanDisable) -> None:
        """Neither switch pretends to have done something."""
        principal = bench.new_principal()
        key = mint(bench, principal).key_id
        bench.delete_by_hand(principal, key)
        bench.settle()
        with pytest.raises(NotFoundError):
            switch.disable_key(principal, key, not_after=bench.soon())
        with pytest.raises(NotFoundError):
            switch.enable_key(principal, key, not_after=bench.soon())

    def test_nothing_is_disabled_after_not_after(
        self, bench: ProviderBench, switch: CanDisable
    ) -> None:
        """A disable that woke up too late is not sent."""
        principal = bench.new_principal()
        key = mint(bench, principal).key_id
        with pytest.raises(ConflictError):
            switch.disable_key(principal, key, not_after=bench.past())
        assert is_enabled(bench, principal, key)

    def test_nothing_is_enabled_after_not_after(
        self, bench: ProviderBench, switch: CanDisable
    ) -> None:
        """An enable that woke up too late is not sent."""
        principal = bench.new_principal()
        key = mint(bench, principal).key_id
        switch.disable_key(principal, key, not_after=bench.soon())
        with pytest.raises(ConflictError):
            switch.enable_key(principal, key, not_after=bench.past())
        assert not is_enabled(bench, principal, key)

    def test_a_disabled_key_still_takes_its_slot(
        self, bench: ProviderBench, switch: CanDisable
    ) -> None:
        """Quarantine costs a slot; a mint then meets the limit."""
        limit = bench.provider.traits.max_keys
        if limit is None:
            pytest.skip("there is no limit here")
        principal = bench.new_principal()
        keys = [bench.mint_by_hand(principal).key_id for _ in range(limit)]
        bench.settle()
        switch.disable_key(principal, keys[0], not_after=bench.soon())
        with pytest.raises(QuotaExceededError):
            bench.provider.create_key(principal, ROTATION, replaces=None, not_after=bench.soon())


class UseContract:
    """The capability `CanReportUse`."""

    @pytest.fixture
    def reporter(self, bench: ProviderBench) -> CanReportUse:
        """Return the provider with this capability, or skip."""
        if not isinstance(bench.provider, CanReportUse):
            pytest.skip(f"{type(bench.provider).__name__} is not CanReportUse")
        return bench.provider

    def test_a_new_key_was_never_used(self, bench: ProviderBench, reporter: CanReportUse) -> None:
        """Never is an answer of the provider's, not our guess."""
        principal = bench.new_principal()
        key = bench.mint_by_hand(principal).key_id
        bench.settle()
        assert reporter.last_used(principal, key).at is None

    def test_a_use_is_reported_within_the_quantum(
        self, bench: ProviderBench, reporter: CanReportUse
    ) -> None:
        """The last use is as exact as the traits say, and no earlier than that."""
        principal = bench.new_principal()
        material = mint(bench, principal)
        used_at = bench.now()
        assert bench.use(material)
        bench.settle()
        reported = reporter.last_used(principal, material.key_id).at
        assert reported is not None
        assert abs(reported - used_at) <= bench.provider.traits.use_quantum + TOLERANCE

    def test_a_deleted_key_is_not_found(self, bench: ProviderBench, reporter: CanReportUse) -> None:
        """What does not exist is never "never used"."""
        principal = bench.new_principal()
        key = mint(bench, principal).key_id
        bench.delete_by_hand(principal, key)
        bench.settle()
        with pytest.raises(NotFoundError):
            reporter.last_used(principal, key)

    def test_a_denied_reading_is_access_denied(
        self, bench: ProviderBench, reporter: CanReportUse
    ) -> None:
        """What may not be read is never "never used"."""
        principal = bench.new_principal()
        key = mint(bench, principal).key_id
        with bench.failing(Fault.DENIED), pytest.raises(AccessDeniedError):
            reporter.last_used(principal, key)

    def test_a_throttled_reading_is_transient(
        self, bench: ProviderBench, reporter: CanReportUse
    ) -> None:
        """What could not be read now is never "never used"."""
        principal = bench.new_principal()
        key = mint(bench, principal).key_id
        with bench.failing(Fault.THROTTLED), pytest.raises(TransientError):
            reporter.last_used(principal, key)


class MarkContract:
    """The capability `CanMark`."""

    @pytest.fixture
    def marker(self, bench: ProviderBench) -> CanMark:
        """Return the provider with this capability, or skip."""
        if not isinstance(bench.provider, CanMark):
            pytest.skip(f"{type(bench.provider).__name__} is not CanMark")
        return bench.provider

    def test_a_mark_is_read_back(self, bench: ProviderBench, marker: CanMark) -> None:
        """The journal may be lost; the mark at the provider remains."""
        principal = bench.new_principal()
        key = mint(bench, principal).key_id
        marker.mark_key(principal, key, ROTATION)
        assert marker.marks(principal)[key] == ROTATION
        assert listed(bench, principal)[key].rotation in (None, ROTATION)

    def test_a_mark_replaces_an_older_one(self, bench: ProviderBench, marker: CanMark) -> None:
        """There is one mark on a key."""
        principal = bench.new_principal()
        key = mint(bench, principal).key_id
        marker.mark_key(principal, key, ROTATION)
        marker.mark_key(principal, key, OTHER_ROTATION)
        assert marker.marks(principal)[key] == OTHER_ROTATION

    def test_a_strangers_key_has_no_mark(self, bench: ProviderBench, marker: CanMark) -> None:
        """Only what we marked is marked."""
        principal = bench.new_principal()
        stranger = bench.mint_by_hand(principal).key_id
        bench.settle()
        assert stranger not in marker.marks(principal)


class MinterContract:
    """The capability `CanTellMinter`."""

    @pytest.fixture
    def trail(self, bench: ProviderBench) -> CanTellMinter:
        """Return the provider with this capability, or skip."""
        if not isinstance(bench.provider, CanTellMinter):
            pytest.skip(f"{type(bench.provider).__name__} is not CanTellMinter")
        return bench.provider

    @pytest.fixture
    def told(
        self, bench: ProviderBench, trail: CanTellMinter
    ) -> Callable[[Principal, KeyId, RotationId], Minter]:
        """Ask about a key, looking around its birth."""

        def ask(principal: Principal, key: KeyId, rotation: RotationId) -> Minter:
            born = listed(bench, principal)[key].created_at
            span = timedelta(minutes=5)
            since, until = Instant(born - span), Instant(born + span)
            return trail.minted_by(principal, key, rotation, since=since, until=until)

        return ask

    def test_our_own_mint_is_ours_in_its_own_rotation_only(
        self, bench: ProviderBench, told: Callable[[Principal, KeyId, RotationId], Minter]
    ) -> None:
        """The log names the rotation, not just our identity."""
        principal = bench.new_principal()
        key = mint(bench, principal).key_id
        bench.publish_trail()
        assert told(principal, key, ROTATION) is Minter.OURS
        assert told(principal, key, OTHER_ROTATION) is Minter.UNKNOWN

    def test_a_mint_by_hand_is_somebody_elses(
        self, bench: ProviderBench, told: Callable[[Principal, KeyId, RotationId], Minter]
    ) -> None:
        """Whatever our window was: the log says who called."""
        principal = bench.new_principal()
        key = bench.mint_by_hand(principal).key_id
        bench.publish_trail()
        assert told(principal, key, ROTATION) is Minter.SOMEBODY_ELSE

    def test_what_the_log_does_not_show_yet_is_unknown(
        self, bench: ProviderBench, told: Callable[[Principal, KeyId, RotationId], Minter]
    ) -> None:
        """A log is late; its silence is never an answer."""
        bench.delay_trail()
        principal = bench.new_principal()
        key = mint(bench, principal).key_id
        assert told(principal, key, ROTATION) is Minter.UNKNOWN
        bench.publish_trail()
        assert told(principal, key, ROTATION) is Minter.OURS

    def test_a_mint_outside_the_span_is_unknown(
        self, bench: ProviderBench, trail: CanTellMinter
    ) -> None:
        """Only the span that was asked for is searched."""
        principal = bench.new_principal()
        key = mint(bench, principal).key_id
        bench.publish_trail()
        now = listed(bench, principal)[key].created_at
        since, until = Instant(now - timedelta(days=2)), Instant(now - timedelta(days=1))
        told = trail.minted_by(principal, key, ROTATION, since=since, until=until)
        assert told is Minter.UNKNOWN

    def test_a_denied_look_is_access_denied(
        self, bench: ProviderBench, trail: CanTellMinter
    ) -> None:
        """What may not be read is never "somebody else"."""
        principal = bench.new_principal()
        key = mint(bench, principal).key_id
        since, until = bench.past(), bench.soon()
        with bench.failing(Fault.DENIED), pytest.raises(AccessDeniedError):
            trail.minted_by(principal, key, ROTATION, since=since, until=until)


class PeopleContract:
    """The capability `CanTellPeople`."""

    @pytest.fixture
    def registry(self, bench: ProviderBench) -> CanTellPeople:
        """Return the provider with this capability, or skip."""
        if not isinstance(bench.provider, CanTellPeople):
            pytest.skip(f"{type(bench.provider).__name__} is not CanTellPeople")
        return bench.provider

    def test_a_principal_with_a_console_password_is_a_person(
        self, bench: ProviderBench, registry: CanTellPeople
    ) -> None:
        """A machine is not; whoever can sign in is."""
        principal = bench.new_principal()
        assert not registry.is_person(principal)
        bench.make_person(principal)
        assert registry.is_person(principal)
