"""Values that are kept elsewhere: ``env:NAME`` and ``file:/run/secrets/name``.

A key may also be a field of a secret that rotator looks after itself:
``secret:NAME#FIELD``. It is only taken apart here; reading it is an adapter's.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_ENV = "env:"
_FILE = "file:"

KEY_REFERENCE: Final = (
    r"^(?!.*CSAK[^.]+\.)"
    r"(env:[A-Za-z_][A-Za-z0-9_]*|file:.*\S|secret:[A-Za-z0-9/_+=.@-]{1,512}#[^\s\"#]+)$"
)
"""The form of a reference to a key; nothing that holds a key itself has it."""

_SECRET = re.compile(r"secret:(?P<name>[^#]+)#(?P<field>.+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretField:
    """One field of a secret that holds a JSON object."""

    name: str
    field: str


def is_key_reference(text: str) -> bool:
    """Whether a text has the form of a reference to a key; nothing is looked up."""
    return re.fullmatch(KEY_REFERENCE, text) is not None


def secret_field(reference: str) -> SecretField | None:
    """Take apart a reference to a field of a secret; None if it is of another kind."""
    found = _SECRET.fullmatch(reference)
    return SecretField(name=found["name"], field=found["field"]) if found else None


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
