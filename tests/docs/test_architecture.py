"""The page on architecture and the code agree; a failure prints the table as it should be."""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING

import pytest

from rotator.core.facts import What
from rotator.core.forms import AWS_IAM
from rotator.core.reasons import Reason, explain, is_hold
from rotator.core.rotation import Effect, Phase
from rotator.core.steps import Fact
from rotator.core.transitions import TRANSITIONS
from rotator.providers.cipherstash.config import ACCESS_KEYS, CLIENT_KEYS
from tests.gates.tree import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterable

PAGE = ROOT / "docs" / "architecture.md"
TEXT = PAGE.read_text(encoding="utf-8")
TERMS = [
    "companion",
    "follower",
    "pivot",
    "rung",
    "credential",
    "key",
    "secret",
    "provider",
    "destination",
    "consumer",
    "rotation",
    "phase",
    "effect",
    "fact",
    "step",
    "intent",
    "outcome",
    "journal",
    "observation",
    "due",
    "pending",
    "current",
    "previous",
    "stage",
    "verify",
    "promote",
    "grace period",
    "quarantine period",
    "disable",
    "retire",
    "revoke",
    "taint",
    "orphan",
    "drift",
    "checkpoint",
    "notice",
    "sealer",
    "sink",
    "witness",
    "window",
    "lease",
    "fingerprint",
    "principal",
    "account",
    "placement",
    "suspect",
    "hold",
    "halted",
    "plan mode",
    "enforce mode",
]


def rows_under(heading: str) -> list[str]:
    """Read the rows of the first table under a heading, without its head."""
    section = TEXT.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
    table = [line for line in section.splitlines() if line.startswith("|")]
    return table[2:]


def first_cells(heading: str) -> list[str]:
    """Read the first column of the first table under a heading, without its ticks."""
    return [row.split("|")[1].strip().strip("`*") for row in rows_under(heading)]


def expected_transitions() -> list[str]:
    """Write the machine's table as the page must show it."""
    return [
        f"| `{row.source}` | `{row.by}` | `{row.target}` | {row.meaning} |" for row in TRANSITIONS
    ]


def expected_reasons() -> list[str]:
    """Write the list of reasons as the page must show it."""
    return [
        f"| `{reason}` | {'hold' if is_hold(reason) else 'routine'} | {explain(reason)} |"
        for reason in Reason
    ]


def agree(found: list[str], expected: list[str]) -> None:
    """Compare two tables and print the right one if they differ."""
    assert found == expected, "the page must show:\n" + "\n".join(expected)


def layers() -> dict[str, int]:
    """Read each room's layer from the contract that the import linter enforces."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = project["tool"]["importlinter"]["contracts"]
    order = next(item["layers"] for item in contracts if item["id"] == "rooms")
    return {
        room: number
        for number, names in enumerate(reversed(order), start=1)
        for room in re.split(r" [|:] ", names)
    }


def test_the_table_of_transitions_is_the_machines() -> None:
    agree(rows_under("Transitions"), expected_transitions())


def test_the_table_of_reasons_is_the_cores() -> None:
    agree(rows_under("Why it waits"), expected_reasons())


def test_every_room_is_on_the_page_with_the_layer_that_imports_are_held_to() -> None:
    cells = [row.split("|")[1:3] for row in rows_under("Rooms")]
    found = {re.sub(r"[`/\s]|\.py", "", room): int(layer) for room, layer in cells}

    assert found == layers()


def test_every_directory_of_the_package_is_a_room() -> None:
    directories = {f"{path.parent.name}/" for path in (ROOT / "rotator").glob("*/__init__.py")}

    assert directories <= set(first_cells("Rooms"))


def test_every_provider_that_is_built_in_is_on_the_page() -> None:
    names = [row.split("|")[1].strip() for row in rows_under("Providers")]

    assert [name.strip("`") for name in names[:-1]] == [AWS_IAM, ACCESS_KEYS, CLIENT_KEYS]
    assert names[-1] == "the name of a spec"


@pytest.mark.parametrize(
    ("heading", "words"),
    [
        ("Phases", Phase),
        ("Effects, and what a crash leaves of them", Effect),
        ("Facts", Fact),
        ("Readings", What),
    ],
)
def test_every_word_of_the_machine_is_explained_in_its_order(
    heading: str, words: Iterable[str]
) -> None:
    assert first_cells(heading) == [str(word) for word in words]


def test_every_term_has_one_entry() -> None:
    assert sorted(first_cells("Glossary")) == sorted(TERMS)


def test_every_invariant_is_explained_in_its_order() -> None:
    assert first_cells("Invariants") == [f"I{number}" for number in range(1, 11)]


@pytest.mark.parametrize("path", sorted(set(re.findall(r"`((?:tests|rotator)/[\w/.]+)`", TEXT))))
def test_what_the_page_points_at_exists(path: str) -> None:
    assert (ROOT / path).exists()
