"""The file destination keeps the port's contract on a real directory."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rotator.testing.destination_contract import DestinationContract
from tests.adapters.file.files import FileBench

if TYPE_CHECKING:
    from pathlib import Path

    from rotator.ports.destination import CanReadBack
    from rotator.testing.destination_bench import DestinationBench


class TestFiles(DestinationContract):
    @pytest.fixture
    def bench(self, tmp_path: Path) -> FileBench:
        return FileBench(tmp_path)

    @pytest.mark.parametrize("text", ["{}", '{"other": "field"}'])
    def test_a_version_without_a_key_publishes_none(
        self, bench: DestinationBench, reader: CanReadBack, text: str
    ) -> None:
        # Narrower than the suite: a text that we cannot read may hold a key in a
        # format of its own, so it is refused rather than called empty.
        super().test_a_version_without_a_key_publishes_none(bench, reader, text)
