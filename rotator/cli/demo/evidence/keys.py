"""The demonstration's own keys: they sign its log, name its secrets, and vouch for notices."""

from __future__ import annotations

import os
from base64 import b64encode
from typing import TYPE_CHECKING, Final

from rotator.audit.signing import generate, save
from rotator.core.secret import Secret

if TYPE_CHECKING:
    from pathlib import Path

SIGNING: Final = "audit-signing-key.pem"
FINGERPRINTS: Final = "fingerprint-key"
WEBHOOK: Final = "webhook-secret"
"""The files' names."""

_STRENGTH: Final = 32


def write_keys(folder: Path) -> None:
    """Make every key, each in a file that only its owner can read."""
    save(generate(), folder / SIGNING)
    save(Secret(os.urandom(_STRENGTH).hex()), folder / FINGERPRINTS)
    save(Secret("whsec_" + b64encode(os.urandom(_STRENGTH)).decode()), folder / WEBHOOK)
