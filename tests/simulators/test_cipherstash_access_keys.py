"""CTS and the legacy console: access keys, roles, tokens."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode
from typing import Any

import pytest

from rotator.simulators.cipherstash.roles import SCOPES
from rotator.simulators.cipherstash.shapes import AccessKeySeed
from tests.simulators.stash import BASE, DAY, OTHER, REGION, WORKSPACE, Stash

OPERATIONS = {
    "create-access-key": ("POST", "/api/access-keys", "access_key:create"),
    "list-access-keys": ("GET", "/api/access-keys", "access_key:list"),
    "revoke-access-key": ("DELETE", "/api/access-key", "access_key:delete"),
    "create-client": ("POST", "/zerokms/create-client", "client:create"),
    "list-clients": ("POST", "/zerokms/list-clients", "client:list"),
    "delete-client": ("POST", "/zerokms/delete-client", "client:delete"),
    "create-keyset": ("POST", "/zerokms/create-keyset", "keyset:create"),
    "list-keysets": ("POST", "/zerokms/list-keysets", "keyset:list"),
    "grant-keyset": ("POST", "/zerokms/grant-keyset", "keyset:grant"),
    "revoke-keyset": ("POST", "/zerokms/revoke-keyset", "keyset:revoke"),
    "enable-keyset": ("POST", "/zerokms/enable-keyset", "keyset:enable"),
    "disable-keyset": ("POST", "/zerokms/disable-keyset", "keyset:disable"),
    "modify-keyset": ("POST", "/zerokms/modify-keyset", "keyset:modify"),
    "load-keyset": ("POST", "/zerokms/load-keyset", "data_key:retrieve"),
    "generate-data-key": ("POST", "/zerokms/generate-data-key", "data_key:generate"),
    "retrieve-data-key": ("POST", "/zerokms/retrieve-data-key", "data_key:retrieve"),
}


@pytest.fixture
def stash() -> Stash:
    return Stash()


def claims_in(token: str) -> dict[str, Any]:
    part = token.split(".")[1]
    claims: dict[str, Any] = json.loads(urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return claims


# ------------------------------------------------------------------------- tokens


@pytest.mark.parametrize("path", ["/api/authorise", "/api/authorize"])
def test_an_access_key_is_exchanged_for_a_token_of_a_quarter_of_an_hour(
    stash: Stash, path: str
) -> None:
    key = stash.seeded.access_keys["member"]
    told = stash.authorise(key.access_key, path=path).json()
    claims = claims_in(told["accessToken"])

    assert told["expiry"] == claims["exp"] == claims["iat"] + 900
    assert claims["iat"] == int(stash.now().timestamp())
    assert claims["sub"] == f"CS|CSAK{key.key_id}"
    assert (claims["workspace"], claims["role"]) == (WORKSPACE, "member")
    assert claims["scope"].split() == list(SCOPES["member"])
    assert (claims["iss"], claims["services"]) == (f"{BASE}/", {"zerokms": f"{BASE}/zerokms/"})


def test_a_form_and_unknown_fields_are_accepted_at_the_exchange(stash: Stash) -> None:
    key = stash.seeded.access_keys["member"].access_key
    url = f"{BASE}/api/authorise"

    assert stash.http.post(url, data={"accessKey": key}).status_code == 200
    assert stash.http.post(url, json={"accessKey": key, "audience": None}).status_code == 200


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"accessKey": "nonsense"}, 401),
        ({"accessKey": "CSAKAAAA.BBBB"}, 401),
        ({"oidcToken": "x.y.z", "workspaceId": WORKSPACE}, 401),
        ({}, 422),
        ([], 422),
    ],
)
def test_what_is_no_known_key_is_refused(stash: Stash, body: object, status: int) -> None:
    assert stash.ask("POST", "/api/authorise", body).status_code == status


def test_a_known_id_with_another_secret_is_refused(stash: Stash) -> None:
    assert stash.authorise(f"{stash.seeded.admin.access_key}A").status_code == 401


def test_each_exchange_is_a_use_and_calls_with_the_token_are_none(stash: Stash) -> None:
    assert stash.list_keys()["admin"]["lastUsedAt"] is None
    token = stash.token("admin")
    stash.wait(600)
    listed = stash.list_keys(token=token)

    assert listed["admin"]["lastUsedAt"] == "2026-01-01T00:00:00.000Z"
    found = stash.state.access_key("admin")
    assert found is not None
    assert (found.uses, found.calls, found.last_called_at) == (1, 1, stash.now())


def test_a_token_ends_after_a_quarter_of_an_hour(stash: Stash) -> None:
    token = stash.token("admin")
    stash.wait(899)
    assert stash.ask("GET", "/api/workspaces", token=token).status_code == 200
    stash.wait(1)

    assert stash.ask("GET", "/api/workspaces", token=token).status_code == 401
    assert stash.zerokms("list-clients", token=token).status_code == 401


def test_a_token_outlives_its_revoked_key_unless_it_is_set_to_end(stash: Stash) -> None:
    token = stash.token("admin")
    stash.revoke_key("admin")
    assert stash.zerokms("list-clients", token=token).status_code == 200

    stash.configure(tokens_end_at_revocation=True)
    assert stash.zerokms("list-clients", token=token).status_code == 401


def test_tokens_by_the_machines_clock_survive_leaps_of_the_simulated_one(stash: Stash) -> None:
    stash.configure(machine_tokens=True)
    token = stash.token("admin")
    stash.wait(30 * DAY)

    assert stash.zerokms("list-clients", token=token).status_code == 200


@pytest.mark.parametrize("token", ["", "nonsense", "a.b.c", "ä.ö.ü"])
def test_nothing_is_told_without_a_good_token(stash: Stash, token: str) -> None:
    headers = [(b"Authorization", f"Bearer {token}".encode("latin-1"))] if token else []
    url = f"{BASE}/api/access-keys"

    assert stash.http.get(url, headers=headers).status_code == 401


def test_a_forged_token_is_refused(stash: Stash) -> None:
    head, claims, _ = stash.token("member").split(".")
    _, _, mac = stash.token("admin").split(".")

    assert stash.zerokms("list-clients", token=f"{head}.{claims}.{mac}").status_code == 401


# -------------------------------------------------------------------------- roles


@pytest.mark.parametrize("role", ["member", "control", "admin"])
@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_role_may_do_what_its_scopes_say_and_nothing_else(
    stash: Stash, role: str, operation: str
) -> None:
    method, path, scope = OPERATIONS[operation]
    answer = stash.ask(method, path, {}, token=stash.token(role))

    assert (answer.status_code == 403) == (scope not in SCOPES[role])


def test_a_control_key_cannot_rotate_and_an_admin_key_can() -> None:
    assert not {"access_key:create", "client:create", "client:delete"} & {*SCOPES["control"]}
    assert {*SCOPES["member"], *SCOPES["control"]} < {*SCOPES["admin"]}


# ----------------------------------------------------------------- making and ending


def test_a_new_key_is_told_once_and_has_the_role_that_was_asked_for(stash: Stash) -> None:
    told = stash.create_key("new", role="control").json()
    listed = stash.list_keys()["new"]

    assert told["role"] == "control"
    assert claims_in(stash.authorise(told["accessKey"]).json()["accessToken"])["role"] == "control"
    assert listed == {
        "keyId": told["accessKey"][4:20],
        "workspaceId": WORKSPACE,
        "keyName": "new",
        "createdAt": "2026-01-01T00:00:00.000Z",
        "lastUsedAt": None,
    }


def test_a_key_is_a_members_unless_it_is_asked_for_another_role(stash: Stash) -> None:
    assert stash.create_key("new").json()["role"] == "member"
    assert stash.create_key("odd", role="owner").status_code == 422


def test_a_name_is_given_once_and_again_after_revocation(stash: Stash) -> None:
    assert stash.create_key("new").status_code == 200
    assert stash.create_key("new").status_code == 409
    assert stash.create_key("").status_code == 422
    stash.revoke_key("new")

    assert stash.create_key("new").status_code == 200


def test_names_may_be_set_to_be_given_only_once_ever(stash: Stash) -> None:
    stash.configure(names_are_reusable=False, duplicate_status=400)
    stash.create_key("new")
    stash.revoke_key("new")

    assert stash.create_key("new").status_code == 400


def test_a_revoked_key_is_refused_at_once_and_listed_no_more(stash: Stash) -> None:
    key = stash.seeded.access_keys["member"].access_key
    assert stash.revoke_key("member").json() == {"message": "Access key member revoked"}

    assert stash.authorise(key).status_code == 401
    assert "member" not in stash.list_keys()
    assert stash.revoke_key("member").status_code == 404
    gone = next(found for found in stash.state.access_keys if found.name == "member")
    assert (gone.revoked_at, gone.is_accepted) == (stash.now(), False)


def test_a_key_cannot_revoke_itself_unless_it_is_set_to(stash: Stash) -> None:
    token = stash.token("admin")
    assert stash.revoke_key("admin", token=token).status_code == 403
    stash.configure(keys_may_revoke_themselves=True)

    assert stash.revoke_key("admin", token=token).status_code == 200


# -------------------------------------------------------------------------- isolation


def test_a_token_of_one_workspace_sees_nothing_of_another(stash: Stash) -> None:
    other = stash.seed(OTHER, access_keys=(AccessKeySeed(name="member"),))
    token = other.human
    body = {"keyName": "member", "workspaceId": WORKSPACE}
    client = stash.seeded.clients["one"].id

    listed = stash.ask("GET", "/api/access-keys", token=token).json()
    assert {row["workspaceId"] for row in listed} == {OTHER}
    assert stash.ask("GET", f"/api/access-keys/{OTHER}", token=token).json() == listed
    assert stash.ask("GET", f"/api/access-keys/{WORKSPACE}", token=token).status_code == 403
    assert stash.ask("POST", "/api/access-keys", body, token=token).status_code == 403
    assert stash.ask("DELETE", "/api/access-key", body, token=token).status_code == 403
    assert stash.zerokms("list-clients", token=token).json() == []
    assert stash.zerokms("delete-client", {"client_id": client}, token=token).status_code == 404
    workspaces = stash.ask("GET", "/api/workspaces", token=token).json()
    assert workspaces == [{"id": OTHER, "region": REGION}]


def test_a_key_is_unknown_in_another_region(stash: Stash) -> None:
    key = stash.seeded.admin.access_key
    assert stash.authorise(key, path="/eu-west-1.aws/api/authorise").status_code == 200
    token = stash.token("admin", path="/eu-west-1.aws/api/authorise")

    assert stash.authorise(key, path="/us-east-1.aws/api/authorise").status_code == 401
    away = stash.ask("GET", "/us-east-1.aws/api/workspaces", token=token)
    assert away.status_code == 401


def test_the_vendors_own_host_names_lead_to_its_services(stash: Stash) -> None:
    cts = f"https://{REGION}.cts.cipherstashmanaged.net"
    key = stash.seeded.admin.access_key
    told = stash.ask("POST", "/api/authorise", {"accessKey": key}, base=cts).json()
    zerokms = claims_in(told["accessToken"])["services"]["zerokms"].rstrip("/")
    token = told["accessToken"]

    assert zerokms == f"https://{REGION}.zerokms.cipherstashmanaged.net"
    assert stash.ask("POST", "/list-clients", None, token=token, base=zerokms).status_code == 200
    assert stash.ask("POST", "/list-clients", None, token=token, base=cts).status_code == 404
    old = "https://us-east-1.aws.auth.viturhosted.net"
    elsewhere = stash.ask("POST", "/api/authorize", {"accessKey": key}, base=old)
    assert elsewhere.status_code == 401
