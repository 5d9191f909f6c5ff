"""A process that holds secrets leaves no core dump behind."""

from __future__ import annotations

import ctypes
import resource
import sys

_PR_SET_DUMPABLE = 4


def forbid_core_dumps() -> None:
    """Let neither the kernel nor another process of the user write this process's memory down.

    A core file of size 0 is not written, and on Linux nobody but root may attach to
    the process: a crash handler that the kernel pipes cores into gets none either.
    It cannot be taken back, and programs that the process starts have the limit, too.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
