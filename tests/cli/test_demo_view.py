"""What the demonstration shows, without a daemon: board, lines, closing screen."""

from __future__ import annotations

import io
import re
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from rotator.cli.demo.board import board
from rotator.cli.demo.cast import CAST
from rotator.cli.demo.character import CLINGS, Character, Ends, Form, Shelf, User
from rotator.cli.demo.closing import show
from rotator.cli.demo.cluster.act import ClusterStory, Finding, Moment
from rotator.cli.demo.evidence.act import Compliance, Evidence
from rotator.cli.demo.evidence.tampering import Edit
from rotator.cli.demo.fleet import EVERYBODY, Scene, Standing, standings
from rotator.cli.demo.report import Line, Summary
from rotator.cli.demo.view import Teller
from rotator.core.reasons import Reason
from rotator.core.rotation import Action, Credential, Hold, Phase
from rotator.testing.builders import at, credential, principal, rotation
from rotator.testing.manual_clock import SeededChance
from rotator.testing.memory_journal import MemoryJournal

GOLDEN = Path(__file__).parents[1] / "golden" / "demo.txt"
ONE = CAST[0]


def managed(character: Character = ONE, **changes: Any) -> Credential:  # noqa: ANN401 - any field
    owner = principal(character.name, account=character.account, provider=character.provider)
    return credential(character.name, principal=owner, **changes)


def drawn(scene: Scene, *, width: int) -> list[str]:
    console = Console(
        file=io.StringIO(),
        width=width,
        force_terminal=True,
        color_system=None,
        legacy_windows=False,
    )
    console.print(board(scene, ["2026-01-01 00:00  something happened to somebody"] * 6))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue().splitlines()


def everybody(**changes: Any) -> Scene:  # noqa: ANN401 - any field
    fleet = tuple(
        Standing(character=item, credential=managed(item, **changes)) for item in EVERYBODY
    )
    return Scene(now=at(), day=3.5, fleet=fleet, calls=120)


@pytest.mark.parametrize("width", [100, 80])
def test_the_board_fits_a_small_terminal_and_names_everybody(width: int) -> None:
    lines = drawn(everybody(hold=Hold(reason=Reason.DESTINATION_FOREIGN, since=at())), width=width)

    assert len(lines) < 40
    assert max(map(len, lines)) <= width
    text = "\n".join(lines)
    assert [item.label for item in EVERYBODY if item.label not in text] == []


def test_the_board_counts_each_state_once() -> None:
    scene = everybody(action=Action.REPORT)

    lines = drawn(scene, width=100)

    assert lines[1].strip() == f"{len(EVERYBODY)} reported"


def test_refusals_stand_on_the_board() -> None:
    lines = drawn(replace(everybody(), refusals=3), width=100)

    assert "3 refused" in lines[0]


@pytest.mark.parametrize(
    ("standing", "state", "brief"),
    [
        (Standing(character=ONE), Ends.LEFT, "left alone"),
        (Standing(character=ONE, credential=managed(action=Action.REPORT)), Ends.REPORTED,
         "reported"),
        (Standing(character=ONE, credential=managed()), Ends.DUE, "due"),
        (Standing(character=ONE, credential=managed(due_at=at(days=9))), Ends.YOUNG, "young"),
        (Standing(character=ONE, credential=managed(), completed=1), Ends.ROTATED, "rotated"),
        (Standing(character=ONE, credential=managed(),
                  rotation=rotation(phase=Phase.PROMOTED)), Phase.PROMOTED, "promoted"),
        (Standing(character=ONE, credential=managed(last_error="throttled"),
                  rotation=rotation(phase=Phase.PLANNED)), Phase.PLANNED,
         "planned, again after: throttled"),
        (Standing(character=ONE,
                  credential=managed(hold=Hold(reason=Reason.STILL_USED, since=at())),
                  rotation=rotation(phase=Phase.PROMOTED)), Ends.HELD, "still_used"),
    ],
)  # fmt: skip
def test_a_state_is_said_in_a_word(standing: Standing, state: Ends | Phase, brief: str) -> None:
    assert (standing.state, standing.brief) == (state, brief)


