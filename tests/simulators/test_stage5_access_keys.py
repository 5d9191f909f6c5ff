"""The simulated page "Access Keys": everything that Stage5's documentation says of it."""

from __future__ import annotations

from typing import Any

import pytest

from rotator.simulators.stage5.plans import PLANS
from rotator.simulators.stage5.refusals import ACCESS_DENIED
from rotator.simulators.stage5.scopes import SCOPES
from tests.simulators.acme import DAY, KEYS, WORKSPACE, Acme

MANAGING = {
    "list": ("GET", KEYS),
    "create": ("POST", KEYS),
    "get": ("GET", f"{KEYS}/key_x"),
    "usage": ("GET", f"{KEYS}/key_x/usage"),
    "rotate": ("POST", f"{KEYS}/key_x/rotate"),
    "revoke": ("DELETE", f"{KEYS}/key_x"),
    "rotations": ("GET", f"/v1/workspaces/{WORKSPACE}/rotations"),
    "revocations": ("GET", f"/v1/workspaces/{WORKSPACE}/revocations"),
    "people": ("GET", f"/v1/workspaces/{WORKSPACE}/people"),
}


@pytest.fixture
def acme() -> Acme:
    return Acme()


def code(answer: Any) -> str:  # noqa: ANN401 - an answer of httpx
    return str(answer.json()["error"]["code"])


# --------------------------------------------------------------- admins and owners only


@pytest.mark.parametrize("name", ["olive", "adam"])
def test_owners_and_administrators_manage_access_keys(acme: Acme, name: str) -> None:
    session = acme.session(name)
    made = acme.create(token=session)

    assert made.status_code == 201
    assert acme.ask("GET", KEYS, token=session).status_code == 200
    assert acme.revoke(made.json()["id"], token=session).status_code == 204


@pytest.mark.parametrize("asked", MANAGING)
@pytest.mark.parametrize("who", ["mia", "crm"])
def test_everybody_else_is_told_access_denied_in_the_documentations_words(
    acme: Acme, who: str, asked: str
) -> None:
    token = acme.crm if who == "crm" else acme.session(who)
    answer = acme.ask(*MANAGING[asked], token=token)

    assert answer.status_code == 403
    assert answer.json() == {
        "error": {"code": "access_denied", "title": "Access Denied", "message": ACCESS_DENIED}
    }


def test_a_key_may_only_read_if_it_has_only_that_scope(acme: Acme) -> None:
    reader = acme.made("auditor", scopes=["access_keys:read"])["key"]

    assert acme.ask("GET", KEYS, token=reader).status_code == 200
    assert code(acme.create(token=reader)) == "access_denied"


def test_who_loses_the_role_is_refused_from_then_on(acme: Acme) -> None:
    people = acme.ask("GET", f"/v1/workspaces/{WORKSPACE}/people").status_code
    ids = {row["name"]: row["id"] for row in people_of(acme)}
    path = f"/v1/workspaces/{WORKSPACE}/people"

    assert people == 403  # the daemon's key has no scope for people
    denied = acme.ask(
        "PATCH", f"{path}/{ids['mia']}", {"role": "admin"}, token=acme.session("adam")
    )
    assert code(denied) == "access_denied"
    owner = acme.session("olive")
    changed = acme.ask("PATCH", f"{path}/{ids['adam']}", {"role": "member"}, token=owner)
    assert changed.json()["role"] == "member"
    assert code(acme.create(token=acme.session("adam"))) == "access_denied"
    assert acme.ask("PATCH", f"{path}/usr_x", {"role": "admin"}, token=owner).status_code == 404
    odd = acme.ask("PATCH", f"{path}/{ids['adam']}", {"role": "boss"}, token=owner)
    assert odd.status_code == 422


def people_of(acme: Acme) -> list[dict[str, Any]]:
    path = f"/v1/workspaces/{WORKSPACE}/people"
    rows: list[dict[str, Any]] = acme.ask("GET", path, token=acme.session("olive")).json()["items"]
    return rows


# ----------------------------------------------------------------------------- creating


