"""What a process of ours lets others read of its memory: nothing."""

from __future__ import annotations

import subprocess
import sys

import pytest

_TELL = """
import ctypes, resource
from rotator.cli import main

main.cli = lambda **_: None
main.main()
print(resource.getrlimit(resource.RLIMIT_CORE), ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))
"""
"""What any command does first, then the limit of core files and whether there may be one (3)."""


@pytest.mark.skipif(sys.platform != "linux", reason="the second lock is Linux's")
def test_no_command_leaves_its_memory_in_a_core_dump() -> None:
    told = subprocess.run(
        [sys.executable, "-c", _TELL], capture_output=True, text=True, check=True, timeout=60
    )

    assert told.stdout.split() == ["(0,", "0)", "0"]
