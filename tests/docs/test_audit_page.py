"""The auditor's page: what it tells an auditor to run, run."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from rotator.core.checkpoint import file_of_notes
from rotator.core.events import SCHEMA
from tests.audit.logs import LOG, SIGNER, STRANGER, as_file, chained, note, notes, records
from tests.gates.tree import ROOT

if TYPE_CHECKING:
    from pathlib import Path

PAGE = (ROOT / "docs" / "audit.md").read_text(encoding="utf-8")
LINES = chained(records(21))


def verified(folder: Path, *more: str) -> subprocess.CompletedProcess[str]:
    """Run the page's own program on a log, with nothing of ours on its path."""
    program = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)[0]
    (folder / "verify.py").write_text(program)
    command = (sys.executable, "-I", "verify.py", "audit.jsonl", SIGNER.verifier_key, *more)
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    if shutil.which("openssl") is None:
        pytest.skip("openssl was not found: the page's program is not run")
    (tmp_path / "audit.jsonl").write_bytes(as_file(LINES))
    (tmp_path / "audit.jsonl.checkpoints").write_text(notes(LINES, 8, 21))
    return tmp_path


def test_the_pages_program_verifies_a_log_without_anything_of_ours(folder: Path) -> None:
    found = verified(folder)

    assert found.stderr == ""
    assert found.stdout.splitlines() == [
        f"{LOG}: {size} of 21 records are as they were signed" for size in (8, 21)
    ]


def test_the_pages_program_believes_every_key_that_it_is_given(folder: Path) -> None:
    path = folder / "audit.jsonl.checkpoints"
    path.write_text(path.read_text() + file_of_notes(note(LINES, 12, STRANGER)))

    assert "12: not signed" in verified(folder).stderr
    assert verified(folder, STRANGER.verifier_key).stderr == ""


@pytest.mark.parametrize(
    ("name", "old", "new", "said"),
    [
        ("audit.jsonl", LINES[3], LINES[3].replace("success", "failure"), "4 does not follow"),
        ("audit.jsonl", LINES[20] + "\n", "", "21 records were signed, 20 are there"),
        ("audit.jsonl", LINES[20], LINES[20].replace("success", "failure"), "21: the root differs"),
        ("audit.jsonl.checkpoints", "\n8\n", "\n9\n", "9: not signed"),
    ],
    ids=["changed", "cut short", "changed at the end", "changed checkpoint"],
)
def test_the_pages_program_finds_what_is_wrong(
    folder: Path, name: str, old: str, new: str, said: str
) -> None:
    path = folder / name
    path.write_text(path.read_text().replace(old, new))

    assert said in verified(folder).stderr


def test_the_page_names_the_schema_and_every_field_of_a_record() -> None:
    fields = set(re.findall(r'"(\w+)":', LINES[0])) & {
        "seq", "prev", "log", "id", "time", "stage", "action", "outcome", "actor", "target",
        "rotation", "destination", "policy", "evidence", "calls", "source", "error", "reason",
    }  # fmt: skip

    assert f"`{SCHEMA}`" in PAGE
    assert [field for field in sorted(fields) if f"`{field}`" not in PAGE] == []
    assert len(fields) == 18
