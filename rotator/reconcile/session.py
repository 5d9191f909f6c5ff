"""One claim being driven: what we read, what we hold, what we commit.

Only `commit` writes. It carries the claim's fence and renews its lease, and it
takes along whatever the pass has learnt about keys since the last one.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from rotator.core import inventory, usage
from rotator.core.facts import Grants, Known, Observation, Unreadable, What
from rotator.core.followers import reaching
from rotator.core.ids import Instant
from rotator.core.rotation import Effect
from rotator.errors import (
    ConflictError,
    InvariantError,
    NotFoundError,
    OutcomeUnknownError,
    PermanentError,
    UnavailableError,
)
from rotator.ports.destination import CanReadBack
from rotator.ports.journal import Change
from rotator.ports.provider import CanKeepGrants, CanReportUse
from rotator.reconcile import books, consumers, followers, untold
from rotator.reconcile.emergency import flagged
from rotator.reconcile.proof import is_refused
from rotator.reconcile.unconfigured import UnconfiguredKeys

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import timedelta

    from rotator.core.consumers import ConsumerRef
    from rotator.core.events import AuditAction, AuditRecord, Event, Scalar, Stage
    from rotator.core.facts import DestinationRef, Follower, KeyInfo, KeyListing, LastUsed
    from rotator.core.ids import DestinationId, KeyId
    from rotator.core.orders import Pause
    from rotator.core.rotation import Claim, Credential, KeyRecord, Rotation
    from rotator.core.terms import Terms
    from rotator.ports.destination import Destination
    from rotator.ports.provider import KeyProvider
    from rotator.reconcile.parts import Parts


class Session:
    """Drives one claimed credential through one pass."""

    def __init__(self, parts: Parts, claim: Claim) -> None:
        """Bind a claim to the ports that its credential needs."""
        self.parts = parts
        self.claim = claim
        terms = parts.terms_for(claim.credential)
        self.terms: Terms = reaching(terms, claim.rotation, claim.credential)
        name = claim.credential.principal.provider
        self.provider: KeyProvider = parts.providers.get(name) or UnconfiguredKeys(name)
        self.observation = Observation()
        self.namesakes: tuple[KeyInfo, ...] = ()
        # Followers that could not be written in this pass; the next one tries again.
        self.unfollowed: dict[DestinationId, Follower] = {}
        # Consumers that could not be moved in this pass, each with why; and all that were told to.
        self.unmoved: dict[ConsumerRef, str] = {}
        self.moved: set[ConsumerRef] = set()
        self._learnt: dict[KeyId, KeyRecord] = {}
        self._told: tuple[Instant, timedelta] | None = None
        self._telling: set[str] = set()
        # What `emergency` knows of waiting evidence; None before it had to ask.
        self.is_late: bool | None = None

    @property
    def credential(self) -> Credential:
        """The credential as of the last commit."""
        return self.claim.credential

    @property
    def rotation(self) -> Rotation:
        """The open rotation.

        Raises:
            InvariantError: None is open.
        """
        if self.claim.rotation is None:
            msg = "no rotation is open"
            raise InvariantError(msg, subject=self.credential.principal.name)
        return self.claim.rotation

    def now(self) -> Instant:
        """The present."""
        return self.parts.clock.now()

    def provider_now(self) -> Instant | None:
        """The present by the provider's clock; None if it was not told in this pass.

        Never earlier than what it told, however our own clock has jumped since.
        """
        if self._told is None:
            return None
        told_at, ahead = self._told
        return max(told_at, Instant(self.now() + ahead))

    def stamp(self) -> Instant:
        """The present as it is written down: not before what the provider told in this pass.

        A clock that jumps back after a reading would cut a grace or a quarantine short.
        """
        return max(self.now(), self.provider_now() or self.now())

    def destination(self, ref: DestinationRef) -> Destination:
        """The adapter for a destination."""
        return self.parts.destinations[ref.kind]

    def learn(self, records: Iterable[KeyRecord]) -> None:
        """Keep what was learnt about keys for the next commit."""
        self._learnt.update({record.key_id: record for record in records})

    def key(self, key_id: KeyId | None) -> KeyRecord | None:
        """The newest record of a key."""
        if key_id in self._learnt:
            return self._learnt[key_id]
        return self.claim.key(key_id)

    def keys(self) -> tuple[KeyRecord, ...]:
        """The newest record of every key."""
        merged = {record.key_id: record for record in self.claim.keys} | self._learnt
        return tuple(merged.values())

    def commit(
        self,
        *,
        rotation: Rotation | None = None,
        credential: Credential | None = None,
        audit: tuple[AuditRecord, ...] = (),
        events: tuple[Event, ...] = (),
        pause: Pause | None = None,
    ) -> None:
        """Write one transaction under the fence, and renew the lease."""
        now = self.now()
        change = Change(
            credential=credential or self.credential,
            now=now,
            lease_until=Instant(now + self.terms.limits.lease_period),
            rotation=rotation,
            keys=tuple(self._learnt.values()),
            events=events,
            audit=audit,
            pause=pause,
        )
        try:
            self.claim = self.parts.journal.commit(self.claim, change)
        except (ConflictError, OutcomeUnknownError, UnavailableError):
            done = untold.unwritten(audit, self._telling)
            self.parts.late.keep(done, self.parts.telemetry, self.parts.chance)
            raise
        self._learnt.clear()
        self._telling.clear()

    def renew(self) -> None:
        """Renew the lease when half of it is spent.

        Raises:
            ConflictError: It was lost.
        """
        left = self.claim.lease_until - self.now()
        if left < self.terms.limits.lease_period / 2:
            self.commit()

    @contextmanager
    def timed(self, effect: Effect) -> Iterator[None]:
        """Measure how long an effect takes, whatever comes of it."""
        began_at, provider = self.now(), self.credential.principal.provider
        try:
            yield
        finally:
            seconds = max((self.now() - began_at).total_seconds(), 0)
            self.parts.telemetry.observe(
                "effect_duration", seconds, provider=provider, effect=effect.value
            )

    def audit(
        self, action: AuditAction, stage: Stage, outcome: str, **parts: object
    ) -> AuditRecord:
        """Make a record about this credential and its open rotation, with what was sent for it."""
        is_telling = self.parts.calls.has_change()
        made = books.audit(
            self.credential,
            self.claim.rotation,
            action,
            record_id=self.parts.chance.new_id(),
            at=self.now(),
            stage=stage,
            outcome=outcome,
            calls=self.parts.calls.taken(),
            policy=self.terms.policy,
            max_age=self.terms.schedule.max_age,
            **parts,  # type: ignore[arg-type]
        )
        if is_telling:
            self._telling.add(made.id)
        return flagged(self, made)

    def event(
        self,
        kind: str,
        *,
        rotation: Rotation | None = None,
        effect: Effect | None = None,
        **detail: Scalar,
    ) -> Event:
        """Make a line of history about this credential and a rotation, by default the open one."""
        about = rotation or self.claim.rotation
        return books.event(self.credential, about, kind, self.now(), effect=effect, **detail)

    def observe(self, what: What) -> None:
        """Take one reading; a permanent refusal is a reading too, a transient one is raised."""
        try:
            reading: Known[object] | Unreadable = Known(self._read(what))
        except PermanentError as error:
            reading = Unreadable(error.code, str(error))
        self.observation = self.observation.with_reading(what, reading)

    def forget(self) -> None:
        """Drop every reading: an effect has made them stale."""
        self.observation = self.observation.forgetting()

    def list_keys(self) -> KeyListing:
        """List the principal's keys and learn what the listing shows.

        Keys that only have the id of one that we look after are told as `namesakes`:
        that one is gone, and nothing that is meant for it may be done to them. While
        a rotation mints, or has minted a key of the same id, it is not told apart here.
        """
        listing = self.provider.list_keys(self.credential.principal)
        ahead = listing.provider_time - self.now()
        self._told = listing.provider_time, ahead
        self.parts.on_skew(self.credential.principal.provider, ahead)
        lag = self.terms.traits.list_lag
        found = inventory.seen(self.credential.id, self.keys(), listing, self.now(), lag=lag)
        self.learn(found)
        listing = inventory.dated(listing, self.keys())
        self.namesakes = tuple(
            key for key in inventory.namesakes(self.keys(), listing) if not self._may_be_minted(key)
        )
        return inventory.without(listing, self.namesakes)

    def _may_be_minted(self, key: KeyInfo) -> bool:
        """Whether the open rotation may have made a key that has the id of its old one."""
        rotation = self.claim.rotation
        if rotation is None or key.key_id != rotation.old_key_id:
            return False
        intent = rotation.intent
        is_minting = intent is not None and intent.effect is Effect.CREATE_KEY
        return is_minting or rotation.has_same_id

    def read_use(self, key_id: KeyId) -> LastUsed:
        """Read a key's last use and learn it.

        Raises:
            PermanentError: The provider cannot tell.
        """
        if not isinstance(self.provider, CanReportUse):
            msg = "the provider tells no last use"
            raise PermanentError(msg, code="no_capability")
        use = self.provider.last_used(self.credential.principal, key_id)
        record = self.key(key_id)
        if record is not None:
            interval = self.terms.limits.inspect_interval
            self.learn((usage.with_use(record, use, self.now(), interval=interval),))
        return use

    def _read(self, what: What) -> object:
        match what:
            case What.KEYS:
                listing = self.list_keys()
                self.observation = replace(self.observation, old_expires_at=self._old_end())
                return listing
            case What.DESTINATION:
                ref = self._ref()
                return self.destination(ref).describe(ref)
            case What.PUBLISHED:
                return self._published()
            case What.OLD_USE:
                use = self.read_use(self.rotation.old_key_id)
                record = self.key(self.rotation.old_key_id)
                gap = record.longest_gap if record else None
                self.observation = replace(self.observation, old_gap=gap)
                return use
            case What.NEW_USE:
                return self.read_use(_present(self.rotation.new_key_id))
            case What.GRANTS:
                return self._grants()
            case What.OLD_REFUSED:
                return is_refused(self)
            case What.CONSUMERS:
                return consumers.read(self)
            case What.FOLLOWERS:
                return followers.read(self)

    def _old_end(self) -> Instant | None:
        """When the provider ends the open rotation's old key, by the last listing that had it."""
        rotation = self.claim.rotation
        record = self.key(rotation.old_key_id) if rotation else None
        return record.expires_at if record else None

    def granting(self) -> CanKeepGrants:
        """The provider as one whose keys are granted things of their own.

        Raises:
            InvariantError: It is none; the machine should not have asked.
        """
        if not isinstance(self.provider, CanKeepGrants):
            msg = "the provider's keys have no grants"
            raise InvariantError(msg)
        return self.provider

    def _grants(self) -> Grants:
        provider, principal = self.granting(), self.credential.principal
        new = provider.grants(principal, _present(self.rotation.new_key_id))
        try:
            old = provider.grants(principal, self.rotation.old_key_id)
        except NotFoundError:
            old = frozenset()
        return Grants(old=old, new=new)

    def _published(self) -> KeyId | None:
        ref = self._ref()
        adapter = self.destination(ref)
        if not isinstance(adapter, CanReadBack):
            msg = "the destination cannot be read back"
            raise PermanentError(msg, subject=ref.name, code="no_capability")
        return adapter.published_key_id(ref)

    def _ref(self) -> DestinationRef:
        rotation = self.claim.rotation
        ref = rotation.destination if rotation else self.credential.destination
        if ref is None:
            msg = "no rule names a destination"
            raise InvariantError(msg, subject=self.credential.principal.name)
        return ref


def _present(key: KeyId | None) -> KeyId:
    if key is None:
        msg = "the rotation has no new key"
        raise InvariantError(msg)
    return key
