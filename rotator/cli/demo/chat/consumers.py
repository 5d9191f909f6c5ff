"""Integrations that read their access key from a secret, and talk to assistants with it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import httpx

from rotator.cli.demo.chat.cast import INTEGRATIONS
from rotator.cli.demo.chat.estate import KEY_FIELD

if TYPE_CHECKING:
    from collections.abc import Callable

    from rotator.cli.demo.chat.cast import Integration
    from rotator.cli.demo.chat.estate import ChatEstate

_QUESTION: Final = "Where is my order?"


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicApi:
    """What whoever has an access key may do.

    Attributes:
        url: Where the API is, without a slash at its end.
    """

    http: httpx.Client
    url: str

    def ask(self, key: str, *, workspace: str, project: str) -> bool:
        """Pass a message to a project's assistant; say whether there was a reply."""
        path = f"/workspaces/{workspace}/projects/{project}/messages"
        return self._call(key, "POST", path, {"text": _QUESTION}).is_success

    def is_refused(self, key: str) -> bool:
        """Try a key, and say whether it is one that is not let in."""
        return self._call(key, "GET", "/me").status_code == httpx.codes.UNAUTHORIZED

    def _call(
        self, key: str, method: str, path: str, body: dict[str, str] | None = None
    ) -> httpx.Response:
        headers = {"Authorization": f"Bearer {key}"}
        return self.http.request(method, f"{self.url}{path}", json=body, headers=headers)


@dataclass(slots=True, kw_only=True)
class Talker:
    """One integration, and what became of its messages.

    Attributes:
        ask: Passes a message with a key; says whether there was a reply.
        read: Returns the text of the secret of a name.
        calls: How many messages it passed on.
        refusals: How many of them had no reply: each would have been an outage.
    """

    integration: Integration
    ask: Callable[[str], bool]
    read: Callable[[str], str]
    calls: int = 0
    refusals: int = 0
    _key: str = ""
    _age: int = 0

    def step(self) -> None:
        """Pass on one message, with a key that is not too old."""
        if not self._key or self._age >= self.integration.caches_days:
            self._key = json.loads(self.read(self.integration.secret))[KEY_FIELD]
            self._age = 0
        self._age += 1
        self.calls += 1
        if not self.ask(self._key):
            self.refusals += 1


class Talkers:
    """All integrations of the workspace."""

    def __init__(self, api: PublicApi, estate: ChatEstate, read: Callable[[str], str]) -> None:
        """Set them up; each reads its key on its first day.

        Args:
            api: What they call.
            estate: What was there on the first day.
            read: Returns the text of the secret of a name.
        """
        place = estate.workspace

        def asking(project: str) -> Callable[[str], bool]:
            return lambda key: api.ask(key, workspace=place.workspace_id, project=project)

        self.all = tuple(
            Talker(integration=item, ask=asking(place.projects[item.project]), read=read)
            for item in INTEGRATIONS
        )

    def step(self) -> None:
        """Let every integration do a day's work."""
        for talker in self.all:
            talker.step()

    @property
    def calls(self) -> int:
        """Return how many messages were passed on."""
        return sum(item.calls for item in self.all)

    @property
    def refusals(self) -> int:
        """Return how many of them had no reply."""
        return sum(item.refusals for item in self.all)
