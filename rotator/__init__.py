"""Keep every long-lived access key younger than policy, and never lose one."""

from __future__ import annotations

__version__ = "0.1.0"
