"""The slot doctor on a whole estate: it reads, says what the daemon will do, and is right."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from rotator.core.diagnosis import Part
from rotator.core.ids import AccountId, Instant, RotationId, version_token
from rotator.core.orders import Pause, Verb
from rotator.core.reasons import Reason, explain
from rotator.core.rotation import Phase, Role
from rotator.core.secret import KeyMaterial, Secret
from rotator.core.terms import Mode
from rotator.errors import AccessDeniedError, NotFoundError, RejectedError, UnavailableError
from rotator.ports.journal import Change
from rotator.reconcile import doctoring
from rotator.reconcile.judging import Territory
from rotator.testing.fake_destination import WriteOnlyFakeDestination
from rotator.testing.fake_provider import (
    ACCOUNT,
    BareFakeProvider,
    FakeProviderWithoutUse,
    FakeProviderWithTrail,
)
from rotator.testing.memory_journal import MemoryJournal
from rotator.testing.wire import Failure
from tests.builders import order
from tests.reconcile.estate import NAME, Estate
from tests.reconcile.surgery import about, examine, scanner
from tests.reconcile.test_permits import LicensedEstate, aged

if TYPE_CHECKING:
    from rotator.core.ids import KeyId

FORGOTTEN = RotationId("00000000-0000-4000-8000-00000000beef")
HOUR = timedelta(hours=1)
A_DAY = timedelta(days=1)
OTHER = AccountId("444455556666")
READS = {
    "describe",
    "is_person",
    "last_used",
    "list_keys",
    "principals",
    "published_key_id",
    "tags",
}


def soon(estate: Estate) -> Instant:
    return Instant(estate.clock.now() + timedelta(minutes=1))


def until(phase: Phase, later: timedelta = timedelta(0)) -> Estate:
    """Let a key grow old and its rotation come to a phase; then time passes."""
    estate = Estate()
    estate.run(timedelta(days=100), until=phase)
    assert estate.newest.phase is phase
    estate.run(later)
    return estate


def orphaned(estate: Estate) -> KeyMaterial:
    """Mint and mark a key in a rotation of which this journal knows nothing."""
    minted = estate.provider.create_key(
        estate.principal, FORGOTTEN, replaces=None, not_after=soon(estate)
    )
    estate.provider.mark_key(estate.principal, minted.material.key_id, FORGOTTEN)  # type: ignore[attr-defined]
    return minted.material


def stored(estate: Estate, orphan: KeyMaterial) -> None:
    """Store the orphan's secret as its rotation would have."""
    token = version_token(FORGOTTEN, orphan.key_id, 1)
    base = estate.destination.objects[estate.ref.id].current
    estate.destination.stage(estate.ref, token, orphan, base=base, not_after=soon(estate))


def roomy(estate: Estate, slots: int = 3) -> None:
    estate.provider.habits = replace(estate.provider.habits, max_keys=slots)


# ------------------------------------------------------------------ it only reads


def test_nothing_is_sent_that_changes_anything_and_nothing_is_written() -> None:
    estate = until(Phase.PROMOTED, timedelta(hours=30))
    written = (estate.journal.credentials(), estate.journal.keys(), estate.journal.rotations())
    acts, sent = list(estate.wire.acts), len(estate.wire.sent)

    examine(estate)

    assert set(estate.wire.sent[sent:]) <= READS
    assert estate.wire.acts == acts
    assert written == (
        estate.journal.credentials(),
        estate.journal.keys(),
        estate.journal.rotations(),
    )


# --------------------------------------------------- what it says is what happens


@pytest.mark.parametrize("later", [0, 30, 40, 60])
def test_an_old_key_is_gone_exactly_when_the_doctor_said(later: int) -> None:
    estate = until(Phase.PROMOTED, timedelta(hours=later))
    old = estate.newest.old_key_id
    said = about(examine(estate), old).prospect
    assert said.is_leaving
    assert said.at is not None
    while old in {key.key_id for key in estate.provider.list_keys(estate.principal).keys}:
        gone_at = estate.clock.now()
        estate.run(HOUR)

    assert abs(gone_at - said.at) <= timedelta(hours=13)


