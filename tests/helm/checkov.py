"""Running checkov, which lives in an environment of its own, on what is rendered."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

from tests.gates.tree import ROOT
from tests.helm.charts import CASES, HELM_4, case, missing

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SKIPS = ROOT / "tests" / "helm" / "checkov_skips.yaml"

_BINARY = ROOT / ".venv-checkov" / "bin" / "checkov"
_FLAGS = ("--framework", "kubernetes", "dockerfile", "--skip-download", "--quiet", "--compact")


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """What failed of one check.

    Attributes:
        where: The file of the case and the object in it.
    """

    check: str
    where: str
    about: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Skip:
    """Failures that do not count.

    Attributes:
        where: What their place must begin with, as a regular expression.
    """

    check: str
    where: str
    why: str

    def covers(self, failure: Failure) -> bool:
        """Whether a failure does not count."""
        is_there = re.match(self.where, failure.where) is not None
        return is_there and failure.check == self.check


def skips() -> list[Skip]:
    """Read what does not count, with the reason for each."""
    return [Skip(**item) for item in yaml.safe_load(SKIPS.read_text(encoding="utf-8"))]


def failures(folder: Path) -> list[Failure]:
    """Check every case and the Dockerfile."""
    for path in CASES:
        text = HELM_4.rendered(case(path.stem), name="rotator")
        (folder / f"{path.stem}.yaml").write_text(text, encoding="utf-8")
    shutil.copy(ROOT / "Dockerfile", folder / "Dockerfile")
    return [
        Failure(
            check=found["check_id"],
            where=f"{found['file_path'].removeprefix('/')} {found['resource']}",
            about=found["check_name"],
        )
        for found in _found(folder)
    ]


def _found(folder: Path) -> Iterator[dict[str, Any]]:
    if not shutil.which(_BINARY):
        missing("checkov")
    done = subprocess.run(
        [str(_BINARY), "--directory", str(folder), *_FLAGS, "--output", "json"],
        capture_output=True,
        check=False,
        text=True,
    )
    for report in json.loads(done.stdout):
        assert report["summary"]["parsing_errors"] == 0
        assert report["summary"]["passed"] > 0
        yield from report["results"]["failed_checks"]
