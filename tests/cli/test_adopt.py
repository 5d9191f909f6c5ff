from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from rotator.cli.adopt_views import pasted, rule_words
from rotator.core.adoption import (
    AdoptionRow,
    Cause,
    Finding,
    PlacedKey,
    Verdict,
    adoptable,
    managed,
    placed,
    places,
    reported,
    unmapped,
)
from rotator.core.facts import KeyInfo, KeyListing
from rotator.core.ids import AccountId, KeyId
from rotator.core.ownership import ROOT_ACCOUNT
from rotator.core.policy import DestinationTemplate, Match, Rule
from rotator.core.rotation import Action
from rotator.core.survey import FoundKey, FoundObject, Shape
from rotator.errors import RejectedError, UnavailableError
from tests.builders import ACCOUNT, EPOCH, NEW_KEY, OLD_KEY, at, principal
from tests.settings.files import CONFIGURATION, POLICY, Files

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cli.desk import Desk


def keys(name: str, *ids: KeyId, fields: int = 2) -> tuple[PlacedKey, ...]:
    """List keys of which the first is in a secret of that name."""
    item = FoundObject(
        kind="aws-secrets-manager",
        account=ACCOUNT,
        region="eu-central-1",
        name=name,
        shape=Shape.FIELDS,
        keys=(FoundKey(key_id=ids[0], key_id_field="id", secret_field="secret"),),
        fields=fields,
    )
    infos = tuple(
        KeyInfo(key_id=key, enabled=index == 0, created_at=at(days=-50))
        for index, key in enumerate(ids)
    )
    return placed(KeyListing(keys=infos, provider_time=EPOCH), places((item,)))


def row(name: str, finding: Finding, *of: PlacedKey, rule: str = "ci") -> AdoptionRow:
    who = principal(name)
    return AdoptionRow(
        account=ACCOUNT, name=name, principal=who, finding=finding, keys=of, rule=rule
    )


def an_unmapped(name: str, key: str, **more: Any) -> AdoptionRow:  # noqa: ANN401 - any field
    of = keys(f"iam/{name}", KeyId(key), **more)
    finding = unmapped(principal(name), of, owner="rotator", region="eu-central-1")
    return row(name, finding, *of, rule="defaults")


MANAGED = row("ci-old", managed(NEW_KEY, keys("iam/ci-old", NEW_KEY), None))
READY = row(
    "ci-build",
    adoptable(OLD_KEY, keys("iam/ci-build", OLD_KEY, NEW_KEY), "iam/ci-build"),
    *keys("iam/ci-build", OLD_KEY, NEW_KEY),
)
PERSON = row("jane", reported(Cause.PERSON, "a person's"), rule="defaults")
ROOT = AdoptionRow(account=ACCOUNT, name=ROOT_ACCOUNT, finding=reported(Cause.ROOT, "delete it"))
STRAY = AdoptionRow(
    account=ACCOUNT, name="left-behind", finding=Finding(verdict=Verdict.STRAY, why="nobody's")
)
ESTATE = (
    ROOT,
    READY,
    MANAGED,
    PERSON,
    an_unmapped("svc-a", "AKIASVCA000000000001", fields=3),
    an_unmapped("svc-b", "AKIASVCB000000000002"),
    STRAY,
)


# ------------------------------------------------------------------------- plan


def test_the_plan_shows_everybody_and_the_lines_to_paste(
    desk: Desk, golden: Callable[[str, str], None]
) -> None:
    desk.app.prospects = ESTATE

    result = desk.run("adopt", "--plan")

    assert result.exit_code == 3
    assert desk.app.calls[-2:] == ["open tests read-only", "adoption"]
    golden("tests/golden/adopt_plan.txt", result.stdout.replace(str(desk.folder), "FOLDER"))


def test_the_plan_is_told_to_machines(desk: Desk, golden: Callable[[str, str], None]) -> None:
    desk.app.prospects = ESTATE

    result = desk.run("adopt", "--plan", "--json")

    assert result.exit_code == 3
    golden("tests/golden/adopt_plan.json", result.stdout)


def test_a_plan_of_one_shows_one_with_its_rule(desk: Desk) -> None:
    desk.app.prospects = ESTATE

    shown = desk.run("adopt", "--plan", "svc-a").stdout
    assert "svc-a" in shown
    assert "jane" not in shown
    assert "principal: svc-*" in shown
    assert desk.run("adopt", "--plan", "ci-build").exit_code == 0
    assert "paste" not in desk.run("adopt", "--plan", "ci-build").stdout


def test_lines_belong_above_a_rule_about_everybody(desk: Desk) -> None:
    everybody = "  - {name: everybody, action: report}\n"
    Files(desk.folder).write(CONFIGURATION, POLICY + everybody)
    desk.app.prospects = ESTATE

    assert "policy.yaml, above `everybody`:" in desk.run("adopt", "--plan").stdout