@pytest.mark.parametrize("hours", range(0, 84, 6))
def test_a_key_that_it_calls_safe_to_delete_can_be_deleted_without_a_refusal(hours: int) -> None:
    estate = until(Phase.PROMOTED, timedelta(hours=hours))
    for key_id in examine(estate).safe_to_delete:
        estate.provider.delete_by_hand(estate.principal, key_id)

    for _ in range(20):
        estate.run(timedelta(hours=12))
        assert estate.consume()


def test_while_both_keys_are_in_their_grace_neither_is_called_safe_to_delete() -> None:
    estate = until(Phase.PROMOTED)

    found = examine(estate)

    assert found.safe_to_delete == ()
    assert not found.needs_person
    assert "is under way, promoted; a key slot is free at" in found.verdict
    old = about(found, estate.newest.old_key_id)
    assert (old.part, old.key.enabled) == (Part.PREVIOUS, True)
    assert "rotations rollback" in old.advice.command
    assert about(found, str(estate.newest.new_key_id)).part is Part.CURRENT


def test_an_old_key_that_is_still_used_is_named_with_its_user() -> None:
    estate = until(Phase.PROMOTED, timedelta(hours=2))
    estate.provider.use(estate.old, "ec2")
    estate.clock.advance(timedelta(days=8))
    estate.provider.use(estate.old, "ec2")
    estate.clock.advance(HOUR)

    found = examine(estate)

    assert found.needs_person
    assert explain(Reason.STILL_USED) in found.verdict
    assert "rotator rotations show" in found.verdict
    old = about(found, estate.old.key_id)
    assert "ec2" in str(old.use)
    assert not old.prospect.is_leaving
    assert old.advice.command.startswith("rotator rotations show")


def test_within_its_grace_a_used_key_waits_for_its_user_to_move() -> None:
    estate = until(Phase.PROMOTED, timedelta(hours=20))
    estate.provider.use(estate.old, "ec2")
    estate.clock.advance(timedelta(hours=8))

    old = about(examine(estate), estate.old.key_id)

    assert "move whoever still uses it: last used" in old.advice.text
    assert explain(Reason.QUIET) in old.prospect.text


def test_a_disabled_old_key_can_be_enabled_again_and_says_when_it_is_deleted() -> None:
    estate = until(Phase.DISABLED)
    disabled_at = estate.newest.disabled_at
    assert disabled_at is not None

    old = about(examine(estate), estate.old.key_id)

    assert old.prospect.at == disabled_at + timedelta(hours=48)
    assert old.advice.command == f"rotator keys enable {estate.old.key_id} --reason WHY"
    assert old.advice.may_delete
    assert "disabled by rotator" in old.meaning


def test_a_halted_rotation_says_how_to_decide() -> None:
    estate = until(Phase.DISABLED, timedelta(hours=2))
    estate.provider.switch_by_hand(estate.principal, estate.old.key_id, on=True)
    estate.run(timedelta(days=3))
    assert estate.newest.phase is Phase.HALTED

    found = examine(estate)

    assert found.needs_person
    assert explain(Reason.REENABLED) in found.verdict
    assert found.safe_to_delete == ()
    assert "halted until a person decides" in about(found, estate.old.key_id).prospect.text


# ------------------------------------------------------------------- no slot free


def crowded(days: int = 33) -> tuple[Estate, KeyMaterial]:
    """Let a person take the second slot."""
    estate = Estate()
    estate.run(timedelta(days=3))
    stranger = estate.provider.mint_by_hand(estate.principal)
    estate.run(timedelta(days=days))
    return estate, stranger


def test_a_full_set_of_slots_is_told_before_the_rotation_needs_one() -> None:
    estate, stranger = crowded()

    found = examine(estate)

    assert not found.needs_person
    assert found.verdict.startswith("Nothing waits yet")
    assert "All 2 key slots are taken, so that rotation could make no key" in found.verdict
    assert "Nothing proves that one of them is unused" in found.verdict
    assert about(found, stranger.key_id).part is Part.FOREIGN


def test_neither_the_oldest_nor_an_unused_key_of_a_stranger_is_called_safe_to_delete() -> None:
    estate, stranger = crowded(days=90)
    assert estate.stored.hold is not None

    found = examine(estate)

    assert found.needs_person
    assert found.safe_to_delete == ()
    assert "the rotation that is due can make no key" in found.verdict
    assert "Disabling it by hand would" in about(found, stranger.key_id).advice.text


