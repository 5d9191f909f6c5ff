"""Values that are kept elsewhere: ``env:NAME`` and ``file:/run/secrets/name``."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_ENV = "env:"
_FILE = "file:"


class UnresolvedError(Exception):
    """A reference leads nowhere; never holds a value.

    Attributes:
        problem: What is missing.
        remedy: How to supply it.
    """

    def __init__(self, problem: str, remedy: str) -> None:
        """Keep both parts for a fault."""
        super().__init__(problem)
        self.problem = problem
        self.remedy = remedy


def resolve(text: str, *, environ: Mapping[str, str], folder: Path) -> str:
    """Follow a reference; any other text stands for itself.

    Args:
        text: The text, as in the file.
        environ: The environment.
        folder: What relative paths are relative to.

    Raises:
        UnresolvedError: The variable or file is missing, empty or unreadable.
    """
    if text.startswith(_ENV):
        return _from_environment(text.removeprefix(_ENV), environ)
    if text.startswith(_FILE):
        return _from_file(folder / text.removeprefix(_FILE))
    return text


def _from_environment(name: str, environ: Mapping[str, str]) -> str:
    value = environ.get(name, "").strip()
    if not value:
        raise UnresolvedError(
            f"the environment variable `{name}` is not set", "set it before rotator starts"
        )
    return value


def _from_file(path: Path) -> str:
    try:
        value = path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise UnresolvedError(
            f"the file `{path}` cannot be read: {error.strerror}", "mount it, or allow to read it"
        ) from error
    except ValueError as error:
        raise UnresolvedError(
            f"the file `{path}` is not UTF-8 text", "store the value as text"
        ) from error
    if not value:
        raise UnresolvedError(f"the file `{path}` is empty", "store the value in it")
    return value
