"""The log is signed when it should be, put where it is kept, and never over a contradiction."""

from __future__ import annotations

from datetime import timedelta

import pytest

from rotator.audit import checkpoints as checkpoints_module
from rotator.audit.signing import Signer, generate
from rotator.core.checkpoint import Checkpoint
from rotator.errors import TamperError
from rotator.testing.builders import audit_record
from tests.audit.signed_log import MINUTE, SIGNER, Log, MemoryPlace


@pytest.fixture
def place() -> MemoryPlace:
    return MemoryPlace()


def test_a_checkpoint_is_signed_after_so_many_records(place: MemoryPlace) -> None:
    log = Log(place, every=3)

    log.write("a", "b")
    assert place.notes == []
    log.write("c")

    assert SIGNER.verifier.verify(place.notes[0]) == Checkpoint(
        origin="test", size=3, root=log.root
    )


def test_a_checkpoint_is_signed_when_a_record_is_a_minute_old(place: MemoryPlace) -> None:
    log = Log(place)
    log.write("a")

    log.clock.advance(MINUTE - timedelta(seconds=1))
    log.sealer.seal()
    assert place.sizes == []
    log.clock.advance(timedelta(seconds=1))
    log.sealer.seal()
    log.sealer.seal()

    assert place.sizes == [1]
    assert log.sealer.standing().checkpoint_records == 1
    assert log.sealer.standing().checkpoint_at == log.clock.now()


def test_the_end_of_a_run_signs_what_is_left(place: MemoryPlace) -> None:
    log = Log(place)
    log.write("a")

    log.sealer.finish()
    log.sealer.finish()

    assert place.sizes == [1]


def test_after_a_start_the_head_is_signed_if_nobody_has(place: MemoryPlace) -> None:
    log = Log(MemoryPlace("lost"), every=100)
    log.write(*range(5))
    log.clock.advance(MINUTE)

    log.start(place)
    log.sealer.seal()

    assert place.sizes == [5]


def test_a_start_on_a_signed_log_signs_nothing_again(place: MemoryPlace) -> None:
    log = Log(place)
    log.write(*range(3))
    log.clock.advance(MINUTE)

    log.start(place)
    for _ in range(3):
        log.sealer.seal()

    assert place.sizes == [3]
    assert log.sealer.standing().checkpoint_records == 3


def test_no_checkpoint_goes_anywhere_before_its_records_are_durable(place: MemoryPlace) -> None:
    log = Log(place)
    log.sink.down = True
    log.write(*range(5))
    log.clock.advance(MINUTE)
    log.sealer.seal()
    log.sealer.finish()
    assert place.notes == []

    log.sink.down = False
    log.sealer.seal()

    assert place.sizes == [5]


def test_a_place_that_fails_is_told_of_and_tried_again_and_blocks_nothing() -> None:
    good, down = MemoryPlace("good"), MemoryPlace("down")
    down.down = True
    log = Log(good, down)

    log.write(*range(3))
    log.sealer.seal()

    assert good.sizes == [3]
    assert log.errors() == ["checkpoint not stored"]
    assert {it.name: it.is_failing for it in log.sealer.standing().sinks} == {
        "memory": False,
        "good": False,
        "down": True,
    }
    down.down = False
    log.sealer.seal()
    assert down.sizes == [3]
    assert not any(it.is_failing for it in log.sealer.standing().sinks)


def test_a_place_that_is_late_with_its_answer_is_compared_all_the_same() -> None:
    late, good = MemoryPlace("late"), MemoryPlace("good")
    log = Log(late)
    log.write(*range(3))
    late.down = True

    log.start(late, good)
    log.write(*range(3, 6))
    assert good.sizes == [6]
    late.down = False
    log.sealer.seal()
    log.sealer.seal()

    assert late.sizes == [3, 6]
    assert log.errors() == ["checkpoint not stored"]


def test_two_replicas_on_one_journal_sign_the_same_text() -> None:
    first, second = MemoryPlace("first"), MemoryPlace("second")
    log = Log(first)
    log.write(*range(3))

    log.start(second)
    log.clock.advance(MINUTE)
    log.sealer.seal()

    assert first.notes == second.notes


def test_a_log_that_was_cut_short_with_its_journal_is_never_signed_again(
    place: MemoryPlace,
) -> None:
    log = Log(place)
    log.write(*range(3))
    cut = Log(MemoryPlace("new"))
    cut.write("a")

    cut.start(place)
    cut.clock.advance(MINUTE)
    cut.sealer.seal()
    cut.sealer.finish()

    assert cut.sealer.standing().is_valid is False
    assert place.sizes == [3]
    assert cut.errors() == ["audit log contradicts a checkpoint"]