def test_a_stranger_that_was_used_lately_is_somebodys() -> None:
    estate, stranger = crowded(days=90)
    estate.provider.use(stranger, "ec2")

    advice = about(examine(estate), stranger.key_id).advice

    assert "it may be in use, last used" in advice.text
    assert "ec2" in advice.text


def test_a_new_key_of_a_stranger_is_left_alone() -> None:
    estate, stranger = crowded(days=1)

    assert "never used so far" in about(examine(estate), stranger.key_id).advice.text


def test_a_stranger_that_is_disabled_and_long_unused_may_be_deleted_by_hand() -> None:
    estate, stranger = crowded(days=90)
    estate.provider.use(stranger)
    estate.provider.switch_by_hand(estate.principal, stranger.key_id, on=False)
    estate.run(A_DAY)
    early = examine(estate)
    estate.run(timedelta(days=8))
    late = examine(estate)

    assert early.safe_to_delete == ()
    assert "If nobody misses it until" in about(early, stranger.key_id).advice.text
    assert late.safe_to_delete == (stranger.key_id,)
    assert f"{stranger.key_id} can safely be deleted by hand" in late.verdict


def test_a_disabled_stranger_is_left_where_the_secret_cannot_be_read() -> None:
    estate, stranger = crowded(days=90)
    estate.provider.switch_by_hand(estate.principal, stranger.key_id, on=False)
    estate.run(timedelta(days=8))
    estate.wire.break_next("published_key_id", Failure.DENIED)
    found = examine(estate)

    assert found.safe_to_delete == ()
    assert "could not be read" in about(found, stranger.key_id).advice.text
    assert any("access_denied" in line for line in about(found, stranger.key_id).evidence)


def test_a_key_whose_use_cannot_be_read_is_never_called_unused() -> None:
    estate, stranger = crowded(days=90)
    estate.wire.break_next("last_used", Failure.DENIED, times=10)

    advice = about(examine(estate), stranger.key_id).advice

    assert "could not be read (access_denied), so nothing proves" in advice.text


def test_where_the_provider_tells_no_use_that_is_said() -> None:
    estate = Estate(provider_type=FakeProviderWithoutUse)
    estate.look()
    stranger = estate.provider.mint_by_hand(estate.principal)

    advice = about(examine(estate), stranger.key_id).advice

    assert "the provider tells no last use" in advice.text


def test_eight_keys_of_one_principal_are_each_explained() -> None:
    estate = Estate()
    roomy(estate, 8)
    estate.destination.prepare(estate.ref, not_after=soon(estate))
    estate.look()
    orphan = orphaned(estate)
    stored(estate, orphan)
    used = orphaned(estate)
    estate.provider.use(used)
    strangers = [estate.provider.mint_by_hand(estate.principal) for _ in range(5)]
    for stranger in strangers[:2]:
        estate.provider.switch_by_hand(estate.principal, stranger.key_id, on=False)
    estate.clock.advance(timedelta(days=10))
    estate.consume()
    estate.provider.use(strangers[4], "ec2")

    found = examine(estate)

    assert [item.part for item in found.keys] == [
        Part.CURRENT,
        Part.ORPHAN,
        Part.FOREIGN,
        *[Part.FOREIGN] * 5,
    ]
    assert found.max_keys == 8
    assert found.safe_to_delete == (
        orphan.key_id,
        strangers[0].key_id,
        strangers[1].key_id,
    )
    assert f"{orphan.key_id} goes by itself" in found.verdict


# --------------------------------------------------------- our orphans and suspects


def suspecting() -> tuple[Estate, KeyId]:
    """Lose a mint's answer, so that a key without a mark is left."""
    estate = Estate()
    estate.wire.break_next("create_key", Failure.LOST_ANSWER)
    estate.run(timedelta(days=100), until=Phase.PLANNED)
    key = list(estate.provider.keys)[-1]
    return estate, key


def test_a_key_of_a_mint_without_an_answer_is_suspected_and_then_watched() -> None:
    estate, key = suspecting()
    before = about(examine(estate), key)
    estate.run(timedelta(minutes=10))
    after = about(examine(estate), key)

    assert (before.part, after.part) == (Part.SUSPECT, Part.SUSPECT)
    assert "once the rotation is over" in before.prospect.text
    assert after.prospect.is_leaving
    assert not after.advice.may_delete
    assert "log of who made it" in after.advice.text


