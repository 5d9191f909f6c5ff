"""The bench of `rotator.ports.provider`: a provider, and the people beside it."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from rotator.core.ids import RotationId
from rotator.testing.bench import Bench

if TYPE_CHECKING:
    from rotator.core.facts import KeyInfo, Principal
    from rotator.core.ids import Instant, KeyId
    from rotator.core.secret import KeyMaterial
    from rotator.ports.provider import KeyProvider

ROTATION = RotationId(str(UUID(int=0xA11CE)))
OTHER_ROTATION = RotationId(str(UUID(int=0xB0B)))


class ProviderBench(Bench):
    """A provider, and the people beside it who act at the vendor without us."""

    @property
    @abstractmethod
    def provider(self) -> KeyProvider:
        """Return the implementation under test; the same object each time."""

    @abstractmethod
    def new_principal(self) -> Principal:
        """Make a principal without keys at the vendor; each has another name."""

    @abstractmethod
    def mint_by_hand(self, principal: Principal) -> KeyMaterial:
        """Mint a key as somebody else, out of band, through no code under test."""

    @abstractmethod
    def delete_by_hand(self, principal: Principal, key: KeyId) -> None:
        """Delete a key as somebody else, out of band."""

    @abstractmethod
    def use(self, material: KeyMaterial) -> bool:
        """Make one ordinary call with a key, as a consumer; say if it was accepted."""

    @abstractmethod
    def delay_activation(self) -> None:
        """Make keys minted from now on unknown to the vendor until `settle`."""

    @abstractmethod
    def make_person(self, principal: Principal) -> None:
        """Let a principal sign in to the console; skip where no vendor knows of that."""

    @abstractmethod
    def tag_by_hand(self, principal: Principal, name: str, value: str) -> None:
        """Tag whoever has the principal's name; skip where no vendor knows of tags."""

    @abstractmethod
    def replace_by_hand(self, principal: Principal) -> None:
        """Put another principal of the same name in a keyless one's place."""

    def new_grant(self) -> str:
        """Make something that a key can be granted; skip where keys have no grants."""
        pytest.skip("keys have no grants here")

    def mint_expiring(self, principal: Principal) -> tuple[KeyMaterial, Instant]:
        """Mint a key that ends by itself, out of band, and tell when; skip where none does."""
        del principal
        pytest.skip("keys have no end of their own here")

    def delay_trail(self) -> None:
        """Make the vendor's log late until `publish_trail`; nothing where it has none."""

    def publish_trail(self) -> None:
        """Move time until the vendor's log shows every earlier act."""
        self.settle()


def mint(bench: ProviderBench, principal: Principal) -> KeyMaterial:
    """Mint one key through the port and let it become visible everywhere."""
    minted = bench.provider.create_key(principal, ROTATION, replaces=None, not_after=bench.soon())
    bench.settle()
    return minted.material


def listed(bench: ProviderBench, principal: Principal) -> dict[KeyId, KeyInfo]:
    """List a principal's keys once everything is visible."""
    bench.settle()
    return {item.key_id: item for item in bench.provider.list_keys(principal).keys}


def is_enabled(bench: ProviderBench, principal: Principal, key: KeyId) -> bool:
    """Whether a settled listing shows a key as enabled."""
    return listed(bench, principal)[key].enabled