def test_a_log_that_was_rewritten_with_its_journal_is_never_signed_again(
    place: MemoryPlace,
) -> None:
    log = Log(place)
    log.write(*range(3))
    forged = Log(MemoryPlace("new"), every=100)
    forged.write(*"forged")

    forged.start(place)
    forged.write(*range(7, 10))
    forged.sealer.finish()

    assert forged.sealer.standing().is_valid is False
    assert place.sizes == [3]


def test_a_steady_trickle_is_signed_a_minute_after_its_first_record(place: MemoryPlace) -> None:
    log = Log(place, every=100)
    for number in range(3):
        log.journal.append((audit_record(number, at=log.clock.now()),))
        log.sealer.seal()
        log.clock.advance(MINUTE / 2)
    log.sealer.seal()

    assert place.sizes == [3]


def test_what_is_signed_already_does_not_hurry_the_next_process(place: MemoryPlace) -> None:
    log = Log(place)
    log.write(*range(3))
    log.clock.advance(10 * MINUTE)

    log.start(place)
    log.journal.append((audit_record("new", at=log.clock.now()),))
    log.sealer.seal()
    assert place.sizes == [3]

    log.clock.advance(MINUTE)
    log.sealer.seal()
    assert place.sizes == [3, 4]


def test_the_time_of_the_last_checkpoint_is_that_of_one_that_was_stored(
    place: MemoryPlace,
) -> None:
    log = Log(place)
    log.write(*range(3))
    stored_at = log.clock.now()
    place.down = True
    log.clock.advance(MINUTE)
    log.write(*range(3, 6))

    assert log.sealer.standing().checkpoint_at == stored_at


def test_a_place_that_contradicts_the_log_when_it_answers_at_last_is_given_nothing() -> None:
    late, good = MemoryPlace("late"), MemoryPlace("good")
    Log(late).write(*range(3))
    late.down = True
    forged = Log(late, good)
    forged.write(*"forged")
    assert good.sizes == [6]

    late.down = False
    forged.sealer.seal()
    forged.sealer.seal()

    assert late.sizes == [3]
    assert forged.errors()[-1] == "audit log contradicts a checkpoint"


def test_what_a_restored_journal_writes_beside_the_log_is_not_signed(place: MemoryPlace) -> None:
    """Its backup is older than the log, but not than the newest checkpoint."""
    log = Log(place)
    log.write(*range(3))
    log.write(3, 4)
    restored = Log(MemoryPlace("new"), every=100)
    restored.write(*range(4))

    restored.sink, restored.every = log.sink, 3
    restored.start(place)
    restored.write(*"forked")
    restored.clock.advance(MINUTE)
    restored.sealer.seal()
    restored.sealer.finish()

    assert place.sizes == [3]
    assert [it.seq for it in log.sink.records] == [0, 1, 2, 3, 4]
    assert "audit sink failed" in restored.errors()


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("what is this", "unreadable"),
        (
            Signer.read(generate(), "other").sign(
                Checkpoint(origin="other", size=1, root=bytes(32))
            ),
            "other_log",
        ),
    ],
    ids=["nonsense", "another log's"],
)
def test_a_place_with_something_else_in_it_is_not_written_to(
    place: MemoryPlace, text: str, code: str
) -> None:
    place.notes.append(text)
    log = Log(place)

    log.write(*range(5))

    assert place.notes == [text]
    level, event, fields = log.telemetry.lines[0]
    assert (level, event, fields["code"]) == ("error", "checkpoint not stored", code)
    assert "the newest checkpoint" in str(fields["error"])


def test_a_long_log_is_built_up_in_pieces_and_signed_once_it_is_whole(
    place: MemoryPlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoints_module, "BATCH", 2)
    monkeypatch.setattr(checkpoints_module, "_BATCHES_A_ROUND", 2)
    log = Log(MemoryPlace("lost"), every=100)
    log.write(*range(11))
    log.clock.advance(MINUTE)

    log.start(place)
    log.sealer.seal()
    assert place.sizes == []
    log.sealer.finish()

    assert place.sizes == [11]
    assert SIGNER.verifier.verify(place.notes[0]).root == log.root


@pytest.mark.parametrize("end", ["seal", "finish"])
def test_a_journal_that_is_down_is_told_of_and_left(place: MemoryPlace, end: str) -> None:
    log = Log(place)
    log.write("a")
    log.journal.is_down = True

    jobs = log.notary.jobs(5) if end == "seal" else log.notary.last_jobs(5)

    assert jobs == {}
    assert log.errors() == ["audit log not signed"]


def test_a_fatal_failure_of_a_place_is_not_swallowed(place: MemoryPlace) -> None:
    place.fatal = TamperError("cut")

    with pytest.raises(TamperError):
        Log(place)
