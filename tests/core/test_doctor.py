"""The slot doctor's words: total over whatever the machine may say, and never careless."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from rotator.core import advice, diagnosis, prospects
from rotator.core.diagnosis import Chart, Part, Watched
from rotator.core.doctor import Examination, KeyFinding, examine
from rotator.core.facts import UNREAD, Known, Unreadable
from rotator.core.idle import Rest, Start
from rotator.core.ids import RotationId, VersionId, version_token
from rotator.core.orders import Verb
from rotator.core.reasons import Reason, explain, is_hold
from rotator.core.rotation import Action, Effect, Hold, Phase, Role, Trigger
from rotator.core.steps import Do, Done, Fact, Halt, Lift, Obey, Record, Refuse, Wait
from rotator.core.suspects import Act, Finding, Judge
from rotator.core.terms import Terms, Traits
from rotator.core.transitions import meaning, tokens
from rotator.errors import InvariantError
from tests.builders import (
    EPOCH,
    NEW_KEY,
    OLD_KEY,
    OLD_VERSION,
    at,
    credential,
    intent,
    key_record,
    order,
    rotation,
)
from tests.core.worlds import STRAY_KEY, TOKEN, key, listing, open_rotation, state, used

if TYPE_CHECKING:
    from rotator.core.facts import DestinationState
    from rotator.core.ids import Instant
    from rotator.core.steps import OrderStep

NOW, SOON = at(days=40), at(days=50)
LOST = RotationId("00000000-0000-4000-8000-00000000beef")


def wait(reason: Reason = Reason.NOT_DUE, detail: str = "") -> Wait:
    return Wait(until=at(days=41), reason=reason, detail=detail)


def rest(reason: Reason = Reason.NOT_DUE, *, due: Instant | None = SOON) -> Rest:
    return Rest(wait=wait(reason), due_at=due)


def chart(**changes: Any) -> Chart:  # noqa: ANN401 - any field
    """Build a look at an idle credential with one key, which consumers read."""
    owner = changes.pop("of", credential())
    keys = changes.pop("keys", (key(),))
    made = Chart(
        credential=owner,
        terms=Terms(),
        now=NOW,
        step=rest(),
        listing=Known(listing(*keys, now=NOW)),
        records=tuple(
            key_record(owner, item.key_id, role=Role.FOREIGN if number else Role.CURRENT)
            for number, item in enumerate(keys)
        ),
        destination=Known(state()),
        published=Known(OLD_KEY),
        uses={item.key_id: Known(used(at(days=39))) for item in keys},
    )
    return replace(made, **changes)


def open_chart(phase: Phase, step: OrderStep, **changes: Any) -> Chart:  # noqa: ANN401
    """Build a look at a rotation in a phase, with both of its keys."""
    opened = changes.pop("opened", open_rotation(phase))
    keys = (key(), key(NEW_KEY, created_at=EPOCH))
    return chart(step=step, rotation=opened, rotations=(opened,), keys=keys, **changes)


def crowded(**changes: Any) -> Chart:  # noqa: ANN401 - any field
    """Build a look at a due credential whose other slot holds a stray key."""
    stray = changes.pop("stray", key(STRAY_KEY))
    step = changes.pop("step", rest(Reason.SLOTS_FULL))
    return chart(step=step, keys=(key(), stray), **changes)


def said(found: Examination, key_id: str) -> KeyFinding:
    return next(item for item in found.keys if item.key.key_id == key_id)


# ------------------------------------------------------------------------- total

STEPS: tuple[Any, ...] = (
    Start(trigger=Trigger.AGE, due_at=NOW),
    *(rest(reason) for reason in Reason),
    *(Wait(until=NOW, reason=reason, detail="why") for reason in Reason),
    *(Halt(reason=reason) for reason in Reason),
    *(Do(effect=effect) for effect in Effect),
    *(Record(fact=fact, reason=Reason.DRIFT) for fact in Fact),
    Done(),
    Lift(),
    Obey(rotation=rotation()),
    Refuse(why="no"),
)


@pytest.mark.parametrize("phase", [item for item in Phase if item is not Phase.HALTED])
def test_whatever_the_machine_says_there_is_a_verdict_and_a_sentence_for_each_key(
    phase: Phase,
) -> None:
    for step in STEPS:
        found = examine(open_chart(phase, step))

        assert found.verdict.endswith(".")
        assert len(found.keys) == 2
        for item in found.keys:
            assert item.meaning
            assert item.prospect.text
            assert item.advice.text


@pytest.mark.parametrize("step", STEPS, ids=repr)
def test_whatever_an_idle_credential_is_told_it_waits_for_a_person_exactly_at_holds(
    step: Any,  # noqa: ANN401 - every kind
) -> None:
    found = examine(chart(step=step))

    told = step.wait if isinstance(step, Rest) else step
    is_held = isinstance(told, Halt) or (isinstance(told, Wait) and is_hold(told.reason))
    assert found.needs_person is is_held
    if is_held and told.reason is not Reason.SLOTS_FULL:
        assert explain(told.reason) in found.verdict


def test_no_key_that_consumers_read_is_ever_called_safe_to_delete() -> None:
    for step in STEPS:
        for phase in Phase:
            of = credential(current_key_id=STRAY_KEY)
            found = examine(open_chart(phase, step, of=of, published=Known(OLD_KEY)))

            assert OLD_KEY not in found.safe_to_delete or phase in {
                Phase.PROMOTED,
                Phase.DISABLED,
            }


def test_a_quarantined_key_is_safe_to_delete_only_while_all_that_is_proved() -> None:
    disabled = (key(enabled=False), key(NEW_KEY, created_at=EPOCH))
    step = wait(Reason.QUARANTINE)
    fine = open_chart(Phase.DISABLED, step, published=Known(NEW_KEY))
    fine = replace(fine, listing=Known(listing(*disabled)))
    quiet = {OLD_KEY: Known(used(at(days=-1)))}
    fine = replace(fine, uses=quiet)

    assert examine(fine).safe_to_delete == (OLD_KEY,)
    assert examine(replace(fine, uses={OLD_KEY: Known(used())})).safe_to_delete == (OLD_KEY,)
    for broken in (
        replace(fine, uses={OLD_KEY: Unreadable("access_denied")}),
        replace(fine, uses={OLD_KEY: Known(used(at(days=2)))}),
        replace(fine, listing=Known(listing(key(enabled=False)))),
        replace(fine, listing=Known(listing(disabled[0], key(NEW_KEY, enabled=False)))),
        replace(fine, step=wait(Reason.DRIFT)),
        replace(fine, step=wait(Reason.SETTLING)),
    ):
        assert examine(broken).safe_to_delete == ()


# ------------------------------------------------------------------------- parts


@pytest.mark.parametrize(
    ("phase", "old", "new"),
    [
        (Phase.CREATED, Part.CURRENT, Part.PENDING),
        (Phase.VERIFIED, Part.CURRENT, Part.PENDING),
        (Phase.PROMOTED, Part.PREVIOUS, Part.CURRENT),
        (Phase.DISABLED, Part.PREVIOUS, Part.CURRENT),
    ],
)
def test_the_keys_of_a_rotation_have_the_parts_of_its_phase(
    phase: Phase, old: Part, new: Part
) -> None:
    found = examine(open_chart(phase, wait(Reason.SETTLING)))

    assert [item.part for item in found.keys] == [old, new]


def test_the_new_key_of_a_rotation_that_is_given_up_goes_by_itself() -> None:
    given_up = open_rotation(Phase.CREATED, abandoned=Reason.DRIFT)
    step = Do(effect=Effect.DELETE_KEY, key_id=NEW_KEY)

    new = said(examine(open_chart(Phase.CREATED, step, opened=given_up)), NEW_KEY)
    halted = said(
        examine(open_chart(Phase.CREATED, Halt(reason=Reason.DRIFT), opened=given_up)), NEW_KEY
    )

    assert new.part is Part.DISCARD
    assert new.prospect.is_leaving
    assert "our own key is deleted" in new.prospect.text
    assert not halted.prospect.is_leaving


def test_a_key_whose_mint_was_not_answered_is_ours_by_its_mark() -> None:
    opened = open_rotation(intent=intent(known_keys=(OLD_KEY,)))
    ours = key(NEW_KEY, created_at=EPOCH, rotation=opened.id)
    maybe = key(NEW_KEY, created_at=EPOCH)
    never = key(NEW_KEY, created_at=at(days=-30))

    def part(other: Any, **changes: Any) -> Part:  # noqa: ANN401
        step = Record(fact=Fact.INTENT_DONE, key_id=NEW_KEY)
        look = chart(step=step, rotation=opened, keys=(key(), other), **changes)
        return said(examine(look), NEW_KEY).part

    assert part(ours) is Part.PENDING
    assert part(maybe) is Part.SUSPECT
    assert part(never) is Part.FOREIGN
    assert part(maybe, destination=Unreadable("access_denied")) is Part.FOREIGN


def test_a_stray_beside_a_rotation_without_a_mint_is_a_strangers() -> None:
    opened = open_rotation(Phase.PROMOTED)
    look = replace(
        open_chart(Phase.PROMOTED, wait(Reason.GRACE), opened=opened),
        listing=Known(listing(key(), key(NEW_KEY), key(STRAY_KEY))),
    )

    stray = said(examine(look), STRAY_KEY)

    assert stray.part is Part.FOREIGN
    assert "could not be read (unread)" in stray.advice.text


def test_the_stored_versions_of_a_key_are_named_with_their_labels() -> None:
    stored = version_token(LOST, STRAY_KEY, 2)
    other = VersionId("00000000-0000-4000-8000-000000000009")
    marked = key(STRAY_KEY, rotation=LOST)
    records = (
        key_record(),
        key_record(key_id=STRAY_KEY, role=Role.FOREIGN, rotation_id=LOST),
    )

    def lines(**changes: Any) -> str:  # noqa: ANN401 - any field
        seen = state(versions=frozenset({OLD_VERSION, stored, other}), **changes)
        look = crowded(stray=marked, destination=Known(seen), records=records)
        return " ".join(said(examine(look), STRAY_KEY).evidence)

    assert f"as version {stored}, pending" in lines(pending=frozenset({stored}))
    assert f"as version {stored}, previous" in lines(previous=stored)
    assert f"as version {stored}, without a label" in lines()
    assert str(other) not in lines()


def test_the_versions_of_a_rotations_keys_are_evidence() -> None:
    opened = open_rotation(Phase.PROMOTED)
    seen = state(TOKEN, previous=OLD_VERSION, versions=frozenset({OLD_VERSION, *tokens(opened)}))
    look = open_chart(
        Phase.PROMOTED,
        wait(Reason.GRACE),
        opened=opened,
        destination=Known(seen),
        published=Known(NEW_KEY),
    )

    found = examine(look)

    assert any("previous" in line for line in said(found, OLD_KEY).evidence)
    assert any(f"carries it: {TOKEN}" in line for line in said(found, NEW_KEY).evidence)


def test_an_empty_destination_is_told_as_such() -> None:
    empty = chart(destination=Known(state(None)), published=Known(None))
    placeholder = chart(published=Known(None))

    assert not any("carries" in line for line in examine(empty).keys[0].evidence)
    assert any("has no key id" in line for line in examine(placeholder).keys[0].evidence)


def test_a_mark_of_a_rotation_that_the_journal_knows_says_how_far_it_came() -> None:
    ended = rotation(phase=Phase.ROLLED_BACK, new_key_id=STRAY_KEY)
    look = crowded(stray=key(STRAY_KEY, rotation=ended.id), rotations=(ended,))

    evidence = said(examine(look), STRAY_KEY).evidence

    assert any(line.endswith("rolled_back") for line in evidence)


def test_a_key_that_no_record_knows_has_no_journal_line() -> None:
    assert examine(chart(records=())).keys[0].evidence == (
        f"the current version of ci-deployer carries it: {OLD_VERSION}",
    )


def test_what_the_journal_decided_about_a_stranger_is_evidence() -> None:
    judged = key_record(
        key_id=STRAY_KEY,
        role=Role.FOREIGN,
        suspect_since=at(days=1),
        longest_gap=timedelta(days=20),
    )
    look = crowded(records=(key_record(), judged), uses={STRAY_KEY: Known(used(at(days=25)))})

    stray = said(examine(look), STRAY_KEY)

    assert "the journal has it as somebody else's since 2026-01-02 00:00Z" in stray.evidence
    assert any(line.endswith("was 20d") for line in stray.evidence)
    assert "it may be in use" in stray.advice.text


# ------------------------------------------------------------- suspects and orphans


def suspect(step: Any, *, is_proved: bool = False, **changes: Any) -> KeyFinding:  # noqa: ANN401
    """Look at one suspect that the machine says something about."""
    changes = {"enabled": True, "rotation_id": LOST, "suspect_since": at(days=39), **changes}
    watched = key_record(key_id=STRAY_KEY, role=Role.SUSPECT, **changes)
    look = chart(
        keys=(key(), key(STRAY_KEY, enabled=bool(changes["enabled"]))),
        records=(key_record(), watched),
        suspects={STRAY_KEY: Watched(step=step, is_proved=is_proved)} if step else {},
        uses={STRAY_KEY: Known(used())},
    )
    return said(examine(look), STRAY_KEY)


@pytest.mark.parametrize(
    ("step", "words"),
    [
        (Judge(finding=Finding.STRANGER), "counts as somebody's"),
        (Judge(finding=Finding.GONE), "found out what became of it"),
        (wait(Reason.USE_UNREADABLE), "the old key's last use cannot be read"),
        (wait(Reason.QUARANTINE), "disabled at 2026-02-10 00:00Z and deleted at 2026-02-17"),
        (Act(effect=Effect.DISABLE_KEY), "disabled at 2026-02-10 00:00Z and deleted"),
        (None, "only watched once the rotation is over"),
    ],
)
def test_the_prospect_of_a_suspect_is_the_machines(step: Any, words: str) -> None:  # noqa: ANN401
    assert words in suspect(step).prospect.text


def test_a_disabled_suspect_says_when_it_is_deleted_and_can_be_enabled() -> None:
    found = suspect(wait(Reason.QUARANTINE), enabled=False, disabled_at=at(days=38))

    assert "deleted at 2026-02-15 00:00Z" in found.prospect.text
    assert found.advice.command == f"rotator keys enable {STRAY_KEY} --reason WHY"
    assert not found.advice.may_delete


def test_a_suspect_that_the_log_proves_ours_may_be_deleted_but_not_while_it_is_new() -> None:
    assert suspect(wait(Reason.QUARANTINE), is_proved=True).advice.may_delete
    look = chart(
        keys=(key(), key(STRAY_KEY, created_at=NOW)),
        records=(key_record(), key_record(key_id=STRAY_KEY, role=Role.SUSPECT)),
        suspects={STRAY_KEY: Watched(step=wait(Reason.QUARANTINE), is_proved=True)},
        uses={STRAY_KEY: Known(used())},
    )

    assert examine(look).safe_to_delete == ()


@pytest.mark.parametrize(
    "traits", [Traits(can_disable=False), Traits(can_report_use=False)], ids=["no switch", "no use"]
)
def test_a_suspect_that_nobody_can_watch_or_switch_off_is_a_persons_to_decide(
    traits: Traits,
) -> None:
    look = chart(
        keys=(key(), key(STRAY_KEY)),
        records=(key_record(), key_record(key_id=STRAY_KEY, role=Role.SUSPECT)),
        suspects={STRAY_KEY: Watched(step=wait(Reason.USE_UNKNOWN), is_proved=False)},
    )
    blind = replace(look, terms=Terms(traits=traits))

    found = said(examine(blind), STRAY_KEY).advice

    assert "then delete it by hand" in found.text
    assert not found.may_delete


def test_a_suspect_whose_secret_cannot_be_read_is_not_called_safe_to_delete() -> None:
    look = chart(
        keys=(key(), key(STRAY_KEY)),
        records=(key_record(), key_record(key_id=STRAY_KEY, role=Role.SUSPECT, rotation_id=LOST)),
        suspects={STRAY_KEY: Watched(step=wait(Reason.QUARANTINE), is_proved=False)},
        uses={STRAY_KEY: Known(used())},
        destination=Unreadable("access_denied"),
    )

    assert said(examine(look), STRAY_KEY).part is Part.SUSPECT
    assert examine(look).safe_to_delete == ()


def orphan(**changes: Any) -> Chart:  # noqa: ANN401 - any field
    """Look at an unused key with the mark of a rotation that nobody knows."""
    records = (key_record(), key_record(key_id=STRAY_KEY, role=Role.FOREIGN, rotation_id=LOST))
    uses = {STRAY_KEY: Known(used()), OLD_KEY: Known(used(at(days=39)))}
    stray = key(STRAY_KEY, rotation=LOST)
    look = crowded(stray=stray, records=records, uses=uses, destination=Known(kept()))
    return replace(look, **changes)


def kept(**changes: Any) -> DestinationState:  # noqa: ANN401 - any field
    """Build an object that also holds the orphan's version."""
    token = version_token(LOST, STRAY_KEY, 1)
    return state(versions=frozenset({OLD_VERSION, token}), **changes)


