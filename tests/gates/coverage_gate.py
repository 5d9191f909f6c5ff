"""The coverage gate: every line and branch of the core, nine tenths of the rest.

Reads what ``coverage json`` has written, and exits 1 if the tests leave out more.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

WHOLE = ("rotator/core/", "rotator/ports/", "rotator/errors.py")
REST_PERCENT = 90.0


@dataclass(frozen=True, slots=True, kw_only=True)
class FileCoverage:
    """What the tests ran of one file: lines and branches, counted together."""

    path: str
    covered: int
    total: int

    @property
    def percent(self) -> float:
        """Covered parts in percent; an empty file is covered."""
        return 100.0 * self.covered / self.total if self.total else 100.0


def read(report: dict[str, Any]) -> list[FileCoverage]:
    """Take the counts of each file from a report with branches."""
    return [
        FileCoverage(
            path=Path(path).as_posix(),
            covered=entry["summary"]["covered_lines"] + entry["summary"]["covered_branches"],
            total=entry["summary"]["num_statements"] + entry["summary"]["num_branches"],
        )
        for path, entry in sorted(report["files"].items())
    ]


def faults(covered: list[FileCoverage]) -> list[str]:
    """List what the tests must still run; empty if the gate is open."""
    whole = [file for file in covered if file.path.startswith(WHOLE)]
    rest = _sum("the rest", [file for file in covered if file not in whole])
    found = [
        f"{file.path}: {file.percent:.1f} %, must be 100 %"
        for file in whole
        if file.covered < file.total
    ]
    if not whole:
        found.append("the core was not measured at all")
    if rest.percent < REST_PERCENT:
        found.append(f"all other rooms: {rest.percent:.1f} %, must be {REST_PERCENT:.0f} %")
    return found


def notices(covered: list[FileCoverage]) -> list[str]:
    """Say what was covered, and which single files lie below the limit of all."""
    whole = [file for file in covered if file.path.startswith(WHOLE)]
    rest = [file for file in covered if file not in whole]
    below = [file for file in rest if file.percent < REST_PERCENT]
    totals = f"{_sum('', whole).percent:.1f} %, all other rooms {_sum('', rest).percent:.1f} %"
    return [
        *(f"  {file.percent:5.1f} %  {file.path}" for file in below),
        f"coverage: core, ports and errors {totals}",
    ]


def main(arguments: list[str]) -> int:
    """Print notices and faults for one report; 1 if there are faults."""
    covered = read(json.loads(Path(arguments[0]).read_text(encoding="utf-8")))
    found = faults(covered)
    sys.stdout.write("\n".join([*notices(covered), *found]) + "\n")
    return 1 if found else 0


def _sum(path: str, covered: list[FileCoverage]) -> FileCoverage:
    return FileCoverage(
        path=path,
        covered=sum(file.covered for file in covered),
        total=sum(file.total for file in covered),
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
