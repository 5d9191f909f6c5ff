"""Where a secret may be revealed: in adapters, and in what stands in for them."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from tests.gates.tree import modules

if TYPE_CHECKING:
    from pathlib import Path

ALLOWED_ROOMS = frozenset({"clients", "destinations", "providers", "simulators", "testing"})


def faults(root: Path) -> list[str]:
    """List each mention of `Secret.reveal` outside the rooms that may use it."""
    return [
        f"{path}:{node.lineno}: reveals a secret outside of an adapter"
        for path, module, _ in modules(root)
        if path.parts[1] not in ALLOWED_ROOMS
        for node in ast.walk(module)
        if isinstance(node, ast.Attribute) and node.attr == "reveal"
    ]
