"""Values that are stored, shown or kept from being shown."""

from __future__ import annotations

import copy
import pickle
import traceback
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from rotator import errors
from rotator.core.events import AuditAction, Stage
from rotator.core.facts import UNREAD, Known, Observation, Unreadable, What
from rotator.core.ids import (
    AccountId,
    KeyId,
    RotationId,
    credential_id,
    destination_id,
    instant,
    version_token,
)
from rotator.core.reasons import ROUTINE, Reason, explain, is_hold
from rotator.core.rotation import Action, Effect, Phase, Role, Trigger
from rotator.core.secret import KeyMaterial, MintedKey, Secret
from rotator.core.steps import Fact
from rotator.core.suspects import Finding
from rotator.core.terms import IfStillUsed, Mode
from rotator.ports.journal import Change
from rotator.ports.provider import Verdict
from tests.builders import ACCOUNT, EPOCH, NEW_KEY, OLD_KEY, an_id, at, credential, destination
from tests.core.worlds import both

if TYPE_CHECKING:
    from enum import StrEnum

TEXT = "wJalrXUtnFEMI/K7MDENG"
SECRET = Secret(TEXT)
MATERIAL = KeyMaterial(key_id=NEW_KEY, secret=SECRET)
MINTED = MintedKey(material=MATERIAL, created_at=EPOCH)


class TestSecret:
    @pytest.mark.parametrize("holder", [SECRET, MATERIAL, MINTED, [SECRET], {"secret": MATERIAL}])
    def test_no_way_of_showing_it_shows_it(self, holder: object) -> None:
        shown = [repr(holder), str(holder), f"{holder}", f"{holder!r:>80}", format(holder)]

        assert not [text for text in shown if TEXT in text]

    @pytest.mark.parametrize("spec", ["", "s", ">80", ".3", "x"])
    def test_no_format_shapes_what_is_shown(self, spec: str) -> None:
        assert format(SECRET, spec) == "Secret(***)"

    def test_its_length_is_not_shown(self) -> None:
        assert repr(Secret("")) == repr(SECRET) == str(SECRET)

    @pytest.mark.parametrize(
        "use",
        [
            lambda: SECRET == SECRET,  # noqa: PLR0124 - refused even with itself
            lambda: SECRET == TEXT,
            lambda: SECRET != TEXT,
            lambda: TEXT in [SECRET, TEXT],
            lambda: hash(SECRET),
            lambda: {SECRET},
            lambda: pickle.dumps(SECRET),
            lambda: pickle.dumps(MATERIAL),
            lambda: copy.copy(SECRET),
            lambda: copy.deepcopy(MINTED),
            lambda: iter(SECRET),  # type: ignore[call-overload]
            lambda: len(SECRET),  # type: ignore[arg-type]
            lambda: bytes(SECRET),  # type: ignore[call-overload]
            lambda: SECRET + "",  # type: ignore[operator]
        ],
    )
    def test_it_is_neither_compared_nor_hashed_nor_pickled_nor_copied(self, use: object) -> None:
        with pytest.raises(TypeError) as caught:
            use()  # type: ignore[operator]

        assert TEXT not in "".join(traceback.format_exception(caught.value))

    def test_it_has_no_attributes_to_dump(self) -> None:
        assert not hasattr(SECRET, "__dict__")

    def test_an_error_that_carries_one_does_not_show_it(self) -> None:
        error = errors.RejectedError(f"refused {MATERIAL}", subject=str(SECRET))

        assert TEXT not in f"{error!r} {error} {error.diagnostics()}"

    def test_the_one_way_out_is_reveal(self) -> None:
        assert SECRET.reveal() == TEXT

    def test_two_holders_of_one_secret_are_two_things(self) -> None:
        twin = KeyMaterial(key_id=NEW_KEY, secret=SECRET)

        assert twin is not MATERIAL
        assert len({MATERIAL, twin}) == 2


