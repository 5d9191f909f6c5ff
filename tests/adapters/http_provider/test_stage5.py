"""Stage5's page through the provider: what a rotation and an operator get of each feature."""

from __future__ import annotations

from datetime import timedelta

import pytest

from rotator.core.api_keys import ApiKeyWish, KeyStatus, KeyUsage
from rotator.core.facts import Principal
from rotator.core.ids import KeyId, RotationId
from rotator.core.secret import KeyMaterial, Secret
from rotator.errors import (
    AccessDeniedError,
    PermanentError,
    QuotaExceededError,
    RejectedError,
    RotatorError,
)
from rotator.ports.provider import CanDisable, CanReportUse, CanTellOwn, Verdict
from rotator.simulators.stage5.refusals import ACCESS_DENIED
from rotator.testing.provider_bench import ROTATION
from tests.adapters.http_provider.stage5_account import ACCOUNT, LIFETIME, SPEC, Stage5Account
from tests.simulators.acme import KEYS, WORKSPACE

CRM = Principal(provider=SPEC.name, account=ACCOUNT, name="crm", uid="crm")
EVERY_MONTH = timedelta(days=30)


@pytest.fixture
def stage5() -> Stage5Account:
    return Stage5Account()


def crm_key(stage5: Stage5Account) -> KeyMaterial:
    seeded = stage5.acme.seeded.access_keys["crm"]
    return KeyMaterial(key_id=KeyId(seeded.id), secret=Secret(seeded.key))


def mint(stage5: Stage5Account, rotation: RotationId = ROTATION) -> KeyMaterial:
    old = crm_key(stage5).key_id
    soon = stage5.acme.clock.now() + timedelta(minutes=1)
    minted = stage5.provider().create_key(CRM, rotation, replaces=old, not_after=soon)
    return minted.material


# ------------------------------------------------------------------------------ rotating


def test_a_replacement_may_do_what_the_old_key_may_and_expires_by_itself(
    stage5: Stage5Account,
) -> None:
    made = stage5.acme.key(mint(stage5).key_id)
    old = stage5.acme.key(crm_key(stage5).key_id)

    assert made.name == f"crm.rotator-{ROTATION}"
    assert (made.scopes, made.description) == (old.scopes, old.description)
    assert made.expires_at == stage5.acme.now() + LIFETIME
    assert [key.status for key in (made, old)] == ["active", "active"]


def test_the_services_own_history_knows_what_was_replaced(stage5: Stage5Account) -> None:
    made = mint(stage5).key_id
    path = f"/v1/workspaces/{WORKSPACE}/rotations"
    told = stage5.acme.ask("GET", path).json()["items"][-1]

    assert (told["keyId"], told["replaces"]) == (made, crm_key(stage5).key_id)
    assert told["by"] == stage5.acme.seeded.admin.id


def test_both_keys_are_let_in_until_the_old_one_is_revoked(stage5: Stage5Account) -> None:
    provider, old, new = stage5.provider(), crm_key(stage5), mint(stage5)
    assert [provider.verify(CRM, key) for key in (old, new)] == [Verdict.ACCEPTED] * 2
    soon = stage5.acme.clock.now() + timedelta(minutes=1)
    provider.delete_key(CRM, old.key_id, not_after=soon)

    assert provider.verify(CRM, old) is Verdict.NOT_YET
    assert provider.verify(CRM, new) is Verdict.ACCEPTED


def test_the_end_that_counts_is_the_one_that_the_service_gave() -> None:
    stage5 = Stage5Account(plan="enterprise")
    wish = ApiKeyWish(name="long", lifetime=timedelta(days=1000))
    made = stage5.api_keys().create_api_key(wish).key

    assert made.expires_at == stage5.acme.now() + timedelta(days=180)


def test_a_plan_that_allows_no_further_key_is_a_quota() -> None:
    stage5 = Stage5Account(plan="starter")
    mint(stage5)
    with pytest.raises(QuotaExceededError):
        mint(stage5, RotationId("00000000-0000-4000-8000-000000000001"))


def test_the_provider_has_the_capabilities_of_the_page(stage5: Stage5Account) -> None:
    provider = stage5.provider()

    assert isinstance(provider, CanReportUse)
    assert isinstance(provider, CanTellOwn)
    assert not isinstance(provider, CanDisable)
    assert provider.traits.marks_keys
    assert provider.own_key(ACCOUNT) == stage5.acme.seeded.admin.id


def test_our_own_key_is_not_revoked_while_we_enter_with_it(stage5: Stage5Account) -> None:
    own = KeyId(stage5.acme.seeded.admin.id)
    with pytest.raises(RejectedError) as caught:
        stage5.api_keys().revoke_api_key(own)
    assert caught.value.code == "own_key"
    assert stage5.acme.key(own).status == "active"


def test_our_own_successor_is_taken_up_and_the_old_one_is_revoked_by_it(
    stage5: Stage5Account,
) -> None:
    old = stage5.acme.seeded.admin.id
    ours = Principal(provider=SPEC.name, account=ACCOUNT, name="rotator", uid="rotator")
    soon = stage5.acme.clock.now() + timedelta(minutes=1)
    provider = stage5.provider()
    minted = provider.create_key(ours, ROTATION, replaces=KeyId(old), not_after=soon)
    stage5.token = minted.material.secret.reveal()
    provider.delete_key(ours, KeyId(old), not_after=soon)

    assert stage5.acme.key(old).status == "revoked"
    assert provider.verify(ours, minted.material) is Verdict.ACCEPTED


