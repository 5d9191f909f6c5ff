"""The size budget: nothing grows until it cannot be read in one sitting."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from tests.gates.tree import modules

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FILE_LINES = 400
BODY_LINES = 50
PORT_METHODS = 5


def faults(root: Path) -> list[str]:
    """List what exceeds the budget in the package under `root`."""
    return [
        f"{path}{fault}"
        for path, module, source in modules(root)
        for fault in _faults_of(path, module, source)
    ]


def _faults_of(path: Path, module: ast.Module, source: str) -> Iterator[str]:
    lines = len(source.splitlines())
    if lines > FILE_LINES:
        yield f": {lines} lines, the cap is {FILE_LINES}"
    for node in ast.walk(module):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from _long_body(node)
        elif isinstance(node, ast.ClassDef) and path.parts[:2] == ("rotator", "ports"):
            yield from _fat_port(node)


def _long_body(function: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[str]:
    statements = function.body[1:] if ast.get_docstring(function) else function.body
    if not statements:
        return
    lines = (function.end_lineno or 0) - statements[0].lineno + 1
    if lines > BODY_LINES:
        yield f":{function.lineno}: {function.name} has {lines} lines, the cap is {BODY_LINES}"


def _fat_port(port: ast.ClassDef) -> Iterator[str]:
    if not any(isinstance(base, ast.Name) and base.id == "Protocol" for base in port.bases):
        return
    methods = sum(
        isinstance(node, ast.FunctionDef) and not _is_property(node) for node in port.body
    )
    if methods > PORT_METHODS:
        yield f":{port.lineno}: {port.name} has {methods} methods, the cap is {PORT_METHODS}"


def _is_property(function: ast.FunctionDef) -> bool:
    return any(
        isinstance(mark, ast.Name) and mark.id == "property" for mark in function.decorator_list
    )
