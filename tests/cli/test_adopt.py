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
from rotator.core.policy import Account, DestinationTemplate, Match, Rule, decide
from rotator.core.rotation import Action
from rotator.core.survey import FoundKey, FoundObject, Shape
from rotator.core.terms import Traits
from rotator.errors import RejectedError, UnavailableError
from rotator.testing.fake_workspace import WORKSPACE
from tests.builders import ACCOUNT, EPOCH, NEW_KEY, OLD_KEY, at, principal
from tests.cli.workspace_desk import _POLICY as POLICY_OF_AWS
from tests.cli.workspace_desk import SECTION, WorkspaceDesk
from tests.settings.files import CONFIGURATION, POLICY, Files

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from rotator.core.facts import Principal
    from tests.cli.desk import Desk


ACCESS_KEY = "cipherstash-access-key"
CLIENT_KEY = "cipherstash-client-key"
INSIDE = KeyId("FAKEACCESSKEY002")
CLIENT = KeyId("0b5c6a3e-2c2f-4a52-9d4c-7f3c1f6a9e10")


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
    return placed(KeyListing(keys=infos, provider_time=EPOCH), places((item,)), Traits())


def row(
    name: str, finding: Finding, *of: PlacedKey, rule: str = "ci", who: Principal | None = None
) -> AdoptionRow:
    who = who or principal(name)
    return AdoptionRow(
        account=who.account, name=name, principal=who, finding=finding, keys=of, rule=rule
    )


def an_unmapped(name: str, key: str, **more: Any) -> AdoptionRow:  # noqa: ANN401 - any field
    of = keys(f"iam/{name}", KeyId(key), **more)
    account = Account(id=ACCOUNT, region="eu-central-1")
    finding = unmapped(principal(name), of, owner="rotator", account=account)
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


BUNDLE = FoundObject(
    kind="aws-secrets-manager",
    account=ACCOUNT,
    region="eu-central-1",
    name="cs/checkout",
    shape=Shape.FIELDS,
    keys=(
        FoundKey(key_id=CLIENT, key_id_field="CS_CLIENT_ID", secret_field="CS_CLIENT_KEY"),
        FoundKey(key_id=INSIDE, key_id_field="", secret_field="CS_CLIENT_ACCESS_KEY"),
    ),
    fields=4,
)


def of_workspace(name: str, provider: str, *ids: KeyId) -> AdoptionRow:
    """List keys of a workspace, of which one is in the bundle or none is."""
    who = principal(name, provider=provider, account=WORKSPACE, uid=name)
    infos = tuple(KeyInfo(key_id=it, enabled=True, created_at=at(days=-50)) for it in ids)
    traits = Traits(max_keys=None)
    of = placed(KeyListing(keys=infos, provider_time=EPOCH), places((BUNDLE,)), traits)
    home = Account(id=WORKSPACE, region="eu-central-1", home=ACCOUNT)
    finding = unmapped(who, of, owner="tests", account=home)
    return row(name, finding, *of, rule="defaults", who=who)


MIXED = (
    *ESTATE,
    of_workspace("checkout", ACCESS_KEY, INSIDE, KeyId("OTHERKEYOFCHECKO")),
    of_workspace("nightly", ACCESS_KEY, KeyId("NIGHTLYKEYNOWHER")),
    of_workspace("checkout", CLIENT_KEY, CLIENT),
)


def test_an_account_and_a_workspace_are_told_apart_and_a_bundle_gets_two_rules(
    tmp_path: Path, golden: Callable[[str, str], None]
) -> None:
    desk = WorkspaceDesk(tmp_path)
    desk.app.prospects = MIXED

    result = desk.run("adopt", "--plan")

    golden("tests/golden/adopt_plan_workspace.txt", result.stdout.replace(str(tmp_path), "FOLDER"))
    (first, *_) = json.loads(desk.run("adopt", "--plan", "--json").stdout)["principals"][-1:]
    assert (first["provider"], first["keys"][0]["foundIn"][0]["field"]) == (
        CLIENT_KEY,
        "CS_CLIENT_ID",
    )


