"""The policy in force: the last good content of its file, which may be changed while we run."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

from rotator.errors import ConfigError, Fault

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from rotator.core.policy import Policy

_NOT_READ = ""
"""Stands for the digest of a file that could not be read."""


@dataclass(frozen=True, slots=True)
class Edition:
    """One content of the policy file, checked.

    Attributes:
        digest: SHA-256 of its bytes, in hexadecimal digits.
    """

    policy: Policy
    digest: str


@dataclass(frozen=True, slots=True)
class Replaced:
    """Another policy is in force than before."""

    before: Edition
    now: Edition


@dataclass(frozen=True, slots=True)
class Refused:
    """The file has changed, and what it says by now is not used.

    Attributes:
        faults: Everything that is wrong with it.
        digest: SHA-256 of what is refused; empty where the file cannot be read.
    """

    faults: tuple[Fault, ...]
    digest: str


class PolicyInForce:
    """Keeps the last good policy, and looks whether its file has become another one.

    Any thread may ask for `edition`; only one at a time may `look`.
    """

    def __init__(self, edition: Edition, file: Path, check: Callable[[bytes], Edition]) -> None:
        """Begin with what was loaded at the start.

        Args:
            edition: What is in force.
            file: Its file; read by its path each time, for what that leads to is swapped.
            check: Turns a content into an edition, or raises `ConfigError`.
        """
        self._edition = edition
        self._file = file
        self._check = check
        self._seen = self._judged = edition.digest

    @property
    def edition(self) -> Edition:
        """The policy in force and its digest, which always belong together."""
        return self._edition

    @property
    def is_refused(self) -> bool:
        """Whether the file holds something else than what is in force."""
        return self._judged != self._edition.digest

    def look(self) -> Replaced | Refused | None:
        """Take up what the file says by now; None where there is nothing new to tell.

        A content is judged once, and only when two looks in a row found it: what
        somebody is still writing, or replaces at this moment, is no policy yet.
        """
        content = self._content()
        seen = sha256(content).hexdigest() if isinstance(content, bytes) else _NOT_READ
        is_settled, self._seen = seen == self._seen, seen
        if not is_settled or seen == self._judged:
            return None
        self._judged = seen
        if isinstance(content, Fault):
            return Refused((content,), _NOT_READ)
        return None if seen == self._edition.digest else self._taken_up(content, seen)

    def _content(self) -> bytes | Fault:
        try:
            return self._file.read_bytes()
        except OSError as error:
            problem = f"the file cannot be read: {error.strerror}"
            remedy = "put it back; until then the last good policy holds"
            return Fault(file=str(self._file), line=0, field="", problem=problem, remedy=remedy)

    def _taken_up(self, content: bytes, digest: str) -> Replaced | Refused:
        try:
            edition = self._check(content)
        except ConfigError as error:
            return Refused(error.faults, digest)
        before, self._edition = self._edition, edition
        return Replaced(before, edition)
