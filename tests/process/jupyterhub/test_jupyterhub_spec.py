"""What the shipped spec says of JupyterHub is what a real one does."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import closing, contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from rotator.clients.http import HttpClient, HttpConfig
from rotator.core.api_keys import ApiKeyWish, KeyStatus
from rotator.core.ids import AccountId, KeyId, RotationId
from rotator.core.secret import KeyMaterial, Secret
from rotator.errors import AccessDeniedError, NotFoundError, RejectedError
from rotator.ports.provider import CanDisable, CanReportUse, CanTellOwn, Verdict
from rotator.providers.http.accounts import HttpAccount
from rotator.providers.http.api_keys import HttpApiKeys
from rotator.providers.http.provider import http_provider
from rotator.providers.http.spec import EvidenceKind
from rotator.settings.http_spec import load_spec
from rotator.telemetry.clock import SystemChance, SystemClock, monotonic_seconds
from tests.process.installation import eventually
from tests.process.jupyterhub.hub import WARDEN
from tests.process.jupyterhub.site import SHIPPED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from rotator.core.facts import Principal
    from rotator.ports.provider import KeyProvider
    from rotator.providers.http.spec import Spec
    from tests.process.jupyterhub.conftest import Estate
    from tests.process.jupyterhub.hub import Hub

pytestmark = pytest.mark.process

ROTATION = RotationId("0b7e5f3a-2f6a-4b70-9b0e-0a55a1d4e6c1")
NEXT_ROTATION = RotationId("5c9d2c1e-6f0a-4b1d-8a39-7d0c2f6b9e42")
NARROW = ("access:servers!user=narrow",)
CLOCK, CHANCE = SystemClock(), SystemChance()


@pytest.fixture(scope="module")
def spec() -> Spec:
    return load_spec(SHIPPED)


@pytest.fixture(scope="module")
def warden(estate: Estate) -> str:
    return estate.warden.text


@contextmanager
def entered(hub: Hub, user: str, credential: str) -> Iterator[HttpAccount]:
    """One user's tokens, entered with a token."""
    client = HttpClient(
        HttpConfig(origins=(hub.url,), allow_private=True),
        CLOCK,
        CHANCE,
        monotonic=monotonic_seconds,
    )
    with closing(client):
        yield HttpAccount(
            id=AccountId(f"hub-{user}"),
            base_url=hub.url,
            client=client,
            params={"user": user},
            credentials={"admin": lambda: Secret(credential)},
        )


@pytest.fixture
def account(hub: Hub, warden: str) -> Iterator[Callable[[str], HttpAccount]]:
    with entered(hub, "robot", warden) as first:

        def of(user: str) -> HttpAccount:
            return HttpAccount(
                id=AccountId(f"hub-{user}"),
                base_url=first.base_url,
                client=first.client,
                params={"user": user},
                credentials=first.credentials,
            )

        yield of


def provider_of(spec: Spec, account: HttpAccount) -> tuple[KeyProvider, Principal]:
    """A provider for one account that has one lineage."""
    provider = http_provider(spec, [account], CLOCK, CHANCE)
    (principal,) = provider.principals(account.id)
    return provider, principal


def later() -> timedelta:
    return timedelta(minutes=1)


def test_the_shipped_spec_says_that_it_was_checked_with_a_real_server(spec: Spec) -> None:
    assert spec.evidence.kind is EvidenceKind.LIVE_SERVER
    assert spec.evidence.source == "JupyterHub 6.1.1"


