"""What every test may ask for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

_ROOT = Path(__file__).parents[1]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let golden files be written, in a commit that says so."""
    parser.addoption("--update-golden", action="store_true", help="write the golden files")


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Compare a text with a committed file, byte for byte; the path is from the root."""
    is_updating = bool(request.config.getoption("--update-golden"))

    def compare(path: str, text: str) -> None:
        file = _ROOT / path
        if is_updating:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        assert file.read_text(encoding="utf-8") == text, f"{path}: see pytest --update-golden"

    return compare
