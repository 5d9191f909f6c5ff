"""Deliberately broken parts: a checker that does not see them is blind."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from rotator.core.facts import LastUsed
from rotator.core.ids import Instant
from rotator.core.rotation import Effect
from rotator.errors import ConflictError, OutcomeUnknownError, RotatorError
from rotator.testing.memory_evidence import MemoryGate
from rotator.testing.memory_journal import MemoryJournal
from tests.simulation.journals import MemoryVolume
from tests.simulation.wrapping import LIMITED, offered, overriding

if TYPE_CHECKING:
    from collections.abc import Callable

    from rotator.core.facts import DestinationRef
    from rotator.core.ids import CredentialId, VersionId
    from rotator.core.rotation import Claim
    from rotator.core.terms import Terms
    from rotator.ports.clock import Chance
    from rotator.ports.destination import Destination
    from rotator.ports.evidence import AuditGate
    from rotator.ports.journal import Change, Journal
    from rotator.ports.provider import KeyProvider
    from tests.simulation.scene import Scene
    from tests.simulation.world import World

    Mutant = Callable[[Scene], Scene]

FAR = timedelta(days=365)
_UNCHECKED = timedelta(days=10_000)
_SDK_RETRIES = 4


def without_mint_intent(journal: Journal, world: World) -> Journal:
    """Keep the intent of a mint in memory only."""
    del world

    def commit(claim: Claim, change: Change) -> Claim:
        rotation = change.rotation
        intent = rotation.intent if rotation else None
        if intent is None or intent.effect is not Effect.CREATE_KEY:
            return journal.commit(claim, change)
        return replace(claim, credential=change.credential, rotation=rotation)

    return overriding(journal, "journal", commit=commit)


def without_pre_image(journal: Journal, world: World) -> Journal:
    """Forget which keys were there before a mint."""
    del world

    def commit(claim: Claim, change: Change) -> Claim:
        rotation = change.rotation
        if rotation is not None and rotation.intent is not None:
            emptied = replace(rotation, intent=replace(rotation.intent, known_keys=()))
            change = replace(change, rotation=emptied)
        return journal.commit(claim, change)

    return overriding(journal, "journal", commit=commit)


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

    return overriding(destination, "destination", promote=promote)


def without_grace(terms: Terms) -> Terms:
    """Let the old key go at once, in use or not."""
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


def without_clock_check(terms: Terms) -> Terms:
    """Believe our own clock, however far the provider's is off."""
    return replace(terms, limits=replace(terms.limits, clock_skew=_UNCHECKED))


def without_guard(terms: Terms) -> Terms:
    """Keep the grace, and ask nobody whether the old key is in use."""
    traits = replace(terms.traits, can_report_use=False)
    return replace(terms, grace=replace(terms.grace, accept_blind=True), traits=traits)


class UnfencedJournal(MemoryJournal):
    """Lets whoever lost its lease commit all the same."""

    def release(self, claim: Claim) -> None:
        """Give the lease back, whoever has it by now."""
        self._tables.leases.pop(claim.credential.id, None)

    def _is_owner(self, claim: Claim) -> bool:
        return claim.credential.id in self._tables.credentials


class UnfencedVolume(MemoryVolume):
    """A volume with an `UnfencedJournal`."""

    def __init__(self, chance: Chance) -> None:
        """Begin empty."""
        super().__init__(chance, kind=UnfencedJournal)


class _Counting:
    """Draws fences from a counter."""

    def __init__(self) -> None:
        self.count = 0

    def new_id(self) -> str:
        """Return the next number."""
        self.count += 1
        return str(UUID(int=self.count))

    def fraction(self) -> float:
        """Return no chance at all."""
        return 0.0


class CountingVolume(MemoryVolume):
    """Fences with a number that is kept in the journal, and so comes back with a backup."""

    def __init__(self, chance: Chance) -> None:
        """Begin empty, at 0."""
        del chance
        self._counter = _Counting()
        super().__init__(self._counter)
        self._count = 0

    def backup(self) -> None:
        """Keep a copy, the counter too."""
        super().backup()
        self._count = self._counter.count

    def restore(self, *, oldest: bool = False) -> None:
        """Put the copy back, the counter too."""
        super().restore(oldest=oldest)
        self._counter.count = self._count


