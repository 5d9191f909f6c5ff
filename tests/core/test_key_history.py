from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from rotator.core.chain import seal
from rotator.core.events import AuditAction, AuditRecord, Stage, Subject
from rotator.core.ids import AccountId, CredentialId, KeyId, RotationId
from rotator.core.key_history import deeds
from tests.builders import ACCOUNT, an_id, at

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rotator.core.key_history import Deed

ROTATION = RotationId(an_id(7))
OF_DAEMON = Subject(
    provider="hub-token",
    account=ACCOUNT,
    principal="ci",
    credential_id=CredentialId(an_id(1)),
    key_id=KeyId("old"),
)


def record(
    action: AuditAction,
    stage: Stage,
    outcome: str,
    *,
    day: int = 1,
    **more: Any,  # noqa: ANN401
) -> Mapping[str, object]:
    told = AuditRecord(
        id=an_id(day), at=at(days=day), stage=stage, action=action, outcome=outcome, **more
    )
    line: Mapping[str, object] = json.loads(seal(told, seq=0, prev="", log="").line)
    return line


def by_hand(stage: Stage, outcome: str, **evidence: object) -> Mapping[str, object]:
    told = {"account": ACCOUNT, "deed": "d1", "name": "ci", "key_id": "k1", **evidence}
    return record(
        AuditAction.OPERATOR_REVOKE_KEY,
        stage,
        outcome,
        actor="operator:ann",
        reason="stolen",
        evidence=told,
    )


def told(*records: Mapping[str, object], only_ended: bool = False) -> list[Deed]:
    return list(deeds(records, ACCOUNT, only_ended=only_ended))


def test_an_intent_and_its_outcome_are_one_deed() -> None:
    (deed,) = told(
        by_hand(Stage.INTENT, "pending"),
        by_hand(Stage.OUTCOME, "success", proof="refused"),
    )

    assert (deed.who, deed.what, deed.name, deed.key_id) == (
        "operator:ann",
        "revoked by hand",
        "ci",
        "k1",
    )
    assert (deed.outcome, deed.why, deed.proof, deed.rotation) == (
        "success",
        "stolen",
        "refused",
        "",
    )


def test_an_intent_without_an_outcome_is_told_too() -> None:
    (deed,) = told(by_hand(Stage.INTENT, "pending"))

    assert deed.outcome == "pending"


def test_what_a_rotation_did_is_told_with_the_key_that_it_was_done_to() -> None:
    common = {"subject": OF_DAEMON, "rotation_id": ROTATION, "trigger": "age", "new_key_id": "new"}

    found = told(
        record(AuditAction.KEY_CREATE, Stage.OUTCOME, "success", day=1, **common),
        record(AuditAction.KEY_PROMOTE, Stage.OUTCOME, "success", day=2, **common),
        record(AuditAction.KEY_DELETE, Stage.INTENT, "pending", day=3, **common),
        record(AuditAction.KEY_DELETE, Stage.OUTCOME, "success", day=4, **common),
    )

    assert [(it.what, it.key_id) for it in found] == [
        ("made", "new"),
        ("published", "new"),
        ("revoked", "old"),
    ]
    assert {(it.name, it.why, it.rotation) for it in found} == {("ci", "age", ROTATION)}


def test_a_making_names_its_key_before_the_rotation_knows_it() -> None:
    new = replace(OF_DAEMON, key_id=KeyId("new"))
    begun: dict[str, Any] = {"subject": OF_DAEMON, "rotation_id": ROTATION}

    (open_one,) = told(record(AuditAction.KEY_CREATE, Stage.INTENT, "pending", **begun))
    (made,) = told(
        record(AuditAction.KEY_CREATE, Stage.INTENT, "pending", **begun),
        record(AuditAction.KEY_CREATE, Stage.OUTCOME, "success", subject=new, rotation_id=ROTATION),
    )

    assert (open_one.key_id, made.key_id) == ("", "new")


def test_a_making_that_failed_names_no_new_key() -> None:
    (deed,) = told(
        record(AuditAction.KEY_CREATE, Stage.OUTCOME, "failure", subject=OF_DAEMON, reason="quota")
    )

    assert (deed.key_id, deed.outcome, deed.why) == ("", "failure", "quota")


def test_other_accounts_and_other_deeds_are_not_told() -> None:
    found = told(
        by_hand(Stage.OUTCOME, "success", account=AccountId("other")),
        record(AuditAction.KEY_STAGE, Stage.OUTCOME, "success", subject=OF_DAEMON),
        record(AuditAction.DAEMON_START, Stage.EVENT, "success"),
        {"action": "a word of tomorrow"},
    )

    assert found == []


def test_only_endings_are_told_to_who_asks_for_them() -> None:
    found = told(
        record(AuditAction.KEY_CREATE, Stage.OUTCOME, "success", subject=OF_DAEMON),
        by_hand(Stage.OUTCOME, "success"),
        only_ended=True,
    )

    assert [it.what for it in found] == ["revoked by hand"]


def test_it_is_told_in_the_order_of_time() -> None:
    common = {"subject": OF_DAEMON, "rotation_id": ROTATION}
    found = told(
        record(AuditAction.KEY_DELETE, Stage.INTENT, "pending", day=1, **common),
        record(AuditAction.KEY_CREATE, Stage.OUTCOME, "success", day=2, **common),
    )

    assert [it.outcome for it in found] == ["pending", "success"]
