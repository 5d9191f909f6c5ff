"""The independent judge: it knows the truth of the fakes and the rows of the journal.

It shares no logic with the machine or the shell. From the acts that took effect
at the vendors it keeps a model of its own, and holds each act of ours against
the invariants of the design; at the end it looks for leftovers and for secrets.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from rotator.core.ids import KeyId, credential_id
from rotator.core.rotation import Effect, Phase, Role, Trigger
from rotator.testing.fake_grants import Granting
from rotator.testing.fake_provider import SECRET_MARK
from rotator.testing.wire import Act, Actor
from tests.simulation.violation import Violation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from rotator.core.facts import DestinationRef, Principal
    from rotator.core.ids import CredentialId, Instant, RotationId, VersionId
    from rotator.core.rotation import Intent, KeyRecord, Rotation
    from rotator.core.terms import Terms
    from rotator.testing.fake_destination import WriteOnlyFakeDestination
    from rotator.testing.fake_keys import FakeKey
    from rotator.testing.fake_provider import BareFakeProvider
    from tests.simulation.consumers import Refusal
    from tests.simulation.journals import Book


_STARTS = {
    "create_key": Effect.CREATE_KEY,
    "disable_key": Effect.DISABLE_KEY,
    "delete_key": Effect.DELETE_KEY,
}
"""What needs a durable intent, by the verbs of acts."""

UNDER_WAY = timedelta(minutes=15)
"""How long a request can be under way that was meant before a restore, by clocks that differ."""


@dataclass(slots=True, kw_only=True)
class Checker:
    """Judges one credential in one destination object.

    Attributes:
        principal: Whose keys are judged; a namesake's are a stranger's.
        may_hold: Whether a hold with a reason is as good an end as a rotation.
        may_forget: Whether the journal was put back to an older state.
        forgot_at: When that was, the last time.
        namesakes: Uids of principals that were made under the same name later.
        managed: Keys that the rules put under management from the beginning.
        brought_back: Keys that a human published again after they were switched off.
        old_since: When a key stopped being the published one.
        shown: Every version that was current once.
        shown_since: When a key was published last, and since when it was old before that.
        credential: The id of the principal's row in the journal.
        tolerance: How far processes' clocks may be off, and periods be short.
        began_at: Since when a daemon looks after the principal; None if always.
        checks: How many times it looked.
        mint_intents: When each rotation first meant to mint.
        marks: One of these is in everything that shows a secret.
        is_shut: Whether evidence could not be kept, already when a pass asked.
        meant: Every intent that was seen in the journal: what, to which key, when.
    """

    provider: BareFakeProvider
    destination: WriteOnlyFakeDestination
    journal: Book
    principal: Principal
    ref: DestinationRef
    terms: Terms
    may_hold: bool = False
    may_forget: bool = False
    forgot_at: Instant | None = None
    namesakes: set[str] = field(default_factory=set)
    managed: set[KeyId] = field(default_factory=set)
    brought_back: set[KeyId] = field(default_factory=set)
    violations: list[Violation] = field(default_factory=list)
    current: VersionId | None = None
    moved: Act | None = None
    staged: dict[VersionId, VersionId | None] = field(default_factory=dict)
    old_since: dict[KeyId, Instant] = field(default_factory=dict)
    shown: set[VersionId] = field(default_factory=set)
    shown_since: dict[KeyId, tuple[Instant, Instant | None]] = field(default_factory=dict)
    disabled: dict[KeyId, Act] = field(default_factory=dict)
    enabled_at: dict[KeyId, Instant] = field(default_factory=dict)
    ended_by_hand: set[KeyId] = field(default_factory=set)
    switched_by_hand: set[KeyId] = field(default_factory=set)
    mint_intents: dict[RotationId, Instant] = field(default_factory=dict)
    tolerance: timedelta = timedelta(0)
    began_at: Instant | None = None
    checks: int = 0
    marks: tuple[str, ...] = (SECRET_MARK,)
    is_shut: Callable[[], bool] = lambda: False
    meant: set[tuple[Effect, KeyId | None, Instant]] = field(default_factory=set)
    credential: CredentialId = field(init=False)
    _seen: int = 0

    def __post_init__(self) -> None:
        """Name the row."""
        principal = self.principal
        self.credential = credential_id(principal.provider, principal.account, principal.name)

    def look(self) -> None:
        """Judge everything that happened since the last look."""
        self.checks += 1
        rotations = self._rotations()
        self._note_intents(rotations)
        self._one_writer(rotations)
        acts = self.provider.wire.acts
        while self._seen < len(acts):
            act = acts[self._seen]
            self._seen += 1
            if self._is_mine(act):
                self._judge(act)

    def refused(self, refusal: Refusal) -> None:
        """Judge a consumer's failed call: was it our doing?"""
        key = self.provider.keys[refusal.key]
        is_humans = refusal.key in self.ended_by_hand | self.brought_back
        if is_humans or self._is_waking(refusal):
            return
        if key.has_expired_at(refusal.at):
            self._met_its_end(refusal)
            return
        why = f"{refusal.habit.name} was refused with {key.key_id}"
        self._break("I1" if refusal.key == self._published() else "I4", refusal.at, why)

    def _met_its_end(self, refusal: Refusal) -> None:
        """No act of ours ends such a key; that it was not replaced in time is our omission.

        Unless a hold told of it, or people gave us a key with less left than the longest grace.
        """
        key, grace = self.provider.keys[refusal.key], self.terms.grace
        assert key.expires_at is not None
        began_at = self.began_at or key.created_at
        had_no_time = key.minter is Actor.HUMAN and key.expires_at - began_at < grace.max_period
        if had_no_time or (self.may_hold and self._is_held()):
            return
        what = f"{refusal.habit.name} met {key.key_id}, which had expired"
        self._break("I1" if refusal.key == self._published() else "I4", refusal.at, what)

    def _is_waking(self, refusal: Refusal) -> bool:
        """A key that was switched on a moment ago is not accepted everywhere yet."""
        woken = self.enabled_at.get(refusal.key)
        return woken is not None and refusal.at - woken < self.provider.habits.activation_lag

    def crashed(self, error: BaseException, at: Instant) -> None:
        """Judge an error that left the shell."""
        self._break("I10", at, f"{type(error).__name__}: {error}")

    def finish(self, lines: Iterable[object], at: Instant) -> None:
        """Judge what is left when everything has come to rest."""
        self.look()
        self._no_secret(lines, at)
        self._settled(at)
        self._ends_are_true(at)
        self._nothing_left(at)

    # Acts, one by one.

    def _judge(self, act: Act) -> None:
        if act.actor is Actor.ROTATOR and act.verb in _STARTS:
            self._was_meant(act, _STARTS[act.verb])
        if act.key is not None and act.verb in {"disable_key", "delete_key"}:
            if act.actor is Actor.ROTATOR:
                self._ended_by_us(act, act.key)
            self.disabled.setdefault(act.key, act)
            if act.actor is Actor.HUMAN:
                self.ended_by_hand.add(act.key)
        elif act.key is not None and act.verb == "enable_key":
            self.disabled.pop(act.key, None)
            self.brought_back.discard(act.key)
            self.enabled_at[act.key] = act.at
            if act.actor is Actor.HUMAN:
                self.switched_by_hand.add(act.key)
        elif act.verb == "stage" and act.version is not None:
            self.staged.setdefault(act.version, self.current)
        elif act.verb in {"promote", "write"} and act.version is not None:
            self._moved(act, act.version)

    def _was_meant(self, act: Act, effect: Effect) -> None:
        """Nothing is made or ended that the journal did not take in before (I7)."""
        if effect is Effect.CREATE_KEY:
            is_meant = any(it[0] is effect for it in self.meant)
        else:
            # A key that is off by its grants loses them as the first part of its deletion.
            ends = {effect, Effect.DELETE_KEY}
            is_meant = any(it[0] in ends and it[1] == act.key for it in self.meant)
        # A key that a lost lease or a full disk kept out of the journal is put away.
        is_ours = effect is Effect.DELETE_KEY and act.key not in self.old_since
        if not is_meant and not is_ours:
            self._break("I7", act.at, f"{act.verb} of {act.key} without an intent")

    def _moved(self, act: Act, version: VersionId) -> None:
        if act.actor is Actor.ROTATOR and act.verb == "promote":
            self._promoted_by_us(act, version)
        before, self.current = self._published(), version
        self.shown.add(version)
        self.moved = act
        after = self._published()
        replaced = {before} if before else self.managed - self.old_since.keys()
        for key in replaced - {after}:
            self.old_since[key] = self._old_from(key, act)
        if after is not None:
            self.shown_since[after] = act.at, self.old_since.pop(after, None)
            if after in self.disabled and act.actor is Actor.HUMAN:
                self.brought_back.add(after)

    def _old_from(self, key: KeyId, act: Act) -> Instant:
        """Say since when a key is old; nobody can know that it was back for a moment only."""
        shown_at, old_before = self.shown_since.get(key, (act.at, None))
        # Nothing is read inside the grace, and after it every check interval.
        unread = self.terms.grace.min_period + self.terms.limits.check_interval
        is_unseen = act.at - shown_at < unread
        return old_before if old_before is not None and is_unseen else act.at

    def _promoted_by_us(self, act: Act, version: VersionId) -> None:
        key = self._key_in(version)
        if key == self._published() and self.current is not None:
            return  # a sibling's field; ours is as it was
        truth = self.provider.keys.get(key) if key else None
        is_humans = key in self.ended_by_hand
        if truth is None or not (is_humans or self._accepts(truth, act.at)):
            self._break("I1", act.at, f"promoted {key}, which the provider refuses")
        self._kept_the_others(act, version)
        is_foreign = self.moved is not None and self.moved.actor is Actor.HUMAN
        is_return = version in self.shown  # an operator's rollback, and it names its base
        if is_foreign and not is_return and self.staged.get(version) != self.current:
            self._break("I6", act.at, "a foreign write was overwritten by promote")

    def _kept_the_others(self, act: Act, version: VersionId) -> None:
        """Whoever shares the object must find its fields as they were."""
        if self.current is None or not self.ref.merge:
            return
        mine = {self.ref.key_id_field, self.ref.secret_field}
        before, after = (self._fields(item) for item in (self.current, version))
        changed = {name for name in before if after.get(name) != before[name]}
        if changed & mine and changed - mine:
            self._break("I6", act.at, f"promote undid somebody else's {sorted(changed - mine)}")

    def _ended_by_us(self, act: Act, key: KeyId) -> None:
        truth = self.provider.keys[key]
        if key == self._published() and not self._is_namesake(act):
            self._while_published(act, key)
        elif key in self.old_since:
            self._after_grace(act, key, truth)
        elif truth.minter is Actor.HUMAN:
            self._suspected(act, truth)

    def _former(self) -> tuple[FakeKey, ...]:
        """Keys whose id another one was given later; only some vendors do that."""
        return tuple(getattr(self.provider, "former", ()))

    def _is_namesake(self, act: Act) -> bool:
        """Whether the key that was ended only has the id of the one that consumers read."""
        known = (*self._former(), *self.provider.keys.values())
        ended = [it for it in known if it.key_id == act.key and it.deleted_at == act.at]
        read = self._fields(self.current)[self.ref.secret_field] if self.current else None
        return bool(ended) and all(item.secret != read for item in ended)

    def _while_published(self, act: Act, key: KeyId) -> None:
        """A human may roll back while our request is under way; it must then be healed."""
        window = self.provider.habits.signature_window
        is_race = self.moved is not None and (
            self.moved.actor is Actor.HUMAN and act.at - self.moved.at <= window
        )
        if is_race and (act.verb == "disable_key" or key in self.disabled):
            self.brought_back.add(key)
            if act.verb == "delete_key":
                # They went back to a key that was off already: nobody can heal that any more.
                self.ended_by_hand.add(key)
        else:
            self._break("I1", act.at, f"{act.verb} of {key}, which is published")

    def _after_grace(self, act: Act, key: KeyId, truth: FakeKey) -> None:
        grace, before = self.terms.grace, self.disabled.get(key)
        if before is None:
            if act.at - self.old_since[key] < grace.min_period - self.tolerance:
                self._break("I4", act.at, f"{act.verb} of {key} inside the grace period")
            self._out_of_use(act, truth)
        elif act.verb == "delete_key" and (
            act.at - before.at < grace.quarantine_period - self.tolerance
        ):
            self._break("I4", act.at, f"delete of {key} inside the quarantine period")

    def _out_of_use(self, act: Act, truth: FakeKey) -> None:
        """What the provider cannot have reported yet, nobody can know."""
        if not self.terms.traits.can_report_use or not truth.uses or truth.has_expired_at(act.at):
            return
        blind = self.provider.habits.report_lag + self.provider.habits.use_quantum
        if act.at - truth.uses[-1] < self.terms.grace.unused_for - blind:
            self._break("I4", act.at, f"{act.verb} of {truth.key_id}, which is in use")

    def _suspected(self, act: Act, truth: FakeKey) -> None:
        """A human's key: only an unused one, born inside our window, after a long watch."""
        record = next((item for item in self.journal.keys() if item.key_id == truth.key_id), None)
        reason = self._wrongly(act, truth, record)
        if reason:
            self._break("I2", act.at, f"{act.verb} of a human's {truth.key_id}: {reason}")

    def _wrongly(self, act: Act, truth: FakeKey, record: KeyRecord | None) -> str:
        limits, before = self.terms.limits, self.disabled.get(truth.key_id)
        if record is None or record.role is not Role.SUSPECT or record.rotation_id is None:
            return "it is no suspect"
        lag = self.provider.habits.list_lag
        meant = self.mint_intents.get(record.rotation_id)
        # Between the listing that is the pre-image and the intent a lease may go by.
        gap = lag + limits.lease_period
        if meant is None or truth.created_at + gap < meant:
            return "it was there before we meant to mint"
        if truth.uses or truth.key_id in self.switched_by_hand:
            return "somebody uses it"
        if act.verb == "disable_key" and act.at - truth.created_at < limits.suspect_observation:
            return "it was not watched long enough"
        if act.verb == "delete_key" and (
            before is None or act.at - before.at < limits.suspect_quarantine
        ):
            return "it was not in quarantine long enough"
        return ""

    # The journal's rows.

    def _note_intents(self, rotations: Iterable[Rotation]) -> None:
        for rotation in rotations:
            intent = rotation.intent
            if intent is not None and intent.effect is Effect.CREATE_KEY:
                # By the true time: a replica's clock may be off.
                self.mint_intents.setdefault(rotation.id, self.provider.wire.clock.now())
            if intent is not None:
                self._note_intent(rotation, intent)
        for record in self.journal.keys():
            if record.intent is not None and record.credential_id == self.credential:
                self._note_intent(None, record.intent)

    def _note_intent(self, rotation: Rotation | None, intent: Intent) -> None:
        """Keep an intent; one that starts something is not made while evidence is lost (I7)."""
        meant = intent.effect, intent.key_id, intent.made_at
        if meant in self.meant:
            return
        self.meant.add(meant)
        is_old = rotation is None or intent.key_id == rotation.old_key_id
        is_start = intent.effect is Effect.CREATE_KEY or (
            intent.effect in {Effect.DISABLE_KEY, Effect.DELETE_KEY} and is_old
        )
        is_emergency = rotation is not None and rotation.trigger is Trigger.BREAK_GLASS
        if is_start and not is_emergency and self.is_shut():
            now = self.provider.wire.clock.now()
            self._break("I7", now, f"{intent.effect.value} while evidence could not be kept")

    def _one_writer(self, rotations: Iterable[Rotation]) -> None:
        still = [item for item in rotations if item.is_open]
        if len(still) < 2:
            return
        per_credential = Counter(item.credential_id for item in still)
        per_object = Counter(item.destination.id for item in still if item.is_unpromoted)
        if any(number > 1 for number in (*per_credential.values(), *per_object.values())):
            now = self.provider.wire.clock.now()
            self._break("I6", now, "two rotations where one may be")

    # The end.

    def _settled(self, at: Instant) -> None:
        is_open = any(item.is_open for item in self._rotations())
        if is_open and not self._is_held():
            self._break("I10", at, "a rotation is open, and no reason is named")
        is_excused = (self._is_held() and self.may_hold) or self.may_forget or self._is_new()
        if not self.completed() and not is_excused:
            self._break("I10", at, "nothing was rotated")
        if self._pending() and not is_open and not self.may_forget:
            self._break("I10", at, "a pending label was left")

    def _ends_are_true(self, at: Instant) -> None:
        for record in self.journal.unsealed(limit=100_000):
            called = record.subject.key_id if record.subject else None
            key = self.provider.keys.get(called) if called else None
            is_refused = record.evidence.get("proof") == "refused"
            # Of two keys with one id the record may speak of the one that is gone.
            is_former = any(item.key_id == called for item in self._former())
            if is_refused and key is not None and not is_former and self._accepts(key, at):
                self._break("I2", at, f"{called} was called refused, and is let in")

    def _nothing_left(self, at: Instant) -> None:
        self._published_works(at)
        published = self._published()
        roles = {item.key_id: item.role for item in self.journal.keys()}
        for key in self.provider.keys.values():
            is_ours = key.minter is Actor.ROTATOR or key.key_id in self.old_since
            if not key.exists_at(at) or not self._owns(key) or not is_ours:
                continue
            if key.key_id == published:
                continue
            is_forgotten = roles.get(key.key_id) in {None, Role.FOREIGN, Role.GONE}
            if is_forgotten and key.minter is Actor.HUMAN and self._is_held():
                continue  # it was never adopted, and the hold says so
            if is_forgotten and self._is_excused(key, is_known=key.key_id in roles):
                continue
            if is_forgotten:
                self._break("I3", at, f"{key.key_id} is ours and forgotten")
            elif not self._is_held():
                self._break("I10", at, f"{key.key_id} was left")

    def _is_excused(self, key: FakeKey, *, is_known: bool) -> bool:
        """Whether the journal was put back to before the mint, or a halt tells of a namesake."""
        is_told = any("landed with the new principal" in it.halt_detail for it in self._rotations())
        was_lost = self.forgot_at is not None and key.created_at - self.forgot_at <= UNDER_WAY
        is_listed = was_lost and (is_known or self._is_held())
        return is_listed or (is_told and key.owner_uid in self.namesakes)

    def _published_works(self, at: Instant) -> None:
        published = self._published()
        if published is None and self.may_hold:
            # Nothing was published before us either; `_settled` asks for the hold.
            return
        truth = self.provider.keys.get(published) if published else None
        if isinstance(self.provider, Granting) and published:
            promised = self.provider.promised.get(self.principal.uid, set())
            lacking = promised - self.provider.granted[published]
            if lacking and not self._is_held() and not self.may_forget:
                self._break("I1", at, f"{published} lacks {sorted(lacking)}")
        is_humans = published in self.ended_by_hand | self.brought_back
        if is_humans and self.may_hold and self._is_held():
            return
        if truth is None or not truth.exists_at(at):
            self._break("I10", at, f"the published key {published} does not exist")
        elif truth.has_expired_at(at) and not self._is_held():
            self._break("I1", at, f"the published key {published} was left to expire")
        elif not truth.is_enabled_at(at) and not is_humans:
            self._break("I1", at, f"the published key {published} was left disabled")

    def _is_held(self) -> bool:
        return any(
            item.hold is not None
            for item in self.journal.credentials()
            if item.principal.name == self.principal.name
        )

    def _is_new(self) -> bool:
        """Whether a namesake's key was adopted, which is young."""
        found = [it for it in self.journal.credentials() if it.id == self.credential]
        current = found[0].current_key_id if found else None
        return current is not None and self.provider.keys[current].owner_uid in self.namesakes

    def _pending(self) -> bool:
        """Whether a pending label is left that no open rotation of the object answers for."""
        found = self.destination.objects.get(self.ref.id)
        is_busy = any(
            item.is_open and item.destination.id == self.ref.id for item in self.journal.rotations()
        )
        return found is not None and found.pending is not None and not is_busy

    def _no_secret(self, lines: Iterable[object], at: Instant) -> None:
        rows: list[object] = [*self.journal.credentials(), *self.journal.keys()]
        for rotation in self.journal.rotations():
            rows += [rotation, *self.journal.events(rotation.id)]
        rows += [*self.journal.unsealed(limit=100_000), *lines]
        told = [repr(row) for row in rows]
        if any(mark in row for row in told for mark in self.marks):
            self._break("I5", at, "a secret was written down")

    # Small truths.

    def completed(self) -> int:
        """Count the rotations that went through."""
        return sum(item.phase is Phase.COMPLETED for item in self._rotations())

    def _rotations(self) -> list[Rotation]:
        return [item for item in self.journal.rotations() if item.credential_id == self.credential]

    def _owns(self, key: FakeKey) -> bool:
        return key.owner_uid == self.principal.uid or key.owner_uid in self.namesakes

    def _is_mine(self, act: Act) -> bool:
        """Whether an act is about our principal's keys or about our object."""
        if act.key is not None:
            key = self.provider.keys.get(act.key)
            return key is not None and self._owns(key)
        return act.destination == self.ref.id

    def _accepts(self, key: FakeKey, at: Instant) -> bool:
        return key.exists_at(at) and key.is_accepted_at(at, self.provider.habits)

    def _published(self) -> KeyId | None:
        return self._key_in(self.current) if self.current else None

    def _key_in(self, version: VersionId) -> KeyId | None:
        fields = self._fields(version)
        if not self.ref.key_id_field:
            # The text begins with a prefix of four letters and its id.
            text = str(fields.get(self.ref.secret_field, ""))
            return KeyId(text[4:].partition(".")[0]) if text else None
        found: KeyId | None = fields.get(self.ref.key_id_field)
        return found

    def _fields(self, version: VersionId) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.destination.objects[self.ref.id].versions[version])
        return found

    def _break(self, invariant: str, at: Instant, what: str) -> None:
        self.violations.append(Violation(invariant, at, what))
