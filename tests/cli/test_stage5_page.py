"""Stage5's documentation of access keys, done by commands against the simulated workspace."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rotator.simulators.stage5.refusals import ACCESS_DENIED
from rotator.simulators.stage5.shapes import AccessKeySeed, PersonSeed
from tests.cli.http_estate import (
    ACME,
    WEB,
    Installation,
    http_installation,
    http_simulators,
)
from tests.cli.stage5_operator import Operator

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["http_installation", "http_simulators"]

DAY = 86_400
ON_ACME = ("--account", "acme")
WAITS_FOR_A_PERSON = 3


@pytest.fixture
def operator(http_installation: Installation) -> Operator:
    return Operator(http_installation)


# ----------------------------------------------------------------------------- creating


def test_a_key_is_made_with_expiry_description_and_scopes_and_works(operator: Operator) -> None:
    key_id, key = operator.made(
        *("crm", "--expires", "90d", "--description", "syncs the CRM"),
        *("--scope", "projects:read", "--scope", "messages:write", "--reason", "CRM-7"),
    )
    made = operator.key("crm")

    assert (made.id, made.key) == (key_id, key)
    assert (made.description, made.scopes) == ("syncs the CRM", ("projects:read", "messages:write"))
    assert made.expires_at is not None
    assert (made.expires_at - made.created_at).days == 90
    assert operator.works(key)
    files = [file for file in operator.installation.folder.rglob("*") if file.is_file()]
    assert not any(key.encode() in file.read_bytes() for file in files)


def test_a_key_without_a_word_about_its_end_ends_as_the_account_says(operator: Operator) -> None:
    operator.made("crm")
    made = operator.key("crm")

    assert made.expires_at is not None
    assert (made.expires_at - made.created_at).days == 40


# ------------------------------------------------------------------------------ viewing


def test_keys_are_listed_with_metadata_status_expiry_and_scopes(operator: Operator) -> None:
    operator.seed(access_keys=(AccessKeySeed(name="old", expires_in_seconds=-DAY),))
    rows = {row["name"]: row for row in operator.told("keys", "list", *ON_ACME)}

    assert set(rows) == {"rotator", "web", "old"}
    assert (rows["old"]["status"], rows["web"]["status"]) == ("expired", "active")
    assert rows["web"]["isUseTold"]
    assert rows["web"]["lastUsedAt"] is None
    assert rows["web"]["scopes"] == ["projects:read", "messages:write"]
    table = operator.run("keys", "list", *ON_ACME).stdout
    for title in ("Status", "Created At", "Last Used At", "Expires At", "Scopes"):
        assert title.upper() in table


def test_usage_statistics_of_a_key_are_shown(operator: Operator) -> None:
    _, key = operator.made("crm")
    for _ in range(3):
        operator.works(key)
    shown = operator.told("keys", "show", "crm", *ON_ACME)

    assert shown["usage"]["count"] == 3
    assert shown["usage"]["lastAddress"] == "127.0.0.1"
    assert "httpx" in shown["usage"]["lastUserAgent"]
    assert "3" in operator.run("keys", "show", "crm", *ON_ACME).stdout


# ----------------------------------------------------------------------------- rotating


def test_a_schedule_replaces_a_key_without_downtime_and_the_history_tells_it(
    operator: Operator,
) -> None:
    old = operator.key("web")
    operator.work(60)
    (new,) = operator.installation.living("web")
    history = operator.told("keys", "history", *ON_ACME)

    assert new.id != old.id
    assert operator.installation.published(WEB)["SECRET_KEY"] == new.key
    assert not operator.works(old.key)
    of_the_new = [row for row in history if row["keyId"] == new.id]
    of_the_old = [row for row in history if row["keyId"] == old.id]
    assert [row["what"] for row in of_the_new] == ["made", "published"]
    assert of_the_old
    assert {row["who"] for row in history if row["rotationId"]} == {"daemon"}


def test_a_rotation_is_ordered_by_the_name_of_its_account(operator: Operator) -> None:
    operator.work(1)
    ordered = operator.run("keys", "rotate", "rotator", *ON_ACME)

    assert ordered.stdout == "ordered: the key of rotator in account stage5-acme\n"


# ----------------------------------------------------------------------------- revoking


def test_a_compromised_key_is_revoked_at_once_and_its_refusal_is_proved(
    operator: Operator,
) -> None:
    key_id, key = operator.made("crm")
    revoked = operator.run(
        *("keys", "revoke", "crm", *ON_ACME, "--reason", "leaked", "--prove", "--yes"), value=key
    )

    assert revoked.exit_code == 0, revoked.output
    assert "is refused" in revoked.stdout
    assert not operator.works(key)
    (row,) = operator.told("keys", "history", *ON_ACME, "--revoked")
    assert (row["keyId"], row["who"], row["why"]) == (key_id, "operator:ann", "leaked")
    assert row["proof"] == "refused"


def test_a_mistyped_key_proves_nothing_and_so_ends_nothing(operator: Operator) -> None:
    _, key = operator.made("crm")
    refused = operator.run(
        *("keys", "revoke", "crm", *ON_ACME, "--prove", "--yes"), value=f"{key[:-1]}!"
    )

    assert refused.exit_code == 1
    assert "is refused already, so it proves nothing" in refused.stderr
    assert operator.works(key)


def test_a_key_is_made_that_may_do_what_another_one_may(operator: Operator) -> None:
    operator.made("crm", "--like", "web")

    assert operator.key("crm").scopes == operator.key("web").scopes
    assert operator.key("web").revoked_at is None
    (row,) = operator.told("keys", "history", *ON_ACME)
    assert (row["what"], row["keyId"]) == ("made by hand", operator.key("crm").id)


def test_what_consumers_are_given_is_not_revoked_by_mistake(operator: Operator) -> None:
    operator.work(1)
    refused = operator.run("keys", "revoke", "web", *ON_ACME, "--yes")

    assert refused.exit_code != 0
    assert operator.works(operator.key("web").key)


def test_our_own_key_is_never_revoked(operator: Operator) -> None:
    refused = operator.run("keys", "revoke", "rotator", *ON_ACME, "--yes")

    assert refused.exit_code != 0
    assert "rotator itself is admitted" in refused.stderr


def test_unused_and_expired_keys_are_removed_and_nothing_else(operator: Operator) -> None:
    operator.seed(
        access_keys=(
            AccessKeySeed(name="over", expires_in_seconds=-DAY),
            AccessKeySeed(name="idle", age_seconds=200 * DAY),
            AccessKeySeed(
                name="busy", age_seconds=200 * DAY, last_used_at=operator.installation.clock.now()
            ),
        )
    )
    dry = operator.run("keys", "prune", *ON_ACME, "--unused", "90d", "--expired")
    assert dry.exit_code != 0  # nobody agreed
    assert operator.key("over").revoked_at is None
    done = operator.run("keys", "prune", *ON_ACME, "--unused", "90d", "--expired", "--yes")

    assert done.exit_code == 0, done.output
    ended = [name for name in ("over", "idle", "busy", "web") if operator.key(name).revoked_at]
    assert ended == ["over", "idle"]
    revoked = operator.told("keys", "history", *ON_ACME, "--revoked")
    assert {row["name"] for row in revoked} == {"over", "idle"}


# ------------------------------------------------------------------------ access denied


@pytest.mark.parametrize("who", ["a member", "an integration's key"])
def test_who_may_not_is_told_access_denied_in_the_documentations_words(
    operator: Operator, who: str
) -> None:
    member = operator.seed(people=(PersonSeed(name="mia"),)).sessions["mia"]
    token = member if who == "a member" else operator.key("web").key
    operator.enter_with(token)
    listed = operator.run("keys", "list", *ON_ACME)

    assert listed.exit_code != 0
    assert ACCESS_DENIED in listed.stderr.replace("\n", " ")
    for checked in (("doctor", "account", "acme"), ("doctor",)):
        told = operator.run(*checked)
        assert told.exit_code == WAITS_FOR_A_PERSON
        assert ACCESS_DENIED in " ".join(told.output.split())


def test_our_own_key_is_found_good(operator: Operator) -> None:
    assert operator.run("doctor", "account", "acme").exit_code == 0


def test_the_plan_shows_what_would_be_done_and_does_nothing(operator: Operator) -> None:
    rows = operator.told("plan")

    assert {row["name"] for row in rows if row["account"] == ACME} == {"rotator", "web"}
    assert operator.installation.stage5.calls("create-access-key", "revoke-access-key") == []


# ----------------------------------------------------------------------- troubleshooting

DAMAGES: dict[str, Callable[[str], str]] = {
    "cut": lambda key: key[:-3],
    "cut at its beginning": lambda key: key[3:],
    "quoted on one side": lambda key: f'"{key}',
    "quoted on the other side": lambda key: f"{key}'",
    "quoted on both sides": lambda key: f'"{key}"',
    "with a typo": lambda key: key[:-1] + ("b" if key[-1] != "b" else "c"),
    "with its form of authentication": lambda key: f"Bearer {key}",
    "followed by a blank": lambda key: f"{key} ",
    "a template": lambda _: "${STAGE5_ACCESS_KEY}",
    "empty": lambda _: "",
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_value_that_was_damaged_on_its_way_is_found(operator: Operator, damage: str) -> None:
    _, key = operator.made("crm")
    value = DAMAGES[damage](key)
    result = operator.run("doctor", "value", *ON_ACME, "--key", "crm", "--try", value=value)

    assert result.exit_code == 1, result.output
    assert key not in result.output
    assert key[8:-8] not in result.output


def test_a_whole_key_is_found_good_and_its_scopes_are_shown(operator: Operator) -> None:
    _, key = operator.made("crm", "--scope", "projects:read")
    result = operator.run("doctor", "value", *ON_ACME, "--key", "crm", "--try", value=key)

    assert result.exit_code == 0, result.output
    assert "projects:read" in result.output


@pytest.mark.parametrize("end", ["expired", "revoked"])
def test_a_key_that_is_over_is_told_so(operator: Operator, end: str) -> None:
    key_id, key = operator.made("crm", "--expires", "1d")
    if end == "expired":
        operator.wait(days=2)
    else:
        operator.run("keys", "revoke", "crm", *ON_ACME, "--yes")
    result = operator.run("doctor", "value", *ON_ACME, "--key", key_id, "--try", value=key)

    assert result.exit_code == 1, result.output
    assert {"expired": "has expired", "revoked": "it was revoked"}[end] in result.output


def test_a_service_that_cannot_be_reached_is_named(operator: Operator) -> None:
    file = operator.installation.folder / "rotator.yaml"
    text = file.read_text(encoding="utf-8")
    base = operator.installation.stage5.base_url
    file.write_text(text.replace(base, "http://127.0.0.1:9/v1"), encoding="utf-8")
    result = operator.run("doctor", "account", "acme")

    assert result.exit_code == WAITS_FOR_A_PERSON
    assert "no connection was made" in result.output
