"""`rotator doctor principal` as people and machines read it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from rotator.core.ids import AccountId, Instant
from rotator.core.rotation import Phase
from rotator.core.terms import Grace
from rotator.errors import RejectedError
from rotator.reconcile import doctoring
from rotator.testing.fake_provider import ACCOUNT, FakeProviderWithoutUse
from rotator.testing.wire import Failure
from tests.reconcile.estate import NAME, Estate
from tests.reconcile.surgery import scanner
from tests.reconcile.test_granting import GrantedEstate
from tests.settings.files import CONFIGURATION, Files

if TYPE_CHECKING:
    from collections.abc import Callable

    from rotator.core.doctor import Examination
    from rotator.core.facts import KeyListing, Principal
    from tests.cli.desk import Desk

OTHER = AccountId("444455556666")


def sit(desk: Desk, estate: Estate, *accounts: AccountId) -> None:
    """Let the desk's app ask the doctor about an estate."""

    def examine(name: str, account: AccountId | None) -> Examination:
        return doctoring.examine(estate.parts(), scanner(estate, *accounts), name, account)

    desk.app.examiner = examine


def crowded() -> Estate:
    """Let a rotation be due while a stranger's key, disabled long ago, takes the other slot."""
    estate = Estate()
    estate.run(timedelta(days=3))
    stranger = estate.provider.mint_by_hand(estate.principal)
    estate.provider.switch_by_hand(estate.principal, stranger.key_id, on=False)
    estate.run(timedelta(days=90))
    return estate


def test_a_full_principal_is_explained_key_by_key(
    desk: Desk, golden: Callable[[str, str], None]
) -> None:
    sit(desk, crowded())

    result = desk.run("doctor", "principal", NAME)

    assert result.exit_code == 3
    assert desk.app.calls == ["open tests read-only", f"examine {NAME} in any account"]
    golden("tests/golden/doctor_principal.txt", result.stdout)
    golden(
        "tests/golden/doctor_principal.json",
        desk.run("doctor", "principal", NAME, "--json").stdout,
    )


def test_a_client_is_explained_with_its_name_its_grants_and_what_nobody_can_tell(
    desk: Desk, golden: Callable[[str, str], None]
) -> None:
    estate = GrantedEstate()
    estate.terms = replace(estate.terms, grace=Grace())
    estate.run(timedelta(days=100), until=Phase.PROMOTED)
    sit(desk, estate)

    result = desk.run("doctor", "principal", NAME)

    assert result.exit_code == 0
    golden("tests/golden/doctor_principal_client.txt", result.stdout)


def test_a_key_whose_age_nobody_tells_is_known_for_a_while(desk: Desk) -> None:
    estate = GrantedEstate()
    listing = estate.provider.list_keys

    def undated(of: Principal) -> KeyListing:
        found = listing(of)
        keys = tuple(
            replace(it, is_dated=False, created_at=found.provider_time) for it in found.keys
        )
        return replace(found, keys=keys)

    estate.provider.list_keys = undated  # type: ignore[method-assign,assignment]
    estate.look()
    estate.clock.advance(timedelta(days=3))
    sit(desk, estate)

    assert "known for 3d" in desk.run("doctor", "principal", NAME).stdout
    (told,) = json.loads(desk.run("doctor", "principal", NAME, "--json").stdout)["keys"]
    assert (told["createdAt"], told["ageSeconds"]) == (None, None)


def test_where_nothing_waits_for_a_person_the_exit_code_is_0(desk: Desk) -> None:
    estate = Estate()
    estate.look()
    sit(desk, estate)

    result = desk.run("doctor", "principal", NAME)

    assert result.exit_code == 0
    whose = f"{NAME} in account {ACCOUNT}, rule services"
    assert result.stdout.startswith(f"{whose}: 1 of 2 key slots")
    assert "Nothing to do: its next rotation starts at" in result.stdout


def test_on_a_terminal_a_key_stands_out_and_sentences_are_folded(desk: Desk) -> None:
    sit(desk, crowded())
    desk.is_terminal = True

    lines = desk.run("doctor", "principal", NAME).stdout.splitlines()

    assert max(len(line) for line in lines if line.startswith("  ")) <= 80
    bold = [line for line in lines if line.startswith("\x1b[1m")]
    assert len(bold) == 2
    assert [line for line in bold if "s3 in eu-central-1" in line] != []