def test_an_orphan_with_no_more_than_a_mark_is_not_called_safe_to_delete() -> None:
    marked = orphan(destination=Known(state()))

    assert said(examine(marked), STRAY_KEY).part is Part.ORPHAN
    assert examine(marked).safe_to_delete == ()


def test_an_orphan_that_consumers_could_go_back_to_is_not_called_safe_to_delete() -> None:
    token = version_token(LOST, STRAY_KEY, 1)

    assert examine(orphan(destination=Known(kept(previous=token)))).safe_to_delete == ()


def test_a_full_set_of_slots_with_an_orphan_names_it() -> None:
    found = examine(orphan())

    assert said(found, STRAY_KEY).part is Part.ORPHAN
    assert f"{STRAY_KEY} can safely be deleted by hand" in found.verdict
    assert f"{STRAY_KEY} goes by itself at" in found.verdict


def test_an_orphan_waits_for_the_end_of_the_rotation() -> None:
    look = orphan(rotation=open_rotation(), step=wait(Reason.SLOTS_FULL))

    assert "once the rotation is over" in said(examine(look), STRAY_KEY).prospect.text


def test_an_orphan_that_consumers_may_read_is_not_safe_to_delete() -> None:
    assert examine(orphan(published=Unreadable("access_denied"))).safe_to_delete == ()


