"""A daemon that rotates the very key by which it enters a workspace."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, cast

from rotator.core.ids import destination_id
from rotator.providers.http.provider import http_provider
from rotator.testing.fake_provider import ACCOUNT
from tests.simulation import http_vendors
from tests.simulation.http_scenes import STAGE5
from tests.simulation.http_vendors import Stage5Side
from tests.simulation.stage5_people import SCOPES
from tests.simulation.subject import KIND, NAMES

if TYPE_CHECKING:
    from collections.abc import Callable

    from rotator.providers.http.spec import Spec
    from rotator.testing.manual_clock import ManualClock
    from tests.simulation.http_vendors import Make
    from tests.simulation.scene import Scene
    from tests.simulation.stage5_people import AccessKeys
    from tests.simulation.vendors import Vendors


def entering_by(
    spec: Spec, *, knows_its_successor: bool = True, make: Make = http_provider
) -> Callable[[Scene, ManualClock], Vendors]:
    """Let the daemon enter by a key that it rotates: the last subject's.

    Args:
        spec: How the workspace is called.
        knows_its_successor: Whether it reads the key from the secret that it writes;
            else from a copy that somebody once made.
        make: Makes the provider.
    """

    def start(scene: Scene, clock: ManualClock) -> Vendors:
        side = Stage5Side(scene, clock, spec=spec)
        side.make = make
        cast("AccessKeys", side.truth).granted = (*SCOPES, "access_keys:read", "access_keys:write")
        name = "svc/app" if scene.subjects == 1 else f"svc/{NAMES[scene.subjects - 1]}"
        secret = destination_id(KIND, ACCOUNT, "eu-central-1", name)
        copies: list[str] = []

        def read() -> str:
            found = side.destination.objects.get(secret)
            if found is None or found.current is None:
                return side.seeded.admin.key
            copies.append(str(json.loads(found.versions[found.current])["SECRET_KEY"]))
            return copies[-1] if knows_its_successor else copies[0]

        side.credential = read
        return side.start(clock)

    return start


OWN = replace(STAGE5, vendors=entering_by(http_vendors.STAGE5), subjects=2, ordered=True)