def test_two_tokens_live_side_by_side_and_end_one_by_one(
    spec: Spec, account: Callable[[str], HttpAccount]
) -> None:
    keys = HttpApiKeys(spec, account("made"), CLOCK, CHANCE)
    keys.check_admission()
    first = keys.create_api_key(ApiKeyWish(name="first"))
    second = keys.create_api_key(ApiKeyWish(name="second", lifetime=timedelta(days=90)))

    for made in (first, second):
        assert keys.try_api_key(made.secret, made.key.key_id) is Verdict.ACCEPTED
    listed = {item.name: item for item in keys.api_keys()}
    assert set(listed) == {"first", "second"}
    assert {item.status for item in listed.values()} == {KeyStatus.ACTIVE}
    assert listed["first"].expires_at is None
    ends_at, made_at = listed["second"].expires_at, listed["second"].created_at
    assert ends_at is not None
    assert made_at is not None
    assert abs(ends_at - made_at - timedelta(days=90)) < timedelta(minutes=1)
    assert keys.try_api_key(first.secret, second.key.key_id) is Verdict.WRONG_PRINCIPAL

    keys.revoke_api_key(first.key.key_id)

    assert keys.try_api_key(first.secret, first.key.key_id) is Verdict.NOT_YET
    assert keys.try_api_key(second.secret, second.key.key_id) is Verdict.ACCEPTED
    with pytest.raises(NotFoundError):
        keys.revoke_api_key(first.key.key_id)
    keys.revoke_api_key(second.key.key_id)
    assert list(keys.api_keys()) == []


def test_what_oauth_issued_to_a_client_is_left_alone(
    spec: Spec, hub: Hub, account: Callable[[str], HttpAccount]
) -> None:
    plain = hub.mint("by-oauth", note="plain")
    keys = HttpApiKeys(spec, account("by-oauth"), CLOCK, CHANCE)
    clients = {item["note"]: item["oauth_client"] for item in hub.tokens("by-oauth")}

    assert [item.key_id for item in keys.api_keys()] == [plain.id]
    assert clients.pop("issued") != "JupyterHub"
    assert clients == {"plain": "JupyterHub"}