def test_a_plan_of_nobody_says_so(desk: Desk) -> None:
    result = desk.run("adopt", "--plan")

    assert (result.exit_code, result.stdout) == (0, "\n0 principals: none was found\n")


def test_on_a_terminal_the_plan_is_narrower_and_says_the_rule_beside(desk: Desk) -> None:
    desk.is_terminal = True
    desk.app.prospects = ESTATE

    shown = desk.run("adopt", "--plan").stdout
    assert "Found in" not in shown
    assert "Account" not in shown.partition("Object")[0]
    assert "(rule ci)" in " ".join(shown.split())


def test_in_a_narrow_window_a_sentence_stands_below_its_row(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.is_terminal = True
    monkeypatch.setenv("COLUMNS", "60")
    why = "a person's: the principal can sign in to the console; people rotate their own keys"
    desk.app.prospects = (row("jane", reported(Cause.PERSON, why), rule="defaults"), READY)

    lines = desk.run("adopt", "--plan").stdout.splitlines()
    below = [line for line in lines if line.startswith("    ")]
    assert any(line.startswith("jane") and "reported" in line for line in lines)
    assert why in " ".join(line.strip() for line in below)
    assert max(map(len, below)) <= 60


def test_on_a_terminal_accounts_are_told_apart_where_there_are_several(desk: Desk) -> None:
    desk.is_terminal = True
    desk.app.prospects = (*ESTATE, replace(PERSON, account=AccountId("444455556666")))

    assert "444455556666" in desk.run("adopt", "--plan").stdout


def test_an_unknown_name_or_account_is_an_error_that_helps(desk: Desk) -> None:
    desk.app.prospects = ESTATE

    name, account = desk.run("adopt", "ci-bild"), desk.run("adopt", "--account", "999")
    assert (name.exit_code, account.exit_code) == (1, 2)
    assert "did you mean ci-build?" in name.stderr
    assert "see `rotator adopt --plan`" in desk.run("adopt", "zzz").stderr
    assert ACCOUNT in account.stderr


def test_one_account_is_asked_for(desk: Desk) -> None:
    desk.run("adopt", "--plan", "--account", ACCOUNT)

    assert desk.app.calls[-1] == f"adoption {ACCOUNT}"


# ------------------------------------------------------------------------ doing


def test_adoption_is_said_then_asked_then_done(desk: Desk) -> None:
    desk.app.prospects = ESTATE
    desk.can_ask = True

    result = desk.run("adopt", answer="y\n")

    assert "adopt 1 key: the journal learns" in result.stdout
    assert f"adopted: {OLD_KEY} of ci-build in account {ACCOUNT}" in result.stdout
    assert "1 managed already; 2 wait for a person" in result.stdout
    assert "adopt ci-build by ann" in desk.app.calls
    assert result.exit_code == 3


def test_no_is_no(desk: Desk) -> None:
    desk.app.prospects = ESTATE
    desk.can_ask = True

    assert desk.run("adopt", answer="n\n").exit_code == 1
    assert not any(call.startswith("adopt ") for call in desk.app.calls)


def test_where_nobody_can_be_asked_consent_is_needed(desk: Desk) -> None:
    desk.app.prospects = ESTATE

    assert desk.run("adopt").exit_code == 2
    assert not any(call.startswith("adopt ") for call in desk.app.calls)


def test_what_is_managed_already_needs_no_consent(desk: Desk) -> None:
    desk.app.prospects = ESTATE

    result = desk.run("adopt", "ci-old")
    assert (result.exit_code, result.stdout) == (0, "nothing to adopt; 1 managed already\n")


def test_a_named_one_that_cannot_be_adopted_is_a_failure_with_the_reason(desk: Desk) -> None:
    desk.app.prospects = ESTATE

    result = desk.run("adopt", "jane", "ci-old")
    assert result.exit_code == 1
    assert result.stderr == "not adopted: jane: a person's\n"


@pytest.mark.parametrize("arguments", [("--plan",), ("--yes",), ("--plan", "--json")])
def test_an_account_that_could_not_be_looked_at_is_a_failure_and_not_nobody(
    desk: Desk, arguments: tuple[str, ...]
) -> None:
    finding = Finding(verdict=Verdict.UNREADABLE, why="no route to the account")
    closed = AccountId("444455556666")
    desk.app.prospects = (MANAGED, AdoptionRow(account=closed, name="its users", finding=finding))

    result = desk.run("adopt", *arguments)
    assert result.exit_code == 1
    assert f"nobody is seen in account {closed}: no route to the account" in result.stderr


def test_an_object_that_cannot_be_read_is_no_failure_where_people_are_seen(desk: Desk) -> None:
    finding = Finding(verdict=Verdict.UNREADABLE, why="access_denied")
    desk.app.prospects = (MANAGED, AdoptionRow(account=ACCOUNT, name="2 objects", finding=finding))

    result = desk.run("adopt", "--plan")
    assert (result.exit_code, result.stderr) == (0, "")


def test_what_the_fields_of_a_secret_are_called_cannot_drive_a_terminal(desk: Desk) -> None:
    told = reported(Cause.PERSON, "field \x1b[2J\x9b31m\u202e[bold]x[/]")
    desk.app.prospects = (row("jane", told), READY)
    desk.app.refusals = {"ci-build": RejectedError("\x1b]0;owned\x07\x9b2J", subject="ci-build")}
    desk.is_terminal = True

    for arguments in (("--plan",), ("jane",), ("--yes",), ("--plan", "--json")):
        result = desk.run("adopt", *arguments)
        shown = re.sub(r"\x1b\[[0-9;]*m", "", result.output)
        assert "owned" in shown or "[bold]x[/]" in shown
        assert not set(shown) & set("\x07\x1b\x9b\u202e")


def test_where_there_is_no_journal_nobody_is_asked_first(desk: Desk) -> None:
    desk.app.prospects = ESTATE
    desk.app.missing = UnavailableError("there is no journal yet", hint="rotator db upgrade")

    result = desk.run("adopt", "--yes")
    assert result.exit_code == 1
    assert "there is no journal yet" in result.stderr
    assert "adopt 1 key" not in result.stdout
    assert desk.run("adopt", "--plan").exit_code == 3


def test_everything_adopted_is_said_in_a_word(desk: Desk) -> None:
    desk.app.prospects = (READY,)

    result = desk.run("adopt", "--yes")
    assert result.exit_code == 0
    assert result.stdout.endswith("everything that can be adopted is\n")


def test_one_that_was_adopted_meanwhile_is_no_failure(desk: Desk) -> None:
    desk.app.prospects = (READY,)
    desk.app.adopted = frozenset({"ci-build"})

    result = desk.run("adopt", "--yes")
    assert result.exit_code == 0
    assert f"managed already: ci-build in account {ACCOUNT}" in result.stdout


@pytest.mark.parametrize("kind", [RejectedError, UnavailableError])
def test_one_that_cannot_be_adopted_keeps_no_other_from_it(
    desk: Desk, kind: type[RejectedError | UnavailableError]
) -> None:
    other = row("ci-test", adoptable(NEW_KEY, (), "iam/ci-test"))
    desk.app.prospects = (READY, other)
    desk.app.refusals = {"ci-build": kind("the secret moved", subject="ci-build")}

    result = desk.run("adopt", "--yes")
    assert result.exit_code == 1
    assert "not adopted: ci-build: the secret moved" in result.stdout
    assert f"adopted: {NEW_KEY} of ci-test" in result.stdout


def test_what_was_done_is_told_to_machines(desk: Desk) -> None:
    desk.app.prospects = (READY,)

    result = desk.run("adopt", "--yes", "--json")
    assert json.loads(result.stdout) == [
        {"name": "ci-build", "account": ACCOUNT, "keyId": OLD_KEY, "error": ""}
    ]
    assert "adopt 1 key" in result.stderr


# ------------------------------------------------------------------------ lines


def test_a_rule_is_written_in_the_policy_files_words() -> None:
    template = DestinationTemplate(
        kind="aws-secrets-manager",
        name="iam/{principal}",
        region="us-east-1",
        key_id_field="id",
        secret_field="secret",
        merge=True,
    )
    match = Match(account=(ACCOUNT,), principal=("a", "b"))
    rule = Rule(name="r", action=Action.ROTATE, match=match, destination=template)

    assert rule_words(rule) == {
        "name": "r",
        "match": {"account": ACCOUNT, "principal": ["a", "b"]},
        "action": "rotate",
        "destination": {
            "type": "aws-secrets-manager",
            "secret": "iam/{principal}",
            "region": "us-east-1",
            "fields": {"keyId": "id", "secret": "secret"},
            "merge": True,
        },
    }
    assert f"account: '{ACCOUNT}'" in pasted([rule])


def test_a_rule_without_a_destination_has_no_such_word() -> None:
    rule = Rule(name="r", action=None, match=Match(path=("/x/",)))

    assert rule_words(rule) == {"name": "r", "match": {"path": "/x/"}, "action": "ignore"}


def test_what_is_built_in_is_not_written() -> None:
    template = DestinationTemplate(kind="aws-secrets-manager", name="iam/{principal}")
    rule = Rule(name="r", action=Action.ROTATE, destination=template)

    assert rule_words(rule)["destination"] == {
        "type": "aws-secrets-manager",
        "secret": "iam/{principal}",
    }
