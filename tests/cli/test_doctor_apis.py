"""`rotator doctor` about accounts of HTTP APIs, and about values that are to be their keys."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from rotator.core.api_keys import ApiKeyWish
from rotator.testing.wire import Failure
from tests.builders import at
from tests.cli.api_desk import ApiDesk

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result


@pytest.fixture
def desk(tmp_path: Path) -> ApiDesk:
    return ApiDesk(tmp_path)


def key_of(desk: ApiDesk, name: str = "ci", **more: object) -> str:
    wish = ApiKeyWish(name=name, scopes=("read",), **more)  # type: ignore[arg-type]
    return desk.hub.secrets[desk.hub.add(wish, at(days=1)).key.key_id]


def value(desk: ApiDesk, text: str, *arguments: str) -> Result:
    return desk.run("doctor", "value", "--account", "hub", *arguments, answer=text)


class TestValue:
    def test_a_right_value_is_said_to_be_right_and_nothing_is_sent(self, desk: ApiDesk) -> None:
        text = key_of(desk)

        result = value(desk, f"{text}\n")

        assert result.exit_code == 0
        assert "nothing is wrong with it" in result.stdout
        assert text not in result.output
        assert desk.hub.wire.sent == []

    def test_what_is_wrong_is_told_with_its_remedy(
        self, desk: ApiDesk, golden: Callable[[str, str], None]
    ) -> None:
        text = f'Bearer "{key_of(desk)[:-5]}'

        result = value(desk, text, "--try", "--key", "ci")

        assert result.exit_code == 1
        golden("tests/golden/doctor_value_account.txt", result.stdout)
        assert "try_api_key" not in desk.hub.wire.sent

    def test_a_key_that_is_tried_is_let_in(self, desk: ApiDesk) -> None:
        result = value(desk, key_of(desk), "--try", "--key", "ci")

        assert result.exit_code == 0
        for line in ("status       active", "scopes       read", "yes; the API counts that"):
            assert line in result.stdout

    def test_a_key_of_somebody_else_is_told(self, desk: ApiDesk) -> None:
        key_of(desk, "other")

        result = value(desk, key_of(desk), "--try", "--key", "other")

        assert result.exit_code == 1
        assert "is not the key that it is to be" in result.stdout

    def test_a_key_that_has_expired_is_told_though_its_text_is_right(self, desk: ApiDesk) -> None:
        result = value(desk, key_of(desk, lifetime=timedelta(days=5)), "--try", "--key", "ci")

        assert result.exit_code == 1
        assert "has expired" in result.stdout
        assert "is refused at hub-prod (hub)" in result.stdout

    def test_a_key_that_is_listed_no_more_was_revoked(self, desk: ApiDesk) -> None:
        text = key_of(desk)
        desk.hub.keys.clear()

        result = value(desk, text, "--key", "ci", "--json")

        told = json.loads(result.stdout)
        assert [it["code"] for it in told["faults"]] == ["revoked"]
        assert (told["verdict"], told["key"]) == (None, None)

    def test_machines_are_told_the_verdict(self, desk: ApiDesk) -> None:
        told = json.loads(value(desk, key_of(desk), "--try", "--json").stdout)

        assert (told["isValid"], told["verdict"]) == (True, "accepted")

    def test_an_api_that_is_down_says_nothing_of_the_key(self, desk: ApiDesk) -> None:
        text = key_of(desk)
        desk.hub.wire.break_next("try_api_key", Failure.UNAVAILABLE)

        result = value(desk, text, "--try")

        assert (result.exit_code, result.stdout) == (1, "")

    @pytest.mark.parametrize(
        "given", [("--account", "hub", "--as", "crn"), ("--key", "ci"), ("--account", "hub", "x")]
    )
    def test_what_makes_no_sense_is_refused(self, desk: ApiDesk, given: tuple[str, ...]) -> None:
        assert desk.run("doctor", "value", *given, answer="x").exit_code == 2


class TestAccount:
    def test_an_account_that_lets_us_in_is_fine(self, desk: ApiDesk) -> None:
        result = desk.run("doctor", "account", "hub")

        assert result.exit_code == 0
        assert [line.split()[2] for line in result.stdout.splitlines()[1:]] == ["ok", "ok", "key"]

    def test_a_refusal_is_told_in_the_vendors_words(self, desk: ApiDesk) -> None:
        desk.hub.is_admin = False

        result = desk.run("doctor", "account", "hub", "--json")

        (line,) = json.loads(result.stdout)
        assert (result.exit_code, line["what"], line["state"]) == (3, "admission", "off")
        assert "ask an administrator of the workspace" in line["missing"][0]

    def test_the_doctors_round_visits_every_account(self, desk: ApiDesk) -> None:
        desk.hub.is_admin = False

        result = desk.run("doctor")

        assert result.exit_code == 3
        assert "ask an administrator of the workspace" in result.stdout
