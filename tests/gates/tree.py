"""What the gates look at: the files of a checkout, without what the tools leave behind."""

from __future__ import annotations

import ast
import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]

_NOT_OURS = frozenset({"build", "dist", "node_modules", "__pycache__"})
_DOTTED_OURS = frozenset({".ci", ".github"})


def files(root: Path) -> Iterator[Path]:
    """List the files under `root` that belong to the project, in a fixed order."""
    for directory, names, file_names in os.walk(root):
        names[:] = sorted(name for name in names if _is_ours(name))
        for file_name in sorted(file_names):
            if not file_name.startswith(".coverage"):
                yield Path(directory, file_name)


def texts(root: Path) -> Iterator[tuple[Path, str]]:
    """Read each text file under `root`; binary files are left out."""
    for path in files(root):
        try:
            yield path.relative_to(root), path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue


def modules(root: Path) -> Iterator[tuple[Path, ast.Module, str]]:
    """Parse each module of the package under `root`."""
    for path in sorted((root / "rotator").rglob("*.py")):
        source = path.read_text(encoding="utf-8")
        yield path.relative_to(root), ast.parse(source), source


def _is_ours(name: str) -> bool:
    if name.startswith("."):
        return name in _DOTTED_OURS
    return name not in _NOT_OURS and not name.endswith(".egg-info")
