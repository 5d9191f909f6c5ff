from __future__ import annotations

import json
from typing import TYPE_CHECKING

from rotator.core.chain import GENESIS, seal
from rotator.core.events import AuditAction, AuditRecord, Stage, Subject
from rotator.core.ids import AccountId, KeyId, RotationId
from rotator.core.rotation import Role
from rotator.errors import UnavailableError
from tests.builders import (
    ACCOUNT,
    NEW_KEY,
    OLD_KEY,
    OLD_VERSION,
    an_id,
    at,
    credential,
    key_record,
    principal,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from tests.cli.desk import Desk

ROTATION = RotationId("6f1c2a3b-0000-4000-8000-000000000001")


def write(
    desk: Desk,
    action: AuditAction,
    stage: Stage,
    outcome: str,
    *,
    key: KeyId = OLD_KEY,
    day: float = 1,
    account: AccountId = ACCOUNT,
    is_sealed: bool = True,
    **more: Any,  # noqa: ANN401 - any field
) -> None:
    """Write one record of the credential, and number it as the sealer does."""
    journal, owner = desk.app.journal, principal()
    subject = Subject(
        provider=owner.provider,
        account=account,
        principal=owner.name,
        credential_id=credential().id,
        key_id=key,
    )
    head = journal.head()
    record = AuditRecord(
        id=an_id(f"{action.value} {stage.value} {day} {account}"),
        at=at(days=day),
        stage=stage,
        action=action,
        outcome=outcome,
        subject=subject,
        **more,
    )
    journal.append((record,))
    if is_sealed:
        seq, prev = (head.seq + 1, head.hash) if head else (0, GENESIS.hash)
        journal.seal(((record.id, seal(record, seq=seq, prev=prev, log="log")),))


def live(desk: Desk) -> None:
    """Give the credential a life: adopted, replaced, and about to be replaced again."""
    own = credential(current_key_id=NEW_KEY)
    desk.keep(
        own,
        keys=(
            key_record(own, role=Role.GONE, enabled=False, gone_at=at(days=8)),
            key_record(own, NEW_KEY, created_at=at(days=2), last_used_at=at(days=39)),
            key_record(
                own, KeyId("AKIASTRANGER"), role=Role.FOREIGN, enabled=False, created_at=at(days=3)
            ),
        ),
    )
    rotation: dict[str, Any] = {"rotation_id": ROTATION, "trigger": "age", "rule": "ci"}
    made: dict[str, Any] = {**rotation, "destination": "iam/ci-deployer"}
    write(
        desk,
        AuditAction.KEY_ADOPT,
        Stage.EVENT,
        "success",
        version_id=OLD_VERSION,
        destination="iam/ci-deployer",
    )
    write(desk, AuditAction.KEY_CREATE, Stage.INTENT, "pending", day=2, **made)
    write(desk, AuditAction.KEY_CREATE, Stage.OUTCOME, "success", key=NEW_KEY, day=2, **made)
    write(desk, AuditAction.KEY_VERIFY, Stage.OUTCOME, "success", day=2, new_key_id=NEW_KEY, **made)
    write(
        desk,
        AuditAction.KEY_PROMOTE,
        Stage.OUTCOME,
        "success",
        day=2,
        new_key_id=NEW_KEY,
        version_id=OLD_VERSION,
        **made,
    )
    write(
        desk,
        AuditAction.ROTATION_HOLD,
        Stage.EVENT,
        "success",
        day=4,
        reason="still_used",
        **rotation,
    )
    write(
        desk,
        AuditAction.KEY_DISABLE,
        Stage.INTENT,
        "pending",
        day=6,
        **rotation,
        evidence={"old_last_used": None, "quiet": True},
    )
    write(desk, AuditAction.KEY_DISABLE, Stage.OUTCOME, "success", day=6, **rotation)
    write(
        desk,
        AuditAction.KEY_DELETE,
        Stage.OUTCOME,
        "success",
        day=8,
        **rotation,
        evidence={"proof": "refused"},
    )
    write(
        desk,
        AuditAction.KEY_CREATE,
        Stage.OUTCOME,
        "failure",
        day=40,
        error="throttled",
        is_sealed=False,
        new_key_id=KeyId("AKIALOST"),
    )
    write(
        desk,
        AuditAction.KEY_DELETE,
        Stage.OUTCOME,
        "success",
        day=9,
        account=AccountId("444455556666"),
    )


def test_every_key_is_told_with_what_allowed_its_end(
    desk: Desk, golden: Callable[[str, str], None]
) -> None:
    live(desk)

    result = desk.run("history", "ci-deployer")

    assert result.exit_code == 0
    golden("tests/golden/history.txt", result.stdout)
    golden("tests/golden/history.json", desk.run("history", "ci-deployer", "--json").stdout)


def test_routine_steps_are_told_to_who_asks_for_them(desk: Desk) -> None:
    live(desk)

    assert "proved" not in desk.run("history", "ci-deployer").stdout
    told = desk.run("history", "ci-deployer", "--all").stdout
    assert "proved" in told
    assert "left out" not in told


def test_only_the_newest_keys_are_told_to_who_asks_for_that(desk: Desk) -> None:
    live(desk)

    told = desk.run("history", "ci-deployer", "--last", "1").stdout
    keys = json.loads(desk.run("history", "ci-deployer", "--last", "2", "--json").stdout)["keys"]

    assert OLD_KEY not in told
    assert NEW_KEY not in told
    assert len(keys) == 2


def test_the_account_may_be_named(desk: Desk) -> None:
    live(desk)
    far = credential(principal=principal(account=AccountId("444455556666")))
    desk.keep(far, keys=())

    assert desk.run("history", "ci-deployer").exit_code == 2
    assert desk.run("history", "ci-deployer", "--account", "prod").exit_code == 0
    assert "1 key known" in desk.run("history", "ci-deployer", "--account", "444455556666").stdout


def test_a_credential_without_keys_and_records_has_a_short_history(desk: Desk) -> None:
    desk.keep(credential("new"))

    result = desk.run("history", "new")

    assert result.stdout == "new of aws-iam in account 111122223333: no keys known\n"


def test_an_unknown_name_is_told(desk: Desk) -> None:
    live(desk)

    result = desk.run("history", "ci-deploier")

    assert result.exit_code == 1
    assert "did you mean ci-deployer?" in result.stderr


def test_without_a_journal_there_is_no_history(desk: Desk) -> None:
    desk.app.missing = UnavailableError("there is no journal yet")

    assert desk.run("history", "ci-deployer").exit_code == 1