def test_a_suspect_is_disabled_and_deleted_when_the_doctor_said() -> None:
    estate, key = suspecting()
    estate.run(timedelta(minutes=10))
    said = about(examine(estate), key).prospect
    estate.run(timedelta(days=2))
    disabled = about(examine(estate), key)

    assert said.at is not None
    assert disabled.prospect.at is not None
    assert abs(disabled.prospect.at - said.at) <= timedelta(hours=13)
    assert "disabled by rotator" in disabled.meaning
    assert disabled.advice.command == f"rotator keys enable {key} --reason WHY"


def test_a_suspect_that_somebody_uses_is_said_to_become_a_strangers() -> None:
    estate, key = suspecting()
    estate.run(timedelta(minutes=10))
    estate.provider.keys[key].record_use(estate.clock.now(), "ec2", timedelta(0))

    found = about(examine(estate), key)

    assert "counts as somebody's" in found.prospect.text
    assert not found.advice.may_delete


def test_a_suspect_that_consumers_are_given_is_left_alone_when_its_time_comes() -> None:
    estate, key = suspecting()
    estate.run(timedelta(minutes=10))
    material = KeyMaterial(key_id=key, secret=Secret(estate.provider.keys[key].secret))
    estate.destination.write_by_hand(estate.ref, estate.content(material))
    estate.clock.advance(timedelta(days=2))

    assert "counts as somebody's" in about(examine(estate), key).prospect.text


def test_where_the_log_proves_our_mint_the_suspect_may_be_deleted() -> None:
    class Unmarked(FakeProviderWithTrail):
        def mark_key(self, *_: object) -> None:
            """Lose the mark."""

    estate = Estate(provider_type=Unmarked)
    estate.wire.break_next("create_key", Failure.LOST_ANSWER)
    estate.run(timedelta(days=100), until=Phase.PLANNED)
    key = list(estate.provider.keys)[-1]
    estate.run(timedelta(minutes=10))
    estate.clock.advance(timedelta(minutes=20))

    found = about(examine(estate), key)

    assert found.advice.may_delete
    assert "rotator made it" in found.advice.text


def settled() -> Estate:
    estate = Estate()
    roomy(estate)
    estate.destination.prepare(estate.ref, not_after=soon(estate))
    estate.look()
    return estate


def test_an_orphan_may_be_deleted_at_once_only_where_more_than_its_mark_proves_it() -> None:
    estate = settled()
    orphan = orphaned(estate)
    estate.clock.advance(HOUR)
    marked = about(examine(estate), orphan.key_id)
    stored(estate, orphan)
    found = about(examine(estate), orphan.key_id)

    assert (marked.part, found.part) == (Part.ORPHAN, Part.ORPHAN)
    assert not marked.advice.may_delete
    assert found.advice.may_delete
    assert any(FORGOTTEN in line for line in found.evidence)
    estate.provider.delete_by_hand(estate.principal, orphan.key_id)
    estate.run(timedelta(days=10))
    assert estate.consume()


def test_an_orphan_is_deleted_by_itself_when_the_doctor_said() -> None:
    estate = settled()
    orphan = orphaned(estate)
    said = about(examine(estate), orphan.key_id).prospect
    estate.run(timedelta(days=2))
    watched = about(examine(estate), orphan.key_id)

    assert said.at is not None
    assert watched.prospect.at is not None
    assert abs(watched.prospect.at - said.at) <= timedelta(hours=37)
    assert "the journal has lost" in watched.meaning


def test_a_mark_beside_a_secret_that_is_not_tagged_ours_proves_nothing() -> None:
    estate = Estate()
    estate.look()
    orphan = orphaned(estate)

    found = about(examine(estate), orphan.key_id)

    assert found.part is Part.MARKED
    assert "nothing proves that it is ours" in found.meaning
    assert not found.prospect.is_leaving


def test_a_mark_whose_use_cannot_be_read_proves_nothing() -> None:
    estate = settled()
    orphan = orphaned(estate)
    estate.wire.break_next("last_used", Failure.DENIED, times=10)

    assert about(examine(estate), orphan.key_id).part is Part.MARKED


