"""An authority that nobody else trusts, a client, and no proxy from the environment."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.adapters.http.caller import Caller
from tests.adapters.http.certificates import Authority

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def caller() -> Iterator[Caller]:
    caller = Caller()
    yield caller
    caller.close()
