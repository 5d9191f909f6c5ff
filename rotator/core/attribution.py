"""Whose is a key that appeared around our mint? Proof, suspicion, or a stranger's.

A stray is ours if its mark says so or if its secret is among the destination's
versions under the token of this rotation. A stray that was born while our mint
could land, without such proof, is a suspect: it may be ours, and a person may
have made it. Every other stray is a stranger's and is never touched (I2).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rotator.core.ids import version_token

if TYPE_CHECKING:
    from rotator.core.facts import DestinationState, KeyInfo, KeyListing
    from rotator.core.ids import KeyId
    from rotator.core.rotation import Intent, Rotation
    from rotator.core.terms import Terms


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribution:
    """What a listing tells of a mint whose answer is missing.

    Attributes:
        ours: The key that is proved to be this rotation's; None without proof.
        suspects: Keys that may be this rotation's.
    """

    ours: KeyId | None
    suspects: tuple[KeyId, ...]


def attribute(
    rotation: Rotation,
    intent: Intent,
    listing: KeyListing,
    state: DestinationState,
    terms: Terms,
) -> Attribution:
    """Judge every key that the pre-image does not know.

    A proof from birth counts whatever the pre-image holds: an id may be given again.
    """
    strays = [key for key in listing.keys if key.key_id not in intent.known_keys]
    candidates = list(listing.keys) if terms.traits.marks_keys else strays
    proved = _stored(rotation, candidates, state) or _marked(rotation, candidates)
    if len(proved) == 1:
        return Attribution(ours=proved[0], suspects=())
    if proved:
        # We minted one key at most: somebody has copied its mark, and which is whose
        # nobody can tell.
        return Attribution(ours=None, suspects=tuple(proved))
    if terms.traits.marks_keys:
        # Where keys carry our id from birth, one without it cannot be ours.
        return Attribution(ours=None, suspects=())
    # What is known under the old key's id is still needed, so that one is left a stranger's.
    others = [key for key in strays if key.key_id != rotation.old_key_id]
    suspects = [key.key_id for key in others if _may_be_ours(key, intent, terms)]
    return Attribution(ours=None, suspects=tuple(suspects))


def _stored(rotation: Rotation, strays: list[KeyInfo], state: DestinationState) -> list[KeyId]:
    """Name the keys whose secret is stored under a token of this rotation, which nobody copies."""
    return [
        key.key_id
        for key in strays
        if version_token(rotation.id, key.key_id, rotation.attempt) in state.versions
    ]


def _marked(rotation: Rotation, strays: list[KeyInfo]) -> list[KeyId]:
    return [key.key_id for key in strays if key.rotation == rotation.id]


def _may_be_ours(stray: KeyInfo, intent: Intent, terms: Terms) -> bool:
    """Compare births by the provider's own clock: ours may be wrong.

    Of a key that nobody dates we know only when we first saw it, which may be days after
    its birth, if we were away: only what we saw before our mint cannot be ours.
    """
    if stray.rotation is not None:
        return False
    skew = terms.limits.clock_skew
    began = intent.provider_time or intent.made_at
    if not stray.is_dated:
        return began - skew <= stray.created_at
    patience = intent.not_after - intent.made_at + terms.traits.signature_window
    return began - skew <= stray.created_at <= began + patience + skew