def test_a_mark_beside_another_installations_secret_is_taken_for_that_ones() -> None:
    estate = settled()
    orphan = orphaned(estate)
    estate.destination.objects[estate.ref.id].owner = "elsewhere"

    found = about(examine(estate), orphan.key_id)

    assert found.part is Part.ELSEWHERE
    assert found.advice.text == "leave it, and ask the people of the installation elsewhere"


# --------------------------------------------- what the journal has lost or released


def test_a_rotation_that_the_journal_has_lost_is_foreseen_as_the_daemon_opens_it_again() -> None:
    estate = Estate()
    estate.look()
    remembered = estate.stored
    estate.run(timedelta(days=100), until=Phase.PROMOTED)
    new = estate.newest.new_key_id
    estate.journal = MemoryJournal(estate.chance)
    estate.register(replace(remembered, next_at=estate.clock.now()))
    estate.clock.advance(timedelta(minutes=5))

    found = examine(estate)

    old = about(found, estate.old.key_id)
    assert about(found, str(new)).part is Part.CURRENT
    assert old.part is Part.PREVIOUS
    assert old.prospect.is_leaving
    estate.look()
    assert estate.newest.phase is Phase.PROMOTED
    assert estate.newest.old_key_id == old.key.key_id


def test_a_key_that_an_order_left_to_a_person_says_so() -> None:
    estate = until(Phase.PROMOTED, timedelta(minutes=20))
    given = order(Verb.ABORT, rotation_id=estate.newest.id, given_at=estate.clock.now())
    estate.journal.instruct(estate.stored.id, given)
    asked = examine(estate)
    estate.look()

    left = about(examine(estate), estate.old.key_id)

    assert "An order stands" in asked.verdict
    assert "order is carried out or refused" in about(asked, estate.old.key_id).prospect.text
    assert left.part is Part.RELEASED
    assert left.prospect.text == "nothing: rotator never touches it"


# ------------------------------------------------------------- pauses, modes, orders


def test_a_pause_holds_back_what_the_doctor_foresees() -> None:
    estate = until(Phase.DISABLED)
    estate.journal.pause(Pause(operator="ann", reason="a freeze", since=estate.clock.now()))

    found = examine(estate)

    assert "not while this stands" in about(found, estate.old.key_id).prospect.text
    assert "Held back: somebody paused it" in found.verdict
    estate.clock.advance(timedelta(days=3))
    assert examine(estate).needs_person


def test_a_pause_holds_a_start_back_and_waits_for_a_person() -> None:
    estate = Estate()
    estate.look()
    estate.journal.pause(Pause(operator="ann", reason="a freeze", since=estate.clock.now()))
    estate.clock.advance(timedelta(days=80))

    found = examine(estate)

    assert found.needs_person
    assert "a freeze" in found.verdict


@pytest.mark.parametrize("was_met", [False, True])
def test_a_closed_audit_is_believed_only_where_the_daemon_met_it(*, was_met: bool) -> None:
    estate = Estate()
    estate.look()
    estate.gate.blocked = True
    estate.clock.advance(timedelta(days=80))
    if was_met:
        estate.look()

    found = examine(estate)

    assert found.needs_person is was_met
    assert (explain(Reason.AUDIT_BLOCKED) in found.verdict) is was_met


def test_a_rotation_that_is_due_starts_at_the_next_look() -> None:
    estate = Estate()
    estate.look()
    estate.clock.advance(timedelta(days=80))

    found = examine(estate)

    assert "a rotation replaces it at the next look (age)" in found.keys[0].prospect.text
    assert not found.needs_person


def test_plan_mode_promises_nothing() -> None:
    estate = Estate()
    estate.look()
    estate.terms = replace(estate.terms, mode=Mode.PLAN)
    estate.clock.advance(timedelta(days=80))

    found = examine(estate)

    assert found.keys[0].prospect.text.startswith("plan mode: its rotation would start at")
    assert not found.needs_person


def test_what_a_call_met_is_told_though_no_reading_foresees_it() -> None:
    estate = Estate()
    estate.look()
    estate.wire.break_next("verify", Failure.DENIED, times=100)
    estate.run(timedelta(days=85))
    found = examine(estate)

    hold = estate.stored.hold
    assert hold is not None
    assert found.needs_person
    assert explain(hold.reason) in found.verdict
    assert any("the last one failed: access_denied" in item.prospect.text for item in found.keys)


