"""A package holds the tested alerts and the tested dashboard themselves, not links to them."""

from __future__ import annotations

import subprocess
import tarfile
from typing import TYPE_CHECKING

import helm_python
import pytest

from tests.gates.tree import ROOT
from tests.helm.charts import CHART, Helm3

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

CONFIG = ROOT / "config"
SHIPPED = {
    **{f"files/alerts/{path.name}": path for path in sorted((CONFIG / "alerts").iterdir())},
    **{f"files/dashboards/{path.name}": path for path in sorted((CONFIG / "dashboards").iterdir())},
}


def _by_command(folder: Path) -> None:
    words = [Helm3.binary(), "package", str(CHART), "--destination", str(folder)]
    subprocess.run(words, check=True, capture_output=True, env={})


def _by_library(folder: Path) -> None:
    helm_python.package(CHART, destination=str(folder))


@pytest.mark.parametrize("package", [_by_command, _by_library], ids=["helm3", "helm4"])
def test_a_package_holds_the_tested_files(package: Callable[[Path], None], tmp_path: Path) -> None:
    package(tmp_path)

    (archive,) = tmp_path.glob("*.tgz")
    with tarfile.open(archive) as packed:
        names = {name.partition("/")[2]: name for name in packed.getnames()}
        for name, source in SHIPPED.items():
            member = packed.extractfile(names[name])
            assert member is not None
            assert member.read() == source.read_bytes()


def test_a_source_tree_has_one_copy_of_them() -> None:
    for name, source in SHIPPED.items():
        assert (CHART / name).samefile(source)
