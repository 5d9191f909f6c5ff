"""A destination or a provider that is not what the journal holds; what is done about it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from rotator.core.drift import Drift, Memory, Note, look
from rotator.core.facts import Observation, Unreadable, What
from rotator.core.idle import Adopt, Rest, Start, next_for_idle
from rotator.core.reasons import Reason
from rotator.core.rotation import Effect, Role, Trigger
from rotator.core.terms import IfDrifted, Mode, Terms
from tests.builders import (
    EPOCH,
    NEW_KEY,
    OLD_KEY,
    OLD_VERSION,
    at,
    credential,
    destination,
    intent,
    key_record,
)
from tests.core.worlds import (
    DENIED,
    SIBLING_VERSION,
    STRAY_KEY,
    asks_for,
    key,
    listing,
    missing,
    seen,
    state,
)

if TYPE_CHECKING:
    from rotator.core.facts import DestinationState, KeyListing
    from rotator.core.idle import IdleStep
    from rotator.core.ids import KeyId, VersionId
    from rotator.core.rotation import Credential, KeyRecord
    from rotator.core.steps import Do

CURRENT = credential()
EMPTY = replace(CURRENT, current_version=None, destination=destination("ci-deployer", create=True))
REPAIR = Terms(if_drifted=IfDrifted.REPAIR)
WRITE_ONLY = Terms(can_read_back=False)
BOTH = listing(key(), key(STRAY_KEY))
ELSEWHERE = state(SIBLING_VERSION)


def record(**changes: object) -> KeyRecord:
    return replace(key_record(key_id=STRAY_KEY, role=Role.FOREIGN), **changes)  # type: ignore[arg-type]


def find(
    observation: Observation,
    keys: KeyListing = BOTH,
    *records: KeyRecord,
    of: Credential = CURRENT,
    terms: Terms | None = None,
    lost: frozenset[KeyId] = frozenset(),
) -> Do | Note | Drift | None:
    memory = Memory(records=(key_record(), *records), lost=lost)
    return look(of, memory, keys, observation, terms or Terms())


def drift(answer: object) -> Drift:
    assert isinstance(answer, Drift)
    return answer


def carrying(published: KeyId | Unreadable | None) -> Observation:
    return seen(destination=ELSEWHERE, published=published)


class TestTheDestination:
    def test_it_is_described_at_every_look_and_read_only_when_it_has_changed(self) -> None:
        assert asks_for(find(Observation())) is What.DESTINATION
        assert asks_for(find(seen(destination=ELSEWHERE))) is What.PUBLISHED
        assert find(seen(destination=state())) is None

    def test_another_version_with_our_key_is_somebodys_edit_and_is_noted(self) -> None:
        assert find(carrying(OLD_KEY)) == Note(version=SIBLING_VERSION)

    def test_another_key_is_told_with_both_keys_both_versions_and_what_is_safe(self) -> None:
        found = drift(find(carrying(STRAY_KEY)))

        assert found.reason is Reason.DRIFT
        assert (found.adopt, found.is_proved, found.is_dead) == (STRAY_KEY, False, False)
        for word in (STRAY_KEY, OLD_KEY, OLD_VERSION, SIBLING_VERSION, "delete neither"):
            assert word in found.detail

    @pytest.mark.parametrize(
        ("keys", "known", "is_dead", "words"),
        [
            (listing(key(), key(STRAY_KEY, enabled=False)), (), True, "a disabled key"),
            (listing(key()), (record(role=Role.GONE),), True, "no longer has"),
            (listing(key()), (), False, "may be another's and work"),
            (listing(key()), (record(created_at=EPOCH),), False, "may be another's and work"),
            (listing(), (record(role=Role.GONE),), True, "which is gone"),
        ],
        ids=["disabled", "gone", "unknown", "a stale listing", "both gone"],
    )
    def test_a_key_is_dead_only_if_it_surely_was_this_principals(
        self, keys: KeyListing, known: tuple[KeyRecord, ...], words: str, *, is_dead: bool
    ) -> None:
        found = drift(find(carrying(STRAY_KEY), keys, *known))

        assert (found.adopt, found.is_dead) == (None, is_dead)
        assert words in found.detail

    @pytest.mark.parametrize(
        "ended",
        [
            record(role=Role.DISCARD),
            record(role=Role.SUSPECT, intent=intent(Effect.DISABLE_KEY, key_id=STRAY_KEY)),
        ],
        ids=["discarded", "being disabled"],
    )
    def test_a_published_key_that_we_are_ending_is_never_adopted(self, ended: KeyRecord) -> None:
        assert drift(find(carrying(STRAY_KEY), BOTH, ended)).adopt is None

    def test_a_version_without_a_key_is_drift_and_not_a_dead_key(self) -> None:
        found = drift(find(carrying(None)))

        assert (found.adopt, found.is_dead) == (None, False)
        assert "carries no key" in found.detail

    def test_what_may_not_be_read_is_said_so(self) -> None:
        found = drift(find(carrying(DENIED)))

        assert (found.reason, found.is_dead, found.adopt) == (Reason.DRIFT, False, None)
        assert "cannot be read: access_denied" in found.detail

    def test_where_nothing_can_be_read_another_version_is_drift(self) -> None:
        found = drift(find(seen(destination=ELSEWHERE), terms=WRITE_ONLY))

        assert found.reason is Reason.DRIFT
        assert "cannot be read back" in found.detail

    @pytest.mark.parametrize(
        ("shown", "reason"),
        [
            (DENIED, Reason.ACCESS_DENIED),
            (missing(), Reason.DESTINATION_MISSING),
            (state(deletion_scheduled=True), Reason.DESTINATION_DELETED),
            (state(owner="another"), Reason.DESTINATION_FOREIGN),
            (state(native_rotation=True), Reason.NATIVE_ROTATION),
        ],
    )
    def test_an_object_that_is_gone_or_anothers_is_told(
        self, shown: DestinationState | Unreadable, reason: Reason
    ) -> None:
        created = replace(CURRENT, destination=destination("ci-deployer", create=True))

        found = drift(find(seen(destination=shown), of=created))

        assert (found.reason, found.is_dead, found.adopt) == (reason, False, None)

    @pytest.mark.parametrize("shown", [missing(), state(None)])
    def test_an_object_that_never_carried_a_key_need_not_exist(
        self, shown: DestinationState
    ) -> None:
        assert find(seen(destination=shown), of=EMPTY) is None
        assert find(carrying(None), of=EMPTY) is None
        assert find(seen(destination=ELSEWHERE), of=EMPTY, terms=WRITE_ONLY) is None

    @pytest.mark.parametrize(("owner", "is_proved"), [("rotator", True), (None, False)])
    def test_our_lost_rotations_key_is_proved_only_in_a_destination_of_ours(
        self, owner: str | None, *, is_proved: bool
    ) -> None:
        shown = seen(destination=replace(ELSEWHERE, owner=owner), published=STRAY_KEY)

        found = drift(find(shown, lost=frozenset({STRAY_KEY})))

        assert (found.adopt, found.is_proved) == (STRAY_KEY, is_proved)


class TestTheProvider:
    @pytest.mark.parametrize("of", [CURRENT, replace(CURRENT, destination=None)])
    def test_a_current_key_that_was_ended_is_told(self, of: Credential) -> None:
        shown = seen(destination=state())

        gone = drift(find(shown, listing(), of=of))
        off = drift(find(shown, listing(key(enabled=False)), of=of))

        assert (gone.reason, gone.is_dead) == (Reason.CURRENT_KEY_GONE, True)
        assert (off.reason, off.is_dead) == (Reason.CURRENT_KEY_DISABLED, True)

    def test_a_key_of_a_moment_ago_is_not_dead_because_a_stale_listing_lacks_it(self) -> None:
        memory = Memory(records=(key_record(created_at=EPOCH),))
        shown = seen(destination=state())

        early = look(CURRENT, memory, listing(), shown, Terms())
        late = look(CURRENT, memory, listing(now=at(minutes=1)), shown, Terms())
        unknown = look(CURRENT, Memory(), listing(), shown, Terms())

        assert (drift(early).is_dead, drift(late).is_dead) == (False, True)
        assert not drift(unknown).is_dead


class TestRepair:
    """Policy's word: only `drift: repair` lets anything be done, and never to what works."""

    def step(
        self,
        observation: Observation,
        terms: Terms,
        *records: KeyRecord,
        lost: frozenset[KeyId] = frozenset(),
        of: Credential = CURRENT,
    ) -> IdleStep:
        memory = Memory(records=(key_record(), *records), lost=lost)
        return next_for_idle(of, observation, terms, EPOCH, memory=memory)

    def shown(
        self, keys: KeyListing, published: KeyId | None, version: VersionId = SIBLING_VERSION
    ) -> Observation:
        return seen(keys=keys, destination=state(version), published=published)

    @pytest.mark.parametrize(
        "terms", [Terms(), replace(REPAIR, mode=Mode.PLAN)], ids=["no rule", "plan mode"]
    )
    @pytest.mark.parametrize(
        ("keys", "version", "reason"),
        [
            (BOTH, SIBLING_VERSION, Reason.DRIFT),
            (listing(key(enabled=False)), OLD_VERSION, Reason.CURRENT_KEY_DISABLED),
            (listing(), OLD_VERSION, Reason.CURRENT_KEY_GONE),
        ],
    )
    def test_without_a_rule_it_is_only_told(
        self, terms: Terms, keys: KeyListing, version: VersionId, reason: Reason
    ) -> None:
        waiting = replace(CURRENT, due_at=at(days=3))

        answer = self.step(self.shown(keys, STRAY_KEY, version), terms, of=waiting)

        assert isinstance(answer, Rest)
        assert (answer.wait.reason, answer.due_at) == (reason, at(days=3))

    def test_a_working_key_that_somebody_published_is_adopted(self) -> None:
        answer = self.step(self.shown(BOTH, STRAY_KEY), REPAIR)

        assert answer == Adopt(key_id=STRAY_KEY, version=SIBLING_VERSION, reason="drift: repair")

    def test_what_our_own_lost_rotation_published_needs_no_rule(self) -> None:
        lost = frozenset({STRAY_KEY})

        answer = self.step(self.shown(BOTH, STRAY_KEY), Terms(), lost=lost)

        assert answer == Adopt(
            key_id=STRAY_KEY, version=SIBLING_VERSION, reason="our mark", retires=OLD_KEY
        )

    def test_in_plan_mode_it_is_told_for_nobody_could_retire_what_it_replaced(self) -> None:
        lost = frozenset({STRAY_KEY})

        answer = self.step(self.shown(BOTH, STRAY_KEY), Terms(mode=Mode.PLAN), lost=lost)

        assert isinstance(answer, Rest)
        assert answer.wait.reason is Reason.DRIFT

    def test_what_a_person_published_retires_nothing(self) -> None:
        answer = self.step(self.shown(BOTH, STRAY_KEY), REPAIR)

        assert isinstance(answer, Adopt)
        assert answer.retires is None

    def test_a_forgotten_rotation_whose_old_key_is_gone_has_nothing_to_retire(self) -> None:
        lost = frozenset({STRAY_KEY})

        answer = self.step(self.shown(listing(key(STRAY_KEY)), STRAY_KEY), Terms(), lost=lost)

        assert isinstance(answer, Adopt)
        assert answer.retires is None

    @pytest.mark.parametrize(
        ("keys", "published", "version"),
        [
            (listing(), OLD_KEY, OLD_VERSION),
            (listing(key(enabled=False)), OLD_KEY, OLD_VERSION),
            (listing(key()), STRAY_KEY, SIBLING_VERSION),
        ],
        ids=["gone", "disabled", "a dead key is published"],
    )
    @pytest.mark.parametrize(
        ("requested", "trigger"),
        [
            (None, Trigger.DRIFT),
            (Trigger.MANUAL, Trigger.DRIFT),
            (Trigger.TAINT, Trigger.TAINT),
        ],
    )
    def test_a_key_that_is_refused_is_replaced_at_once(
        self,
        keys: KeyListing,
        published: KeyId,
        version: VersionId,
        requested: Trigger | None,
        trigger: Trigger,
    ) -> None:
        ordered = replace(CURRENT, requested=requested)

        answer = self.step(
            self.shown(keys, published, version), REPAIR, record(role=Role.GONE), of=ordered
        )

        assert isinstance(answer, Start)
        assert (answer.trigger, answer.due_at) == (trigger, EPOCH)
        assert answer.version in {version, None if trigger is Trigger.TAINT else version}

    def test_full_slots_are_explained_and_nothing_is_deleted_to_repair(self) -> None:
        keys = listing(key(enabled=False), key(NEW_KEY))

        answer = self.step(self.shown(keys, OLD_KEY, OLD_VERSION), REPAIR)

        assert isinstance(answer, Rest)
        assert answer.wait.reason is Reason.CURRENT_KEY_DISABLED
        assert "no free key slot" in answer.wait.detail
        assert NEW_KEY in answer.wait.detail

    def test_what_may_be_anothers_and_work_is_never_replaced(self) -> None:
        answer = self.step(self.shown(listing(key()), STRAY_KEY), REPAIR)

        assert isinstance(answer, Rest)
        assert answer.wait.reason is Reason.DRIFT

    def test_a_foreign_destination_that_cannot_be_read_is_not_written_to(self) -> None:
        terms = replace(REPAIR, can_read_back=False)
        shown = seen(keys=listing(), destination=state(owner=None))

        answer = self.step(shown, terms, of=EMPTY)

        assert isinstance(answer, Rest)
        assert answer.wait.reason is Reason.UNPUBLISHED

    def test_a_sibling_edit_is_noted_and_the_key_goes_on_aging(self) -> None:
        assert self.step(self.shown(BOTH, OLD_KEY), Terms()) == Note(version=SIBLING_VERSION)