def test_nobody_is_named_as_the_owner_of_an_untagged_object() -> None:
    look = orphan(destination=Known(state(owner="elsewhere")))

    assert said(examine(look), STRAY_KEY).part is Part.ELSEWHERE
    assert advice.advise(chart(), key(), Part.ELSEWHERE).text.endswith("installation rotator")
    nobody = chart(destination=Unreadable("access_denied"))
    assert advice.advise(nobody, key(), Part.ELSEWHERE).text.endswith("that installation")


# ---------------------------------------------------------------- people's choices


def test_a_disabled_key_is_left_where_nobody_says_what_consumers_read() -> None:
    of = credential(action=Action.REPORT, destination=None, current_key_id=None, note="a person's")
    look = chart(
        of=of,
        step=rest(Reason.REPORT_ONLY, due=None),
        keys=(key(STRAY_KEY, enabled=False),),
        uses={STRAY_KEY: Known(used(at(days=1)))},
        published=UNREAD,
    )

    assert examine(look).safe_to_delete == ()
    assert "no rule says where" in said(examine(look), STRAY_KEY).advice.text
    assert "rotator only reports it: a person's" in examine(look).verdict


def test_a_key_that_may_stand_in_another_field_of_the_secret_is_never_safe_to_delete() -> None:
    off = chart(
        of=credential(current_key_id=None),
        step=rest(Reason.NO_KEY),
        keys=(key(STRAY_KEY, enabled=False),),
        records=(key_record(key_id=STRAY_KEY, role=Role.FOREIGN),),
        uses={STRAY_KEY: Known(used(at(days=1)))},
        published=Known(None),
    )

    assert examine(off).safe_to_delete == ()
    assert "it may be in there" in said(examine(off), STRAY_KEY).advice.text
    assert "consumers do not read it" not in said(examine(off), STRAY_KEY).meaning
    assert "has no key id where the rule looks" in said(examine(off), STRAY_KEY).evidence[0]
    assert examine(orphan(published=Known(None))).safe_to_delete == ()