def test_what_the_daemon_knows_to_be_denied_is_told_though_this_process_never_asked() -> None:
    estate = LicensedEstate(refused=("x:Delete",))
    aged(estate)
    estate.refused = ()
    found = examine(estate)

    assert found.needs_person
    assert "x:Delete is not allowed" in found.verdict
    assert "Nothing to do" not in found.verdict
    assert "a rotation replaces it" not in found.keys[0].prospect.text


# ----------------------------------------------------------- whom it is asked about


def test_a_principal_that_the_journal_does_not_know_is_judged_from_live_readings() -> None:
    estate = Estate()
    estate.journal = MemoryJournal(estate.chance)

    found = examine(estate)

    assert found.keys[0].part is Part.CURRENT
    assert "the next scan takes it into the journal" in found.verdict
    assert estate.journal.credentials() == ()


def test_a_person_is_only_reported() -> None:
    estate = Estate()
    estate.provider.people.add(estate.principal.uid)

    found = examine(estate)

    assert "a person's" in found.verdict
    assert found.keys[0].part is Part.FOREIGN
    assert found.keys[0].prospect.text == "nothing: rotator never touches it"
    assert found.safe_to_delete == ()


@pytest.mark.parametrize(
    ("name", "words"), [("ops-anna", "people-of-ops ignores it"), ("audit-1", "only reports it")]
)
def test_a_principal_that_policy_does_not_rotate_says_which_rule(name: str, words: str) -> None:
    estate = Estate()
    key = estate.provider.mint_by_hand(estate.provider.add_principal(name))

    found = examine(estate, name)

    assert words in found.verdict
    assert about(found, key.key_id).meaning == "not managed: rotator only looks at it"
    assert not found.needs_person


def test_a_planned_rotation_that_policy_no_longer_wants_is_said_to_be_given_up() -> None:
    estate, _ = suspecting()
    opened = replace(estate.newest, intent=None)
    estate.provider.people.add(estate.principal.uid)
    claim = estate.journal.acquire(
        estate.stored.id, now=Instant(estate.clock.now() + A_DAY), lease_until=soon(estate)
    )
    assert claim is not None
    assert opened.phase is Phase.PLANNED
    change = Change(
        credential=estate.stored, now=estate.clock.now(), lease_until=soon(estate), rotation=opened
    )
    estate.journal.release(estate.journal.commit(claim, change))

    assert "given up before anything was made" in examine(estate).keys[0].prospect.text


def test_a_name_in_two_accounts_needs_the_account() -> None:
    estate = Estate()
    twin = estate.provider.add_principal(NAME, OTHER)
    key = estate.provider.mint_by_hand(twin)
    both = scanner(estate, ACCOUNT, OTHER)

    with pytest.raises(RejectedError, match="111122223333, 444455556666") as caught:
        doctoring.examine(estate.parts(), both, NAME)
    found = doctoring.examine(estate.parts(), both, NAME, OTHER)

    assert caught.value.code == doctoring.AMBIGUOUS
    assert [item.key.key_id for item in found.keys] == [key.key_id]


def test_a_name_at_two_providers_needs_the_provider() -> None:
    estate = Estate()
    other = BareFakeProvider(estate.clock)
    other.habits = replace(other.habits, name="other")
    twin = other.mint_by_hand(other.add_principal(NAME))
    parts = replace(estate.parts(), providers={"aws-iam": estate.provider, "other": other})
    places = (estate.provider, other)
    both = replace(
        scanner(estate),
        territories=tuple(
            Territory(name=it.habits.name, provider=it, account=ACCOUNT) for it in places
        ),
    )

    with pytest.raises(RejectedError, match="several providers: aws-iam, other") as caught:
        doctoring.examine(parts, both, NAME)
    found = doctoring.examine(parts, both, NAME, provider="other")

    assert caught.value.code == doctoring.AMBIGUOUS
    assert [item.key.key_id for item in found.keys] == [twin.key_id]


def test_a_name_that_does_not_exist_is_answered_with_close_ones() -> None:
    with pytest.raises(NotFoundError) as caught:
        examine(Estate(), "svc-payment")
    assert caught.value.hint == "did you mean svc-payments?"

    with pytest.raises(NotFoundError) as caught:
        examine(Estate(), "zzz")
    assert caught.value.hint == "see `rotator plan` for the names"