class TestIds:
    FIRST = RotationId(an_id("first"))

    def test_a_token_names_one_attempt_of_one_rotation_with_one_key(self) -> None:
        made = {
            version_token(self.FIRST, NEW_KEY, 1),
            version_token(self.FIRST, NEW_KEY, 2),
            version_token(self.FIRST, OLD_KEY, 1),
            version_token(RotationId(an_id("second")), NEW_KEY, 1),
        }

        assert len(made) == 4
        assert version_token(self.FIRST, NEW_KEY, 1) in made

    def test_a_token_never_changes(self) -> None:
        """A stored version is found again by its token, for ever and by every release."""
        token = version_token(RotationId(str(UUID(int=1))), KeyId("AKIAEXAMPLE"), 1)

        assert token == "09d23bc1-ea59-501b-b88c-b872b5819bdd"

    def test_ids_are_equal_in_every_journal_and_apart_where_things_are_apart(self) -> None:
        one = credential_id("aws-iam", ACCOUNT, "ci")
        others = {
            credential_id("aws-iam", ACCOUNT, "cd"),
            credential_id("aws-iam", AccountId("222222222222"), "ci"),
            credential_id("cipherstash", ACCOUNT, "ci"),
        }

        assert one == "1f08dccc-50bb-5ec4-bbea-7177b541038f"
        assert one not in others
        assert len(others) == 3

    def test_two_credentials_with_one_object_share_its_id(self) -> None:
        whole = destination("shared")
        fields = destination("shared", key_id_field="CI_ID", secret_field="CI_SECRET", merge=True)
        elsewhere = destination("shared", region="us-east-1")

        assert whole.id == fields.id
        assert whole.id != elsewhere.id
        assert whole.id == destination_id(whole.kind, whole.account, whole.region, "shared")

    def test_an_instant_is_aware_and_in_utc(self) -> None:
        tokyo = datetime(2026, 1, 1, 9, tzinfo=timezone(timedelta(hours=9)))

        assert instant(tokyo) == EPOCH
        assert instant(tokyo).tzinfo is UTC

    def test_a_naive_time_is_refused_for_its_zone_would_be_a_guess(self) -> None:
        with pytest.raises(ValueError, match="naive"):
            instant(datetime(2026, 1, 1))  # noqa: DTZ001 - that is the point

    @pytest.mark.parametrize("text", ["0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59-01:00"])
    def test_a_time_that_utc_does_not_have_is_refused(self, text: str) -> None:
        with pytest.raises(ValueError, match="no such time"):
            instant(datetime.fromisoformat(text))


class TestObservation:
    def test_a_reading_replaces_exactly_one(self) -> None:
        before = Observation()

        for what in What:
            after = before.with_reading(what, Unreadable("denied"))
            changed = [item for item in What if getattr(after, item.value) is not UNREAD]
            assert changed == [what]

    def test_an_effect_makes_every_reading_stale_and_loses_nothing_else(self) -> None:
        full = Observation(keys=Known(both()), old_gap=timedelta(days=1), secret_in_hand=True)

        fresh = full.forgetting()

        assert fresh == Observation(old_gap=timedelta(days=1), secret_in_hand=True)

    def test_a_listing_names_its_keys(self) -> None:
        assert both().ids == (OLD_KEY, NEW_KEY)
        assert both().find(None) is None


class TestErrors:
    def test_diagnostics_say_where_what_and_what_to_try(self) -> None:
        full = errors.AccessDeniedError("denied", subject="ci/deployer", hint="grant it")
        bare = errors.RotatorError("failed")

        assert full.diagnostics() == "ci/deployer: denied\n  try: grant it"
        assert bare.diagnostics() == "failed"

    def test_every_class_has_a_code_of_its_own_and_a_call_may_name_a_finer_one(self) -> None:
        classes = [errors.RotatorError]
        for item in classes:
            classes.extend(item.__subclasses__())
        ours = {item for item in classes if item.__module__ == errors.__name__}

        assert len({item.default_code for item in ours}) == len(ours) == 16
        assert errors.ConflictError("moved").code == "conflict"
        assert errors.NotFoundError("replaced", code="principal_replaced").code == (
            "principal_replaced"
        )

    def test_the_vendors_own_delay_is_kept(self) -> None:
        second = timedelta(seconds=1)

        assert errors.ThrottledError("slow down", retry_after=second).retry_after == second
        assert errors.UnavailableError("down").retry_after is None

    def test_a_wrong_configuration_lists_every_fault(self) -> None:
        first = errors.Fault(
            file="policy.yaml", line=3, field="rules[0].grace", problem="too short", remedy="36h"
        )
        second = errors.Fault(
            file="rotator.yaml", line=0, field="", problem="is missing", remedy="create it"
        )

        error = errors.ConfigError([first, second])

        assert str(error) == "2 fault(s) in the configuration"
        assert error.faults == (first, second)
        assert error.diagnostics() == (
            "policy.yaml:3: rules[0].grace: too short (36h)\nrotator.yaml: is missing (create it)"
        )


