"""A real JupyterHub in a process of its own, and the hands that prepare and question it."""

from __future__ import annotations

import json
import os
import socket
import sqlite3
import subprocess
import sys
from contextlib import closing, contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import httpx
import pytest

from tests.process.installation import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

WARDEN = "warden"
"""The user whose token rotator has: it may list, make and delete the robots' tokens."""

_CONFIG = Path(__file__).with_name("hub_config.py")
_PATIENCE_SECONDS = 60
_START_SECONDS = 180
_OK = 200


@dataclass(frozen=True, kw_only=True)
class Token:
    """One token: its id, and the text that nobody else has."""

    id: str
    text: str


class Hub:
    """Keeps its users and tokens in a folder; runs inside of `running`."""

    def __init__(self, folder: Path, robots: Sequence[str]) -> None:
        require_hub()
        self.folder = folder
        self.log = folder / "hub.log"
        self._robots = list(robots)
        self._hands = uuid4().hex
        self._port, self._front_port = _free_ports(2)
        self._client = httpx.Client(base_url=self.url, timeout=30, trust_env=False)

    @property
    def url(self) -> str:
        """Return the base URL of the API."""
        return f"http://127.0.0.1:{self._port}/hub/api"

    @contextmanager
    def running(self) -> Iterator[None]:
        """Run it; what it says goes to `log`, which is kept."""
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "jupyterhub", "-f", str(_CONFIG)],
                cwd=self.folder,
                env=self._environ,
                stdout=log,
                stderr=log,
            )
        try:
            eventually(
                lambda: self._is_ready(process),
                what=f"a JupyterHub; see {self.log}",
                seconds=_START_SECONDS,
            )
            yield
        finally:
            process.terminate()
            process.wait(_PATIENCE_SECONDS)

    def close(self) -> None:
        """Drop the connections to it."""
        self._client.close()

    def mint(self, user: str, *, note: str, scopes: Sequence[str] | None = None) -> Token:
        """Make a token for a user, as a person does."""
        made = self._ask("POST", f"/users/{user}/tokens", {"note": note, "scopes": scopes})
        return Token(id=made["id"], text=made["token"])

    def tokens(self, user: str) -> list[dict[str, Any]]:
        """List a user's tokens."""
        found: list[dict[str, Any]] = self._ask("GET", f"/users/{user}/tokens")["api_tokens"]
        return found

    def revoke(self, user: str, token: str) -> None:
        """Delete a user's token."""
        self._client.delete(
            f"/users/{user}/tokens/{token}", headers=_shown(self._hands)
        ).raise_for_status()

    def admitted(self, text: str) -> str:
        """Use a token; return the id by which it is known, empty where it is refused."""
        answer = self._client.get("/user", headers=_shown(text))
        return str(answer.json()["token_id"]) if answer.status_code == _OK else ""

    def status(self, text: str) -> int:
        """Use a token; return the status of the answer."""
        return self._client.get("/user", headers=_shown(text)).status_code

    def age_all(self, *, days: int) -> None:
        """Let every token be so much older; only while it does not run."""
        with closing(sqlite3.connect(self.folder / "hub.sqlite")) as base, base:
            base.execute("UPDATE api_tokens SET created = datetime(created, ?)", (f"-{days} days",))

    def issue_by_oauth(self, token: Token) -> None:
        """Let a token be one that a service got by OAuth; only while it does not run."""
        number = int(token.id.removeprefix("a"))
        with closing(sqlite3.connect(self.folder / "hub.sqlite")) as base, base:
            base.execute(
                "UPDATE api_tokens SET client_id = 'service-notebook' WHERE id = ?", (number,)
            )

    @property
    def _environ(self) -> dict[str, str]:
        given = {
            "port": self._port,
            "front_port": self._front_port,
            "hands": self._hands,
            "notebook": uuid4().hex,
            "robots": self._robots,
            "warden": WARDEN,
        }
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "ROTATOR_TEST_HUB": json.dumps(given),
        }

    def _is_ready(self, process: subprocess.Popen[bytes]) -> bool:
        assert process.poll() is None, f"JupyterHub has ended: {self.log.read_text()[-2000:]}"
        try:
            return self._client.get("/").status_code == _OK
        except httpx.TransportError:
            return False

    def _ask(self, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401 - JSON
        answer = self._client.request(method, path, json=body, headers=_shown(self._hands))
        answer.raise_for_status()
        return answer.json()


def require_hub() -> None:
    """Skip loudly where JupyterHub is not installed, and fail where it should be there."""
    if find_spec("jupyterhub") is not None:
        return
    what = "JupyterHub is not installed: it is in the group `dev` of pyproject.toml"
    if os.environ.get("CI"):
        pytest.fail(what)
    pytest.skip(what)


def _shown(text: str) -> dict[str, str]:
    return {"Authorization": f"token {text}"}


def _free_ports(count: int) -> list[int]:
    opened = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in opened]
    for one in opened:
        one.close()
    return ports
