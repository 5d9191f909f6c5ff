"""The key that rotator enters a workspace with, kept in a secret and replaced by itself.

Whatever happens, the secret carries a key that admits us: without one nothing could
ever be done in the workspace again.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, TypeVar

import boto3
import httpx
import pytest

from rotator.app import open_app
from rotator.core.rotation import Phase, Trigger
from rotator.errors import UnavailableError
from rotator.providers.cipherstash.config import ACCESS_KEYS
from tests.cli.app_estate import REGION, VAULT, Installation, installation, simulators
from tests.simulation.wrapping import LIMITED, offered, overriding

if TYPE_CHECKING:
    from collections.abc import Callable

    from rotator.app import App
    from rotator.core.rotation import Rotation
    from rotator.reconcile.parts import Parts
    from rotator.settings.settings import Settings

__all__ = ["installation", "simulators"]

PortT = TypeVar("PortT")

FIELD = "CS_CLIENT_ACCESS_KEY"
POLICY = """\
apiVersion: rotator/v1
kind: Policy
defaults:
  rotate: {maxAge: 30d, rotateAfter: 20d, jitter: 1h}
  grace: {min: 6h, unusedFor: 6h, max: 2d, quarantine: 6h}
rules:
  - name: own
    match: {provider: cipherstash-access-key, principal: rotator-admin}
    action: rotate
    destination: {type: aws-secrets-manager, secret: cs/own}
"""


class PowerCutError(BaseException):
    """The process is gone; nothing of it runs any more."""


@dataclass
class Plug:
    """Pulls the plug at the first call of each kind that changes or proves something.

    Attributes:
        is_after: Whether the call is made before the power fails.
        struck: The calls at which it failed, in order.
    """

    is_after: bool
    struck: list[str] = field(default_factory=list)

    def into(self, parts: Parts) -> Parts:
        """Stand between the shell and both sides."""
        provider, (kind, vault) = parts.providers[ACCESS_KEYS], *parts.destinations.items()
        return replace(
            parts,
            providers={**parts.providers, ACCESS_KEYS: self._between(provider, "provider")},
            destinations={kind: self._between(vault, "destination")},
        )

    def _between(self, inner: PortT, room: str) -> PortT:
        struck = LIMITED | {"verify"}
        calls = {name: call for name, call in offered(inner, room).items() if name in struck}
        return overriding(inner, room, **{name: self._cut(name, it) for name, it in calls.items()})

    def _cut(self, name: str, call: Callable[..., object]) -> Callable[..., object]:
        def cut(*args: object, **kwargs: object) -> object:
            is_first = name not in self.struck
            self.struck += [name] if is_first else []
            if is_first and not self.is_after:
                raise PowerCutError
            answer = call(*args, **kwargs)
            if is_first:
                raise PowerCutError
            return answer

        return cut


def is_admitted(installation: Installation, key: str) -> bool:
    """Try a key as any client does."""
    url = f"{installation.vault.cts_url}api/authorise"
    answer = httpx.post(url, json={"accessKey": key}, trust_env=False)
    return answer.status_code == HTTPStatus.OK


def living(installation: Installation) -> list[str]:
    """Name the admin's keys that are not revoked."""
    state = installation.vault.state(workspace_id=VAULT).workspaces[VAULT]
    return [
        key.access_key
        for key in state.access_keys
        if key.name.startswith("rotator-admin") and not key.revoked_at
    ]


def confirmed(installation: Installation) -> Settings:
    settings = installation.settings(policy=POLICY)
    with open_app(settings, read_only=False, clock=installation.clock) as app:
        app.confirm_account(VAULT, operator="ann")
    return settings


def rotation(app: App) -> Rotation | None:
    return next(iter(app.journal.rotations()), None)


@pytest.mark.parametrize("is_after", [False, True], ids=["before", "after"])
def test_no_power_cut_leaves_us_without_a_key_that_admits_us(
    installation: Installation, *, is_after: bool
) -> None:
    settings, plug = confirmed(installation), Plug(is_after=is_after)
    (first,) = living(installation)
    for _ in range(40):
        with open_app(settings, read_only=False, clock=installation.clock) as app:
            app.parts = plug.into(app.parts)
            try:
                app.once()
            except PowerCutError:
                step = timedelta(minutes=10)
            else:
                step = timedelta(hours=3)
            newest = rotation(app)
        published = installation.published("cs/own")[FIELD]
        assert is_admitted(installation, published), plug.struck
        if newest is not None and newest.phase is Phase.COMPLETED:
            break
        installation.clock.advance_to(installation.clock.now() + step)

    assert set(plug.struck) >= {"create_key", "stage", "verify", "promote", "delete_key"}
    assert newest is not None
    assert newest.phase is Phase.COMPLETED
    assert living(installation) == [published]
    assert published != first
    assert not is_admitted(installation, first)


def test_a_compromised_key_of_our_own_is_revoked_by_its_successor(
    installation: Installation,
) -> None:
    settings = confirmed(installation)
    (first,) = living(installation)
    with open_app(settings, read_only=False, clock=installation.clock) as app:
        app.scan()
        own = next(it for it in app.journal.credentials() if it.principal.name == "rotator-admin")
        app.order(own, Trigger.TAINT, operator="ann")
        app.once()
        for _ in range(4):
            installation.clock.advance_to(installation.clock.now() + timedelta(minutes=30))
            app.once()

    assert not is_admitted(installation, first)
    assert living(installation) == [installation.published("cs/own")[FIELD]]


@pytest.mark.parametrize(
    "content",
    [
        pytest.param({"SecretString": "{}"}, id="placeholder"),
        pytest.param({"SecretString": "hunter2"}, id="text"),
        pytest.param({"SecretBinary": b"hunter2"}, id="binary"),
        pytest.param({"SecretString": f'{{"{FIELD}": ["hunter2"]}}'}, id="no-text"),
        pytest.param({"SecretString": f'{{"{FIELD}": "hunter2"}}'}, id="no-key"),
        pytest.param({"SecretString": f'{{"{FIELD}": "CSAKHUNTER2.hunter2"}}'}, id="refused"),
    ],
)
def test_without_a_key_that_admits_us_nothing_is_touched_until_somebody_mends_it(
    installation: Installation,
    capsys: pytest.CaptureFixture[str],
    content: dict[str, str | bytes],
) -> None:
    settings = confirmed(installation)
    (first,) = living(installation)
    good = installation.published("cs/own")
    session = boto3.Session(region_name=REGION)
    client = session.client("secretsmanager", endpoint_url=installation.aws.url)
    client.put_secret_value(SecretId="cs/own", **content)  # type: ignore[arg-type]
    with open_app(settings, read_only=False, clock=installation.clock) as app:
        with pytest.raises(UnavailableError):
            app.once()
        assert app.journal.credentials() == ()
        assert living(installation) == [first]

        client.put_secret_value(SecretId="cs/own", SecretString=f'{{"{FIELD}": "{good[FIELD]}"}}')
        app.once()
        assert [item.principal.name for item in app.journal.credentials()]
    told = capsys.readouterr()
    assert "hunter2" not in told.out + told.err
