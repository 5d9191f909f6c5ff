"""A JupyterHub for tests: without its proxy, which is not Python's, and without servers.

Read by JupyterHub itself. The environment says where it listens and who there is.
"""

from __future__ import annotations

import json
import os
from typing import Any

from jupyterhub.proxy import Proxy


class NoProxy(Proxy):  # type: ignore[misc]  # it ships no types
    """Remembers the routes that it is told of, and routes nothing: only the API is spoken to."""

    should_start = False

    def __init__(self, **settings: object) -> None:
        super().__init__(**settings)
        self._routes: dict[str, dict[str, object]] = {}

    async def add_route(self, routespec: str, target: str, data: object) -> None:
        """Remember a route."""
        self._routes[routespec] = {"routespec": routespec, "target": target, "data": data}

    async def delete_route(self, routespec: str) -> None:
        """Forget a route."""
        self._routes.pop(routespec, None)

    async def get_all_routes(self) -> dict[str, dict[str, object]]:
        """List what is remembered."""
        return self._routes


given = json.loads(os.environ["ROTATOR_TEST_HUB"])
users = [*given["robots"], given["warden"]]

c: Any = get_config()  # type: ignore[name-defined]  # noqa: F821 - JupyterHub's own
c.JupyterHub.proxy_class = NoProxy
c.JupyterHub.bind_url = f"http://127.0.0.1:{given['front_port']}"
c.JupyterHub.hub_bind_url = f"http://127.0.0.1:{given['port']}"
c.JupyterHub.db_url = "sqlite:///hub.sqlite"
c.JupyterHub.authenticator_class = "dummy"
c.JupyterHub.spawner_class = "simple"
c.JupyterHub.activity_resolution = 1
c.JupyterHub.services = [
    {"name": "hands", "api_token": given["hands"]},
    {
        "name": "notebook",
        "api_token": given["notebook"],
        "oauth_client_id": "service-notebook",
        "oauth_redirect_uri": "http://127.0.0.1/services/notebook/back",
    },
]
c.JupyterHub.load_roles = [
    {"name": "hands", "scopes": ["admin:users", "tokens"], "services": ["hands"]},
    {
        "name": "warden",
        "scopes": [f"tokens!user={name}" for name in given["robots"]],
        "users": [given["warden"]],
    },
]
c.Authenticator.allowed_users = set(users)
