"""An installation for each test, in a folder of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rotator.app import open_app
from tests.permissions.estate import MEMBER, Installation

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def installation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Installation]:
    made = Installation(tmp_path)
    monkeypatch.setattr("rotator.clients.aws.boto3.Session", made.session)
    with open_app(made.settings, read_only=False, clock=made.clock) as app:
        app.confirm_account(MEMBER, operator="ann")
        made.app = app
        yield made