def test_a_hold_is_explained_with_its_detail() -> None:
    hold = Hold(reason=Reason.NO_KEY, since=at(), detail="AKIA1")

    assert Standing(character=ONE, credential=managed(hold=hold)).reason.endswith(" (AKIA1)")
    assert "(" not in Standing(
        character=ONE, credential=managed(hold=replace(hold, detail=""))
    ).reason  # fmt: skip
    assert Standing(character=ONE).reason == ""


def test_everybody_is_found_in_the_journal_by_provider_account_and_name() -> None:
    journal = MemoryJournal(SeededChance(1))
    twins = [item for item in EVERYBODY if item.name in {"checkout-api", "orders"}]
    for twin in twins:
        journal.register(managed(twin))

    found = [item.character for item in standings(journal) if item.credential]

    assert found == twins
    assert len({item.account for item in twins}) == 3
    assert len({item.label for item in twins}) == len(twins) == 4


def test_each_change_is_told_once_and_nothing_is_told_of_those_who_only_stand_there() -> None:
    teller = Teller()
    quiet = everybody(action=Action.REPORT)
    held = Standing(character=ONE, credential=managed(hold=Hold(reason=Reason.NO_KEY, since=at())))
    moved = Standing(character=ONE, credential=managed(), rotation=rotation(phase=Phase.PROMOTED))

    assert list(teller.news(quiet)) == []
    told = [
        *teller.news(replace(quiet, fleet=(held,))),
        *teller.news(replace(quiet, fleet=(held,))),
        *teller.news(replace(quiet, fleet=(moved,))),
    ]

    assert len(told) == 2
    assert "held: the principal has no enabled key" in told[0]
    assert "promoted: consumers read the new key" in told[1]


LINE = Line(
    label="prod/a",
    account="prod",
    provider="aws-iam",
    name="a",
    adoption="adoptable",
    ends="rotated",
    rotations=1,
    hold="",
    reason="",
)
DAY = Compliance(
    day="2026-01-01",
    in_scope=9,
    compliant=6,
    breach=2,
    unknown=1,
    reported=4,
    breaching=("prod/b",),
)
EVIDENCE = Evidence(
    records=4,
    covered=4,
    findings=(),
    edits=(Edit(what="record 2 taken out", findings=("GAP      seq=2     next is 3",)),),
    before=DAY,
    after=replace(DAY, day="2026-01-31", compliant=7, breach=1),
    verified="clean: 4 records",
    recognised="OURS\nKey ID  AKIA1",
    story=f"AKIA1: gone\n{'#1 made ' * 20}\n\nBETWEEN: rotations",
    told={"key.published": 2, "key.disabled": 1, "key.adopted": 2},
    report="/kept/report.html",
    faults=(),
)
CLUSTER = ClusterStory(
    moments=(Moment(at="2026-01-03 00:07Z", what="the Secret follows"),),
    owners={"AWS_ACCESS_KEY_ID": "rotator-1", "CURRENCY": "helm"},
    lint=(Finding(subject="Deployment shop/x", code="no-restart", problem="reads it " * 20),),
    calls=8,
    refusals=0,
)
GOOD = Summary(
    lines=(LINE, replace(LINE, label="prod/b", ends="held", rotations=0, hold="still_used")),
    calls=9,
    refusals=0,
    vault_calls=6,
    vault_refusals=0,
    chat_calls=5,
    chat_refusals=0,
    chat_ended=3,
    cluster=CLUSTER,
    evidence=EVIDENCE,
    trespasses=(),
    others=(),
)  # fmt: skip


