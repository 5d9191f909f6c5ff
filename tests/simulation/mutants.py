"""Deliberately broken parts: a checker that does not see them is blind."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar

from rotator.core.rotation import Effect
from rotator.errors import ConflictError

if TYPE_CHECKING:
    from collections.abc import Callable

    from rotator.core.facts import DestinationRef
    from rotator.core.ids import Instant, VersionId
    from rotator.core.rotation import Claim
    from rotator.core.terms import Terms
    from rotator.ports.destination import Destination
    from rotator.ports.journal import Change, Journal

PortT = TypeVar("PortT")


def without_mint_intent(journal: Journal) -> Journal:
    """Keep the intent of a mint in memory only."""

    def commit(claim: Claim, change: Change) -> Claim:
        rotation = change.rotation
        intent = rotation.intent if rotation else None
        if intent is None or intent.effect is not Effect.CREATE_KEY:
            return journal.commit(claim, change)
        return replace(claim, credential=change.credential, rotation=rotation)

    return _overriding(journal, commit=commit)


def without_pre_image(journal: Journal) -> Journal:
    """Forget which keys were there before a mint."""

    def commit(claim: Claim, change: Change) -> Claim:
        rotation = change.rotation
        if rotation is not None and rotation.intent is not None:
            emptied = replace(rotation, intent=replace(rotation.intent, known_keys=()))
            change = replace(change, rotation=emptied)
        return journal.commit(claim, change)

    return _overriding(journal, commit=commit)


def without_compare_and_swap(destination: Destination) -> Destination:
    """Promote over whatever is current."""

    def promote(
        ref: DestinationRef, version: VersionId, *, expected: VersionId | None, not_after: Instant
    ) -> None:
        try:
            destination.promote(ref, version, expected=expected, not_after=not_after)
        except ConflictError:
            current = destination.describe(ref).current
            destination.promote(ref, version, expected=current, not_after=not_after)

    return _overriding(destination, promote=promote)


def without_grace(terms: Terms) -> Terms:
    """Let the old key go at once."""
    impatient = replace(
        terms.grace, min_period=timedelta(0), unused_for=timedelta(0), accept_blind=True
    )
    traits = replace(terms.traits, can_report_use=False)
    return replace(terms, grace=impatient, traits=traits)


def without_quarantine(terms: Terms) -> Terms:
    """Delete what was disabled a moment ago."""
    return replace(terms, grace=replace(terms.grace, quarantine_period=timedelta(0)))


def without_watching_suspects(terms: Terms) -> Terms:
    """Take every suspect for an orphan at once."""
    hasty = replace(terms.limits, suspect_observation=timedelta(0), suspect_quarantine=timedelta(0))
    return replace(terms, limits=hasty)


def _overriding(inner: PortT, **methods: Callable[..., object]) -> PortT:
    members = {name: staticmethod(method) for name, method in methods.items()}
    made: PortT = type(f"Mutant{type(inner).__name__}", (type(inner),), members)()
    return made