def test_what_it_rests_for_is_not_said_a_second_time() -> None:
    found = examine(chart(step=rest(Reason.PLAN_MODE, due=None), gate=wait(Reason.PLAN_MODE)))

    assert found.verdict.count(explain(Reason.PLAN_MODE)) == 1


def test_without_a_note_the_reason_is_said() -> None:
    of = credential(action=Action.REPORT)

    found = examine(chart(of=of, step=rest(Reason.REPORT_ONLY, due=None)))

    assert explain(Reason.REPORT_ONLY) in found.verdict
    assert found.keys[0].prospect.text == "nothing: rotator only reports it"


def test_an_ignored_principal_is_named_with_its_rule() -> None:
    of = credential(action=Action.REPORT, rule="contractors")

    assert "the rule contractors ignores it" in examine(chart(of=of, is_ignored=True)).verdict


def test_a_last_use_is_told_with_what_is_known_of_it() -> None:
    assert advice.last_use(used()) == "never used"
    assert advice.last_use(used(EPOCH)) == "last used 2026-01-01 00:00Z by s3 in us-east-1"
    assert advice.last_use(used(EPOCH, service="", region="")) == "last used 2026-01-01 00:00Z"


# --------------------------------------------------------------------- the verdict


def test_a_slot_that_a_rotation_frees_is_nobodys_business() -> None:
    found = examine(open_chart(Phase.PROMOTED, wait(Reason.GRACE)))

    assert not found.needs_person
    assert found.verdict.startswith("Nothing to do: rotation")
    assert "a key slot is free at 2026-01-04 00:00Z at the earliest" in found.verdict
    assert "taken" not in found.verdict