def test_a_new_key_is_told_once_with_everything_that_was_asked_for(acme: Acme) -> None:
    told = acme.made(
        description="the CRM's",
        scopes=["projects:read"],
        expiresAt="2026-04-01T02:00:00+02:00",
        rotateEveryDays=90,
    )
    secret = told.pop("key")

    assert told == {
        "id": told["id"],
        "name": "new",
        "description": "the CRM's",
        "scopes": ["projects:read"],
        "status": "active",
        "createdAt": "2026-01-01T00:00:00.000Z",
        "createdBy": acme.seeded.admin.id,
        "replaces": None,
        "expiresAt": "2026-04-01T00:00:00.000Z",
        "revokedAt": None,
        "lastUsedAt": None,
        "rotateEveryDays": 90,
        "rotationDueAt": "2026-04-01T00:00:00.000Z",
    }
    assert acme.row(told["id"]) == told
    assert secret not in acme.ask("GET", KEYS).text
    assert secret.startswith(f"s5k_{told['id'].removeprefix('key_')}_")
    assert len(secret) == 61


def test_a_key_without_scopes_may_do_nothing_rather_than_everything(acme: Acme) -> None:
    assert acme.made()["scopes"] == []


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": ""},
        {"name": "x" * 129},
        {"name": 5},
        {"name": "x", "scopes": "projects:read"},
        {"name": "x", "scopes": ["everything"]},
        {"name": "x", "description": "x" * 1001},
        {"name": "x", "expiresAt": "tomorrow"},
        {"name": "x", "expiresAt": "2026-05-01T00:00:00"},
        {"name": "x", "expiresAt": "2026-01-01T00:00:00Z"},
        {"name": "x", "replaces": "key_unknown"},
        {"name": "x", "rotateEveryDays": 0},
        {"name": "x", "rotateEveryDays": True},
        {"name": "x", "admin": True},
    ],
)
def test_what_cannot_be_meant_is_refused_and_makes_nothing(
    acme: Acme, body: dict[str, object]
) -> None:
    before = len(acme.state.access_keys)
    answer = acme.ask("POST", KEYS, body)

    assert (answer.status_code, code(answer)) == (422, "invalid_field")
    assert len(acme.state.access_keys) == before


def test_a_body_that_is_no_json_object_is_refused(acme: Acme) -> None:
    headers = {"Authorization": f"Bearer {acme.admin}"}
    url = f"http://simulated.stage5{KEYS}"
    json = {**headers, "Content-Type": "application/json"}

    assert acme.ask("POST", KEYS, []).status_code == 400
    assert acme.http.post(url, headers=json, content=b"{").status_code == 400
    assert acme.http.post(url, headers=headers, data={"name": "x"}).status_code == 415


def test_names_need_not_differ(acme: Acme) -> None:
    assert acme.made("crm")["id"] != acme.made("crm")["id"]


# ------------------------------------------------------------------------------ viewing


def test_the_list_tells_active_and_expired_keys_and_no_revoked_ones(acme: Acme) -> None:
    short = acme.made("short", expiresAt=acme.later(1))["id"]
    gone = acme.made("gone")["id"]
    acme.revoke(gone)
    acme.wait(DAY)

    found = {row["name"]: row["status"] for row in acme.listed()}
    assert found == {"rotator": "active", "crm": "active", "short": "expired"}
    assert [row["id"] for row in acme.listed("?status=expired")] == [short]
    assert [row["id"] for row in acme.listed("?status=revoked")] == [gone]
    assert [row["name"] for row in acme.listed("?name=crm")] == ["crm"]
    assert acme.ask("GET", f"{KEYS}?status=odd").status_code == 422
    revoked = acme.ask("GET", f"{KEYS}/{gone}").json()
    assert (revoked["status"], revoked["revokedAt"]) == ("revoked", "2026-01-01T00:00:00.000Z")


