from __future__ import annotations

from dataclasses import replace
from itertools import product
from shlex import quote, split
from typing import Any

import pytest

from rotator.core.ids import KeyId
from rotator.core.orders import Order, Pause, Verb
from rotator.core.reasons import HALTING, Reason, explain, is_hold
from rotator.core.remedies import _REMEDIES, effect_of, effect_of_pause, noticed
from rotator.core.rotation import (
    FINAL_PHASES,
    UNPROMOTED_PHASES,
    Action,
    Effect,
    Hold,
    Phase,
    Role,
    Rotation,
    Trigger,
)
from rotator.core.ways import Situation, reason_of, situation
from tests.builders import (
    ACCOUNT,
    NEW_KEY,
    OLD_KEY,
    an_id,
    at,
    credential,
    intent,
    key_record,
    rotation,
)

OPEN = [phase for phase in Phase if phase not in FINAL_PHASES and phase is not Phase.HALTED]
PROMOTED = [phase for phase in OPEN if phase not in UNPROMOTED_PHASES]
HOLDS = [reason for reason in Reason if is_hold(reason)]
CAN_HALT = sorted(HALTING | {Reason.INVARIANT, Reason.ENABLED_BY_OPERATOR})
WHEN = at(days=7)
KEYS = (key_record(role=Role.PREVIOUS), key_record(key_id=NEW_KEY))
OFF = (key_record(role=Role.PREVIOUS, enabled=False, disabled_at=WHEN), KEYS[1])


def held(reason: Reason | None) -> Hold | None:
    return Hold(reason=reason, since=WHEN, detail="detail") if reason else None


def halted(reason: Reason, before: Phase) -> Rotation:
    """Build a rotation that halted in a phase."""
    made = rotation(phase=before)
    return replace(
        made, phase=Phase.HALTED, phase_since=WHEN, halted_from=before, halt_reason=reason
    )


def told(
    made: Rotation | None,
    reason: Reason | None = None,
    **changes: Any,  # noqa: ANN401 - any field
) -> Situation:
    """Say where a rotation stands that holds, or does not."""
    return situation(credential(hold=held(reason), **changes), made, KEYS)


def verbs(found: Situation) -> set[Verb]:
    return {way.verb for way in found.ways if way.verb is not None}


def everything(found: Situation) -> list[str]:
    ways = [text for way in found.ways for text in (way.command, way.effect)]
    return [found.happened, *found.safe_now, *ways]


def test_every_hold_has_a_remedy_and_nothing_else_has() -> None:
    assert set(_REMEDIES) == set(HOLDS)


@pytest.mark.parametrize("phase", [*OPEN, None])
@pytest.mark.parametrize("reason", [*Reason, None])
def test_every_reason_in_every_phase_has_an_answer(
    reason: Reason | None, phase: Phase | None
) -> None:
    found = told(rotation(phase=phase) if phase else None, reason)

    texts = everything(found)
    assert found.happened
    assert found.safe_now
    assert not [text for text in texts if "None" in text or "{" in text]
    if reason is not None and is_hold(reason):
        assert explain(reason) in found.happened
        assert ("detail" in found.happened) == (reason is not Reason.PAUSED)
        assert found.ways


@pytest.mark.parametrize(("reason", "before"), list(product(CAN_HALT, OPEN)))
def test_every_halt_names_a_command_that_leaves_it(reason: Reason, before: Phase) -> None:
    found = told(halted(reason, before), reason)

    assert {Verb.RESUME, Verb.ABORT} <= verbs(found)
    assert explain(reason) in found.happened
    assert before.value in found.happened
    assert any("until somebody decides" in line for line in found.safe_now)


@pytest.mark.parametrize("phase", sorted(FINAL_PHASES))
def test_what_is_over_has_no_way_out(phase: Phase) -> None:
    found = told(rotation(phase=phase, abandoned=Reason.DRIFT))

    assert explain(Reason.DRIFT) in found.happened
    assert not found.ways
    assert not found.safe_now


def test_what_ended_well_says_how() -> None:
    assert "rotated" in told(rotation(phase=Phase.COMPLETED)).happened


def test_a_halt_without_a_reason_is_an_invariant() -> None:
    made = rotation(phase=Phase.HALTED, halted_from=None)

    assert reason_of(credential(), made) is Reason.INVARIANT
    assert "an unknown phase" in told(made).happened