def test_an_ordered_grace_is_the_machines_too() -> None:
    opened = open_rotation(Phase.PROMOTED, expedited_at=EPOCH, grace_given=timedelta(hours=1))

    old = said(examine(open_chart(Phase.PROMOTED, wait(Reason.GRACE), opened=opened)), OLD_KEY)

    assert "it works until 2026-01-01 01:00Z at least" in old.prospect.text


@pytest.mark.parametrize(
    ("given", "words"), [(None, "it ends at once"), (timedelta(hours=1), "it ends 1h later")]
)
def test_an_ordered_end_is_not_promised_policys_grace(given: timedelta | None, words: str) -> None:
    opened = open_rotation(expedited_at=EPOCH, grace_given=given)
    step = Do(effect=Effect.CREATE_KEY)

    found = said(examine(open_chart(Phase.PLANNED, step, opened=opened)), OLD_KEY)

    assert f"{words}, as somebody ordered" in found.prospect.text


def test_an_ordered_end_has_no_quarantine() -> None:
    opened = open_rotation(Phase.PROMOTED, expedited_at=EPOCH)
    step = Do(effect=Effect.DISABLE_KEY, key_id=OLD_KEY)

    found = said(examine(open_chart(Phase.PROMOTED, step, opened=opened)), OLD_KEY)

    assert "and deleted right after" in found.prospect.text


