"""What a provider promises of keys that it ends by itself; part of its contract."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rotator.ports.provider import Verdict
from rotator.testing.bench import TOLERANCE
from rotator.testing.provider_bench import listed, mint

if TYPE_CHECKING:
    from rotator.testing.provider_bench import ProviderBench


class ExpiryContract:
    """Keys with an end of their own."""

    def test_a_key_that_the_provider_ends_is_listed_with_its_end(
        self, bench: ProviderBench
    ) -> None:
        """To the tolerance, by the provider's clock, and the traits say that keys end."""
        principal = bench.new_principal()
        material, ends = bench.mint_expiring(principal)
        shown = listed(bench, principal)[material.key_id].expires_at
        assert shown is not None
        assert abs(shown - ends) <= TOLERANCE
        assert bench.provider.traits.keys_expire

    def test_a_key_is_refused_from_its_end_on(self, bench: ProviderBench) -> None:
        """It is accepted before, and nobody has to end it."""
        principal = bench.new_principal()
        material, ends = bench.mint_expiring(principal)
        bench.settle()
        before = bench.provider.verify(principal, material)
        bench.advance(ends - bench.now() + TOLERANCE)
        assert before is Verdict.ACCEPTED
        assert bench.provider.verify(principal, material) is Verdict.NOT_YET

    def test_no_end_is_told_where_keys_do_not_end(self, bench: ProviderBench) -> None:
        """A provider whose traits say nothing of ends lists keys without one."""
        if bench.provider.traits.keys_expire:
            return
        principal = bench.new_principal()
        key = mint(bench, principal).key_id
        assert listed(bench, principal)[key].expires_at is None