@pytest.mark.parametrize("phase", OPEN)
def test_a_healthy_rotation_can_be_given_up_and_goes_on_by_itself(phase: Phase) -> None:
    found = told(rotation(phase=phase), next_at=WHEN)

    assert Verb.ABORT in verbs(found)
    assert Verb.RESUME not in verbs(found)
    assert (Verb.ROLLBACK in verbs(found)) == (phase in PROMOTED)
    assert "as planned" in found.happened
    assert "2026-01-08 00:00Z" in found.safe_now[-1]


def test_what_is_rolled_back_already_cannot_be_given_up_again() -> None:
    found = told(rotation(phase=Phase.STAGED, abandoned=Reason.VERIFY_FAILED))

    assert verbs(found) == set()
    assert explain(Reason.VERIFY_FAILED) in found.happened


# ------------------------------------------------------------------------ what is safe


@pytest.mark.parametrize(
    ("phase", "reason", "words"),
    [
        (Phase.STAGED, None, f"consumers read {OLD_KEY} in ci-deployer: nothing has changed"),
        (Phase.STAGED, Reason.NEW_KEY_GONE, f"consumers read {OLD_KEY}"),
        (Phase.PROMOTED, None, f"consumers read {NEW_KEY} in ci-deployer"),
        (Phase.PROMOTED, Reason.NEW_KEY_GONE, "consumers may be failing"),
        (Phase.PROMOTED, Reason.CURRENT_KEY_DISABLED, "consumers may be failing"),
        (Phase.PROMOTED, Reason.DRIFT, "a version of ci-deployer that rotator did not make"),
        (Phase.PROMOTED, Reason.ROLLED_BACK_BY_HAND, f"consumers read {OLD_KEY}"),
        (None, None, f"consumers read {OLD_KEY}"),
        (None, Reason.CURRENT_KEY_GONE, "consumers may be failing"),
    ],
)
def test_what_consumers_read_is_said(
    phase: Phase | None, reason: Reason | None, words: str
) -> None:
    found = told(rotation(phase=phase) if phase else None, reason)

    assert found.safe_now[0].startswith(words) or words in found.safe_now[0]


def test_nothing_is_said_of_what_consumers_read_if_it_is_not_known() -> None:
    drifted, unknown = told(None, Reason.DRIFT), told(None, current_key_id=None)

    assert len(drifted.safe_now) == len(unknown.safe_now) == 1


def test_a_version_that_consumers_left_is_not_called_ours() -> None:
    found = told(rotation(phase=Phase.PROMOTED, promoted_at=None))

    assert "did not make" in found.safe_now[0]


def test_both_keys_of_a_rotation_are_said_to_work_or_not() -> None:
    gone = key_record(role=Role.GONE, enabled=False, gone_at=WHEN)
    theirs = key_record(role=Role.PREVIOUS, enabled=False, last_used_at=WHEN)
    made = rotation(phase=Phase.PROMOTED)

    lines = [
        situation(credential(), made, (record,)).safe_now[1] for record in (gone, OFF[0], theirs)
    ]

    assert lines[0] == f"the old key {OLD_KEY} is gone since 2026-01-08 00:00Z"
    assert "by rotator at 2026-01-08 00:00Z" in lines[1]
    assert "by rotator" not in lines[2]
    assert "last used 2026-01-08 00:00Z" in lines[2]
    assert f"the old key {OLD_KEY} works" in told(made).safe_now


def test_keys_of_a_principal_that_is_gone_are_not_said_to_work() -> None:
    found = told(halted(Reason.PRINCIPAL_REPLACED, Phase.PROMOTED))

    assert "failing" in found.safe_now[0]
    assert not [line for line in found.safe_now if "works" in line]
    assert Verb.ROLLBACK not in verbs(found)
    assert "no key of the one that has its name now" in found.ways[-1].effect


def test_who_gives_up_a_mint_that_may_be_a_namesakes_is_told_to_see_to_it() -> None:
    of = replace(
        halted(Reason.PRINCIPAL_REPLACED, Phase.PLANNED), intent=intent(), halt_detail="look there"
    )

    assert told(of).ways[-1].effect.endswith("you see to this: look there")


