from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from rotator.core.reasons import Reason
from rotator.core.rotation import Effect, Hold, Phase
from tests.builders import EPOCH, at, credential, event, intent, rotation

if TYPE_CHECKING:
    from collections.abc import Callable

    from rotator.core.rotation import Rotation
    from tests.cli.desk import Desk


def fill(desk: Desk) -> Rotation:
    """Keep a finished rotation and one that waits for a person."""
    done = credential("ci-done")
    desk.keep(done, rotation=rotation(done, phase=Phase.COMPLETED))
    held = credential(
        "ci-held",
        hold=Hold(reason=Reason.STILL_USED, since=at(days=7), detail="s3 in eu-central-1"),
        next_at=EPOCH,
    )
    open_one = rotation(
        held,
        phase=Phase.PROMOTED,
        created_at=at(hours=1),
        intent=intent(Effect.DISABLE_KEY),
    )
    events = (
        event("start", credential_id=held.id, rotation_id=open_one.id, phase="planned"),
        event(
            "hold",
            credential_id=held.id,
            rotation_id=open_one.id,
            phase="promoted",
            effect="disable_key",
            detail={"reason": "still_used", "tries": 2},
        ),
    )
    desk.keep(held, rotation=open_one, events=events)
    return open_one


def test_rotations_are_listed_newest_first_and_a_hold_is_an_exit_code(
    desk: Desk, golden: Callable[[str, str], None]
) -> None:
    fill(desk)

    result = desk.run("rotations", "list")

    assert result.exit_code == 3
    assert desk.app.calls == ["open tests read-only"]
    golden("tests/golden/rotations_list.txt", result.stdout)


def test_machines_get_rotations_as_json(desk: Desk, golden: Callable[[str, str], None]) -> None:
    fill(desk)

    golden("tests/golden/rotations_list.json", desk.run("rotations", "list", "--json").stdout)


def test_only_what_is_under_way_is_listed_on_request(desk: Desk) -> None:
    open_one = fill(desk)

    rows = json.loads(desk.run("rotations", "list", "--open", "--json").stdout)

    assert [row["id"] for row in rows] == [open_one.id]


def test_nothing_to_list_is_said_in_words(desk: Desk) -> None:
    assert desk.run("rotations", "list").stdout == "no rotation yet\n"
    assert desk.run("rotations", "list", "--open").stdout == "no rotation is under way\n"


def test_on_a_terminal_the_beginning_of_an_id_is_enough(desk: Desk) -> None:
    open_one = fill(desk)
    desk.is_terminal = True

    listed = desk.run("--no-color", "rotations", "list").stdout

    assert open_one.id not in listed
    assert desk.run("rotations", "show", open_one.id[:8].upper()).exit_code == 3


def test_a_rotation_tells_its_story(desk: Desk, golden: Callable[[str, str], None]) -> None:
    open_one = fill(desk)

    result = desk.run("rotations", "show", open_one.id)

    assert result.exit_code == 3
    golden("tests/golden/rotations_show.txt", result.stdout)
    story = desk.run("rotations", "show", open_one.id, "--json").stdout
    golden("tests/golden/rotations_show.json", story)


@pytest.mark.parametrize(
    ("phase", "exit_code"), [(Phase.HALTED, 3), (Phase.STAGED, 0), (Phase.ROLLED_BACK, 0)]
)
def test_a_halt_waits_for_a_person_and_a_healthy_rotation_does_not(
    desk: Desk, phase: Phase, exit_code: int
) -> None:
    made = rotation(phase=phase, abandoned=Reason.VERIFY_FAILED)
    desk.keep(credential(), rotation=made)

    shown = desk.run("rotations", "show", made.id)

    assert shown.exit_code == exit_code
    assert "the provider does not accept the new key" in shown.stdout
    assert desk.run("rotations", "list").exit_code == exit_code


def test_a_routine_wait_is_explained_and_waits_for_nobody(desk: Desk) -> None:
    waiting = credential(hold=Hold(reason=Reason.GRACE, since=EPOCH))
    desk.keep(waiting, rotation=rotation(waiting, phase=Phase.PROMOTED))

    result = desk.run("rotations", "show", rotation(waiting).id)

    assert result.exit_code == 0
    assert "both keys stay active" in result.stdout


def test_an_id_must_name_one_rotation(desk: Desk) -> None:
    desk.keep(credential(), rotation=rotation(phase=Phase.COMPLETED))
    desk.keep(credential("other"), rotation=rotation(credential("other")))

    unknown = desk.run("rotations", "show", "zzz")
    unclear = desk.run("rotations", "show", "")

    assert unknown.exit_code == 1
    assert "rotator rotations list" in unknown.stderr
    assert unclear.exit_code == 2
