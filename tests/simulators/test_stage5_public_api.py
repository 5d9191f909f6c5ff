"""What integrations call with their keys, and which keys are let in."""

from __future__ import annotations

import pytest

from tests.simulators.acme import BASE, DAY, KEYS, OTHER, WORKSPACE, Acme

PROJECTS = f"/v1/workspaces/{WORKSPACE}/projects"


@pytest.fixture
def acme() -> Acme:
    return Acme()


def test_a_key_is_told_who_it_is(acme: Acme) -> None:
    told = acme.me(acme.crm).json()

    assert told["workspace"] == {"id": WORKSPACE, "name": "Acme"}
    assert told["accessKey"]["id"] == acme.seeded.access_keys["crm"].id
    assert told["person"] is None
    assert acme.crm not in acme.me(acme.crm).text


def test_a_person_is_told_who_they_are(acme: Acme) -> None:
    told = acme.me(acme.session("mia")).json()

    assert (told["accessKey"], told["person"]["role"]) == (None, "member")


def test_a_key_is_the_whole_workspaces_and_a_member_sees_their_projects(acme: Acme) -> None:
    def seen(token: str) -> list[str]:
        return [row["name"] for row in acme.ask("GET", PROJECTS, token=token).json()["items"]]

    assert seen(acme.crm) == ["support", "sales"]
    assert seen(acme.session("adam")) == ["support", "sales"]
    assert seen(acme.session("mia")) == ["support"]
    assert seen(acme.session("max")) == []


def test_a_key_may_do_what_its_scopes_say_and_nothing_else(acme: Acme) -> None:
    reader = acme.made(scopes=["projects:read"])["key"]
    project = acme.seeded.projects["support"]
    path, body = f"{PROJECTS}/{project}/messages", {"text": "hello"}

    assert acme.ask("GET", PROJECTS, token=reader).status_code == 200
    refused = acme.ask("POST", path, body, token=reader)
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "missing_scope")
    sent = acme.ask("POST", path, body, token=acme.crm)
    assert sent.json() == {"projectId": project, "reply": "support has read 5 characters"}


def test_a_message_needs_a_project_and_a_text(acme: Acme) -> None:
    path = f"{PROJECTS}/{acme.seeded.projects['support']}/messages"

    assert acme.ask("POST", path, {"text": ""}, token=acme.crm).status_code == 422
    lost = acme.ask("POST", f"{PROJECTS}/prj_x/messages", {"text": "x"}, token=acme.crm)
    assert lost.status_code == 404


def test_a_key_that_was_damaged_on_its_way_is_refused(acme: Acme) -> None:
    damaged = {
        "cut": acme.crm[:-1],
        "cut at the front": acme.crm[1:],
        "quoted on the left": f'"{acme.crm}',
        "quoted on the right": f'{acme.crm}"',
        "quoted": f'"{acme.crm}"',
        "with a typo": acme.crm[:-1] + ("a" if acme.crm[-1] != "a" else "b"),
        "of another": acme.crm[:21] + acme.admin[21:],
        "made up": f"s5k_{'a' * 16}_{'b' * 40}",
        "empty": " ",
    }
    for damage, text in damaged.items():
        assert acme.me(text).status_code == 401, damage


@pytest.mark.parametrize("form", ["{}", "Token {}", "Basic {}", "bearer{}"])
def test_another_form_of_authentication_is_refused(acme: Acme, form: str) -> None:
    answer = acme.http.get(f"{BASE}/v1/me", headers={"Authorization": form.format(acme.crm)})

    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "wrong_format")
    assert acme.http.get(f"{BASE}/v1/me").status_code == 401


def test_a_made_up_session_is_refused(acme: Acme) -> None:
    session = acme.session("olive")

    assert acme.me(session[:-1] + "?").status_code == 401
    assert acme.me("s5u_nobody_x").status_code == 401


def test_a_new_key_is_refused_until_it_is_known_everywhere(acme: Acme) -> None:
    acme.configure(propagation_delay_seconds=10)
    key = acme.made()["key"]
    assert acme.me(key).status_code == 401
    acme.wait(10)

    assert acme.me(key).status_code == 200


def test_a_revoked_key_may_be_let_in_for_a_while(acme: Acme) -> None:
    acme.configure(revocation_lag_seconds=20)
    key = acme.made()
    acme.revoke(key["id"])
    assert acme.me(key["key"]).status_code == 200
    assert acme.key(key["id"]).is_accepted
    acme.wait(20)

    assert acme.me(key["key"]).status_code == 401
    assert not acme.key(key["id"]).is_accepted


def test_a_stale_list_omits_what_is_new_and_shows_what_is_gone(acme: Acme) -> None:
    acme.configure(list_lag_seconds=60)
    acme.wait(DAY)
    old, new = acme.seeded.access_keys["crm"].id, acme.made()["id"]
    acme.revoke(old)
    assert [row["id"] for row in acme.listed()] == [acme.seeded.admin.id, old]
    acme.wait(60)

    assert [row["id"] for row in acme.listed()] == [acme.seeded.admin.id, new]


def test_another_workspace_looks_as_if_it_did_not_exist(acme: Acme) -> None:
    other = acme.seed(OTHER).admin

    assert acme.ask("GET", KEYS, token=other.key).status_code == 404
    assert acme.revoke(acme.seeded.access_keys["crm"].id, token=other.key).status_code == 404
    mine = acme.ask("GET", f"/v1/workspaces/{OTHER}/access-keys", token=other.key)
    assert [row["id"] for row in mine.json()["items"]] == [other.id]


def test_paths_and_methods_that_nobody_serves_are_refused(acme: Acme) -> None:
    assert acme.ask("GET", "/v1/nothing").status_code == 404
    assert acme.ask("PUT", KEYS).status_code == 405
    assert acme.ask("GET", f"{KEYS}/key%2Fx").status_code == 404
