from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rotator.core.audit_lines import read_record
from rotator.core.chain import seal
from rotator.core.events import AuditAction, AuditRecord, Stage, Subject
from rotator.core.history import story
from rotator.core.ids import AccountId, KeyId, RotationId
from tests.builders import ACCOUNT, NEW_KEY, OLD_KEY, an_id, at, credential, key_record, principal

if TYPE_CHECKING:
    from rotator.core.history import Record, Story
    from rotator.core.rotation import KeyRecord

ROTATION = RotationId(an_id(7))
OWNER = principal()


class Log:
    """Makes records one after another, each with the next number."""

    def __init__(self) -> None:
        self.records: list[Record] = []

    def add(
        self,
        action: AuditAction,
        *,
        stage: Stage = Stage.OUTCOME,
        outcome: str = "success",
        key: KeyId | None = OLD_KEY,
        new: KeyId | None = None,
        name: str = OWNER.name,
        day: float = 1,
        **more: Any,  # noqa: ANN401 - any field
    ) -> Log:
        subject = Subject(
            provider=OWNER.provider,
            account=ACCOUNT,
            principal=name,
            credential_id=credential().id,
            key_id=key,
        )
        parts = {"subject": subject, "rotation_id": ROTATION, "new_key_id": new, **more}
        record = AuditRecord(
            id=an_id(len(self.records)),
            at=at(days=day),
            stage=stage,
            action=action,
            outcome=outcome,
            **parts,
        )
        line = seal(record, seq=len(self.records), prev="", log="log").line
        self.records.append(read_record(line))
        return self

    def told(self, *keys: KeyRecord) -> Story:
        return story(self.records, OWNER, keys)


def test_a_key_is_told_from_its_making_to_its_end() -> None:
    log = Log()
    log.add(AuditAction.KEY_CREATE, key=NEW_KEY, trigger="age", rule="ci")
    log.add(AuditAction.KEY_STAGE, key=NEW_KEY, new=NEW_KEY)
    log.add(AuditAction.KEY_VERIFY, key=NEW_KEY, new=NEW_KEY)
    log.add(AuditAction.KEY_PROMOTE, new=NEW_KEY, day=2)
    log.add(AuditAction.KEY_DISABLE, new=NEW_KEY, day=3)
    log.add(AuditAction.KEY_DELETE, new=NEW_KEY, day=4)

    old, new = log.told(key_record(), key_record(key_id=NEW_KEY, created_at=at(days=1))).lives

    assert (old.key_id, [step.what for step in old.steps]) == (OLD_KEY, ["disabled", "deleted"])
    assert (new.key_id, [step.what for step in new.steps]) == (
        NEW_KEY,
        ["made", "stored", "proved", "published"],
    )
    assert [step.is_routine for step in new.steps] == [False, True, True, False]
    assert (new.steps[0].trigger, new.steps[0].rule, new.steps[0].seq) == ("age", "ci", 0)


def test_what_allowed_an_end_and_what_proves_it_stand_together() -> None:
    log = Log()
    log.add(
        AuditAction.KEY_DELETE,
        stage=Stage.INTENT,
        outcome="pending",
        evidence={"allowed_by": "silence", "proof": None},
    )
    log.add(AuditAction.KEY_DELETE, day=2, evidence={"proof": "refused"})

    (step,) = log.told().lives[0].steps

    assert step.evidence == {"allowed_by": "silence", "proof": "refused"}
    assert (step.intent_seq, step.seq) == (0, 1)


def test_an_intent_that_nobody_answered_is_told() -> None:
    log = Log().add(AuditAction.KEY_CREATE, stage=Stage.INTENT, outcome="pending", key=OLD_KEY)

    (step,) = log.told().between

    assert (step.what, step.outcome, step.key_id) == ("made", "pending", "")


def test_what_is_no_key_s_own_stands_between() -> None:
    log = Log()
    log.add(AuditAction.ROTATION_START, stage=Stage.EVENT)
    log.add(AuditAction.DESTINATION_DRIFT, stage=Stage.EVENT, day=2)
    log.add(AuditAction.OPERATOR_ABORT, stage=Stage.EVENT, actor="operator:ann", reason="no")

    told = log.told()

    assert told.lives == ()
    assert [(step.what, step.who) for step in told.between] == [
        ("rotation started", "daemon"),
        ("abort ordered", "operator:ann"),
        ("drift", "daemon"),
    ]


def test_others_keys_are_not_told_of() -> None:
    log = Log().add(AuditAction.KEY_DELETE, name="somebody-else")

    assert log.told().lives == ()


def test_what_was_done_by_hand_to_a_known_key_is_told() -> None:
    log = Log()
    for key, account in ((OLD_KEY, ACCOUNT), (NEW_KEY, ACCOUNT), (OLD_KEY, AccountId("other"))):
        given = {"account": account, "key_id": key, "deed": f"{key} {account}"}
        log.add(AuditAction.OPERATOR_REVOKE_KEY, subject=None, rotation_id=None, evidence=given)

    (life,) = log.told(key_record()).lives

    assert [step.what for step in life.steps] == ["revoked by hand"]


def test_a_key_of_which_no_record_tells_is_told_too() -> None:
    (life,) = Log().told(key_record()).lives

    assert (life.key_id, life.steps) == (OLD_KEY, ())


def test_a_key_that_the_journal_has_lost_is_told_too() -> None:
    (life,) = Log().add(AuditAction.KEY_DELETE).told().lives

    assert life.known is None
    assert life.steps[0].at == "2026-01-02T00:00:00.000Z"


def test_keys_stand_in_the_order_in_which_they_came() -> None:
    log = Log().add(AuditAction.KEY_DELETE, key=KeyId("AKIALOST"), day=-10)

    lives = log.told(key_record(key_id=NEW_KEY, created_at=at(days=1)), key_record()).lives

    assert [life.key_id for life in lives] == [OLD_KEY, "AKIALOST", NEW_KEY]


def test_a_word_of_a_later_release_is_told_as_it_is() -> None:
    log = Log().add(AuditAction.ROTATION_START, stage=Stage.EVENT)
    log.records[0]["action"] = "key.bless"

    (step,) = log.told().between

    assert (step.what, step.action) == ("key.bless", "key.bless")


def test_an_action_without_a_word_of_its_own_is_told_by_its_name() -> None:
    log = Log().add(AuditAction.OPERATOR_CREATE_KEYSET, stage=Stage.EVENT)

    assert log.told().between[0].what == "operator.create_keyset"


def test_a_step_that_failed_is_never_routine() -> None:
    log = Log().add(AuditAction.KEY_VERIFY, key=NEW_KEY, new=NEW_KEY, outcome="failure", error="no")

    step = log.told().lives[0].steps[0]

    assert not step.is_routine
    assert (step.error, step.outcome) == ("no", "failure")