def test_an_account_that_nobody_configured_is_answered_with_those_that_are() -> None:
    with pytest.raises(NotFoundError, match="no such account is configured") as caught:
        doctoring.examine(Estate().parts(), scanner(Estate()), NAME, OTHER)
    assert caught.value.hint == "known are 111122223333"


def test_an_account_that_cannot_be_searched_is_no_proof_that_a_name_does_not_exist() -> None:
    estate = Estate()
    estate.wire.break_next("principals", Failure.DENIED, times=2)

    with pytest.raises(AccessDeniedError):
        examine(estate, "unheard-of")
    assert examine(estate).keys != ()


def test_a_principal_whose_owner_cannot_be_told_keeps_the_journals_row() -> None:
    estate = Estate()
    estate.look()
    estate.wire.break_next("is_person", Failure.UNAVAILABLE)

    assert examine(estate).keys[0].part is Part.CURRENT
    estate.journal = MemoryJournal(estate.chance)
    estate.wire.break_next("is_person", Failure.UNAVAILABLE)
    with pytest.raises(UnavailableError):
        examine(estate)


# --------------------------------------------------------------- what cannot be read


def test_keys_that_cannot_be_listed_are_not_guessed() -> None:
    estate = Estate()
    estate.look()
    estate.wire.break_next("list_keys", Failure.DENIED, times=5)

    found = examine(estate)

    assert found.keys == ()
    assert found.needs_person
    assert found.verdict.startswith("Its keys cannot be listed (access_denied)")


def test_a_provider_that_is_down_is_said_to_be_asked_again() -> None:
    estate = Estate()
    estate.look()
    estate.wire.break_next("list_keys", Failure.UNAVAILABLE, times=5)

    found = examine(estate)

    assert "cannot be listed (unavailable)" in found.verdict
    assert not found.needs_person


def test_a_provider_that_fails_once_is_read_again_for_the_picture() -> None:
    estate = Estate()
    estate.look()
    estate.wire.break_next("list_keys", Failure.UNAVAILABLE)

    found = examine(estate)

    assert explain(Reason.BACKOFF) in found.verdict
    assert len(found.keys) == 1


def test_a_suspect_that_cannot_be_asked_about_is_said_to_wait() -> None:
    estate, key = suspecting()
    estate.run(timedelta(minutes=10))
    estate.wire.break_next("last_used", Failure.UNAVAILABLE, times=10)

    found = [item for item in examine(estate).keys if item.key.key_id == key]

    assert any(explain(Reason.BACKOFF) in item.prospect.text for item in found)


def test_a_principal_that_is_gone_says_so() -> None:
    estate = Estate()
    estate.look()
    estate.provider._principals.clear()

    found = examine(estate)

    assert "cannot be listed (not_found)" in found.verdict
    assert found.needs_person


def test_a_namesake_that_was_made_again_is_left_to_people() -> None:
    estate = Estate()
    estate.look()
    estate.provider.add_principal(NAME)

    found = examine(estate)

    assert explain(Reason.PRINCIPAL_REPLACED) in found.verdict
    assert found.needs_person


def test_where_the_secret_cannot_be_read_back_the_current_key_is_the_journals_word() -> None:
    estate = Estate(is_published=False, create=True)
    estate.destination = WriteOnlyFakeDestination(estate.clock, wire=estate.wire)  # type: ignore[assignment]
    estate.look()

    assert estate.journal.keys()[0].role in {Role.CURRENT, Role.FOREIGN}
    assert "what consumers read could not be read" in examine(estate).keys[0].meaning


def test_a_published_key_that_is_not_the_journals_is_never_safe_to_delete() -> None:
    estate = Estate()
    estate.look()
    stranger = estate.provider.mint_by_hand(estate.principal)
    estate.destination.write_by_hand(estate.ref, estate.content(stranger))

    found = examine(estate)

    assert found.needs_person
    assert about(found, stranger.key_id).part is Part.PUBLISHED
    assert "consumers read something else" in about(found, estate.old.key_id).meaning
    assert found.safe_to_delete == ()
    assert "make the right version current again" in found.verdict
