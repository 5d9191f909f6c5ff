"""A simulated Stage5 whose lists can lie: what no fault of a single call can show."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from rotator.simulators.embedded_transport import OnRequest, ignore_request
from rotator.simulators.stage5.embedded import EmbeddedStage5

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rotator.simulators.messages import Answer

    Tamper = Callable[[dict[str, Any]], None]

_DONE = 200


class TamperedStage5(EmbeddedStage5):
    """Changes the pages of its list of keys on their way out.

    Attributes:
        tamper: What is done to the body of a page; None for nothing.
        lies: How many pages were changed.
    """

    tamper: Tamper | None = None
    lies: int = 0

    def handle(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes,
        base: str,
        *,
        on_request: OnRequest = ignore_request,
    ) -> Answer | None:
        """Carry out one call, and tell of it what the tamperer wants."""
        answer = super().handle(method, url, headers, body, base, on_request=on_request)
        is_list = self.operation_of(method, base, url.partition("?")[0]) == "list-access-keys"
        if self.tamper is None or not is_list or answer is None or answer.status != _DONE:
            return answer
        page = json.loads(answer.body)
        self.tamper(page)
        self.lies += 1
        return replace(answer, body=json.dumps(page).encode())


def ends_early(page: dict[str, Any]) -> None:
    """Say that the first page is the last one, and tell the true number of keys."""
    page["page"]["next"] = None


def loses_the_pointer(page: dict[str, Any]) -> None:
    """Leave the pointer to the next page out, as where it has moved to another place."""
    page["page"].pop("next")


def tells_of_fewer(page: dict[str, Any]) -> None:
    """Say that the first page is all there is: nothing on it shows that this is a lie."""
    page["page"] = {"next": None, "total": len(page["items"])}
