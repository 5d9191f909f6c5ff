"""The key that rotator enters a workspace with, kept in a secret and replaced by itself.

Whatever happens, the secret carries a key that admits us: without one nothing could
ever be done in the workspace again.
"""

from __future__ import annotations

from datetime import timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING

import boto3
import httpx
import pytest

from rotator.app import open_app
from rotator.core.rotation import Phase, Trigger
from rotator.errors import UnavailableError
from rotator.providers.cipherstash.config import ACCESS_KEYS
from tests.cli.app_estate import REGION, VAULT, Installation, installation, simulators
from tests.cli.power import Plug, PowerCutError

if TYPE_CHECKING:
    from rotator.app import App
    from rotator.core.rotation import Rotation
    from rotator.settings.settings import Settings

__all__ = ["installation", "simulators"]

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
    settings, plug = confirmed(installation), Plug(ACCESS_KEYS, is_after=is_after)
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