def test_a_suspect_is_shown_where_its_credential_is() -> None:
    watched = key_record(key_id=KeyId("AKIAWATCHED"), role=Role.SUSPECT)
    off = key_record(key_id=KeyId("AKIAOFF"), role=Role.SUSPECT, enabled=False, disabled_at=WHEN)

    found = situation(credential(), None, (watched, off))

    assert (
        "AKIAWATCHED may be ours, from a mint whose answer was lost: only watched"
        in (found.safe_now[1])
    )
    assert "disabled" in found.safe_now[2]
    (way,) = found.ways
    assert way.command == "rotator keys enable AKIAOFF --reason WHY"
    assert "counts as a person's" in way.effect


# -------------------------------------------------------------------- orders and pauses


def test_an_order_that_nobody_has_carried_out_yet_is_told() -> None:
    order = Order(
        id=an_id("order"), verb=Verb.ABORT, operator="ann", reason="wrong one", given_at=WHEN
    )

    found = told(rotation(phase=Phase.STAGED), order=order)

    assert "ann ordered abort at 2026-01-08 00:00Z (wrong one)" in found.happened
    assert "rotation was ordered" in told(None, requested=Trigger.MANUAL).happened


def test_a_halt_that_an_order_leads_out_of_is_told_as_such() -> None:
    leaving = rotation(phase=Phase.PROMOTED, halt_reason=Reason.REENABLED)

    found = told(leaving, Reason.REENABLED)

    assert "an order leads it out of its halt (somebody enabled" in found.happened
    assert Verb.RESUME not in verbs(found)


def test_a_credential_at_rest_says_so() -> None:
    assert told(None).happened == "no rotation is under way"
    assert told(None, action=Action.REPORT).happened == "report only"


def test_each_pause_that_covers_it_is_told_with_the_command_that_lifts_it() -> None:
    one = credential()
    pauses = [
        Pause(operator="ann", reason="incident", since=WHEN),
        Pause(operator="bob", reason="moving", since=WHEN, account=ACCOUNT),
        Pause(operator="cy", reason="release", since=WHEN, credential=one.id),
        Pause(operator="dee", reason="theirs", since=WHEN, credential=credential("other").id),
    ]

    found = situation(one, None, (), pauses)

    commands = [way.command for way in found.ways]
    assert commands == [
        "rotator resume --everything",
        f"rotator resume --account {ACCOUNT}",
        f"rotator resume --principal ci-deployer --account {ACCOUNT}",
    ]
    assert "everything is paused by ann since 2026-01-08 00:00Z: incident" in found.safe_now
    assert "no key is made" in effect_of_pause()


def test_a_name_that_a_stranger_chose_is_one_word_of_every_command() -> None:
    name, key = "x; rm -rf ~ #`id`", KeyId("$(id) 'k'")
    one = credential(name, hold=held(Reason.SLOTS_FULL))
    pause = Pause(operator="cy", reason="release", since=WHEN, credential=one.id)
    off = key_record(key_id=key, role=Role.SUSPECT, enabled=False, disabled_at=WHEN)

    found = situation(one, None, (off,), (pause,))

    commands = [split(way.command) for way in found.ways if way.command]
    assert ["rotator", "resume", "--principal", name, "--account", ACCOUNT] in commands
    assert ["rotator", "keys", "enable", key, "--reason", "WHY"] in commands
    remedies = [way.effect for way in found.ways if "rotator doctor principal" in way.effect]
    assert [quote(name) in text for text in remedies] == [True]


def test_a_hold_for_a_pause_that_was_lifted_meanwhile_is_not_a_riddle() -> None:
    assert [way.command for way in told(None, Reason.PAUSED).ways] == ["rotator pauses"]


def test_a_hold_for_a_pause_is_left_by_lifting_it_and_not_by_hand() -> None:
    pause = Pause(operator="ann", reason="incident", since=WHEN)

    found = situation(credential(hold=held(Reason.PAUSED)), None, (), [pause])

    assert [way.command for way in found.ways] == ["rotator resume --everything"]


# --------------------------------------------------------------- what orders will do


