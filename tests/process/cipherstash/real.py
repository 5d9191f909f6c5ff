"""The real CipherStash client, driven in one process of Node's; see `client.mjs`."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).parent
_PATIENCE_SECONDS = 60

Bundle = dict[str, str]
"""What the secret holds, under the names that the client's users know."""


class RefusedError(Exception):
    """The client could not do what it was asked."""


class RealClient:
    """Opens clients under names, and encrypts and decrypts with them."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def open(self, name: str, bundle: Bundle, *, keyset: dict[str, str] | None = None) -> None:
        """Authorise and load a keyset; the default one without a name or an id."""
        self._ask("open", client=name, keyset=keyset, **_named(bundle))

    def encrypt(self, name: str, text: str) -> dict[str, Any]:
        """Return the ciphertext with its search term."""
        return self._ask("encrypt", client=name, text=text)

    def decrypt(self, name: str, payload: object) -> str:
        """Return the text."""
        return str(self._ask("decrypt", client=name, payload=payload)["text"])

    def _ask(self, op: str, **command: object) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"op": op, **command}) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, "the real client has ended; see its standard error"
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise RefusedError(answer["error"])
        return answer


def _named(bundle: Bundle) -> dict[str, str]:
    return {
        "crn": bundle["CS_WORKSPACE_CRN"],
        "accessKey": bundle["CS_CLIENT_ACCESS_KEY"],
        "clientId": bundle["CS_CLIENT_ID"],
        "clientKey": bundle["CS_CLIENT_KEY"],
    }


def require_client() -> str:
    """Return where Node is; skip loudly without it, and fail where it should be there."""
    node = shutil.which("node")
    if node is not None and (HERE / "node_modules" / "@cipherstash").is_dir():
        return node
    what = "the real CipherStash client is not installed: `make real-client` does it, with npm"
    if os.environ.get("CI"):
        pytest.fail(what)
    pytest.skip(what)


@contextmanager
def real_client(cts_url: str, folder: Path) -> Iterator[RealClient]:
    """Run the client against a service, with nothing of anybody's profile."""
    environ = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "CS_CONFIG_PATH": str(folder / "cipherstash"),
        "CS_CTS_HOST": cts_url,
    }
    process = subprocess.Popen(
        [require_client(), "client.mjs"],
        cwd=HERE,
        env=environ,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield RealClient(process)
    finally:
        assert process.stdin is not None
        process.stdin.close()
        process.wait(_PATIENCE_SECONDS)
        assert process.stdout is not None
        process.stdout.close()
