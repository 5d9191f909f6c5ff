"""One account of an HTTP API: where it is, and what it is entered with."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import timedelta

    from rotator.clients.http import HttpClient
    from rotator.core.ids import AccountId
    from rotator.core.secret import Secret


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HttpAccount:
    """One account, as the wiring hands it over; plan mode is the transport's `read_only`.

    Attributes:
        id: Its id in our configuration.
        base_url: What the paths of requests are joined to.
        params: By name; those that have a default may be missing.
        credentials: By name; called again and again, so that a successor is taken up
            by itself.
        lifetime: After which keys that we make expire; None where they do not, or the
            API is not asked for it.
        client: The transport; it knows which hosts are allowed.
    """

    id: AccountId
    base_url: str
    client: HttpClient
    params: Mapping[str, object] = field(default_factory=dict)
    credentials: Mapping[str, Callable[[], Secret]] = field(default_factory=dict, repr=False)
    lifetime: timedelta | None = None
