"""The destinations, by their kinds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rotator.core.terms import Mode
from rotator.destinations.aws_secrets_manager.config import DESTINATION as AWS
from rotator.destinations.file.config import DESTINATION as FILE
from rotator.destinations.file.config import FileConfig
from rotator.destinations.file.destination import Files
from rotator.destinations.kubernetes_secret.config import DESTINATION as KUBERNETES
from rotator.destinations.kubernetes_secret.config import KubernetesSecretConfig
from rotator.destinations.kubernetes_secret.destination import KubernetesSecrets

if TYPE_CHECKING:
    from rotator.clients.kubernetes import KubernetesApi
    from rotator.ports.clock import Clock
    from rotator.ports.destination import Destination
    from rotator.settings.settings import Settings


def destinations(
    settings: Settings,
    vault: Destination,
    cluster: KubernetesApi | None,
    clock: Clock,
    *,
    read_only: bool,
) -> dict[str, Destination]:
    """Make every destination that the configuration can reach.

    Args:
        settings: What the two files say.
        vault: AWS's, which others read keys from, too.
        cluster: The way into a cluster; None where there is none.
        clock: What deadlines are compared with.
        read_only: Refuse all changes; what goes over a wire is refused there.
    """
    stays = read_only or settings.mode is Mode.PLAN
    found: dict[str, Destination] = {
        AWS: vault,
        FILE: Files(FileConfig(owner=settings.owner, read_only=stays), clock),
    }
    if cluster is not None:
        config = KubernetesSecretConfig(owner=settings.owner)
        found[KUBERNETES] = KubernetesSecrets(config, cluster)
    return found
