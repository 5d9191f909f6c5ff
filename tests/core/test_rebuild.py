"""What a lost journal held: what is proved, what is only likely, and what is a stranger's."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from rotator.core.ids import KeyId, RotationId, version_token
from rotator.core.machine import next_step
from rotator.core.reasons import Reason
from rotator.core.rebuild import Rebuilt, Traces, is_history_needed, rebuilt
from rotator.core.rotation import Effect, Phase, Role
from rotator.core.steps import Do, Fact, Record, Wait
from rotator.core.terms import Mode, Terms, Traits
from rotator.core.transitions import tokens
from tests.builders import EPOCH, NEW_KEY, OLD_KEY, OLD_VERSION, an_id, at, credential, key_record
from tests.core.worlds import SIBLING_VERSION, STRAY_KEY, key, listing, seen, state, used

if TYPE_CHECKING:
    from rotator.core.facts import DestinationState
    from rotator.core.ids import VersionId
    from rotator.core.rotation import KeyRecord

TERMS = Terms()
OURS = RotationId(an_id("ours"))
OLDER = RotationId(an_id("older"))
SPARE = RotationId(an_id("spare"))
PUBLISHED = version_token(OURS, NEW_KEY, 1)
OLD = key_record(key_id=OLD_KEY, role=Role.FOREIGN, created_at=at(days=-80))
NEW = key_record(key_id=NEW_KEY, role=Role.FOREIGN, created_at=at(days=-1), rotation_id=OURS)


def left(
    *records: KeyRecord,
    shown: DestinationState | None = None,
    current: KeyId | None = NEW_KEY,
    version: VersionId | None = PUBLISHED,
    **changes: Any,  # noqa: ANN401 - any field
) -> Traces:
    """Leave traces of a rotation of ours that has published a key."""
    if shown is None:
        shown = state(version, versions=frozenset({PUBLISHED, OLD_VERSION}), previous=OLD_VERSION)
    found = Traces(
        credential=replace(credential(), current_key_id=current, current_version=version),
        records=records or (OLD, NEW),
        state=shown,
        replaced=OLD_KEY,
    )
    return replace(found, **changes)


def rebuild(traces: Traces) -> Rebuilt:
    return rebuilt(traces, TERMS, EPOCH, spare=SPARE)


def roles(made: Rebuilt) -> dict[KeyId, Role]:
    return {item.record.key_id: item.record.role for item in made.findings}


def proof_of(made: Rebuilt, wanted: KeyId) -> str:
    return next(item.proof for item in made.findings if item.record.key_id == wanted)


class TestProved:
    def test_the_key_that_ours_replaced_is_let_go_by_the_rotation_that_replaced_it(self) -> None:
        made = rebuild(left())

        assert roles(made) == {OLD_KEY: Role.PREVIOUS, NEW_KEY: Role.CURRENT}
        assert made.rotation is not None
        assert (made.rotation.id, made.rotation.phase) == (OURS, Phase.PROMOTED)
        assert (made.rotation.old_key_id, made.rotation.new_key_id) == (OLD_KEY, NEW_KEY)
        assert (made.rotation.old_version, made.rotation.base_version) == (OLD_VERSION,) * 2
        assert made.rotation.new_version == PUBLISHED
        assert made.rotation.promoted_at is None

    def test_a_disabled_one_gets_a_whole_new_grace_too(self) -> None:
        made = rebuild(left(replace(OLD, enabled=False), NEW))

        assert made.rotation is not None
        assert (made.rotation.phase, made.rotation.disabled_at) == (Phase.PROMOTED, None)
        assert "a new grace, a new quarantine" in made.findings[0].then

    def test_a_mark_and_its_version_prove_a_key_without_a_label(self) -> None:
        token = version_token(OLDER, OLD_KEY, 2)
        shown = state(PUBLISHED, versions=frozenset({PUBLISHED, token}))
        made = rebuild(left(replace(OLD, rotation_id=OLDER), NEW, shown=shown, replaced=None))

        assert roles(made)[OLD_KEY] is Role.PREVIOUS
        assert made.rotation is not None
        assert (made.rotation.id, made.rotation.base_version) == (SPARE, token)
        assert made.rotation.old_version is None

    def test_a_key_that_was_stored_and_never_published_is_let_go(self) -> None:
        first, second = (version_token(OURS, NEW_KEY, attempt) for attempt in (1, 2))
        shown = state(versions=frozenset({OLD_VERSION, first, second}), pending=frozenset({first}))
        traces = left(shown=shown, current=OLD_KEY, version=OLD_VERSION, replaced=None)
        made = rebuild(traces)

        assert roles(made) == {OLD_KEY: Role.CURRENT, NEW_KEY: Role.PREVIOUS}
        assert made.rotation is not None
        assert (made.rotation.id, made.rotation.base_version) == (SPARE, first)
        assert (made.rotation.old_key_id, made.rotation.new_key_id) == (NEW_KEY, OLD_KEY)

    def test_of_several_the_one_that_was_replaced_last_is_let_go_and_the_others_are_told(
        self,
    ) -> None:
        token = version_token(OLDER, STRAY_KEY, 1)
        stray = key_record(
            key_id=STRAY_KEY, role=Role.FOREIGN, rotation_id=OLDER, created_at=at(days=-2)
        )
        versions = frozenset({PUBLISHED, OLD_VERSION, token})
        shown = state(PUBLISHED, versions=versions, previous=OLD_VERSION)
        made = rebuild(left(OLD, NEW, stray, shown=shown))

        assert roles(made) == {
            OLD_KEY: Role.PREVIOUS,
            NEW_KEY: Role.CURRENT,
            STRAY_KEY: Role.FOREIGN,
        }
        assert "one key is let go at a time" in proof_of(made, STRAY_KEY)

    def test_a_version_of_a_later_attempt_is_known_as_ours_to_an_order_to_go_back(self) -> None:
        token = version_token(OURS, NEW_KEY, 3)
        shown = state(token, versions=frozenset({token, OLD_VERSION}), previous=OLD_VERSION)
        made = rebuild(left(version=token, shown=shown)).rotation

        assert made is not None
        assert made.new_version in tokens(made)

    def test_what_an_empty_journal_had_judged_in_the_meantime_is_forgotten(self) -> None:
        judged = replace(NEW, suspect_since=EPOCH)
        suspect = replace(OLD, role=Role.SUSPECT, suspect_since=EPOCH)
        made = rebuild(left(suspect, judged))

        assert [item.record.suspect_since for item in made.findings] == [None, None]


class TestNotProved:
    @pytest.mark.parametrize("owner", [None, "another"])
    def test_in_a_secret_that_is_not_tagged_ours_nothing_is(self, owner: str | None) -> None:
        shown = state(PUBLISHED, owner=owner, versions=frozenset({PUBLISHED, OLD_VERSION}))
        made = rebuild(left(shown=shown))

        assert roles(made)[OLD_KEY] is Role.FOREIGN
        assert made.rotation is None
        assert "not tagged ours" in proof_of(made, OLD_KEY)

    def test_what_a_person_replaced_is_not(self) -> None:
        by_hand = replace(NEW, rotation_id=None)
        made = rebuild(left(OLD, by_hand, version=SIBLING_VERSION))

        assert roles(made)[OLD_KEY] is Role.FOREIGN
        assert made.rotation is None

    def test_a_key_of_ours_that_a_person_replaced_is_left_to_them(self) -> None:
        token = version_token(OLDER, OLD_KEY, 1)
        by_hand, ours = replace(NEW, rotation_id=None), replace(OLD, rotation_id=OLDER)
        shown = state(SIBLING_VERSION, versions=frozenset({SIBLING_VERSION, token}), previous=token)
        made = rebuild(left(ours, by_hand, shown=shown, version=SIBLING_VERSION, replaced=None))

        assert (roles(made)[OLD_KEY], made.rotation) == (Role.FOREIGN, None)
        assert "which took its place, is not" in proof_of(made, OLD_KEY)

    def test_a_newer_key_from_which_somebody_went_back_is_left_to_them(self) -> None:
        versions = frozenset({PUBLISHED, OLD_VERSION})
        shown = state(versions=versions, previous=PUBLISHED)
        made = rebuild(left(shown=shown, current=OLD_KEY, version=OLD_VERSION, replaced=None))

        assert (roles(made)[NEW_KEY], made.rotation) == (Role.FOREIGN, None)
        assert "somebody went back" in proof_of(made, NEW_KEY)

    @pytest.mark.parametrize(
        ("mark", "said"),
        [
            (None, "no mark"),
            (OLDER, f"marked by rotation {OLDER}"),
            (RotationId("what anybody may write"), "marked by rotation what anybody may write"),
            (RotationId(f"urn:uuid:{OURS}"), f"marked by rotation urn:uuid:{OURS}"),
        ],
    )
    def test_a_key_in_no_version_that_is_known_is_not(
        self, mark: RotationId | None, said: str
    ) -> None:
        made = rebuild(left(replace(OLD, rotation_id=mark), NEW, replaced=None))

        assert (roles(made)[OLD_KEY], made.rotation) == (Role.FOREIGN, None)
        assert proof_of(made, OLD_KEY).startswith(said)

    def test_another_way_to_write_the_id_of_our_rotation_is_no_mark_of_ours(self) -> None:
        copied = replace(NEW, rotation_id=RotationId(f"urn:uuid:{OURS}"))
        made = rebuild(left(OLD, copied))

        assert made.rotation is None

    @pytest.mark.parametrize(
        ("record", "then"),
        [
            (replace(OLD, rotation_id=OLDER), "watched as a suspect"),
            (replace(OLD, rotation_id=OLDER, role=Role.SUSPECT), "watched as a suspect"),
            (replace(OLD, rotation_id=OLDER, suspect_since=EPOCH), "left alone, though"),
            (replace(OLD, rotation_id=RotationId("anything")), "left alone, though"),
        ],
    )
    def test_what_is_said_to_become_of_it_is_what_the_daemon_does(
        self, record: KeyRecord, then: str
    ) -> None:
        made = rebuild(left(record, NEW, replaced=None))

        assert then in made.findings[0].then

    def test_what_cannot_be_read_is_said_and_proves_nothing(self) -> None:
        made = rebuild(left(replaced=None, unread="access_denied"))

        assert made.rotation is None
        assert "cannot be read (access_denied)" in proof_of(made, OLD_KEY)

    @pytest.mark.parametrize("changes", [{"state": None}, {"records": (OLD,)}])
    def test_without_an_object_or_a_listed_current_key_nothing_is(
        self, changes: dict[str, object]
    ) -> None:
        made = rebuild(replace(left(version=None), **changes))  # type: ignore[arg-type]

        assert made.rotation is None
        assert roles(made)[OLD_KEY] is Role.FOREIGN

    def test_the_only_key_of_an_object_that_carries_none_yet_is_told(self) -> None:
        only = left(OLD, current=OLD_KEY, version=None, state=None)
        (finding,) = rebuild(only).findings

        assert finding.record.role is Role.CURRENT
        assert "nothing is published yet" in finding.proof


class TestUndated:
    """The provider does not tell when keys were made."""

    BOTH = frozenset({OLD_KEY, NEW_KEY})

    def test_a_key_in_the_version_before_without_a_mark_is_left_alone(self) -> None:
        made = rebuild(left(undated=self.BOTH))

        assert (roles(made)[OLD_KEY], made.rotation) == (Role.FOREIGN, None)
        assert "nobody tells which key is the older one" in proof_of(made, OLD_KEY)

    def test_a_key_that_we_surely_minted_is_let_go(self) -> None:
        token = version_token(OLDER, OLD_KEY, 1)
        ours = replace(OLD, rotation_id=OLDER, created_at=NEW.created_at)
        shown = state(PUBLISHED, versions=frozenset({PUBLISHED, token}), previous=token)
        made = rebuild(left(ours, NEW, shown=shown, undated=self.BOTH))

        assert roles(made)[OLD_KEY] is Role.PREVIOUS
        assert made.rotation is not None
        assert made.rotation.id == OURS

    def test_the_current_keys_age_is_counted_from_now_and_that_is_said(self) -> None:
        made = rebuild(left(undated=self.BOTH))
        (current,) = [item for item in made.findings if item.record.role is Role.CURRENT]

        assert current.then.endswith("nobody tells its age")


class TestTraits:
    def test_a_key_that_cannot_be_switched_off_is_said_to_be_deleted_after_its_grace(self) -> None:
        terms = replace(TERMS, traits=Traits(can_disable=False))
        made = rebuilt(left(), terms, EPOCH, spare=SPARE)

        assert made.findings[0].then == "a new grace, deleted past the guard"

    def test_a_key_takes_no_slot_where_there_is_no_limit(self) -> None:
        terms = replace(TERMS, traits=Traits(max_keys=None))
        made = rebuilt(left(replaced=None), terms, EPOCH, spare=SPARE)

        assert made.findings[0].then == "left alone"


class TestHistory:
    def test_the_version_before_is_read_where_it_decides(self) -> None:
        assert is_history_needed(left(), TERMS)

    @pytest.mark.parametrize(
        "traces",
        [
            left(state=None),
            left(shown=state(PUBLISHED, versions=frozenset({PUBLISHED}))),
            left(shown=state(PUBLISHED, owner="another", previous=OLD_VERSION)),
            left(NEW),
            left(OLD, replace(NEW, rotation_id=None)),
        ],
        ids=["no object", "nothing before", "another's", "one key", "a person's is current"],
    )
    def test_and_nowhere_else(self, traces: Traces) -> None:
        assert not is_history_needed(traces, TERMS)


class TestAfterwards:
    """What the machine makes of a rebuilt rotation."""

    def step(self, *, mode: Mode, days: float = 0, begun: bool = False) -> object:
        made = rebuild(left()).rotation
        assert made is not None
        now = at(days=days)
        keys = listing(key(OLD_KEY), key(NEW_KEY), now=now)
        shown = state(PUBLISHED, versions=frozenset({PUBLISHED, OLD_VERSION}), previous=OLD_VERSION)
        observation = seen(
            keys=keys,
            destination=shown,
            old_use=used(at(days=-1)),
            new_use=used(at(days=days)),
        )
        rotation = replace(made, promoted_at=EPOCH if begun else None)
        return next_step(rotation, observation, replace(TERMS, mode=mode), now)

    def test_before_the_account_is_confirmed_not_even_the_grace_begins(self) -> None:
        step = self.step(mode=Mode.PLAN, days=30)

        assert isinstance(step, Wait)
        assert step.reason is Reason.PLAN_MODE

    def test_then_a_whole_grace_begins(self) -> None:
        step = self.step(mode=Mode.ENFORCE, days=30)

        assert step == Record(fact=Fact.FOUND_CURRENT, version=PUBLISHED)

    def test_and_only_after_it_the_old_key_is_switched_off(self) -> None:
        assert isinstance(self.step(mode=Mode.ENFORCE, days=0.9, begun=True), Wait)
        step = self.step(mode=Mode.ENFORCE, days=9, begun=True)

        assert isinstance(step, Do)
        assert (step.effect, step.key_id) == (Effect.DISABLE_KEY, OLD_KEY)

    def test_the_label_of_a_version_that_never_became_current_is_removed_before_the_delete(
        self,
    ) -> None:
        token = version_token(OURS, NEW_KEY, 1)
        shown = state(versions=frozenset({OLD_VERSION, token}), pending=frozenset({token}))
        traces = left(shown=shown, current=OLD_KEY, version=OLD_VERSION, replaced=None)
        made = rebuild(traces).rotation
        assert made is not None
        disabled = replace(made, phase=Phase.DISABLED, promoted_at=EPOCH, disabled_at=at(days=2))
        keys = listing(key(OLD_KEY), key(NEW_KEY, enabled=False), now=at(days=9))
        observation = seen(keys=keys, destination=shown, old_use=used(at(days=-1)))

        step = next_step(disabled, observation, TERMS, at(days=9))

        assert isinstance(step, Do)
        assert (step.effect, step.version) == (Effect.UNSTAGE, token)
