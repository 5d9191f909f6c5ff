from __future__ import annotations

import json
from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from rotator.core.ids import AccountId
from rotator.core.secret import Secret
from rotator.core.workspace import AccessRole
from rotator.errors import AccessDeniedError, NotFoundError, RejectedError, UnavailableError
from rotator.providers.cipherstash.config import ApiKind, KeysetReference, usual_paths
from rotator.settings.adapters import aws_config, http_config, iam_config, workspace_config
from tests.settings.files import Files
from tests.settings.test_cipherstash import AWS_POLICY, WORKSPACE, workspace

if TYPE_CHECKING:
    from pathlib import Path

    from rotator.core.facts import DestinationRef
    from rotator.errors import RotatorError
    from rotator.providers.cipherstash.config import WorkspaceConfig
    from rotator.settings.settings import Settings

MARK = "CSAKHUNTER2.hunter2"


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


def load(files: Files, *lines: str, environ: dict[str, str] | None = None) -> Settings:
    return files.write(workspace("name: vault", *lines), AWS_POLICY).load(environ)


def no_field(ref: DestinationRef) -> Secret:
    raise AssertionError(ref)


def config(settings: Settings) -> WorkspaceConfig:
    return workspace_config(settings, settings.workspace("vault"), no_field)


def test_a_workspace_has_the_defaults_of_its_adapter(files: Files) -> None:
    made = config(load(files))

    assert made.account == WORKSPACE
    assert made.control is None
    assert made.paths == usual_paths(ApiKind.CURRENT)
    assert made.entrance == "https://ap-southeast-2.aws.cts.cipherstashmanaged.net"
    assert made.keyset_reference is KeysetReference.TYPED
    assert made.lists_own_key


def test_what_is_written_reaches_the_adapter(files: Files) -> None:
    settings = load(
        files,
        "accessKeyRoles: {ci-*: control, '*': member}",
        "controlKey: env:CONTROL",
        "api: {kind: legacy, paths: {revokeAccessKey: /v2}, clientKeysetsField: sets,"
        " listsOwnKey: false}",
        environ={"CONTROL": MARK},
    )

    made = config(settings)

    assert made.roles == (("ci-*", AccessRole.CONTROL), ("*", AccessRole.MEMBER))
    assert made.control is not None
    assert made.control().reveal() == MARK
    assert made.paths.revoke_access_key == "/v2"
    assert made.paths.list_access_keys == usual_paths(ApiKind.LEGACY).list_access_keys
    assert made.client_keysets_field == "sets"
    assert not made.lists_own_key


def test_a_key_is_read_anew_at_each_use(files: Files) -> None:
    environ = {"CS_ADMIN_KEY": "first"}
    read = config(load(files, environ=environ)).admin

    assert read().reveal() == "first"
    environ["CS_ADMIN_KEY"] = "second"
    assert read().reveal() == "second"


def test_a_file_with_a_key_is_relative_to_the_configuration(files: Files) -> None:
    made = config(load(files, "adminKey: file:key"))
    (files.folder / "key").write_text(f"{MARK}\n")

    assert made.admin().reveal() == MARK


def test_a_key_in_a_secret_is_read_from_the_workspaces_home(files: Files) -> None:
    settings = load(files, "adminKey: secret:cs/own#KEY", "home: {region: eu-west-1}")
    asked: list[DestinationRef] = []

    def read_field(ref: DestinationRef) -> Secret:
        asked.append(ref)
        return Secret(MARK)

    made = workspace_config(settings, settings.workspace("vault"), read_field)

    assert made.admin().reveal() == MARK
    (ref,) = asked
    assert (ref.account, ref.region) == ("111122223333", "eu-west-1")
    assert (ref.name, ref.secret_field) == ("cs/own", "KEY")


def test_a_key_that_is_not_there_is_no_admission_and_says_how_to_supply_it(files: Files) -> None:
    with pytest.raises(AccessDeniedError) as caught:
        config(load(files)).admin()

    assert caught.value.code == "own_key_unreadable"
    assert caught.value.subject == WORKSPACE
    assert "`CS_ADMIN_KEY` is not set" in str(caught.value)
    assert caught.value.hint


@pytest.mark.parametrize(
    "error", [NotFoundError("gone", hint="make it"), RejectedError("binary", code="binary")]
)
def test_a_secret_that_is_gone_does_not_say_that_keys_are_gone(
    files: Files, error: RotatorError
) -> None:
    settings = load(files, "adminKey: secret:cs/own#KEY")

    def read_field(ref: DestinationRef) -> Secret:
        del ref
        raise error

    made = workspace_config(settings, settings.workspace("vault"), read_field)

    with pytest.raises(AccessDeniedError) as caught:
        made.admin()
    assert caught.value.code == "own_key_unreadable"
    assert caught.value.hint == error.hint


def test_a_secret_that_cannot_be_reached_now_is_tried_again(files: Files) -> None:
    settings = load(files, "adminKey: secret:cs/own#KEY")

    def read_field(ref: DestinationRef) -> Secret:
        raise UnavailableError("no answer", subject=ref.name)

    made = workspace_config(settings, settings.workspace("vault"), read_field)

    with pytest.raises(UnavailableError):
        made.admin()


# ----------------------------------------------------------------------------- transports


def test_only_a_simulator_may_be_on_a_private_address(files: Files) -> None:
    def allows(*lines: str) -> bool:
        settings = load(files, *lines)
        return http_config(settings, settings.workspaces[0], read_only=False).allow_private

    assert not allows()
    assert not allows("api: {ctsUrl: 'https://cts.example'}")
    assert allows("api: {ctsUrl: 'http://127.0.0.1:8000'}")


def test_a_listing_of_many_clients_with_many_keysets_is_not_too_large(files: Files) -> None:
    settings = load(files)
    keysets = [str(UUID(int=number)) for number in range(2_000)]
    rows = [{"id": keysets[0], "name": "api", "keyset_ids": keysets}] * 100

    http = http_config(settings, settings.workspaces[0], read_only=False)
    assert http.max_body_bytes > len(json.dumps(rows))


@pytest.mark.parametrize(
    ("mode", "read_only", "changes_nothing"),
    [("plan", False, True), ("enforce", True, True), ("enforce", False, False)],
)
def test_in_plan_mode_no_transport_sends_a_change(
    files: Files, mode: str, *, read_only: bool, changes_nothing: bool
) -> None:
    files.write(workspace() + f"mode: {mode}\n", AWS_POLICY)
    settings = files.load()

    http = http_config(settings, settings.workspaces[0], read_only=read_only)
    assert http.read_only is changes_nothing
    assert aws_config(settings, read_only=read_only).read_only is changes_nothing


def test_every_configured_account_is_reached(files: Files) -> None:
    settings = load(files)

    assert list(aws_config(settings, read_only=True).accounts) == [AccountId("111122223333")]
    assert iam_config(settings).path_prefixes == ("/",)