def said(verb: Verb, made: Rotation, reason: Reason | None = None) -> str:
    return effect_of(verb, made, reason, pausing="--principal ci")


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        (Reason.REENABLED, "a whole new grace period"),
        (Reason.ENABLED_BY_OPERATOR, "a whole new grace period"),
        (Reason.USED_WHILE_DISABLED, "you vouch for the uses"),
        (Reason.INVARIANT, "looks again and goes on from disabled"),
    ],
)
def test_resuming_says_what_becomes_of_the_old_key(reason: Reason, words: str) -> None:
    assert words in said(Verb.RESUME, halted(reason, Phase.DISABLED), reason)


def test_aborting_says_which_key_is_deleted_and_which_stays() -> None:
    unsure = rotation(phase=Phase.PLANNED, intent=intent(Effect.CREATE_KEY))

    assert "nothing was made" in said(Verb.ABORT, rotation(phase=Phase.PLANNED))
    assert "turns out to have made" in said(Verb.ABORT, unsure)
    assert f"{NEW_KEY} is deleted" in said(Verb.ABORT, rotation(phase=Phase.STAGED))
    assert "tried again later" in said(Verb.ABORT, rotation(phase=Phase.STAGED))
    assert f"{OLD_KEY} stays exactly" in said(Verb.ABORT, rotation(phase=Phase.DISABLED))
    elsewhere = rotation(phase=Phase.PROMOTED, promoted_at=None)
    assert "both stay exactly" in said(Verb.ABORT, elsewhere)


def test_rolling_back_says_whether_the_old_key_is_enabled_first() -> None:
    assert "this is an abort" in said(Verb.ROLLBACK, rotation(phase=Phase.VERIFIED))
    assert f"{OLD_KEY} is proved" in said(Verb.ROLLBACK, rotation(phase=Phase.PROMOTED))
    off = halted(Reason.USED_WHILE_DISABLED, Phase.DISABLED)
    assert f"{OLD_KEY} is enabled, proved" in said(Verb.ROLLBACK, off, Reason.USED_WHILE_DISABLED)
    on = halted(Reason.REENABLED, Phase.DISABLED)
    assert f"{OLD_KEY} is proved" in said(Verb.ROLLBACK, on, Reason.REENABLED)
    by_hand = said(Verb.ROLLBACK, rotation(phase=Phase.PROMOTED), Reason.ROLLED_BACK_BY_HAND)
    assert "it is accepted" in by_hand


def test_consumers_notice_a_rollback_only() -> None:
    promoted = rotation(phase=Phase.PROMOTED)

    assert "notice nothing" in noticed(Verb.ABORT, promoted)
    assert "notice nothing" in noticed(Verb.ROLLBACK, rotation(phase=Phase.STAGED))
    assert f"read {OLD_KEY}" in noticed(Verb.ROLLBACK, promoted)
    assert "whoever still has that key" in noticed(Verb.ENABLE, None)


def test_enabling_the_old_key_is_offered_while_it_is_off() -> None:
    found = situation(credential(), rotation(phase=Phase.DISABLED), OFF)

    assert f"rotator keys enable {OLD_KEY} --reason WHY" in {way.command for way in found.ways}
    assert "stands still" in said(Verb.ENABLE, rotation(phase=Phase.DISABLED))


def test_a_rollback_to_a_key_that_is_gone_is_not_offered() -> None:
    gone = key_record(role=Role.GONE, enabled=False)

    found = situation(credential(), rotation(phase=Phase.PROMOTED), (gone,))

    assert Verb.ROLLBACK not in verbs(found)
    empty = rotation(phase=Phase.PROMOTED, base_version=None)
    assert Verb.ROLLBACK not in verbs(told(empty))


def test_a_key_that_a_stranger_disabled_is_not_offered() -> None:
    theirs = key_record(role=Role.FOREIGN, enabled=False)

    assert not situation(credential(), None, (theirs,)).ways


def test_nobody_is_told_to_go_back_to_a_key_that_was_deleted_and_lives_on() -> None:
    waiting = credential(hold=held(Reason.OLD_KEY_LIVES))

    found = situation(waiting, rotation(phase=Phase.DISABLED), OFF)

    assert f"the old key {OLD_KEY} was deleted, and whoever has it may still be let in" in (
        found.safe_now
    )
    assert verbs(found) == {Verb.ABORT}
    assert not any("can be enabled" in line for line in found.safe_now)