def test_the_conformance_run_of_an_operator_passes_and_leaves_nothing(
    hub: Hub, warden: str, tmp_path: Path
) -> None:
    kept = hub.mint("tried", note="kept")
    done = subprocess.run(
        [
            *(sys.executable, "-m", "rotator", "provider", "test", str(SHIPPED), "--yes"),
            *("--base-url", hub.url, "--allow-private"),
            *("--param", "user=tried", "--credential", "admin=env:ROTATOR_TEST_HUB_TOKEN"),
        ],
        env=os.environ | {"ROTATOR_TEST_HUB_TOKEN": warden},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert "failed" not in done.stdout
    assert [item["id"] for item in hub.tokens("tried")] == [kept.id]
    assert warden not in done.stdout + done.stderr


@pytest.mark.parametrize(
    "spoiled", [lambda text: text[:-3], lambda text: f'"{text}', lambda text: text.upper()]
)
def test_a_token_that_was_cut_or_quoted_is_refused(
    spec: Spec,
    hub: Hub,
    account: Callable[[str], HttpAccount],
    spoiled: Callable[[str], str],
) -> None:
    token = hub.mint("robot", note="spoiled")
    keys = HttpApiKeys(spec, account("robot"), CLOCK, CHANCE)

    assert keys.try_api_key(Secret(token.text), KeyId(token.id)) is Verdict.ACCEPTED
    assert keys.try_api_key(Secret(spoiled(token.text)), KeyId(token.id)) is Verdict.NOT_YET


def test_a_successor_may_do_what_the_old_token_may_and_no_more(
    spec: Spec, hub: Hub, account: Callable[[str], HttpAccount]
) -> None:
    old = hub.mint("narrow", note="nightly", scopes=NARROW)
    provider, principal = provider_of(spec, account("narrow"))

    new = provider.create_key(
        principal, ROTATION, replaces=KeyId(old.id), not_after=CLOCK.now() + later()
    )

    assert provider.verify(principal, new.material) is Verdict.ACCEPTED
    scopes = {item["id"]: set(item["scopes"]) for item in hub.tokens("narrow")}
    assert scopes[new.material.key_id] == scopes[old.id]
    assert NARROW[0] in scopes[old.id]
    infos = {item.key_id: item for item in provider.list_keys(principal).keys}
    assert infos[new.material.key_id].rotation == ROTATION
    assert infos[KeyId(old.id)].rotation is None

    for _ in range(2):
        provider.delete_key(principal, KeyId(old.id), not_after=CLOCK.now() + later())

    assert [item["id"] for item in hub.tokens("narrow")] == [new.material.key_id]
    gone = KeyMaterial(key_id=KeyId(old.id), secret=Secret(old.text))
    assert provider.verify(principal, gone) is Verdict.NOT_YET


def test_an_id_that_the_hub_gives_again_is_another_token(
    spec: Spec, hub: Hub, account: Callable[[str], HttpAccount]
) -> None:
    hub.mint("again", note="nightly")
    provider, principal = provider_of(spec, account("again"))
    made = []
    for rotation in (ROTATION, NEXT_ROTATION):
        soon = CLOCK.now() + later()
        made.append(provider.create_key(principal, rotation, replaces=None, not_after=soon))
        if rotation == ROTATION:
            provider.delete_key(principal, made[0].material.key_id, not_after=soon)

    first, second = (it.material for it in made)
    assert first.key_id == second.key_id, "SQLite no longer counts on after the newest row is gone"
    assert provider.verify(principal, first) is Verdict.NOT_YET
    assert provider.verify(principal, second) is Verdict.ACCEPTED
    infos = {item.key_id: item for item in provider.list_keys(principal).keys}
    assert infos[second.key_id].rotation == NEXT_ROTATION


def test_the_last_use_is_told_and_never_means_never(
    spec: Spec, hub: Hub, account: Callable[[str], HttpAccount]
) -> None:
    token = hub.mint("lasting", note="lasting")
    provider, principal = provider_of(spec, account("lasting"))
    assert isinstance(provider, CanReportUse)
    assert provider.last_used(principal, KeyId(token.id)).at is None
    before = CLOCK.now() - timedelta(seconds=2)

    assert hub.admitted(token.text) == token.id

    at = eventually(lambda: provider.last_used(principal, KeyId(token.id)).at, what="a last use")
    assert before <= at <= CLOCK.now() + timedelta(seconds=2)


def test_the_capabilities_are_those_of_jupyterhub(
    spec: Spec, account: Callable[[str], HttpAccount]
) -> None:
    provider = http_provider(spec, [account("robot")], CLOCK, CHANCE)

    assert isinstance(provider, CanTellOwn)
    assert not isinstance(provider, CanDisable)
    assert provider.traits.marks_keys
    assert provider.traits.max_keys is None


def test_the_token_by_which_we_are_admitted_is_known_and_never_ended(spec: Spec, hub: Hub) -> None:
    own = hub.mint("robot", note="own")
    with entered(hub, "robot", own.text) as account:
        keys = HttpApiKeys(spec, account, CLOCK, CHANCE)
        assert keys.own_key() == own.id

        with pytest.raises(RejectedError) as caught:
            keys.revoke_api_key(KeyId(own.id))

    assert caught.value.code == "own_key"
    assert hub.admitted(own.text) == own.id


def test_a_revoked_admin_token_is_told_as_such(spec: Spec, hub: Hub) -> None:
    token = hub.mint(WARDEN, note="revoked")
    with entered(hub, "robot", token.text) as account:
        keys = HttpApiKeys(spec, account, CLOCK, CHANCE)
        keys.check_admission()
        hub.revoke(WARDEN, token.id)

        for call, field in (
            (keys.check_admission, "operations.preflight"),
            (keys.api_keys, "operations.list"),
            # It looks at the keys that are there before it makes another one.
            (lambda: keys.create_api_key(ApiKeyWish(name="x")), "operations.list"),
        ):
            with pytest.raises(AccessDeniedError) as caught:
                call()
            told = caught.value.diagnostics()
            assert "status 403" in told
            assert f"({SHIPPED}:" in str(caught.value)
            assert field in told
            assert token.text not in told


def test_a_user_that_is_not_there_is_told_as_such(spec: Spec, hub: Hub, warden: str) -> None:
    with entered(hub, "nobody", warden) as account, pytest.raises(RejectedError) as caught:
        HttpApiKeys(spec, account, CLOCK, CHANCE).check_admission()

    assert "status 404" in str(caught.value)
    assert "operations.preflight" in str(caught.value)