# ---------------------------------------------------------------------- what is told


def test_keys_are_listed_with_all_that_the_page_shows(stage5: Stage5Account) -> None:
    short = stage5.acme.made("short", description="for a day", expiresAt=stage5.acme.later(1))
    stage5.acme.me(stage5.acme.crm)
    stage5.acme.wait(86_400)
    listed = {key.name: key for key in stage5.api_keys().api_keys()}

    assert set(listed) == {"rotator", "crm", "short"}
    assert listed["short"].status is KeyStatus.EXPIRED
    assert (listed["short"].description, listed["short"].key_id) == ("for a day", short["id"])
    assert listed["crm"].scopes == ("projects:read", "messages:write")
    assert listed["crm"].last_used_at is not None
    assert listed["short"].is_use_told
    assert listed["short"].last_used_at is None


def test_usage_statistics_are_told(stage5: Stage5Account) -> None:
    key = crm_key(stage5)
    stage5.acme.me(key.secret.reveal())
    stage5.acme.me(key.secret.reveal())

    told = stage5.api_keys().usage(key.key_id)
    assert isinstance(told, KeyUsage)
    assert (told.count, told.last_address) == (2, "127.0.0.1")
    assert told.last_user_agent.startswith("python-httpx")


def test_usage_that_the_plan_does_not_include_is_an_error_and_no_zero() -> None:
    stage5 = Stage5Account(plan="starter")
    with pytest.raises(RotatorError) as caught:
        stage5.api_keys().usage(crm_key(stage5).key_id)

    assert "usage" in str(caught.value)


# ----------------------------------------------------------------------- who may not


@pytest.mark.parametrize("who", ["a reader", "a consumer", "a member"])
def test_who_is_no_administrator_is_told_so_in_the_pages_words(
    stage5: Stage5Account, who: str
) -> None:
    stage5.token = {
        "a reader": stage5.acme.made("reader", scopes=["access_keys:read"])["key"],
        "a consumer": stage5.acme.crm,
        "a member": stage5.acme.session("mia"),
    }[who]
    with pytest.raises(AccessDeniedError, match=ACCESS_DENIED):
        stage5.api_keys().check_admission()
    with pytest.raises(PermanentError, match=ACCESS_DENIED):
        stage5.api_keys().create_api_key(ApiKeyWish(name="x", lifetime=EVERY_MONTH))

    assert stage5.acme.state.active("x") is None


@pytest.mark.parametrize("end", ["expired", "revoked"])
def test_an_administrators_key_that_is_over_is_told(stage5: Stage5Account, end: str) -> None:
    own = stage5.acme.made(
        "other-admin",
        scopes=["access_keys:read", "access_keys:write"],
        expiresAt=stage5.acme.later(1),
    )
    stage5.token = own["key"]
    stage5.api_keys().check_admission()
    if end == "revoked":
        stage5.acme.revoke(own["id"])
    else:
        stage5.acme.wait(86_400)
    with pytest.raises(AccessDeniedError) as caught:
        stage5.api_keys().api_keys()

    assert "spec.yaml" in str(caught.value)


def test_another_workspace_is_not_looked_into(stage5: Stage5Account) -> None:
    stage5.token = stage5.acme.seed("ws_other").admin.key
    with pytest.raises(RotatorError):
        stage5.api_keys().api_keys()


# -------------------------------------------------------------------- what goes wrong


def test_a_key_of_another_workspace_is_the_wrong_principals(stage5: Stage5Account) -> None:
    other = stage5.acme.seed("ws_other").admin
    material = KeyMaterial(key_id=KeyId(other.id), secret=Secret(other.key))

    assert stage5.provider().verify(CRM, material) is not Verdict.ACCEPTED


def test_a_lost_answer_leaves_one_key_that_its_name_attributes(stage5: Stage5Account) -> None:
    stage5.acme.fault(kind="lose_answer", operation="create-access-key")
    with pytest.raises(RotatorError):
        mint(stage5)
    found = [it for it in stage5.provider().list_keys(CRM).keys if it.rotation == ROTATION]

    assert len(found) == 1


@pytest.mark.parametrize("fault", ["garble", "redirect", "server_error", "server_error_after"])
def test_no_secret_is_in_what_goes_wrong(stage5: Stage5Account, fault: str) -> None:
    stage5.acme.configure(secret_mark="looked4" + "x" * 10)
    stage5.acme.fault(kind=fault, times=None)
    with pytest.raises(RotatorError) as caught:
        mint(stage5)
    told = repr(caught.value) + str(caught.value) + repr(caught.value.__cause__)

    assert "looked4" not in told
    assert stage5.token not in told


def test_calls_are_counted_by_operation_and_nothing_else(stage5: Stage5Account) -> None:
    mint(stage5)

    assert {operation for operation, _ in stage5.told} == {
        "stage5-access-key:list",
        "stage5-access-key:create",
    }
    assert KEYS not in repr(stage5.told)
