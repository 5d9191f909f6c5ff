"""People and workloads at the simulated Stage5: they call it as the real ones would."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from rotator.core.ids import AccountId, Instant, KeyId
from rotator.core.secret import KeyMaterial, Secret
from tests.simulation.lineages import Lineages

if TYPE_CHECKING:
    from rotator.core.facts import Principal
    from rotator.core.terms import Traits
    from rotator.simulators.stage5.embedded import EmbeddedStage5
    from rotator.testing.fake_keys import FakeKey, Habits
    from tests.simulation.http_truth import Stage5Books
    from tests.simulation.simulator_wire import SimulatorWire

WORKSPACE, HOST = "ws_acme", "stage5.simulated"
KEYS = f"/v1/workspaces/{WORKSPACE}/access-keys"
SCOPES = ("projects:read", "messages:write")
"""What the keys of workloads may do."""

_REFUSED = 400


class AccessKeys(Lineages):
    """The truth about access keys, and what people and workloads do with them.

    Attributes:
        granted: What keys may do that are made by hand.
    """

    provider = "stage5-access-key"
    account = AccountId("stage5-acme")
    granted: tuple[str, ...] = SCOPES

    def __init__(
        self,
        simulator: EmbeddedStage5,
        session: str,
        wire: SimulatorWire,
        books: Stage5Books,
        habits: Habits,
        traits: Traits,
    ) -> None:
        """Begin without a lineage; people send this session."""
        self._simulator, self._session, self._books = simulator, session, books
        super().__init__(wire, books.watched, habits, traits)

    @property
    def keys(self) -> dict[KeyId, FakeKey]:
        """Every access key that ever was, in the order of their making."""
        return self._books.keys

    def mint_by_hand(self, principal: Principal) -> KeyMaterial:
        """Make a key under the lineage's own name; another one may have it, too."""
        ends = self.habits.end_of(Instant(self._simulator.now()), by_hand=True)
        return self.mint_as(principal.name, expiresAt=ends.isoformat() if ends else None)

    def mint_as(self, name: str, **more: object) -> KeyMaterial:
        """Make a key under any name, as a person does."""
        self.wire.land()
        told = {name: value for name, value in more.items() if value is not None}
        asked = {"name": name, "scopes": list(self.granted), **told}
        made = self._ask("POST", KEYS, asked, self._session)
        assert made is not None, name
        return KeyMaterial(key_id=KeyId(made["id"]), secret=Secret(made["key"]))

    def delete_by_hand(self, principal: Principal, key: KeyId) -> None:
        """Revoke a key as a person does; nothing happens when it is gone."""
        del principal
        self.wire.land()
        self._ask("DELETE", f"{KEYS}/{key}", None, self._session)

    def use(self, material: KeyMaterial, service: str = "api") -> bool:
        """Read the projects with a key; say whether it was let in."""
        del service
        self.wire.land()
        path = f"/v1/workspaces/{WORKSPACE}/projects"
        return self._ask("GET", path, None, material.secret.reveal()) is not None

    def _ask(self, method: str, path: str, body: object, token: str) -> Any:  # noqa: ANN401 - JSON
        """Call with a token; None when it is refused."""
        content = b"" if body is None else json.dumps(body).encode()
        headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
        answer = self._simulator.handle(method, path, headers, content, f"http://{HOST}")
        if answer is None or answer.status >= _REFUSED:
            return None
        return json.loads(answer.body) if answer.body else {}
