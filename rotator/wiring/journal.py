"""The journal, on the database that the configuration names."""

from __future__ import annotations

import socket
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from rotator import __version__
from rotator.errors import UnavailableError
from rotator.journal.backup import backup_journal
from rotator.journal.opening import open_journal, upgrade_journal
from rotator.journal.stamping import Stamp

if TYPE_CHECKING:
    from contextlib import ExitStack

    from rotator.journal.journal import SqlJournal
    from rotator.ports.clock import Chance
    from rotator.settings.settings import Settings


def journal_or_empty(
    settings: Settings, stack: ExitStack, chance: Chance, *, read_only: bool
) -> tuple[SqlJournal, UnavailableError | None]:
    """Open the journal; beside a daemon that never ran, an empty one, and why.

    Raises:
        UnavailableError: The journal cannot be opened.
    """
    url, missing = settings.journal_url, None
    if not read_only:
        upgrade_journal(url)
    try:
        journal = open_journal(url, chance=chance, exclusive=not read_only, stamp=_stamp(settings))
    except UnavailableError as error:
        if not read_only or error.code != "journal_missing":
            raise
        # A plan before the first start: there is nothing to remember yet.
        folder = stack.enter_context(TemporaryDirectory(prefix="rotator-plan-"))
        empty = f"sqlite:///{Path(folder) / 'empty.db'}"
        upgrade_journal(empty)
        journal, missing = open_journal(empty, chance=chance, exclusive=False), error
    stack.callback(journal.close)
    return journal, missing


def copy_journal(settings: Settings, target: Path) -> int:
    """Copy the journal beside a daemon that may run on it; raises as `backup_journal` does.

    Returns:
        The copy's size in bytes.
    """
    return backup_journal(settings.journal_url, target)


def _stamp(settings: Settings) -> Stamp:
    source = {"host": socket.gethostname(), "version": __version__}
    return Stamp(policy=lambda: settings.policy_digest, source=source)