@pytest.mark.parametrize("size", [1, 2, 4, 5, 100])
def test_pages_of_any_size_tell_the_same_list(acme: Acme, size: int) -> None:
    names = ["rotator", "crm", *(acme.made(f"n{number}")["name"] for number in range(2))]
    found, cursor = [], ""
    while True:
        told = acme.ask("GET", f"{KEYS}?limit={size}{cursor}").json()
        found += [row["name"] for row in told["items"]]
        assert told["page"]["total"] == len(names)
        assert len(told["items"]) <= size
        if told["page"]["next"] is None:
            break
        cursor = f"&cursor={told['page']['next']}"

    assert found == names


def test_a_revocation_between_two_pages_hides_no_other_key(acme: Acme) -> None:
    acme.made("last")
    cursor = acme.ask("GET", f"{KEYS}?limit=2").json()["page"]["next"]
    acme.revoke(acme.seeded.access_keys["crm"].id)

    rest = acme.ask("GET", f"{KEYS}?limit=2&cursor={cursor}").json()["items"]
    assert [row["name"] for row in rest] == ["last"]


@pytest.mark.parametrize("query", ["?limit=0", "?limit=x", "?cursor=x", "?cursor=-1", "?limit=²"])
def test_an_odd_page_is_refused(acme: Acme, query: str) -> None:
    assert acme.ask("GET", f"{KEYS}{query}").status_code == 422


def test_a_page_is_never_larger_than_the_cap(acme: Acme) -> None:
    acme.configure(max_page_size=1)

    assert len(acme.listed("?limit=100")) == 1


def test_the_last_use_is_told_coarsely_and_late(acme: Acme) -> None:
    acme.configure(last_used_every_seconds=600, last_used_lag_seconds=30)
    key = acme.made()
    acme.me(key["key"])
    assert acme.row(key["id"])["lastUsedAt"] is None
    acme.wait(30)
    assert acme.row(key["id"])["lastUsedAt"] == "2026-01-01T00:00:00.000Z"
    acme.me(key["key"])
    acme.wait(599)
    assert acme.row(key["id"])["lastUsedAt"] == "2026-01-01T00:00:00.000Z"
    acme.me(key["key"])
    acme.wait(30)

    assert acme.row(key["id"])["lastUsedAt"] == "2026-01-01T00:10:29.000Z"
    assert acme.key(key["id"]).uses == 3


def test_usage_tells_count_address_and_agent(acme: Acme) -> None:
    key = acme.made()
    path = f"{KEYS}/{key['id']}/usage"
    none = {"keyId": key["id"], "count": 0, "lastAddress": None, "lastUserAgent": None}
    assert acme.ask("GET", path).json() == none
    headers = {"User-Agent": "crm/1.0", "X-Forwarded-For": "192.0.2.7"}
    for _ in range(3):
        headers["Authorization"] = f"Bearer {key['key']}"
        acme.http.get("http://simulated.stage5/v1/me", headers=headers)

    assert acme.ask("GET", path).json() == {
        "keyId": key["id"],
        "count": 3,
        "lastAddress": "192.0.2.7",
        "lastUserAgent": "crm/1.0",
    }


# ------------------------------------------------------------------------------ rotating


def test_a_replacement_that_is_named_as_one_is_in_the_history(acme: Acme) -> None:
    old = acme.seeded.access_keys["crm"].id
    new = acme.made("crm", replaces=old)["id"]

    rotations = acme.ask("GET", f"/v1/workspaces/{WORKSPACE}/rotations").json()["items"]
    assert rotations == [
        {
            "at": "2026-01-01T00:00:00.000Z",
            "keyId": new,
            "name": "crm",
            "replaces": old,
            "by": acme.seeded.admin.id,
        }
    ]


def test_the_pages_own_rotation_keeps_the_old_key_for_a_grace(acme: Acme) -> None:
    old = acme.made(description="x", scopes=["projects:read"], rotateEveryDays=30)
    told = acme.ask("POST", f"{KEYS}/{old['id']}/rotate", {"graceHours": 48}).json()

    same = ("name", "description", "scopes", "rotateEveryDays")
    assert [told[field] for field in same] == [old[field] for field in same]
    assert told["replaces"] == old["id"]
    acme.wait(2 * DAY - 1)
    assert [acme.me(key["key"]).status_code for key in (old, told)] == [200, 200]
    acme.wait(1)
    assert [acme.me(key["key"]).status_code for key in (old, told)] == [401, 200]


