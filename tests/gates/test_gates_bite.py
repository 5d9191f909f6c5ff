"""Each gate is broken once, in a copy: a gate that never fails guards nothing."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.gates import coverage_gate, docstrings, lock_files, mentions, reveals, size_budget
from tests.gates.tree import ROOT

_BIN = Path(sys.executable).parent
_PREAMBLE = '"""A planted module."""\n\nfrom __future__ import annotations\n\n'


def run(tool: str, *arguments: str, cwd: Path, source: str = "") -> tuple[int, str]:
    """Run a tool of this environment, unmeasured; its exit code and all that it said."""
    done = subprocess.run(
        [_BIN / tool, *arguments],
        cwd=cwd,
        env={name: os.environ[name] for name in os.environ if not name.startswith("COVERAGE")},
        input=source,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def plant(root: Path, path: str, source: str) -> None:
    """Write a module into a copy of the tree."""
    target = root / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(source, encoding="utf-8")


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Copy the package and the configuration of the tools."""
    shutil.copytree(ROOT / "rotator", tmp_path / "rotator", ignore=shutil.ignore_patterns("*.pyc"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


class TestImports:
    def lint(self, copy: Path) -> tuple[int, str]:
        return run("lint-imports", "--no-cache", "--no-logo", cwd=copy)

    def test_each_contract_is_kept_by_name(self, copy: Path) -> None:
        plant(copy, "rotator/core/planted.py", "import time\n")
        plant(copy, "rotator/providers/planted.py", "import rotator.providers.other\n")
        plant(copy, "rotator/providers/other.py", "import rotator.reconcile\n")
        plant(copy, "rotator/destinations/planted.py", "import rotator.destinations.other\n")
        plant(copy, "rotator/destinations/other.py", "")
        plant(copy, "rotator/reconcile/planted.py", "import rotator.testing\n")

        code, said = self.lint(copy)

        assert code == 1
        broken = [line for line in said.splitlines() if line.endswith("BROKEN")]
        assert [line.split()[0] for line in broken] == [
            "Rooms:",
            "The",
            "Providers",
            "Destinations",
            "Production",
        ]
        assert "rotator.providers.other -> rotator.reconcile" in said
        assert "rotator.core.planted -> time" in said

    def test_a_new_room_needs_a_layer(self, copy: Path) -> None:
        plant(copy, "rotator/cellar/__init__.py", '"""A room that nobody placed."""\n')

        code, said = self.lint(copy)

        assert code == 1
        assert "rotator.cellar" in said


class TestStyle:
    def check(self, path: str, source: str) -> tuple[int, str]:
        arguments = ("check", "--no-cache", "--stdin-filename", path, "-")
        return run("ruff", *arguments, cwd=ROOT, source=_PREAMBLE + source)

    @pytest.mark.parametrize(
        ("rule", "path", "source"),
        [
            ("F401", "rotator/core/planted.py", "import json\n"),
            ("TID251", "rotator/core/planted.py", "import random\n\nrandom.random()\n"),
            ("TID251", "rotator/reconcile/planted.py", "import time\n\ntime.sleep(1)\n"),
            ("TID251", "tests/core/test_planted.py", "from unittest.mock import Mock\n\nMock()\n"),
            ("TID252", "rotator/core/planted.py", "from . import ids\n\nids.x()\n"),
            ("BLE001", "rotator/core/planted.py", "try:\n    x()\nexcept Exception:\n    y()\n"),
            ("D103", "rotator/core/planted.py", "def planted() -> None:\n    return\n"),
            ("FIX002", "rotator/core/planted.py", "# TODO: later\n"),
        ],
    )
    def test_a_broken_rule_is_named(self, rule: str, path: str, source: str) -> None:
        code, said = self.check(path, source)

        assert code == 1
        assert rule in said

    def test_the_clock_module_may_read_the_clock(self) -> None:
        source = (
            'from datetime import UTC, datetime\n\nSTARTED_AT = datetime.now(UTC)\n"""When."""\n'
        )
        path = "rotator/telemetry/clock.py"

        code, said = self.check(path, source)

        assert (code, said.strip()) == (0, "All checks passed!")

    def test_an_unformatted_file_is_named(self, copy: Path) -> None:
        plant(copy, "rotator/planted.py", "x = {  'a':1 }\n")

        code, said = run("ruff", "format", "--no-cache", "--check", ".", cwd=copy)

        assert code == 1
        assert "rotator/planted.py" in said

    def test_shell_and_dockerfile_are_linted(self, tmp_path: Path) -> None:
        plant(tmp_path, "planted.sh", "#!/bin/bash\nrm $1/*\n")
        plant(tmp_path, "Dockerfile", "FROM debian\nRUN cd /src && make\n")

        assert "SC2086" in run("shellcheck", "planted.sh", cwd=tmp_path)[1]
        assert "DL3006" in run("hadolint", "Dockerfile", cwd=tmp_path)[1]


class TestTypes:
    SOURCE = _PREAMBLE + (
        "from enum import StrEnum\n\n\n"
        "class Side(StrEnum):\n    LEFT = 'left'\n    RIGHT = 'right'\n\n\n"
        "def untyped(x):\n    return x\n\n\n"
        "def partial(side: Side) -> int:\n"
        "    match side:\n        case Side.LEFT:\n            return 1\n    return 2\n"
    )

    def test_untyped_functions_and_missing_cases_are_named(self, tmp_path: Path) -> None:
        plant(tmp_path, "planted.py", self.SOURCE)

        code, said = run(
            "mypy", "--config-file", str(ROOT / "pyproject.toml"), "planted.py", cwd=tmp_path
        )

        assert code == 1
        assert "[no-untyped-def]" in said
        assert "[exhaustive-match]" in said


class TestDocstrings:
    def test_an_undocumented_function_is_counted(self, tmp_path: Path) -> None:
        plant(tmp_path, "planted.py", _PREAMBLE + "def planted() -> None:\n    return\n")

        code, said = run(
            "interrogate", "--config", str(ROOT / "pyproject.toml"), "planted.py", cwd=tmp_path
        )

        assert code == 1
        assert "FAILED" in said

    def test_a_room_with_code_and_an_error_without_words_are_named(self, copy: Path) -> None:
        plant(copy, "rotator/core/__init__.py", "X = 1\n")
        plant(copy, "rotator/cellar/wine.py", "")
        plant(copy, "rotator/errors.py", "class PlantedError(Exception): ...\n")

        assert [fault.partition(":")[0] for fault in docstrings.faults(copy)] == [
            "rotator/cellar",
            "rotator/core",
            "rotator/errors.py",
        ]


class TestCoverage:
    @staticmethod
    def report(**percents: int) -> dict[str, Any]:
        """Make a report of files with fifty lines and fifty branches each."""
        return {
            "files": {
                f"rotator/{name.replace('__', '/')}.py": {
                    "summary": {
                        "covered_lines": min(percent, 50),
                        "num_statements": 50,
                        "covered_branches": max(percent - 50, 0),
                        "num_branches": 50,
                    }
                }
                for name, percent in percents.items()
            }
        }

    @pytest.mark.parametrize(
        ("percents", "faults"),
        [
            ({"core__a": 100, "ports__a": 100, "errors": 100, "web__a": 90}, []),
            ({"core__a": 100, "web__a": 80, "web__b": 100}, []),
            ({"core__a": 99, "web__a": 100}, ["rotator/core/a.py: 99.0 %, must be 100 %"]),
            ({"errors": 99, "web__a": 100}, ["rotator/errors.py: 99.0 %, must be 100 %"]),
            ({"core__a": 100, "web__a": 89}, ["all other rooms: 89.0 %, must be 90 %"]),
            ({"web__a": 100}, ["the core was not measured at all"]),
        ],
    )
    def test_what_is_left_out_is_named(self, percents: dict[str, int], faults: list[str]) -> None:
        assert coverage_gate.faults(coverage_gate.read(self.report(**percents))) == faults

    def test_the_command_fails_and_lists_the_files_below(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        report = tmp_path / "coverage.json"
        report.write_text(json.dumps(self.report(core__a=99, web__a=80, web__b=100)))

        assert coverage_gate.main([str(report)]) == 1
        assert "80.0 %  rotator/web/a.py" in capsys.readouterr().out


class TestOwnGates:
    def test_large_files_long_functions_and_fat_ports_are_named(self, copy: Path) -> None:
        methods = "".join(f"    def m{number}(self) -> None: ...\n" for number in range(6))
        plant(copy, "rotator/core/planted.py", "x = 1\n" * 401)
        plant(copy, "rotator/core/planted_too.py", "def f():\n" + "    x = 1\n" * 51)
        plant(copy, "rotator/ports/planted.py", f"class Fat(Protocol):\n{methods}")

        planted = [fault for fault in size_budget.faults(copy) if "planted" in fault]

        assert planted == [
            "rotator/core/planted.py: 401 lines, the cap is 400",
            "rotator/core/planted_too.py:1: f has 51 lines, the cap is 50",
            "rotator/ports/planted.py:1: Fat has 6 methods, the cap is 5",
        ]

    def test_a_reveal_in_the_shell_is_named(self, copy: Path) -> None:
        plant(copy, "rotator/reconcile/planted.py", "print(secret.reveal())\n")

        assert "rotator/reconcile/planted.py:1: reveals a secret outside of an adapter" in (
            reveals.faults(copy)
        )

    def test_hosts_machines_and_lost_pages_are_named(self, tmp_path: Path) -> None:
        plant(tmp_path, "a.txt", "https://pypi" + ".org/simple\n")
        plant(tmp_path, "b.py", "X = '/wor" + "k/main'\n# see lost" + ".md, not README.md\n")
        plant(tmp_path, "docs/README.md", "Found.\n")
        (tmp_path / "c.bin").write_bytes(b"\xff\xfe")

        assert len(mentions.faults(tmp_path)) == 3

    def test_a_loose_or_lost_lock_is_named(self, tmp_path: Path) -> None:
        for name in lock_files.NAMES[1:]:
            plant(tmp_path, name, f"# head\na==1 \\\n    --hash=sha256:{'0' * 64}\n")
        plant(tmp_path, "requirements.lock", "--index-url https://example\na==1\n")

        assert lock_files.faults(tmp_path) == [
            "requirements-build.lock: is missing",
            "requirements.lock: '--index-url https://example' is not pinned",
            "requirements.lock: 'a==1' is not pinned",
        ]
