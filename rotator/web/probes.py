"""The probes of Kubernetes and the metrics of Prometheus, as one small application.

Liveness asks only what a restart can heal; whatever else is wrong is readiness.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from prometheus_client.exposition import choose_encoder
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import Response
from starlette.routing import Route

from rotator.errors import RotatorError
from rotator.web.counting import RequestCount

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from prometheus_client import CollectorRegistry
    from starlette.requests import Request

    from rotator.ports.evidence import Telemetry
    from rotator.web.checks import Check

_OK = "ok"
_NO_STORE = {"Cache-Control": "no-store"}


def create_app(
    *,
    live: Mapping[str, Check],
    ready: Mapping[str, Check],
    registry: CollectorRegistry,
    telemetry: Telemetry,
) -> Starlette:
    """Make the application with ``/livez``, ``/readyz`` and ``/metrics``.

    Args:
        live: Checks by name that a restart of the process can heal.
        ready: Checks by name of everything that work needs.
        registry: What is exported as metrics.
        telemetry: Counts the requests.
    """

    def livez(_: Request) -> Response:
        return _report(live)

    def readyz(_: Request) -> Response:
        return _report(ready)

    def metrics(request: Request) -> Response:
        encode, content_type = _encoder(request.headers.get("Accept", ""))
        return Response(encode(registry), headers={**_NO_STORE, "Content-Type": content_type})

    routes = [Route("/livez", livez), Route("/readyz", readyz), Route("/metrics", metrics)]
    known = frozenset(route.path for route in routes)
    counting = Middleware(RequestCount, routes=known, telemetry=telemetry)
    return Starlette(routes=routes, middleware=[counting])


def _encoder(accept: str) -> tuple[Callable[[CollectorRegistry], bytes], str]:
    """Choose a form; for a header that the exporter stumbles over, the plain one."""
    try:
        return choose_encoder(accept)
    except (TypeError, ValueError):
        return choose_encoder("")


def _report(checks: Mapping[str, Check]) -> Response:
    """Answer 200 if every check passes, else 503; one line of JSON for each."""
    found = {name: _verdict(check) for name, check in checks.items()}
    is_ok = all(verdict == _OK for verdict in found.values())
    return Response(
        json.dumps(found, indent=1) + "\n",
        status_code=200 if is_ok else 503,
        headers=_NO_STORE,
        media_type="application/json",
    )


def _verdict(check: Check) -> str:
    """Run one check; one that fails to answer has failed, and its words stay inside."""
    try:
        return check() or _OK
    except RotatorError as error:
        return f"cannot tell: {error.code}"
    except Exception as error:  # noqa: BLE001 - a probe answers, whatever broke
        return f"cannot tell: {type(error).__name__}"
