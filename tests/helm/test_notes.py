"""What an operator reads after the installation: what it does, as whom, and what comes next."""

from __future__ import annotations

import re

import pytest

from rotator.cli.main import COMMANDS
from tests.helm.charts import CASES, case, notes, smallest, weakened

NAMES = [path.stem for path in CASES]

_COMMAND = re.compile(r"\brotator (?!in\b|is\b)([a-z]+)(?: [a-z]+)?")


@pytest.mark.parametrize("mode", ["plan", "enforce"])
def test_the_mode_is_said(mode: str) -> None:
    assert f"{mode} mode" in notes(smallest({"config": {"mode": mode}}))


@pytest.mark.parametrize("name", NAMES)
def test_each_command_that_is_named_exists(name: str) -> None:
    said = [line for line in notes(case(name)).splitlines() if line.startswith("  ")]
    named = [word for line in said for word in _COMMAND.findall(line)]

    assert named
    assert set(named) <= set(COMMANDS)


@pytest.mark.parametrize(
    ("name", "said"),
    [("irsa", "arn:aws:iam::"), ("pod-identity", "Pod Identity"), ("existing-secrets", "Secret")],
)
def test_the_identity_in_use_is_said(name: str, said: str) -> None:
    assert said in notes(case(name))


@pytest.mark.parametrize("said", ["ReadWriteOnce", "can be written", "more privileges"])
def test_a_default_that_was_weakened_is_named(said: str) -> None:
    assert said not in notes(smallest())
    assert said in notes(weakened())
