"""The way into a Kubernetes cluster, where the configuration names one."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from rotator.clients.http import HttpClient
from rotator.clients.kubernetes import KubernetesApi
from rotator.settings.kubernetes import cluster_config, token_file
from rotator.telemetry.clock import monotonic_seconds

if TYPE_CHECKING:
    from contextlib import ExitStack

    from rotator.ports.clock import Chance, Clock
    from rotator.settings.settings import Settings
    from rotator.telemetry.calls import CallBook

_SERVICE = "kubernetes"


def kubernetes_api(
    settings: Settings,
    stack: ExitStack,
    clock: Clock,
    chance: Chance,
    calls: CallBook,
    *,
    read_only: bool,
) -> KubernetesApi | None:
    """Make the way into the cluster; None where none is configured. Sends nothing yet.

    Args:
        settings: What the two files say.
        stack: Closes it.
        clock: What deadlines are compared with.
        chance: Spreads pauses.
        calls: Is told of every call.
        read_only: Refuse all changes.

    Raises:
        RejectedError: The cluster's certificates cannot be read.
    """
    section = settings.kubernetes
    if section is None:
        return None
    http = HttpClient(
        cluster_config(section, settings, read_only=read_only),
        clock,
        chance,
        monotonic=monotonic_seconds,
        on_call=partial(calls.heard, _SERVICE),
    )
    stack.callback(http.close)
    return KubernetesApi(
        http, clock, server=section.server, token_file=token_file(section, settings)
    )
