"""Where the image cannot be built the tests say so, and do not pass where they should run."""

from __future__ import annotations

import os

import pytest

from tests.image.containers import need_tools


@pytest.fixture
def without_tools(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(os, "geteuid", lambda: 0)


def test_a_missing_tool_fails_where_it_should_have_been_installed(
    without_tools: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI", "true")

    with pytest.raises(
        pytest.fail.Exception, match=r"podman, runc, catatonit, mmdebstrap: .*system-deps"
    ):
        need_tools()


def test_a_missing_tool_is_said_elsewhere(
    without_tools: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CI", raising=False)

    with pytest.raises(
        pytest.skip.Exception, match=r"podman, runc, catatonit, mmdebstrap, so no image"
    ):
        need_tools()


def test_whoever_is_not_root_is_told_how_to_run_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)

    with pytest.raises(pytest.skip.Exception, match="make image-test"):
        need_tools()