def rereads_after_acquiring(journal: Journal, world: World) -> Journal:
    """Read the fence from the row a moment after the acquiring statement."""

    def acquire(credential: CredentialId, *, now: Instant, lease_until: Instant) -> Claim | None:
        claim = journal.acquire(credential, now=now, lease_until=lease_until)
        return claim and _reloaded(claim, world)

    return overriding(journal, "journal", acquire=acquire)


def reloads_after_commit(journal: Journal, world: World) -> Journal:
    """Read the row again after each commit, and with it whoever's fence is there by then."""

    def commit(claim: Claim, change: Change) -> Claim:
        return _reloaded(journal.commit(claim, change), world)

    return overriding(journal, "journal", commit=commit)


def _reloaded(claim: Claim, world: World) -> Claim:
    assert isinstance(world.volume, MemoryVolume), "fences are read in memory only"
    lease = world.volume.journal.lease(claim.credential.id)
    return replace(claim, token=lease[0]) if lease else claim


def without_not_after(provider: KeyProvider) -> KeyProvider:
    """Send to the provider whatever was meant, however long ago."""
    return overriding(provider, "provider", **_never_late(provider, "provider"))


def without_not_after_there(destination: Destination) -> Destination:
    """Send to the destination whatever was meant, however long ago."""
    return overriding(destination, "destination", **_never_late(destination, "destination"))


def _never_late(port: object, room: str) -> dict[str, Callable[..., object]]:
    def patient(call: Callable[..., object]) -> Callable[..., object]:
        def later(*args: Any, not_after: Instant, **kwargs: Any) -> object:  # noqa: ANN401
            return call(*args, not_after=Instant(not_after + FAR), **kwargs)

        return later

    return {name: patient(call) for name, call in offered(port, room).items() if name in LIMITED}


def with_sdk_retries(provider: KeyProvider) -> KeyProvider:
    """Send a mint again when its answer is lost, as an SDK does by itself."""

    def create_key(*args: Any, **kwargs: Any) -> object:  # noqa: ANN401 - the port's own
        for _ in range(_SDK_RETRIES):
            try:
                return provider.create_key(*args, **kwargs)
            except OutcomeUnknownError:
                continue
        return provider.create_key(*args, **kwargs)

    return overriding(provider, "provider", create_key=create_key)


def takes_errors_for_unused(provider: KeyProvider) -> KeyProvider:
    """Say that a key was never used when its last use cannot be read."""
    reads: Any = offered(provider, "provider").get("last_used")
    if reads is None:
        return provider

    def last_used(*args: Any) -> LastUsed:  # noqa: ANN401 - the port's own
        try:
            found: LastUsed = reads(*args)
        except RotatorError:
            return LastUsed(at=None)
        return found

    return overriding(provider, "provider", last_used=last_used)


def without_gate(gate: AuditGate) -> AuditGate:
    """Start and end keys whether or not anybody will ever read of it."""
    del gate
    return MemoryGate()


MUTANTS: dict[str, Mutant] = {
    "no intent commit": lambda it: replace(it, around_journal=without_mint_intent),
    "no pre-image": lambda it: replace(it, around_journal=without_pre_image),
    "no compare-and-swap": lambda it: replace(it, around_destination=without_compare_and_swap),
    "no guard": lambda it: replace(it, around_terms=without_guard),
    "no grace": lambda it: replace(it, around_terms=without_grace),
    "no quarantine": lambda it: replace(it, around_terms=without_quarantine),
    "no fence": lambda it: replace(it, volume=UnfencedVolume),
    "token read again after acquiring": lambda it: replace(
        it, around_journal=rereads_after_acquiring
    ),
    "row read again after commit": lambda it: replace(it, around_journal=reloads_after_commit),
    "integer fence": lambda it: replace(it, volume=CountingVolume),
    "no clock check": lambda it: replace(it, around_terms=without_clock_check),
    "no suspect observation": lambda it: replace(it, around_terms=without_watching_suspects),
    "no not_after": lambda it: replace(
        it, around_provider=without_not_after, around_destination=without_not_after_there
    ),
    "SDK retries on mint": lambda it: replace(it, around_provider=with_sdk_retries),
    "error taken for unused": lambda it: replace(it, around_provider=takes_errors_for_unused),
    "no gate of evidence": lambda it: replace(it, around_gate=without_gate),
}
"""What a rotator without one of its safeties would be; each must be seen."""
