from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rotator.errors import ConfigError
from rotator.settings.http_spec import LONGEST, load_spec
from tests.settings.specs import FILE, faults_with

ROOT = Path(__file__).parents[2]
SHIPPED = {path.stem: path for path in (ROOT / "config" / "providers").glob("*.yaml")}


@pytest.mark.parametrize("name", sorted(set(SHIPPED) - {"stage5"}))
def test_every_shipped_spec_loads(name: str) -> None:
    assert load_spec(SHIPPED[name]).file == str(SHIPPED[name])


def test_the_template_for_stage5_is_refused_until_it_is_filled_in() -> None:
    text = SHIPPED["stage5"].read_text(encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_spec(SHIPPED["stage5"])

    blanks = [line for line in text.splitlines() if "FILL IN" in line.partition("#")[0]]
    assert {fault.problem for fault in caught.value.faults} == {"is not filled in"}
    assert len({fault.line for fault in caught.value.faults}) >= len(blanks) > 20


def test_what_is_to_be_filled_in_is_told_at_once_and_without_echo() -> None:
    blanks: dict[str, object] = {
        "title": "FILL IN",
        "key.createdAt.time": "FILL IN: rfc3339 or epoch",
        "operations.list.request.path": "FILL IN: where keys are listed",
        "operations.list.paginate": "FILL IN: how it goes on",
        "operations.create.expect.status": ["FILL IN: 201"],
        "operations.create.request.json": {"FILL IN: its name": "${new.name}"},
        "operations.verify.auth.headers.Authorization": "FILL IN: how a key is sent",
    }
    faults = faults_with(blanks)

    assert {fault.problem for fault in faults} == {"is not filled in"}
    assert [(fault.field, fault.remedy) for fault in faults] == [
        ("title", "write here: what the API's pages say"),
        ("key.createdAt.time", "write here: rfc3339 or epoch"),
        ("operations.list.request.path", "write here: where keys are listed"),
        ("operations.list.paginate", "write here: how it goes on"),
        ("operations.create.request.json.FILL IN: its name", "write here: its name"),
        ("operations.create.expect.status[0]", "write here: 201"),
        ("operations.verify.auth.headers.Authorization", "write here: how a key is sent"),
    ]


def test_what_is_wrong_beside_a_blank_is_told_too() -> None:
    faults = faults_with({"title": "FILL IN", "name": "No Name", "colour": "red"})

    assert {fault.field for fault in faults} == {"title", "name", "colour"}


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (None, "cannot be read"),
        (b"\xff\xfe", "is not UTF-8 text"),
        (b"", "is empty"),
        (b"- 1", "is not a mapping"),
        (b"a: &x 1\nb: *x", "aliases are not supported"),
        (b"a: " + b"[" * 100, "nested too deep"),
        (b'a: "\\UFFFFFFFF"', "characters that YAML does not allow"),
        (b'a: "\\uD800"', "characters that are no text"),
        (b'"\\uD800": a', "characters that are no text"),
        (b"#" * (LONGEST + 1), "is too long"),
    ],
    ids=range(10),
)
def test_a_file_that_is_no_spec_is_refused(
    tmp_path: Path, content: bytes | None, problem: str
) -> None:
    path = tmp_path / "spec.yaml"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(ConfigError, match="in the configuration") as caught:
        load_spec(path)

    assert problem in caught.value.diagnostics()
    assert caught.value.faults[0].file == str(path)


def test_all_faults_come_at_once_in_the_order_of_their_lines() -> None:
    changes: dict[str, Any] = {
        "name": "aws-iam",
        "auth": {"type": "basic"},
        "key.id": "a[",
        "operations.create.request.json.note": "${neww.name}",
        "operations.revoke.steps.0.request.path": "tokens",
        "operations.roll": {"old_key": "grace"},
    }
    faults = faults_with(changes)

    assert [fault.field for fault in faults] == [
        "name",
        "auth",
        "auth",
        "key.id",
        "operations.create.request.json.note",
        "operations.revoke.steps[0].request.path",
        "operations.roll",
    ]
    assert [fault.line for fault in faults] == sorted(fault.line for fault in faults)
    assert all(fault.line and fault.remedy and fault.file == FILE for fault in faults)
