"""What people do in the workspace meanwhile: a new customer comes in the middle of a grace."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from rotator.cli.demo.vault.cast import LATE_TENANT, ORDERS
from rotator.core.rotation import Phase

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

    from rotator.cli.demo.fleet import Scene, Standing
    from rotator.cli.demo.vault.consumers import Workers
    from rotator.cli.demo.vault.estate import VaultEstate
    from rotator.core.rotation import Rotation

_INTO_GRACE: Final = timedelta(hours=20)


@dataclass(slots=True)
class Onboarding:
    """A person who grants a new customer's keyset to the client that she knows: the old one.

    She knows nothing of the rotation. The application works with the new keyset as
    soon as rotator has seen to it that both clients may.
    """

    http: httpx.Client
    zerokms_url: str
    estate: VaultEstate
    workers: Workers
    is_granted: bool = False

    @property
    def is_over(self) -> bool:
        """Whether the application works with the new keyset."""
        return LATE_TENANT in self.workers.all[ORDERS.name].keysets

    def watch(self, scene: Scene) -> Iterator[str]:
        """Take the next step once it is time for it; say so in a line."""
        standing = next(item for item in scene.fleet if item.character is ORDERS)
        rotation = standing.rotation
        if rotation is None or self.is_over:
            return
        if not self.is_granted and _is_midway(rotation, scene):
            self._grant()
            yield _line(scene, standing, f"somebody grants {LATE_TENANT} to the old client")
        elif self._keyset in (rotation.granted or ()):
            self.workers.all[ORDERS.name].keysets[LATE_TENANT] = self._keyset
            yield _line(scene, standing, f"rotator has granted {LATE_TENANT} to the new one, too")

    def faults(self) -> Iterator[str]:
        """Say on the last day if the application never came to work with it."""
        if not self.is_over:
            yield f"{LATE_TENANT}, which a person granted meanwhile, was never opened"

    @property
    def _keyset(self) -> str:
        return self.estate.workspace.keysets[LATE_TENANT]

    def _grant(self) -> None:
        client = self.estate.workspace.clients[ORDERS.name]
        self.http.post(
            f"{self.zerokms_url}grant-keyset",
            json={"client_id": client.id, "keyset_id": {"Uuid": self._keyset}},
            headers={"Authorization": f"Bearer {self.estate.workspace.human}"},
        ).raise_for_status()
        self.is_granted = True


def _is_midway(rotation: Rotation, scene: Scene) -> bool:
    if rotation.phase is not Phase.PROMOTED or rotation.promoted_at is None:
        return False
    return scene.now - rotation.promoted_at >= _INTO_GRACE


def _line(scene: Scene, standing: Standing, what: str) -> str:
    return f"{scene.now:%Y-%m-%d %H:%M}  {standing.character.label:<20}  {what}"
