"""Accounts of HTTP APIs in the adapters' own words: how one is reached, and how entered."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from rotator.clients.http import HttpClient
from rotator.core.accounts import Place
from rotator.core.ids import AccountId
from rotator.core.secret import Secret
from rotator.errors import AccessDeniedError, NotFoundError
from rotator.settings.adapters import http_account, http_account_config, places
from rotator.settings.permissions import permission_grants, permission_land
from rotator.telemetry.clock import SystemChance, monotonic_seconds
from rotator.testing.manual_clock import ManualClock
from tests.builders import ACCOUNT, EPOCH
from tests.settings.http_files import PROVIDER, Files, account, section

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from rotator.clients.http import HttpConfig
    from rotator.core.facts import DestinationRef
    from rotator.providers.http.accounts import HttpAccount
    from rotator.settings.settings import Settings

MARK = "hunter2"


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


def load(files: Files, *lines: str, environ: dict[str, str] | None = None) -> Settings:
    return files.write(section(account(*lines))).load(environ)


def config(settings: Settings, *, read_only: bool = False) -> HttpConfig:
    return http_account_config(settings, settings.http_accounts[0], read_only=read_only)


def no_field(ref: DestinationRef) -> Secret:
    raise AssertionError(ref)


def entered(
    settings: Settings, read_field: Callable[[DestinationRef], Secret] = no_field
) -> HttpAccount:
    client = HttpClient(
        config(settings), ManualClock(EPOCH), SystemChance(), monotonic=monotonic_seconds
    )
    return http_account(settings, settings.http_accounts[0], client, read_field)


def test_it_goes_to_the_accounts_own_origin_and_to_those_that_its_spec_allows(
    files: Files,
) -> None:
    made = config(load(files))

    assert made.origins == ("https://hub.example.com/hub/api", "https://login.example.com")
    assert not made.allow_private
    assert (made.total_seconds, made.max_body_bytes) == (20, 65536)
    assert made.rate_limit.max_per_second == 5


def test_files_beside_the_configuration_and_a_proxy_reach_the_transport(files: Files) -> None:
    for name in ("ca.pem", "client.pem", "client.key"):
        (files.folder / name).write_text("", encoding="utf-8")
    pin = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="

    made = config(
        load(
            files,
            "caFile: ca.pem",
            "clientCertificate: {certificate: client.pem, key: client.key}",
            f"pinSha256: ['{pin}']",
            "proxy: http://proxy.example.com:3128",
            "allowPrivate: true",
        )
    )

    assert made.ca_file == files.folder / "ca.pem"
    assert made.client_certificate == files.folder / "client.pem"
    assert made.client_key == files.folder / "client.key"
    assert (made.pins, made.proxy) == ((pin,), "http://proxy.example.com:3128")
    assert made.allow_private


@pytest.mark.parametrize(
    ("mode", "read_only", "changes_nothing"),
    [("plan", False, True), ("enforce", True, True), ("enforce", False, False)],
)
def test_in_plan_mode_no_transport_sends_a_change(
    files: Files, mode: str, *, read_only: bool, changes_nothing: bool
) -> None:
    settings = files.write(section(account()) + f"mode: {mode}\n").load()

    assert config(settings, read_only=read_only).read_only is changes_nothing


def test_a_credential_is_read_anew_at_each_use(files: Files) -> None:
    environ = {"HUB_TOKEN": "first"}
    made = entered(load(files, environ=environ))

    assert made.params["user"] == "robot"
    assert made.lifetime == timedelta(days=120)
    assert made.credentials["admin"]().reveal() == "first"
    environ["HUB_TOKEN"] = "second"
    assert made.credentials["admin"]().reveal() == "second"


def test_a_credential_in_a_secret_is_read_from_the_accounts_home(files: Files) -> None:
    asked: list[DestinationRef] = []

    def read_field(ref: DestinationRef) -> Secret:
        asked.append(ref)
        return Secret(MARK)

    settings = load(
        files, "credentials: {admin: 'secret:hub/own#TOKEN'}", "home: {region: eu-west-1}"
    )

    assert entered(settings, read_field).credentials["admin"]().reveal() == MARK
    (ref,) = asked
    assert (ref.account, ref.region) == (ACCOUNT, "eu-west-1")
    assert (ref.name, ref.secret_field) == ("hub/own", "TOKEN")


def test_a_credential_that_is_not_there_is_no_admission_and_names_itself(files: Files) -> None:
    def gone(ref: DestinationRef) -> Secret:
        raise NotFoundError("gone", subject=ref.name, hint="make it")

    for settings in (load(files), load(files, "credentials: {admin: 'secret:a#B'}")):
        with pytest.raises(AccessDeniedError) as caught:
            entered(settings, gone).credentials["admin"]()

        assert caught.value.code == "own_key_unreadable"
        assert caught.value.subject == "hub-prod"
        assert "the credential `admin` cannot be read" in str(caught.value)
        assert caught.value.hint


def test_an_account_is_a_place_of_its_provider(files: Files) -> None:
    assert places(load(files, "name: hub"))[-1] == Place(
        provider=PROVIDER, account=AccountId("hub-prod"), name="hub"
    )


def test_its_home_is_asked_for_what_publishing_and_entering_take_and_for_nothing_of_users(
    files: Files,
) -> None:
    settings = load(files, "credentials: {admin: 'secret:hub/own#TOKEN'}")

    features = {grant.feature for grant in permission_grants(settings, ACCOUNT)}
    land = permission_land(settings, ACCOUNT)

    assert {"publish", "enter", "read_current"} <= features
    assert not {"rotate", "use", "mark"} & features
    vault = f"arn:aws:secretsmanager:eu-central-1:{ACCOUNT}:secret:"
    assert land.secrets == (f"{vault}hub/*-??????",)
    assert land.own_keys == (f"{vault}hub/own-??????",)
    assert land.managed == ()