def test_keys_that_cannot_be_listed_are_not_counted(desk: Desk) -> None:
    estate = Estate()
    estate.wire.break_next("list_keys", Failure.DENIED, times=20)
    sit(desk, estate)

    assert ": its keys could not be listed\n" in desk.run("doctor", "principal", NAME).stdout


def test_eight_keys_are_eight_paragraphs(desk: Desk) -> None:
    estate = Estate()
    estate.provider.habits = type(estate.provider.habits)(max_keys=None)
    for _ in range(7):
        estate.provider.mint_by_hand(estate.principal)
    estate.look()
    sit(desk, estate)

    result = desk.run("doctor", "principal", NAME)

    assert ": 8 keys\n" in result.stdout
    assert result.stdout.count("\n\n") == 8


def test_a_single_key_without_a_limit_is_counted_in_the_singular(desk: Desk) -> None:
    estate = Estate()
    estate.provider.habits = type(estate.provider.habits)(max_keys=None)
    sit(desk, estate)

    assert ": 1 key\n" in desk.run("doctor", "principal", NAME).stdout


@pytest.mark.parametrize("is_denied", [True, False])
def test_a_last_use_that_is_not_known_is_not_called_never(desk: Desk, *, is_denied: bool) -> None:
    estate = Estate() if is_denied else Estate(provider_type=FakeProviderWithoutUse)
    if is_denied:
        estate.wire.break_next("last_used", Failure.DENIED, times=20)
    sit(desk, estate)

    shown = desk.run("doctor", "principal", NAME).stdout
    (told,) = json.loads(desk.run("doctor", "principal", NAME, "--json").stdout)["keys"]

    words = "last use unreadable (access_denied)" if is_denied else "last use not told"
    assert words in shown
    assert told["lastUsedAt"] is None
    assert told["lastUseUnreadable"] == ("access_denied" if is_denied else "no_capability")


def test_a_name_in_two_accounts_asks_for_the_account(desk: Desk) -> None:
    estate = Estate()
    estate.provider.add_principal(NAME, OTHER)
    sit(desk, estate, ACCOUNT, OTHER)
    Files(desk.folder).write(f'{CONFIGURATION}    - id: "{OTHER}"\n')

    asked = desk.run("doctor", "principal", NAME)
    named = desk.run("doctor", "principal", NAME, "--account", OTHER)

    assert asked.exit_code == 2
    assert "add --account" in asked.stderr
    assert "0 of 2 key slots taken" in named.stdout


def test_an_account_that_is_not_configured_is_wrong_usage_and_nobody_is_asked(desk: Desk) -> None:
    result = desk.run("doctor", "principal", NAME, "--account", "1")

    assert result.exit_code == 2
    assert f"no account 1 is configured; known are {ACCOUNT}" in result.stderr
    assert desk.app.calls == []


def test_a_name_that_does_not_exist_is_answered_with_close_ones(desk: Desk) -> None:
    sit(desk, Estate())

    result = desk.run("doctor", "principal", "svc-payment")

    assert result.exit_code == 1
    assert "did you mean svc-payments?" in result.stderr


def test_another_refusal_is_shown_in_its_own_words(desk: Desk) -> None:
    def refuse(name: str, _: AccountId | None) -> Examination:
        raise RejectedError("no", subject=name)

    desk.app.examiner = refuse

    result = desk.run("doctor", "principal", NAME)

    assert (result.exit_code, result.stderr) == (1, f"error: {NAME}: no\n")


def test_without_a_principal_the_installation_is_checked(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[bool] = []
    monkeypatch.setattr(
        "rotator.cli.doctor_checks.check", lambda _, *, as_json: asked.append(as_json)
    )

    desk.run("doctor")
    desk.run("doctor", "--json")

    assert asked == [False, True]
    assert desk.run("doctor", "--json", "principal", NAME).exit_code == 2


def test_a_key_that_its_provider_has_ended_is_called_expired(desk: Desk) -> None:
    estate = Estate()
    end = Instant(estate.clock.now() - timedelta(hours=1))
    estate.provider.keys[estate.old.key_id].expires_at = end
    sit(desk, estate)

    shown = desk.run("doctor", "principal", NAME).stdout
    (told,) = json.loads(desk.run("doctor", "principal", NAME, "--json").stdout)["keys"]

    assert ", expired, " in shown
    assert "it expired at " in shown
    assert told["expiresAt"] == f"{end:%Y-%m-%dT%H:%M:%SZ}"
