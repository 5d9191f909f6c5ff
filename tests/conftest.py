"""What every test may ask for."""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from tests.postgres import ServerMissingError, running_server, shared_server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.postgres import Server

# How long an example takes says how busy the machine is, and nothing of what is tested.
settings.register_profile("calm", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("calm")

_ROOT = Path(__file__).parents[1]
_NEEDS_POSTGRES = frozenset({"postgres_server", "postgres_url", "private_postgres"})


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let golden files be written, in a commit that says so."""
    parser.addoption("--update-golden", action="store_true", help="write the golden files")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs a PostgreSQL server, so that `-m "not postgres"` leaves it out."""
    for item in items:
        if _NEEDS_POSTGRES.intersection(getattr(item, "fixturenames", ())):
            item.add_marker("postgres")


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Give the server that all tests of a run share; it is never stopped."""
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent
    with _or_skip(), shared_server(folder) as server:
        yield server


@pytest.fixture
def postgres_url(postgres_server: Server) -> Iterator[str]:
    """Give a database of its own with the journal's tables, on the shared server."""
    url = postgres_server.new_database()
    yield url
    postgres_server.drop_database(url)


@pytest.fixture
def private_postgres() -> Iterator[Server]:
    """Give a server that a test may stop, restart and reconfigure."""
    with _or_skip(), running_server() as server:
        yield server


@contextmanager
def _or_skip() -> Iterator[None]:
    """Skip what needs a server where there is none, except where there must be one."""
    try:
        yield
    except ServerMissingError as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"no PostgreSQL: {error}")


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
