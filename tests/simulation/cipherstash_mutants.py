"""Deliberately broken rotators of CipherStash: a judge that does not see them is blind."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from rotator.providers.cipherstash.access_keys import CipherStashAccessKeys
from rotator.providers.cipherstash.config import ACCESS_KEYS
from rotator.testing.fake_destination import FakeDestination
from tests.simulation.cipherstash_vendors import CipherStashSide
from tests.simulation.wrapping import overriding

if TYPE_CHECKING:
    from rotator.core.facts import DestinationRef, Principal
    from rotator.core.ids import Instant, KeyId
    from rotator.core.secret import KeyMaterial
    from rotator.core.terms import Terms
    from rotator.ports.provider import KeyProvider
    from rotator.testing.manual_clock import ManualClock
    from tests.simulation.scene import Scene
    from tests.simulation.vendors import Vendors


def without_grants(terms: Terms) -> Terms:
    """Take a new client for whole as soon as it opens what it is bound to."""
    return replace(terms, traits=replace(terms.traits, has_grants=False))


def that_grants_nothing(provider: KeyProvider) -> KeyProvider:
    """Say that a keyset was granted, and send nothing."""

    def grant(
        principal: Principal, key: KeyId, grants: frozenset[str], *, not_after: Instant
    ) -> None:
        del principal, key, grants, not_after

    return overriding(provider, "provider", grant=grant)


class RevokingByLineage(CipherStashAccessKeys):
    """Revokes whatever has the name that the first key of a lineage had."""

    def _name_of(self, principal: Principal, key: KeyId) -> str | None:
        del key
        return principal.name


def revoking_by_lineage(scene: Scene, clock: ManualClock) -> Vendors:
    """Make a workspace with the mutant in front of its access keys."""
    side = CipherStashSide(scene, clock, kinds=(ACCESS_KEYS,), access=RevokingByLineage)
    return side.start(clock)


class HalfPairs(FakeDestination):
    """Writes the secret of a key and leaves the id that stood beside it."""

    def _content(self, ref: DestinationRef, material: KeyMaterial, found: Any) -> str:  # noqa: ANN401
        fields = json.loads(super()._content(ref, material, found))
        before = json.loads(found.versions[found.current]) if found.current else {}
        if ref.key_id_field in before:
            fields[ref.key_id_field] = before[ref.key_id_field]
        return json.dumps(fields)


class Unmerged(FakeDestination):
    """Writes the pair and forgets what else was in the object."""

    def _content(self, ref: DestinationRef, material: KeyMaterial, found: Any) -> str:  # noqa: ANN401
        return super()._content(replace(ref, merge=False), material, found)