class TestReasons:
    @pytest.mark.parametrize("reason", Reason)
    def test_every_reason_has_words_for_a_person(self, reason: Reason) -> None:
        text = explain(reason)

        assert len(text) > 20
        assert text[0].islower()
        assert not text.endswith(".")

    def test_a_reason_is_routine_or_a_hold(self) -> None:
        assert {reason for reason in Reason if not is_hold(reason)} == ROUTINE
        assert is_hold(Reason.STILL_USED)
        assert not is_hold(Reason.GRACE)


def test_a_change_writes_the_credential_and_nothing_that_is_not_named() -> None:
    change = Change(credential=credential(), now=EPOCH, lease_until=at(minutes=2))

    assert (change.rotation, change.keys, change.events, change.audit) == (None, (), (), ())


GOLDEN: dict[type[StrEnum], str] = {
    Phase: "planned created staged verified promoted disabled completed rolled_back halted",
    Effect: (
        "observe prepare create_key stage verify promote unstage disable_key enable_key delete_key "
        "grant follow refresh restart"
    ),
    Trigger: "age manual taint drift expiry expired break_glass",
    Role: "current previous pending discard suspect foreign gone",
    Action: "rotate report",
    Fact: (
        "intent_done intent_void mint_lost abandoned rebased found_staged found_current "
        "found_disabled found_gone found_withdrawn found_enabled found_reversed released "
        "restamped followed fell_back refreshed"
    ),
    Finding: "stranger gone intent_done intent_void restamped",
    What: "keys destination published old_use new_use grants old_refused followers consumers",
    Mode: "plan enforce",
    IfStillUsed: "hold disable",
    Stage: "intent outcome event",
    Verdict: "accepted not_yet wrong_principal partly",
    Reason: (
        "not_due settling grace quiet quarantine backoff budget report_only plan_mode clock_skew "
        "audit_blocked destination_missing destination_foreign destination_deleted "
        "destination_busy native_rotation drift rolled_back_by_hand no_key unpublished slots_full "
        "principal_replaced current_key_gone current_key_disabled new_key_gone still_used "
        "use_unreadable use_unknown quiet_unproven reenabled used_while_disabled secret_lost "
        "verify_failed outcome_lost access_denied invariant paused enabled_by_operator aborted "
        "grants_unreadable grants_taken own_key_last old_key_lives expires_too_soon "
        "powers_unknown followers_behind follower_drift consumers_behind consumers_unreadable"
    ),
    AuditAction: (
        "key.create key.stage key.verify key.promote key.unstage key.disable key.enable "
        "key.delete key.adopt key.suspect destination.prepare rotation.start rotation.hold "
        "rotation.halt rotation.abandon rotation.finish operator.rotate daemon.start daemon.stop "
        "policy.load operator.resume operator.abort operator.rollback operator.enable "
        "operator.pause operator.unpause destination.drift operator.confirm_account "
        "operator.withdraw_account journal.rebuild operator.create_key operator.revoke_key "
        "operator.create_keyset operator.grant_keyset operator.revoke_keyset "
        "operator.enable_keyset operator.disable_keyset operator.create_client "
        "operator.delete_client key.grant operator.test_provider operator.break_glass "
        "inventory.snapshot notification.fail audit.gap request.send hold.lift key.follow "
        "consumer.refresh consumer.restart"
    ),
}


@pytest.mark.parametrize("kind", GOLDEN, ids=lambda kind: kind.__name__)
def test_a_stored_word_never_changes_by_accident(kind: type[StrEnum]) -> None:
    """Journals and audit logs hold these words: add to the end, never change or remove one."""
    assert [item.value for item in kind] == GOLDEN[kind].split()
