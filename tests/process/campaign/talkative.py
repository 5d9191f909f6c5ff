"""`rotator` as the campaign starts it: every log line there is, and impatient retries.

Nothing that decides about a key is other than in `rotator run`. What is added is
the level DEBUG, so that a leak has somewhere to go, and retries after seconds, which
are no settings, so that a rotation that was rolled back is tried again in the
same campaign. It makes calls more frequent, and none of them earlier than a
lease, a signature window or a grace allow.
"""

from __future__ import annotations

import os
import threading
from datetime import timedelta
from typing import TYPE_CHECKING

from rotator.app import open_app
from rotator.cli.invocation import Invocation
from rotator.cli.main import cli
from rotator.core import backoff
from rotator.telemetry.logs import configure_logs

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from rotator.app import App
    from rotator.settings.settings import Settings


def _open(settings: Settings, *, read_only: bool) -> AbstractContextManager[App]:
    configure_logs(level="DEBUG")
    return open_app(settings, read_only=read_only)


def _hurry() -> None:
    backoff.TRANSIENT_BASE = timedelta(seconds=1)
    backoff.TRANSIENT_CAP = timedelta(seconds=5)
    backoff.PERMANENT_BASE = timedelta(seconds=3)
    backoff.PERMANENT_CAP = timedelta(seconds=10)


def _end_with_parent() -> None:
    """Leave no daemon behind a campaign that was ended: its end closes our input."""
    # Not by `sys.stdin`, whose lock the interpreter wants when it ends.
    os.read(0, 1)
    os._exit(1)


if __name__ == "__main__":
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _hurry()
    cli(prog_name="rotator", obj=Invocation(opener=_open))
