"""What checkov finds in every case and in the Dockerfile is fixed, or is skipped for a reason."""

from __future__ import annotations

import pytest

from tests.helm import checkov


@pytest.fixture(scope="module")
def failures(tmp_path_factory: pytest.TempPathFactory) -> list[checkov.Failure]:
    """Give everything that failed; checkov takes seconds to start."""
    return checkov.failures(tmp_path_factory.mktemp("checkov"))


def test_every_failure_is_skipped_for_a_reason(failures: list[checkov.Failure]) -> None:
    skips = checkov.skips()

    assert [found for found in failures if not any(skip.covers(found) for skip in skips)] == []


def test_every_skip_is_still_needed(failures: list[checkov.Failure]) -> None:
    assert [skip for skip in checkov.skips() if not any(map(skip.covers, failures))] == []


def test_every_skip_has_a_reason() -> None:
    assert [skip for skip in checkov.skips() if len(skip.why) < 20] == []
