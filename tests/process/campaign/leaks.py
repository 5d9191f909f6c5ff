"""Everything that was written down, searched for everything that is secret (I5)."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from tests.process.campaign.ledger import Json

CONFIGURED = ".yaml"
"""Files that people write: the journal's password stands there."""


def secrets_of(account: Json) -> set[str]:
    """Return every secret that an account holds or ever held."""
    keys = [key for user in account["users"].values() for key in user["keys"]]
    return {key["secret_access_key"] for key in (*keys, *account["deleted_keys"])}


def leaks(folder: Path, secrets: Iterable[str]) -> list[str]:
    """Name each file in which a secret stands, plain or in a usual code; never the secret."""
    forms = [form for secret in secrets for form in _forms(secret)]
    found = []
    for path in sorted(item for item in folder.rglob("*") if item.is_file()):
        if path.suffix == CONFIGURED:
            continue
        content = path.read_bytes()
        hits = sum(form in content for form in forms)
        if hits:
            found.append(f"{path.name} holds {hits} secrets")
    return found


def _forms(secret: str) -> set[bytes]:
    plain = secret.encode()
    return {plain, quote(secret, safe="").encode(), b64encode(plain)[:-4]}
