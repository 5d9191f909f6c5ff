"""The demonstration itself: the real daemon, HTTP, a month, against the golden table."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from rotator.cli.demo.character import PLACES
from rotator.cli.demo.fleet import EVERYBODY
from rotator.cli.main import cli

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.process

_TITLES = ("who", "adopt --plan on day 1", "ends", "rotations", "held for")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo")


@pytest.fixture(scope="module")
def told(folder: Path) -> dict[str, Any]:
    """Perform once for all tests of this module."""
    result = CliRunner().invoke(cli, ["demo", "--json", "--keep", str(folder)])
    assert result.exit_code == 0, result.output
    summary: dict[str, Any] = json.loads(result.stdout)
    return summary


def test_everyone_is_classified_and_ends_as_the_golden_table_says(
    told: dict[str, Any], golden: Callable[[str, str], None]
) -> None:
    rows = [
        (
            line["label"],
            line["adoption"],
            line["ends"],
            str(line["rotations"]),
            line["hold"] or "-",
        )
        for line in told["lines"]
    ]

    others = "\n".join(sorted(told["others"]))
    golden("tests/golden/demo.txt", f"{_table([_TITLES, *rows])}\n\n{others}\n")


def test_no_consumer_is_refused_and_nothing_is_touched_that_is_not_ours(
    told: dict[str, Any],
) -> None:
    assert told["calls"] > 0
    assert told["refusals"] == 0
    assert told["vault_calls"] > 0
    assert told["vault_refusals"] == 0
    assert told["chat_calls"] > 0
    assert told["chat_refusals"] == 0
    assert told["cluster"]["calls"] > 0
    assert told["cluster"]["refusals"] == 0
    assert told["trespasses"] == []
    assert [line["faults"] for line in told["lines"]] == [[]] * len(EVERYBODY)
    assert told["isAsExpected"]


def test_every_hold_of_a_user_names_its_key_or_its_secret(told: dict[str, Any]) -> None:
    held = [line for line in told["lines"] if line["ends"] == "held" and line["account"] != "vault"]

    assert all("AKIA" in line["reason"] or "secret" in line["reason"] or "iam/" in line["reason"]
               for line in held)  # fmt: skip


def test_the_daemons_own_key_is_replaced_after_all_others(
    told: dict[str, Any], folder: Path
) -> None:
    assert told["isAsExpected"]
    deeds = records(folder, "key.create", provider="cipherstash-access-key")
    minted = [item["target"]["principal"] for item in deeds]

    assert sorted(minted[:-1]) == ["batch", "orders"]
    assert minted[-1] == "rotator"


def test_every_replaced_key_of_stage5_was_tried_and_refused(
    told: dict[str, Any], folder: Path
) -> None:
    deleted = records(folder, "key.delete", provider="stage5-access-key")
    proofs = {
        item["target"]["principal"]: item["evidence"]["proof"]
        for item in deleted
        if "refused_at" in item["evidence"]
    }

    assert proofs == dict.fromkeys(("helpdesk", "rotator", "website"), "refused")
    assert told["chat_ended"] == len(proofs)


@pytest.mark.usefixtures("told")
def test_a_mint_at_stage5_whose_answer_was_lost_leaves_no_key_behind(folder: Path) -> None:
    minted = records(folder, "key.create", provider="stage5-access-key")
    discarded = [
        item["target"]["principal"]
        for item in records(folder, "key.delete", provider="stage5-access-key")
        if item["evidence"].get("abandoned") == "secret_lost"
    ]

    assert [item["target"]["principal"] for item in minted] == [
        "helpdesk",
        "helpdesk",
        "rotator",
        "website",
    ]
    assert discarded == ["helpdesk"]


def test_the_grace_of_a_key_in_two_places_begins_when_both_have_it(told: dict[str, Any]) -> None:
    moments = [moment["what"] for moment in told["cluster"]["moments"]]

    assert moments == [
        "promoted in Secrets Manager",
        "the API server is away: one place is behind, so no grace begins",
        "the Secret shop/storefront-aws follows: the grace begins",
        "Deployment shop/storefront restarted, pod by pod",
        "the old key is disabled: consumers_reached=restarted",
        "the old key is deleted",
    ]
    assert told["cluster"]["faults"] == []


def test_only_the_fields_of_the_key_are_rotators_in_a_secret_of_the_cluster(
    told: dict[str, Any],
) -> None:
    owners = told["cluster"]["owners"]
    ours = {field for field, owner in owners.items() if owner.startswith("rotator-")}

    assert ours == {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}
    assert {owners["CURRENCY"], owners["SESSION_SECRET"]} == {"helm"}


def test_a_reader_that_no_rule_names_is_found_in_the_manifests(told: dict[str, Any]) -> None:
    found = [(item["code"], item["subject"]) for item in told["cluster"]["lint"]]

    assert found == [
        ("no-restart", "Deployment shop/newsletter"),
        ("unnamed", "Deployment shop/newsletter"),
    ]


@pytest.mark.usefixtures("told")
def test_a_young_key_that_stage5_itself_ends_is_replaced_before_it_does(folder: Path) -> None:
    (begun,) = (
        item
        for item in records(folder, "rotation.start", provider="stage5-access-key")
        if item["target"]["principal"] == "website"
    )

    assert begun["reason"] == "expiry"


def test_the_audit_log_that_is_kept_is_the_one_that_was_verified(
    told: dict[str, Any], folder: Path
) -> None:
    log = (folder / "audit.jsonl").read_text(encoding="utf-8")

    evidence = told["evidence"]

    assert log.count("\n") == evidence["records"] == evidence["covered"]
    assert evidence["findings"] == []
    assert evidence["verified"].startswith("clean: ")
    assert log.count('"operator.confirm_account"') == len(PLACES)


def test_each_edit_of_the_audit_log_is_found_out_and_named(told: dict[str, Any]) -> None:
    kinds = [edit["findings"][0].split()[0] for edit in told["evidence"]["edits"]]

    assert kinds == ["INVALID", "GAP", "INVALID", "GAP", "MISSING", "INVALID", "MISSING"]


def test_whose_key_is_too_old_on_the_last_day_is_held_and_every_key_is_counted(
    told: dict[str, Any], folder: Path
) -> None:
    before, after = told["evidence"]["before"], told["evidence"]["after"]
    held = {line["label"] for line in told["lines"] if line["ends"] == "held"}

    assert (before["day"], after["day"]) == ("2026-01-01", "2026-01-31")
    assert before["breach"] > after["breach"] == len(after["breaching"])
    assert set(after["breaching"]) <= held
    for day in (before, after):
        assert day["in_scope"] == day["compliant"] + day["breach"] + day["unknown"]
    assert told["evidence"]["report"] == str(folder / "report.html")
    assert "<html" in (folder / "report.html").read_text(encoding="utf-8")


def test_a_leaked_secret_is_recognised_and_the_story_of_its_key_is_told(
    told: dict[str, Any],
) -> None:
    evidence = told["evidence"]

    assert evidence["recognised"].startswith("OURS")
    assert "rotator keys rotate checkout-api" in evidence["recognised"]
    assert evidence["story"].count("AKIA") == 2
    assert "allowed_by=silence" in evidence["story"]
    assert evidence["faults"] == []


def test_people_are_told_of_every_rotation_that_ended(told: dict[str, Any]) -> None:
    ended = sum(line["rotations"] for line in told["lines"])

    assert told["evidence"]["told"]["rotation.completed"] == ended


@pytest.mark.usefixtures("told")
def test_the_daemon_of_the_demonstration_finds_its_own_log_in_order(folder: Path) -> None:
    lines = (folder / "daemon.log").read_text(encoding="utf-8").splitlines()

    assert [line for line in lines if "damaged" in line or "contradicts" in line] == []


@pytest.mark.usefixtures("told")
def test_an_earlier_demonstration_is_never_mixed_with_a_new_one(folder: Path) -> None:
    result = CliRunner().invoke(cli, ["demo", "--keep", str(folder)])

    assert result.exit_code == 1
    assert "an earlier demo is in the folder" in result.output


def records(folder: Path, action: str, *, provider: str) -> list[dict[str, Any]]:
    """Return what was done with a provider's keys, oldest first."""
    lines = (folder / "audit.jsonl").read_text(encoding="utf-8").splitlines()
    return [
        item
        for item in map(json.loads, lines)
        if (item["action"], item["outcome"]) == (action, "success")
        and item["target"]["provider"] == provider
    ]


def _table(rows: list[tuple[str, ...]]) -> str:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = (
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )
    return "\n".join(lines)
