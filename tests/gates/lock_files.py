"""Lock files pin every package by version and hash, and name no host to fetch it from."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

NAMES = (
    "requirements-build.lock",
    "requirements-demo.lock",
    "requirements-dev.lock",
    "requirements.lock",
)
_ENTRY = re.compile(
    r"[a-z0-9-]+(\[[a-z0-9,-]+\])?==[^\s;]+( ; [^\\]+)?( \\\n +--hash=sha256:[0-9a-f]{64})+"
)

_PIN = re.compile(r"^([a-z0-9-]+)[^=\n]*==([^\s;]+)", re.MULTILINE)


def faults(root: Path) -> list[str]:
    """List the lock files under `root` that are missing, and each line that is not a pin."""
    found = [f"{name}: is missing" for name in NAMES if not (root / name).is_file()]
    for path in sorted(root.glob("requirements*.lock")):
        found += [f"{path.name}: {entry!r} is not pinned" for entry in _loose(path)]
    return found


def versions(path: Path) -> dict[str, set[str]]:
    """Read the versions that one lock file allows for each package."""
    pins: dict[str, set[str]] = {}
    for name, version in _PIN.findall(path.read_text(encoding="utf-8")):
        pins.setdefault(name, set()).add(version)
    return pins


def _loose(path: Path) -> list[str]:
    text = path.read_text(encoding="utf-8")
    entries = re.split(r"\n(?! )", text.rstrip("\n"))
    return [
        entry.splitlines()[0]
        for entry in entries
        if not entry.startswith("#") and not _ENTRY.fullmatch(entry)
    ]
