"""Commands as a person would type them, with what they print."""

from __future__ import annotations

import sys
from contextlib import contextmanager, nullcontext, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import BytesIO, StringIO, TextIOWrapper
from typing import TYPE_CHECKING

from rotator.cli.invocation import Invocation

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rotator.app import App


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came of a command.

    Attributes:
        text: What it printed.
        code: Its exit code.
    """

    text: str
    code: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Terminal:
    """Where commands are typed, beside an app that is open already."""

    app: App
    config: Path

    def type(self, *words: str, piped: str = "") -> Answer:
        """Run a command of rotator's.

        Args:
            words: The command and its arguments.
            piped: What it reads from standard input.
        """
        from rotator.cli.main import cli

        printed = StringIO()
        invocation = Invocation(
            config=self.config,
            is_terminal=False,
            can_ask=False,
            is_plain=True,
            opener=lambda _settings, *, read_only: nullcontext(self.app),  # noqa: ARG005 - the port's name
        )
        with redirect_stdout(printed), redirect_stderr(printed), _piped(piped):
            try:
                code = cli.main(words, "rotator", standalone_mode=False, obj=invocation)
            except SystemExit as stop:
                code = stop.code
        return Answer(text=printed.getvalue().rstrip(), code=int(code or 0))


@contextmanager
def _piped(text: str) -> Iterator[None]:
    before = sys.stdin
    sys.stdin = TextIOWrapper(BytesIO(text.encode()), encoding="utf-8")
    try:
        yield
    finally:
        sys.stdin = before
