"""The tree as it is passes each gate that is code of ours."""

from __future__ import annotations

import importlib

import pytest

from tests.gates import docstrings, lock_files, mentions, reveals, size_budget
from tests.gates.tree import ROOT, modules

PURE_MODULES = [
    ".".join(path.with_suffix("").parts).removesuffix(".__init__")
    for path, _, _ in modules(ROOT)
    if path.parts[1] in {"core", "ports", "errors.py"}
]


def assert_none(faults: list[str]) -> None:
    """Fail with every fault, one a line."""
    assert not faults, "\n".join(["", *faults])


def test_nothing_exceeds_the_size_budget() -> None:
    assert_none(size_budget.faults(ROOT))


def test_secrets_are_revealed_in_adapters_only() -> None:
    assert_none(reveals.faults(ROOT))


def test_rooms_and_errors_say_what_they_are() -> None:
    assert_none(docstrings.faults(ROOT))


def test_nothing_mentions_a_registry_a_machine_or_a_lost_page() -> None:
    assert_none(mentions.faults(ROOT))


def test_locks_pin_every_package_by_hash() -> None:
    assert_none(lock_files.faults(ROOT))


@pytest.mark.parametrize("module", PURE_MODULES)
def test_a_pure_module_can_be_imported(module: str) -> None:
    """Ports are imported for their types only; nothing else would run them."""
    assert importlib.import_module(module).__doc__


@pytest.mark.parametrize("name", lock_files.NAMES)
def test_every_lock_has_the_versions_that_are_tested(name: str) -> None:
    tested = lock_files.versions(ROOT / "requirements-dev.lock")

    assert lock_files.versions(ROOT / name).items() <= tested.items()
