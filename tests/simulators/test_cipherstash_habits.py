"""What nobody knows of the real service, how slow this one is, and the legacy console."""

from __future__ import annotations

from datetime import timedelta

import pytest

from rotator.simulators.cipherstash.proxy_keys import marks_of
from tests.simulators.stash import BASE, WORKSPACE, Stash


@pytest.fixture
def stash() -> Stash:
    return Stash()


# -------------------------------------------------------------------- what is unknown


def test_a_workspace_that_is_not_paid_for_answers_402(stash: Stash) -> None:
    stash.configure(unpaid=[WORKSPACE])

    assert stash.authorise(stash.seeded.admin.access_key).status_code == 402


def test_listings_may_tell_ids_with_prefix_and_roles(stash: Stash) -> None:
    stash.configure(key_ids_with_prefix=True, keys_tell_role=True)
    row = stash.list_keys()["control"]

    assert row["keyId"] == f"CSAK{stash.seeded.access_keys['control'].key_id}"
    assert row["role"] == "control"


def test_a_path_may_move_and_the_old_one_is_gone(stash: Stash) -> None:
    stash.configure(moved={"revoke-access-key": "/api/access-keys/revoke"})
    body = {"keyName": "member", "workspaceId": WORKSPACE}
    human = stash.seeded.human

    assert stash.revoke_key("member").status_code == 405  # only the old way to create is left
    moved = stash.ask("DELETE", "/api/access-keys/revoke", body, token=human)
    assert moved.status_code == 200


def test_an_unknown_path_is_404_and_a_wrong_method_405(stash: Stash) -> None:
    assert stash.ask("GET", "/api/nothing", token=stash.seeded.human).status_code == 404
    assert stash.ask("GET", "/zerokms/list-clients", token=stash.seeded.human).status_code == 405
    assert stash.told[-1].operation == ""


@pytest.mark.parametrize(
    ("style", "body"),
    [
        ("text", "Access key is not valid"),
        ("json", '{"message": "Access key is not valid"}'),
        ("empty", ""),
    ],
)
def test_refusals_come_in_every_style(stash: Stash, style: str, body: str) -> None:
    stash.configure(error_style=style)

    assert stash.authorise("CSAKAAAA.BBBB").text == body


def test_a_careless_refusal_quotes_the_secret(stash: Stash) -> None:
    """Whoever logs an answer's body, logs this."""
    stash.configure(error_style="quoting")

    assert "CSAKAAAA.BBBB" in stash.authorise("CSAKAAAA.BBBB").text


def test_bodies_of_another_kind_are_refused(stash: Stash) -> None:
    url, headers = f"{BASE}/zerokms/list-clients", {"Authorization": f"Bearer {stash.seeded.human}"}

    assert stash.http.post(url, content=b"x", headers=headers).status_code == 415
    broken = {**headers, "Content-Type": "application/json"}
    assert stash.http.post(url, content=b"{", headers=broken).status_code == 400


# ---------------------------------------------------------------------- how slow it is


def test_a_new_key_may_be_refused_and_a_revoked_one_accepted_for_a_while(stash: Stash) -> None:
    stash.configure(propagation_delay_seconds=10, revocation_lag_seconds=5)
    key = stash.create_key("new").json()["accessKey"]
    assert stash.authorise(key).status_code == 401
    stash.wait(10)
    assert stash.authorise(key).status_code == 200
    stash.revoke_key("new")
    assert stash.authorise(key).status_code == 200
    stash.wait(5)

    assert stash.authorise(key).status_code == 401


def test_a_stale_listing_misses_new_keys_and_shows_revoked_ones(stash: Stash) -> None:
    stash.configure(list_lag_seconds=60)
    stash.create_key("new")
    stash.revoke_key("member")
    listed = stash.list_keys()
    assert "new" not in listed
    assert "member" in listed
    stash.wait(60)

    listed = stash.list_keys()
    assert "new" in listed
    assert "member" not in listed


def test_a_use_may_be_told_late(stash: Stash) -> None:
    stash.configure(last_used_lag_seconds=300)
    stash.token("admin")
    used_at = stash.now()
    assert stash.list_keys()["admin"]["lastUsedAt"] is None
    stash.wait(300)

    assert stash.list_keys()["admin"]["lastUsedAt"] == "2026-01-01T00:00:00.000Z"
    assert stash.now() - used_at == timedelta(seconds=300)


def test_secrets_carry_the_mark_that_leak_tests_look_for(stash: Stash) -> None:
    stash.configure(secret_mark="PLANTED")
    key = stash.create_key("new").json()["accessKey"]

    assert key.partition(".")[2].startswith(marks_of("PLANTED")[0])


# ------------------------------------------------------------------------ the console


def test_the_console_makes_lists_and_revokes_keys_by_the_old_paths(stash: Stash) -> None:
    human, console = stash.seeded.human, "https://console.cipherstash.com"
    body = {"keyName": "old", "workspaceId": WORKSPACE}
    made = stash.ask("POST", "/api/access-key", body, token=human, base=console)
    path = f"/api/access-keys/{WORKSPACE}"
    listed = stash.ask("GET", path, token=human, base=console).json()

    assert made.headers["content-type"].startswith("text/plain")
    assert made.text.startswith("CSAK")
    assert made.text[4:20] in {row["keyId"] for row in listed}
    ended = stash.ask("DELETE", "/api/access-key", body, token=human, base=console)
    assert ended.status_code == 200
    assert stash.authorise(made.text).status_code == 401


def test_the_console_is_also_served_under_a_path(stash: Stash) -> None:
    path = f"/console/api/access-keys/{WORKSPACE}"
    assert len(stash.ask("GET", path, token=stash.seeded.human).json()) == 4
    assert stash.ask("GET", "/console/api/workspaces", token=stash.seeded.human).status_code == 404


def test_the_console_may_tell_of_no_keys_by_an_empty_body(stash: Stash) -> None:
    for name in list(stash.list_keys()):
        stash.revoke_key(name)
    path = f"/console/api/access-keys/{WORKSPACE}"
    assert stash.ask("GET", path, token=stash.seeded.human).text == "[]"
    stash.configure(empty_list_is_empty_body=True)

    assert stash.ask("GET", path, token=stash.seeded.human).content == b""
    modern = f"/api/access-keys/{WORKSPACE}"
    assert stash.ask("GET", modern, token=stash.seeded.human).text == "[]"
