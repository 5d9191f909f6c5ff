"""Rooms state their contract and errors state their instruction, each in a docstring."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def faults(root: Path) -> list[str]:
    """List rooms and error classes under `root` that do not say what they are."""
    return [*_rooms(root / "rotator"), *_errors(root / "rotator" / "errors.py")]


def _rooms(package: Path) -> list[str]:
    rooms = (path for path in sorted(package.iterdir()) if any(path.glob("*.py")))
    return [
        f"rotator/{room.name}: __init__.py holds one docstring, and nothing else"
        for room in rooms
        if not _is_a_contract(room / "__init__.py")
    ]


def _is_a_contract(init: Path) -> bool:
    if not init.is_file():
        return False
    module = ast.parse(init.read_text(encoding="utf-8"))
    return len(module.body) == 1 and ast.get_docstring(module) is not None


def _errors(taxonomy: Path) -> list[str]:
    module = ast.parse(taxonomy.read_text(encoding="utf-8"))
    return [
        f"rotator/errors.py:{node.lineno}: {node.name} does not say what to do"
        for node in module.body
        if isinstance(node, ast.ClassDef) and not ast.get_docstring(node)
    ]
