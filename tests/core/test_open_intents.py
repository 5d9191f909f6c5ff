"""Which intents have no outcome."""

from __future__ import annotations

from typing import Any

from rotator.core.open_intents import OpenIntents, text_of


def record(
    stage: str, action: str, outcome: str = "success", **sections: dict[str, Any] | None
) -> dict[str, Any]:
    return {"stage": stage, "action": action, "outcome": outcome, "time": "t", **sections}


def intent(action: str, **sections: dict[str, Any] | None) -> dict[str, Any]:
    return record("intent", action, "pending", **sections)


def left(*told: dict[str, Any]) -> list[tuple[int, str, bool]]:
    intents = OpenIntents()
    for seq, fields in enumerate(told):
        intents.read(seq, fields)
    return [(it.seq, it.action, it.is_unknown) for it in intents]


R1: dict[str, Any] = {"rotation": {"id": "r1"}}
R2: dict[str, Any] = {"rotation": {"id": "r2"}}


def of_key(key: str) -> dict[str, Any]:
    place = {"provider": "aws-iam", "account": "1", "principal": "ci"}
    return {"target": {**place, "key_id": key}}


def test_an_outcome_answers_the_intent_of_its_rotation() -> None:
    begun = intent("key.create", **R1)

    assert left(begun) == [(0, "key.create", False)]
    assert left(begun, record("outcome", "key.create", **R1)) == []
    assert left(begun, record("outcome", "key.create", "failure", **R1)) == []


def test_a_record_whose_fields_are_of_other_types_is_no_obstacle() -> None:
    begun = intent("key.create", **R1)
    forged = {"stage": "event", "action": ["rotation.finish"], "rotation": 5}

    assert left(begun, forged) == [(0, "key.create", False)]


def test_what_was_begun_twice_wants_two_answers() -> None:
    begun = intent("key.delete", **R1)

    assert left(begun, begun, record("outcome", "key.delete", "success", **R1)) == [
        (0, "key.delete", False)
    ]


def test_an_outcome_of_another_rotation_or_action_answers_nothing() -> None:
    begun = intent("key.create", **R1)

    assert len(left(begun, record("outcome", "key.create", **R2))) == 1
    assert len(left(begun, record("outcome", "key.stage", **R1))) == 1


def test_an_unknown_outcome_leaves_a_machines_intent_open() -> None:
    begun, lost = intent("key.create", **R1), record("outcome", "key.create", "unknown", **R1)

    assert left(begun, lost) == [(0, "key.create", True)]
    assert left(begun, lost, record("outcome", "key.create", **R1)) == []


def test_an_unknown_outcome_is_the_last_word_on_what_was_done_by_hand() -> None:
    deed = {"evidence": {"deed": "d1"}}
    begun = intent("operator.create_key", **deed)

    assert left(begun, record("outcome", "operator.create_key", "unknown", **deed)) == []
    assert len(left(begun, record("outcome", "operator.create_key", evidence={"deed": "d2"}))) == 1


def test_the_end_of_a_key_is_about_that_key_whatever_ordered_it() -> None:
    suspect = intent("key.disable", **R1, **of_key("SUSPECT"))
    old = intent("key.disable", **R1, **of_key("OLD"))

    assert left(suspect, old, record("outcome", "key.disable", **R2, **of_key("SUSPECT"))) == [
        (1, "key.disable", False)
    ]
    assert left(old, record("outcome", "key.disable", **of_key("OLD"))) == []


def test_a_rotation_that_ended_or_was_abandoned_leaves_nothing_open() -> None:
    begun, other = intent("key.create", **R1), intent("key.create", **R2)

    for end in ("rotation.finish", "rotation.abandon"):
        assert left(begun, other, record("event", end, **R1)) == [(1, "key.create", False)]
        assert left(record("event", end, **R1)) == []
    assert len(left(begun, record("event", "rotation.hold", **R1))) == 1


def test_an_outcome_without_an_intent_is_nothing_open() -> None:
    assert left(record("outcome", "key.create", **R1)) == []


def test_what_is_no_section_holds_no_text() -> None:
    assert text_of({"rotation": None}, "rotation", "id") == ""
    assert text_of({"rotation": "r1"}, "rotation", "id") == ""
    assert text_of({"rotation": {"id": None}}, "rotation", "id") == ""