def test_the_rules_to_paste_of_a_mixed_estate_are_a_policy_without_faults(tmp_path: Path) -> None:
    desk = WorkspaceDesk(tmp_path)
    desk.app.prospects = MIXED
    shown = desk.run("adopt", "--plan").stdout
    drafts = shown.partition("at the end:\n")[2].rpartition("\n\n")[0]

    settings = Files(tmp_path).write(CONFIGURATION + SECTION, POLICY_OF_AWS + drafts).load()

    published = {
        (fields.key_id_field, fields.secret_field)
        for provider in (ACCESS_KEY, CLIENT_KEY)
        if (fields := decide(settings.policy, _checkout(provider)).destination)
    }
    assert published == {("", "CS_CLIENT_ACCESS_KEY"), ("CS_CLIENT_ID", "CS_CLIENT_KEY")}


def _checkout(provider: str) -> Principal:
    return principal("checkout", provider=provider, account=WORKSPACE, uid="checkout")


def test_two_of_one_name_are_told_apart_before_they_are_adopted(tmp_path: Path) -> None:
    desk = WorkspaceDesk(tmp_path)
    ready = [
        replace(item, finding=adoptable(item.keys[0].key.key_id, item.keys, "cs/checkout"))
        for item in MIXED
        if item.name == "checkout"
    ]
    desk.app.prospects = (READY, *ready)

    shown = desk.run("adopt", "--yes").stdout

    assert f"checkout ({ACCESS_KEY})" in shown
    assert f"checkout ({CLIENT_KEY})" in shown
    assert "ci-build (" not in shown


def test_on_a_terminal_providers_are_told_apart_where_there_are_several(tmp_path: Path) -> None:
    desk = WorkspaceDesk(tmp_path)
    desk.is_terminal = True
    desk.app.prospects = MIXED

    assert ACCESS_KEY in desk.run("adopt", "--plan").stdout


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


def test_where_one_of_two_providers_could_not_be_listed_not_everybody_is_seen(desk: Desk) -> None:
    why = "the admin key has another role"
    finding = Finding(verdict=Verdict.UNREADABLE, why=why)
    unlisted = AdoptionRow(account=ACCOUNT, name="x", finding=finding, is_unlisted=True)
    desk.app.prospects = (MANAGED, unlisted)

    result = desk.run("adopt", "--plan")
    assert result.exit_code == 1
    assert f"not everybody is seen in account {ACCOUNT}: {why}" in result.stderr


def test_a_key_whose_age_nobody_tells_has_none(tmp_path: Path) -> None:
    desk = WorkspaceDesk(tmp_path)
    (client,) = [item for item in MIXED if item.provider == CLIENT_KEY]
    (placed_key,) = client.keys
    undated = replace(placed_key, key=replace(placed_key.key, is_dated=False))
    desk.app.prospects = (replace(client, keys=(undated,)),)

    (told,) = json.loads(desk.run("adopt", "--plan", "--json").stdout)["principals"][0]["keys"]
    assert (told["createdAt"], told["ageSeconds"]) == (None, None)
    assert f"{CLIENT}  -" in desk.run("adopt", "--plan").stdout


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
        {
            "name": "ci-build",
            "account": ACCOUNT,
            "provider": "aws-iam",
            "keyId": OLD_KEY,
            "error": "",
        }
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


def test_a_key_that_carries_its_id_names_one_field_only() -> None:
    template = DestinationTemplate(
        kind="aws-secrets-manager",
        name="cs/x",
        key_id_field="",
        secret_field="CS_IDP_CLIENT_SECRET",
    )
    match = Match(provider=(ACCESS_KEY,), principal=("x",))
    words = rule_words(Rule(name="r", action=Action.ROTATE, match=match, destination=template))

    assert words["match"] == {"provider": ACCESS_KEY, "principal": "x"}
    assert words["destination"] == {
        "type": "aws-secrets-manager",
        "secret": "cs/x",
        "fields": {"secret": "CS_IDP_CLIENT_SECRET"},
    }


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