def test_the_grace_is_a_day_and_never_longer_than_the_old_keys_life(acme: Acme) -> None:
    long, short = acme.made("long"), acme.made("short", expiresAt=acme.later(0.5))
    for key in (long, short):
        assert acme.ask("POST", f"{KEYS}/{key['id']}/rotate").status_code == 201

    assert acme.row(long["id"])["expiresAt"] == "2026-01-02T00:00:00.000Z"
    assert acme.row(short["id"])["expiresAt"] == "2026-01-01T12:00:00.000Z"


def test_only_an_active_key_is_rotated(acme: Acme) -> None:
    key = acme.made()["id"]
    acme.revoke(key)

    assert code(acme.ask("POST", f"{KEYS}/{key}/rotate")) == "not_active"


# ------------------------------------------------------------------------------ revoking


def test_a_revoked_key_is_refused_at_once_and_the_history_says_by_whom_and_why(
    acme: Acme,
) -> None:
    key = acme.made()
    assert acme.revoke(key["id"], reason="leaked").status_code == 204

    assert code(acme.me(key["key"])) == "revoked_key"
    assert acme.revoke(key["id"]).status_code == 404
    revocations = acme.ask("GET", f"/v1/workspaces/{WORKSPACE}/revocations").json()["items"]
    assert revocations == [
        {
            "at": "2026-01-01T00:00:00.000Z",
            "keyId": key["id"],
            "name": "new",
            "by": acme.seeded.admin.id,
            "reason": "leaked",
        }
    ]


def test_an_expired_key_can_be_removed(acme: Acme) -> None:
    key = acme.made(expiresAt=acme.later(1))
    acme.wait(DAY)
    assert code(acme.me(key["key"])) == "expired_key"

    assert acme.revoke(key["id"]).status_code == 204
    assert key["id"] not in [row["id"] for row in acme.listed()]


# --------------------------------------------------------------------------------- plans


def test_a_plan_limits_how_many_keys_are_active(acme: Acme) -> None:
    acme = Acme(plan="starter")
    short = acme.made("third", expiresAt=acme.later(1))
    refused = acme.create("fourth")
    assert (refused.status_code, code(refused)) == (402, "plan_limit")
    assert code(acme.ask("POST", f"{KEYS}/{short['id']}/rotate")) == "plan_limit"
    acme.wait(DAY)

    assert acme.create("fourth").status_code == 201  # an expired one does not count


def test_a_plan_without_usage_statistics_says_so() -> None:
    acme = Acme(plan="starter")
    answer = acme.ask("GET", f"{KEYS}/{acme.seeded.access_keys['crm'].id}/usage")

    assert (answer.status_code, code(answer)) == (402, "plan_feature")


def test_a_plan_draws_a_far_expiry_near_and_may_demand_one() -> None:
    acme = Acme(plan="enterprise")

    assert acme.made(expiresAt=acme.later(400))["expiresAt"] == "2026-06-30T00:00:00.000Z"
    assert acme.made(expiresAt=acme.later(10))["expiresAt"].startswith("2026-01-11")
    assert acme.create().status_code == 422


@pytest.mark.parametrize("plan", PLANS)
def test_the_workspace_tells_its_plan(plan: str) -> None:
    acme = Acme(plan=plan)
    told = acme.ask("GET", f"/v1/workspaces/{WORKSPACE}", token=acme.crm).json()

    assert (told["id"], told["plan"]) == (WORKSPACE, plan)
    assert told["accessKeys"]["active"] == 2
    assert told["accessKeys"]["limit"] == PLANS[acme.state.plan].active_keys


def test_every_scope_can_be_given(acme: Acme) -> None:
    assert acme.made(scopes=list(SCOPES))["scopes"] == list(SCOPES)