def test_a_principal_without_a_limit_is_never_full() -> None:
    found = examine(crowded(terms=Terms(traits=Traits(max_keys=None)), step=rest()))

    assert "taken" not in found.verdict


def test_the_verdict_says_why_nothing_can_start_and_what_would_prove_a_key_unused() -> None:
    found = examine(crowded())

    assert found.verdict == (
        "It waits for a person: the rotation that is due can make no key. All 2 key slots are "
        "taken. Nothing proves that one of them is unused; each key below says what would prove it."
    )


def test_a_gate_is_told_once() -> None:
    gate = wait(Reason.PAUSED, "everything by ann")

    routine = examine(chart(gate=gate))
    held = examine(chart(gate=gate, step=Rest(wait=gate, due_at=None)))
    reported = examine(chart(gate=gate, of=credential(action=Action.REPORT)))

    assert "Held back: somebody paused it" in routine.verdict
    assert held.verdict.count("everything by ann") == 1
    assert "Held back" not in reported.verdict


def test_an_order_that_stands_is_told_with_who_gave_it() -> None:
    given = order(Verb.ROLLBACK)

    assert "rollback, given by alice" in examine(chart(of=credential(order=given))).verdict


def test_a_refusal_that_no_reading_foresees_still_waits_for_a_person() -> None:
    hold = Hold(reason=Reason.ACCESS_DENIED, since=EPOCH, detail="access_denied: UpdateAccessKey")
    of = credential(hold=hold, failures=2, last_error="access_denied", next_at=at(days=41))
    step = Do(effect=Effect.DISABLE_KEY, key_id=OLD_KEY)

    found = examine(open_chart(Phase.PROMOTED, step, of=of))

    assert found.needs_person
    assert "UpdateAccessKey" in found.verdict
    assert "2026-02-11 00:00Z (the last one failed: access_denied)" in found.keys[0].prospect.text


