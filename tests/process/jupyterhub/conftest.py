"""One JupyterHub for the session; its robots' tokens are old, for that takes a second start."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from tests.process.jupyterhub.hub import WARDEN, Hub
from tests.process.jupyterhub.site import NOTE, REVOKED, WAYS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.process.jupyterhub.hub import Token

OTHERS = ("robot", "made", "narrow", "lasting", "by-oauth", "tried", "again")


@dataclass(frozen=True)
class Estate:
    """What there is before the first test.

    Attributes:
        warden: The token of rotator's own.
        old: Each robot's, by the way in which its daemon ends.
    """

    hub: Hub
    warden: Token
    old: Mapping[str, Token]


@pytest.fixture(scope="session")
def estate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Estate]:
    """Run a hub whose tokens are 80 days old, one of them issued by OAuth."""
    folder = tmp_path_factory.mktemp("hub")
    with closing(Hub(folder, (*WAYS, REVOKED, *OTHERS))) as hub:
        with hub.running():
            warden = hub.mint(WARDEN, note="rotator")
            old = {way: hub.mint(way, note=NOTE) for way in WAYS}
            issued = hub.mint("by-oauth", note="issued")
        hub.age_all(days=80)
        hub.issue_by_oauth(issued)
        with hub.running():
            yield Estate(hub, warden, old)


@pytest.fixture(scope="session")
def hub(estate: Estate) -> Hub:
    """Return the running hub."""
    return estate.hub
