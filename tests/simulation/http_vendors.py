"""The real HTTP provider over simulated vendors, as a world's vendors.

Requests are real bytes up to the vendor's socket; nothing leaves the process.
"""

from __future__ import annotations

from datetime import timedelta
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Any, cast

import certifi

from rotator.clients.http import HttpClient, HttpConfig
from rotator.core.lineages import lineage
from rotator.core.secret import Secret
from rotator.providers.http.accounts import HttpAccount
from rotator.providers.http.provider import http_provider
from rotator.settings.http_spec import load_spec
from rotator.simulators.embedded_transport import OnRequest, ignore_request
from rotator.simulators.stage5.seeding import seed
from rotator.simulators.stage5.shapes import AccessKeySeed, FaultRule, Settings, WorkspaceSeed
from rotator.testing.manual_clock import SeededChance
from tests.gates.tree import ROOT
from tests.simulation.http_truth import Stage5Books
from tests.simulation.simulator_wire import SimulatorWire, carried
from tests.simulation.stage5_people import HOST, WORKSPACE, AccessKeys
from tests.simulation.tampering import TamperedStage5
from tests.simulation.vendors import Vendors

if TYPE_CHECKING:
    from collections.abc import Callable

    from rotator.ports.clock import Clock
    from rotator.ports.provider import KeyProvider
    from rotator.providers.http.spec import Spec
    from rotator.simulators.stage5.shapes import Call
    from rotator.testing.fake_provider import BareFakeProvider
    from rotator.testing.manual_clock import ManualClock
    from tests.simulation.lineages import Lineages
    from tests.simulation.scene import Scene

    Make = Callable[..., KeyProvider]

STAGE5 = load_spec(ROOT / "rotator" / "simulators" / "stage5" / "spec.yaml")
LIFETIME = timedelta(days=120)
MARK = "plaintextmark"
"""Every secret that the simulators make contains this."""

PAGE = 2
"""Keys on a page of the list; there are more, so that no list is one page."""

_MARGIN = timedelta(seconds=10)

TARGETS: dict[str, dict[str, str]] = {
    "stage5-access-key": {
        "principals": "list-access-keys",
        "list_keys": "list-access-keys",
        "create_key": "create-access-key",
        "delete_key": "revoke-access-key",
        "verify": "get-me",
        "last_used": "list-access-keys",
        "own_key": "get-me",
    },
    "robot-key": {
        "principals": "list",
        "list_keys": "list",
        "create_key": "create",
        "delete_key": "delete",
        "verify": "whoami",
        "last_used": "list",
        "disable_key": "off",
        "enable_key": "on",
    },
}
"""The call of each provider's method that its failures hit."""


@cache
def one_authority() -> Path:
    """Write one authority down: to read all that are trusted takes longer than a life."""
    text = Path(certifi.where()).read_text(encoding="utf-8")
    end = "-----END CERTIFICATE-----"
    path = Path(mkdtemp(prefix="rotator-simulation-")) / "one.pem"
    path.write_text(text[: text.index(end)] + end + "\n", encoding="utf-8")
    return path


