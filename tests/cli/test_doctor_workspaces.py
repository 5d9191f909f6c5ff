"""`rotator doctor` about workspaces: entered, with which role, and whether all is apart."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from rotator.core.workspace import AccessRole
from rotator.errors import InvariantError, NotFoundError, TransientError
from rotator.reconcile.checking import AccountCheck
from rotator.testing.fake_workspace import WORKSPACE
from rotator.testing.wire import Failure
from tests.builders import ACCOUNT
from tests.cli.workspace_desk import OTHER, SECOND, SECTION, WorkspaceDesk
from tests.settings.files import CONFIGURATION, POLICY, Files

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from rotator.core.workspace import AccessKey, Keyset

ENVIRONMENTS = "      environments: {production: orders, staging: staging}\n"
ROTATED = (
    POLICY.replace("principal: ci-*", "principal: ci-*, provider: aws-iam")
    + """\
  - name: workspace
    match: {provider: cipherstash-*, principal: "web*"}
    action: rotate
    destination: {type: aws-secrets-manager, secret: "cs/{account}/{principal}", merge: true}
"""
)


def audited(desk: WorkspaceDesk) -> str:
    return f"audit: {{file: '{desk.folder}/audit.jsonl'}}\n"


@pytest.fixture
def desk(tmp_path: Path) -> WorkspaceDesk:
    """A workspace in which every environment has its keyset and every client one of them."""
    made = WorkspaceDesk(tmp_path)
    made.configure(audited(made) + SECTION)
    made.app.checks = (AccountCheck(account=ACCOUNT),)
    orders, staging = made.vault.add_keyset("orders"), made.vault.add_keyset("staging")
    made.vault.add_client("web", orders)
    made.vault.add_client("batch", staging)
    made.vault.add_access_key("web")
    return made


def lines(desk: WorkspaceDesk) -> dict[str, dict[str, object]]:
    found = json.loads(desk.run("doctor", "--json").stdout)
    return {item["what"]: item for item in found if item["account"] == WORKSPACE}


def test_a_workspace_that_is_as_it_should_be_is_told_so_and_nothing_is_changed(
    desk: WorkspaceDesk,
) -> None:
    found = lines(desk)

    assert {name: line["state"] for name, line in found.items()} == {
        "admin key": "ok",
        "keysets": "ok",
        "clients": "ok",
        "environments": "ok",
    }
    assert desk.run("doctor").exit_code == 0
    assert set(desk.vault.wire.sent) == {"access_keys", "keysets", "clients"}


def test_everything_that_is_wrong_is_named_with_a_remedy(
    desk: WorkspaceDesk, golden: Callable[[str, str], None]
) -> None:
    section = SECTION.replace("{production: orders, ", "{production: orders, eu: gone, ")
    Files(desk.folder).write(CONFIGURATION + audited(desk) + section + SECOND, ROTATED)
    vault = desk.vault
    (crossing,) = [it for it in vault.members.values() if it.name == "batch"]
    orders = next(it.id for it in vault.sets.values() if it.name == "orders")
    vault.grant_keyset(orders, crossing.client_id)
    for number in range(7):
        made = vault.add_access_key(f"web-{number}")
        name = next(it.name for it in vault.keys.values() if it.key_id == made.key_id)
        vault.keys[name] = replace(vault.keys[name], role=None)
    vault.does_tell_grants = False

    result = desk.run("doctor")

    assert result.exit_code == 3, result.stderr
    golden("tests/golden/doctor_workspaces.txt", result.stdout.replace(str(desk.folder), "FOLDER"))


def test_a_client_of_two_environments_is_a_finding(desk: WorkspaceDesk) -> None:
    vault = desk.vault
    both = {it.id for it in vault.sets.values() if it.name in {"orders", "staging"}}
    crossing = next(it for it in vault.members.values() if it.name == "web")
    vault.members[crossing.client_id] = replace(crossing, grants=frozenset(both))

    found = lines(desk)["environments"]
    assert found["state"] == "off"
    assert "client web" in str(found["missing"])
    assert "rotator cipherstash keyset revoke" in str(found["meaning"])


@pytest.mark.parametrize("role", [AccessRole.CONTROL, AccessRole.MEMBER])
def test_a_key_of_the_wrong_role_is_off_with_what_that_stops(
    desk: WorkspaceDesk, role: AccessRole
) -> None:
    desk.vault.role = role

    found = lines(desk)
    assert found["admin key"]["state"] == "off"
    assert found["admin key"]["meaning"] == "no key of the workspace is seen or rotated"
    is_control = role is AccessRole.CONTROL
    assert found["keysets"]["state"] == ("ok" if is_control else "off")
    assert ("clients" in found) is is_control


def test_a_control_key_is_called_by_its_name(desk: WorkspaceDesk) -> None:
    desk.configure(SECTION + "      controlKey: env:CS_CONTROL_KEY\n")

    assert "control key" in lines(desk)


@pytest.mark.parametrize("failure", [Failure.THROTTLED, Failure.DENIED])
def test_clients_that_cannot_be_listed_are_one_line(desk: WorkspaceDesk, failure: Failure) -> None:
    desk.vault.wire.break_next("clients", failure, times=9)

    found = lines(desk)
    assert found["clients"]["state"] == "off"
    assert "environments" not in found


def test_a_workspace_that_asks_for_payment_is_told_as_that(
    desk: WorkspaceDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unpaid(_: object) -> tuple[AccessKey, ...]:
        hint = "settle the workspace's balance; its keys are not at fault"
        raise TransientError("asks for payment first", code="payment_required", hint=hint)

    monkeypatch.setattr(type(desk.vault), "access_keys", unpaid)

    missing = str(lines(desk)["admin key"]["missing"])
    assert "asks for payment first" in missing
    assert "its keys are not at fault" in missing


def test_one_workspace_that_cannot_be_opened_hides_no_other(
    desk: WorkspaceDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.configure(SECTION + SECOND)
    whole = desk.app.workspace

    def workspace(name: str) -> object:
        if name == WORKSPACE:
            raise NotFoundError("no such workspace is configured")
        return whole(name)

    monkeypatch.setattr(desk.app, "workspace", workspace)
    shown = json.loads(desk.run("doctor", "--json").stdout)

    told = [(it["account"], it["what"], it["state"]) for it in shown if it["account"]]
    assert told == [(WORKSPACE, "access", "off"), (OTHER, "admin key", "ok")]


def test_a_contradiction_is_never_taken_for_trouble_of_a_workspace(
    desk: WorkspaceDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: object) -> tuple[Keyset, ...]:
        raise InvariantError("bug")

    monkeypatch.setattr(type(desk.vault), "keysets", broken)
    assert desk.run("doctor").exit_code == 3
    assert "keysets" not in lines(desk)


def test_where_no_environment_is_named_none_is_judged(desk: WorkspaceDesk) -> None:
    desk.configure(audited(desk) + SECTION.replace(ENVIRONMENTS, ""))

    assert "environments" not in lines(desk)