def test_a_hold_whose_cause_is_gone_is_not_told() -> None:
    hold = Hold(reason=Reason.DRIFT, since=EPOCH)

    assert not examine(chart(of=credential(hold=hold))).needs_person


def test_a_principal_that_is_new_to_the_journal_says_so() -> None:
    assert "the next scan takes it into the journal" in examine(chart(is_registered=False)).verdict
    unadopted = chart(step=rest(Reason.BACKOFF, due=None), is_registered=False)
    assert "the next scan takes it into the journal" in examine(unadopted).verdict


def test_without_a_listing_nothing_is_said_about_keys() -> None:
    unread = chart(listing=Unreadable("unavailable"), step=rest(Reason.BACKOFF, due=None))

    assert examine(unread).keys == ()
    assert not examine(unread).is_listed
    assert examine(unread).verdict == (
        "Its keys cannot be listed (unavailable), so nothing is known about them now."
    )


# ------------------------------------------------------------------------ the parts


def test_the_meaning_of_every_step_is_the_tables() -> None:
    assert meaning(Phase.VERIFIED, Effect.PROMOTE) == "the pivot: consumers read the new key"
    assert meaning(Phase.COMPLETED, Effect.PROMOTE) == ""
    opened = open_rotation(Phase.PROMOTED, intent=intent(Effect.DISABLE_KEY))
    done = open_chart(Phase.PROMOTED, Record(fact=Fact.INTENT_DONE), opened=opened)
    assert "past its guard the old key is switched off" in prospects.outlook(done)


def test_only_an_open_rotation_has_a_previous_key() -> None:
    with pytest.raises(InvariantError, match="no rotation is open"):
        diagnosis.meaning(chart(), key(), Part.PREVIOUS)


def test_an_old_key_that_somebody_else_disabled_says_so() -> None:
    look = open_chart(Phase.DISABLED, wait(Reason.QUARANTINE), records=())

    assert "disabled by somebody else" in diagnosis.meaning(look, key(enabled=False), Part.PREVIOUS)


def test_an_old_key_that_somebody_enabled_again_is_not_in_its_grace() -> None:
    opened = open_rotation(Phase.HALTED, halted_from=Phase.DISABLED)
    look = open_chart(Phase.HALTED, Halt(reason=Reason.REENABLED), opened=opened)

    assert "somebody enabled again" in diagnosis.meaning(look, key(), Part.PREVIOUS)


def test_a_marked_key_that_was_judged_says_why_it_is_left_alone() -> None:
    known = rotation(phase=Phase.ROLLED_BACK, new_key_id=STRAY_KEY)
    stray = key(STRAY_KEY, rotation=known.id)
    used_one = crowded(stray=stray, rotations=(known,))
    unused = replace(used_one, uses={STRAY_KEY: Known(used())})

    assert "and used: it counts" in said(examine(used_one), STRAY_KEY).meaning
    assert "and looked into before" in said(examine(unused), STRAY_KEY).meaning


def test_a_key_that_lost_its_place_is_left_to_a_person() -> None:
    look = crowded(records=(key_record(), key_record(key_id=STRAY_KEY, role=Role.PREVIOUS)))

    assert "somebody published another key in its place" in said(examine(look), STRAY_KEY).meaning


def test_while_a_destination_lacks_our_key_nobody_claims_a_date() -> None:
    opened = open_rotation(Phase.PROMOTED, promoted_at=None)
    look = open_chart(Phase.PROMOTED, wait(Reason.DRIFT), opened=opened)

    assert "they do not read the new one" in said(examine(look), OLD_KEY).meaning