class HttpSide:
    """A simulated vendor with everything that a world needs of it.

    Attributes:
        spec: How the vendor is called.
        make: Makes the provider, or a mutant in its place.
        lifetime: After which keys that we make expire.
        on_request: Is told of every single call of ours, on both sides of it.
        calls: What our calls were, in order.
        credential: Reads what we enter with, as a process does.
        truth: The truth about keys, and what people and workloads can do.
    """

    truth: Lineages

    def __init__(
        self,
        scene: Scene,
        clock: Clock,
        simulator: Any,  # noqa: ANN401 - any simulator with fault rules
        *,
        spec: Spec,
        base_url: str,
        params: dict[str, object],
        ours: str,
        credential: Callable[[], str],
    ) -> None:
        """Prepare; `ours` is the id, in fault rules, of what we enter with."""
        self.scene, self.clock, self.simulator = scene, clock, simulator
        self.spec, self._base_url, self._params = spec, base_url, params
        self.make: Make = http_provider
        self.lifetime: timedelta | None = LIFETIME
        self.on_request: OnRequest = ignore_request
        self.calls: list[str] = []
        self.credential = credential
        self.watched: set[str] = set()
        self.wire = SimulatorWire(
            clock=clock,
            simulator=simulator,
            faults=simulator.world.faults,
            rule=FaultRule,
            targets=TARGETS,
            ours=ours,
            latest=spec.propagation.request - _MARGIN,
        )
        self.destination = scene.destination(clock, wire=self.wire)

    def start(self, clock: Clock) -> Vendors:
        """Make the adapter of a process that starts.

        Args:
            clock: What the process takes for the time.
        """
        port = carried(self.adapter(clock), self.wire, self.spec.name, self._is_watched)
        return Vendors(
            provider=cast("BareFakeProvider", self.truth),
            destination=self.destination,
            provider_port=port,
            destination_port=self.destination,
            wire=self.wire,
            marks=(MARK,),
            started=self.start,
        )

    def adapter(self, clock: Clock) -> KeyProvider:
        """Make the real provider, with connections of its own."""
        account = HttpAccount(
            id=self.truth_kind.account,
            base_url=self._base_url,
            client=self._client(clock),
            params=self._params,
            credentials={"admin": lambda: Secret(self.credential())},
            lifetime=self.lifetime,
        )
        return self.make(self.spec, [account], clock, SeededChance(self.scene.seed))

    @property
    def truth_kind(self) -> type[Lineages]:
        """Return the kind of the truth; it has the account's id."""
        raise NotImplementedError

    def _client(self, clock: Clock) -> HttpClient:
        return HttpClient(
            HttpConfig(
                origins=(self._base_url,),
                allow_private=True,
                ca_file=one_authority(),
                # A repeat would hide a fault from the machine.
                attempts=1,
            ),
            clock,
            SeededChance(self.scene.seed),
            monotonic=lambda: self.clock.now().timestamp(),
            resolve=lambda _name, _port: ["127.0.0.1"],
            sockets=self.simulator.sockets(on_request=self._on_request),
        )

    def _is_watched(self, name: str) -> bool:
        return lineage(name).base in self.watched

    def _on_request(self, operation: str, *, is_over: bool) -> None:
        self.calls += [] if is_over else [operation]
        self.on_request(operation, is_over=is_over)


class Stage5Side(HttpSide):
    """A Stage5 workspace, entered with the access key that is named `rotator`."""

    def __init__(self, scene: Scene, clock: Clock, *, spec: Spec = STAGE5) -> None:
        """Start with a workspace without lineages.

        Args:
            scene: Its habits are the service's.
            clock: The true time.
            spec: How it is called.
        """
        self.stage5 = TamperedStage5(clock, seed=scene.seed, on_call=self._heard)
        self.stage5.world.settings = Settings(
            max_page_size=PAGE, last_used_every_seconds=300, secret_mark=MARK
        )
        wanted = WorkspaceSeed(
            workspace_id=WORKSPACE,
            projects=("support",),
            access_keys=(AccessKeySeed(name="somebody's"), AccessKeySeed(name="somebody else's")),
        )
        self.seeded = seed(self.stage5.world, wanted)
        super().__init__(
            scene,
            clock,
            self.stage5,
            spec=spec,
            base_url=f"http://{HOST}/v1",
            params={"workspace": WORKSPACE},
            ours=self.seeded.admin.id,
            credential=lambda: self.seeded.admin.key,
        )
        self.books = Stage5Books(acts=self.wire.acts, workspace=WORKSPACE, watched=self.watched)
        self.truth = AccessKeys(
            self.stage5,
            next(iter(self.seeded.sessions.values())),
            self.wire,
            self.books,
            scene.habits,
            self.adapter(clock).traits,
        )

    @property
    def truth_kind(self) -> type[Lineages]:
        """Return the kind of the truth."""
        return AccessKeys

    def _heard(self, call: Call) -> None:
        self.books.heard(self.stage5, call)


def stage5(scene: Scene, clock: ManualClock) -> Vendors:
    """Make a simulated workspace and the real provider for its access keys."""
    return Stage5Side(scene, clock).start(clock)


def short_lived(scene: Scene, clock: ManualClock) -> Vendors:
    """Make a simulated workspace in which our keys end when the scene says."""
    side = Stage5Side(scene, clock)
    side.lifetime = scene.habits.lifetime
    return side.start(clock)
