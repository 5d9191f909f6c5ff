"""Nothing in the tree depends on the machine it was written on, or on a page it lacks."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.gates.tree import files, texts

if TYPE_CHECKING:
    from pathlib import Path

# Written in halves, because this file is in the tree too.
_HOSTS = ("pypi" + ".org", "files." + "pythonhosted", "registry." + "npmjs", "deb." + "debian")
_MACHINE = ("/wor" + "k/", "/opt/" + "pypi", "/opt/" + "wheels", "/root/" + ".")
_PAGE = re.compile(r"(?<![\w./*{}-])[\w./-]*[a-z0-9]\.md\b")


def faults(root: Path) -> list[str]:
    """List mentions of hosts, of paths of one machine, and of pages that do not exist."""
    pages = {path.name for path in files(root) if path.suffix == ".md"}
    return [
        f"{path}:{number}: mentions {mention!r}"
        for path, text in texts(root)
        for number, line in enumerate(text.splitlines(), start=1)
        for mention in _mentions(line, pages)
    ]


def _mentions(line: str, pages: set[str]) -> list[str]:
    words = [word for word in (*_HOSTS, *_MACHINE) if word in line]
    lost = [page for page in _PAGE.findall(line) if page.rpartition("/")[2] not in pages]
    return words + lost