def closing(summary: Summary, *, is_kept: bool = False) -> str:
    console = Console(file=io.StringIO(), width=100)
    show(console, summary, seconds=12, is_kept=is_kept)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_the_closing_screen_says_who_is_held_and_why() -> None:
    text = closing(GOOD)

    assert "1 rotated, 1 rotations" in text
    assert "prod/b                the old key is still used" in text
    assert "\n9 consumer calls of AWS, 0 refused\n" in text
    assert "\n6 encryptions and decryptions, 0 refused\n" in text
    assert "\n5 messages through Stage5, 0 refused; 3 old keys refused when tried again\n" in text
    assert "\n8 calls of AWS by pods in the cluster, 0 refused\n" in text
    assert "\n4 audit records, the log verifies, 4 of them are signed; 12 s\n" in text
    assert text.endswith("everything is as expected\n")
    assert "\x1b" not in text


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (replace(GOOD, refusals=1), "9 consumer calls of AWS, 1 refused"),
        (replace(GOOD, vault_refusals=1), "decryptions, 1 refused"),
        (replace(GOOD, chat_refusals=1), "5 messages through Stage5, 1 refused"),
        (replace(GOOD, cluster=replace(CLUSTER, refusals=1)), "pods in the cluster, 1 refused"),
        (replace(GOOD, cluster=replace(CLUSTER, faults=("a field was lost",))), "a field was lost"),
        (replace(GOOD, evidence=replace(EVIDENCE, findings=("GAP: 3",), faults=("GAP: 3",))),
         "4 audit records, AND THE LOG DOES NOT VERIFY"),
        (replace(GOOD, evidence=replace(EVIDENCE, faults=("a secret was shown",))),
         "a secret was shown"),
        (replace(GOOD, evidence=replace(
            EVIDENCE, edits=(Edit(what="cut", findings=()),), faults=("not found out: cut",))),
         "NOT FOUND OUT"),
        (replace(GOOD, trespasses=("iam/x was touched",)), "iam/x was touched"),
        (replace(GOOD, lines=(replace(LINE, faults=("held, not rotated",)),)),
         "prod/a: held, not rotated"),
    ],
)  # fmt: skip
def test_whatever_is_not_as_expected_is_named(bad: Summary, words: str) -> None:
    text = closing(bad)

    assert words in text
    assert text.endswith("NOT as expected\n")
    assert not bad.is_as_expected


def test_an_auditor_sees_each_command_with_its_answer() -> None:
    lines = closing(GOOD).splitlines()
    text = "\n".join(line.strip() for line in lines)

    for command in ("audit verify", "report compliance --at", "history checkout-api", "audit hash"):
        assert f"$ rotator {command}" in text
    assert "record 2 taken out  GAP seq=2 next is 3" in text
    assert re.search(r"2026-01-31\s+9\s+7\s+1\s+1\s+4\n", text)
    assert "BETWEEN" not in text
    assert "5 notices told to a webhook, each signed: 2 key.adopted, 2 key.published" in text
    assert max(map(len, lines)) <= 100


def test_the_cluster_is_shown_with_times_owners_and_what_is_found_in_manifests() -> None:
    lines = [line.rstrip() for line in closing(GOOD).splitlines()]

    assert "  2026-01-03 00:07Z  the Secret follows" in lines
    assert "  AWS_ACCESS_KEY_ID  rotator-1" in lines
    assert any(line.startswith("  Deployment shop/x  no-restart  reads it") for line in lines)
    assert max(map(len, lines)) <= 100


def test_the_report_is_named_only_where_it_stays() -> None:
    assert "/kept/report.html" in closing(GOOD, is_kept=True)
    assert "/kept/report.html" not in closing(GOOD)
    assert "rotator demo --keep FOLDER" in closing(GOOD)


def test_the_cast_expects_what_the_golden_table_says() -> None:
    lines = GOLDEN.read_text(encoding="utf-8").splitlines()[1:]
    golden = {cells[0]: cells[2:] for cells in (re.split(r"\s{2,}", line) for line in lines)}

    for item in EVERYBODY:
        hold = item.hold.value if item.hold else "-"
        assert golden[item.label] == [item.ends.value, str(item.rotations), hold]


def test_every_case_of_a_real_estate_has_somebody() -> None:
    assert len(CAST) >= 40
    assert len({item.id for item in CAST}) == len(CAST)
    holds = {item.hold for item in CAST}
    assert {Reason.STILL_USED, Reason.SLOTS_FULL, Reason.UNPUBLISHED, Reason.NATIVE_ROTATION,
            Reason.DESTINATION_FOREIGN, Reason.DESTINATION_DELETED,
            Reason.QUIET_UNPROVEN} <= holds  # fmt: skip
    assert {item.shelf.form for item in CAST if item.shelf} == set(Form)
    assert max(Counter(item.secret for item in CAST if item.secret).values()) == 3


@pytest.mark.parametrize(
    ("character", "patience"),
    [
        (replace(ONE, caches_days=2), 2),
        (replace(ONE, shelf=Shelf(form=Form.ENV)), CLINGS),
        (replace(ONE, shelf=Shelf(is_deleted=True)), CLINGS),
    ],
)
def test_a_consumer_rereads_only_what_can_be_read_anew(
    character: User, patience: int | None
) -> None:
    assert character.patience == patience
