"""Who may name a principal chooses no place but its own."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rotator.core.facts import DestinationRef, Principal
from rotator.core.ids import AccountId
from rotator.core.place_names import misnamed
from rotator.core.policy import (
    Account,
    Decision,
    DestinationTemplate,
    Match,
    Overrides,
    Policy,
    Rule,
    decide,
    recalled,
)
from rotator.core.rotation import Action
from rotator.core.tags import TagGlobs

ACCOUNT = AccountId("111122223333")
PIVOT = DestinationTemplate(kind="aws-secrets-manager", name="api/{principal}")
SECRET = DestinationTemplate(
    kind="kubernetes-secret",
    name="{principal}",
    account=AccountId("kubernetes"),
    region="apps",
    create=True,
)
FILE = DestinationTemplate(
    kind="file", name="/srv/{principal}/key.json", account=AccountId("local"), create=True
)

HOSTILE = ("..", ".", "a/b", "../../etc/cron.d/x", "a\nb", "\x1b[2J", "a\x00", "\u202egpj", "")
FOR_SECRETS = ("Payments", "a_b", "a+b", "a@b", "a,b", "ärger", "-a", "a..b", "db-rotator")


def principal(name: str) -> Principal:
    return Principal(provider="sendgrid", account=ACCOUNT, name=name, uid="")


def verdict(name: str, *followers: DestinationTemplate, pivot: DestinationTemplate) -> Decision:
    rule = Rule(name="all", action=Action.ROTATE, destination=pivot, followers=followers)
    policy = Policy(owner="rotator", rules=(rule,), accounts=(Account(id=ACCOUNT),))
    return decide(policy, principal(name))


@pytest.mark.parametrize("name", [*HOSTILE, *FOR_SECRETS, "a" * 246])
def test_no_principal_names_another_object_of_the_cluster(name: str) -> None:
    decision = verdict(name, pivot=SECRET)
    assert (decision.action, decision.destination) == (Action.REPORT, None)
    assert decision.note.startswith(f"rule `all` has no place for it: `{name}` is ")


@pytest.mark.parametrize("name", [*HOSTILE, ".db.json.rotator", "a" * 247, "\udc80"])
def test_no_principal_names_a_file_elsewhere(name: str) -> None:
    decision = verdict(name, pivot=FILE)
    assert (decision.action, decision.destination) == (Action.REPORT, None)


@pytest.mark.parametrize("name", ["payments", "team.db", "a" * 245, "rotator", "db-rotators"])
def test_whose_name_fits_is_published(name: str) -> None:
    for pivot in (SECRET, FILE, PIVOT):
        assert verdict(name, pivot=pivot).action is Action.ROTATE


def test_what_a_vendor_takes_literally_may_hold_anything() -> None:
    found = verdict("../x", pivot=PIVOT).destination
    assert found is not None
    assert found.name == "api/../x"


def test_a_follower_that_leads_elsewhere_is_left_out_and_nothing_is_started() -> None:
    decision = verdict("Payments", FILE, SECRET, pivot=PIVOT)
    assert (decision.action, decision.destination) == (Action.REPORT, None)
    assert [item.kind for item in decision.followers] == ["file"]


def test_what_is_open_keeps_the_grace_of_its_rule() -> None:
    grace = Overrides(quarantine_period=verdict("a", pivot=PIVOT).grace.quarantine_period * 2)
    rule = Rule(name="all", action=Action.ROTATE, destination=SECRET, overrides=grace)
    policy = Policy(owner="rotator", rules=(rule,))
    found = recalled(policy, principal("Payments"), "all")
    assert found.grace.quarantine_period == grace.quarantine_period


def test_nor_is_it_one_of_those_that_may_be_until_tags_are_known() -> None:
    match = Match(provider=("aws-iam",), tags=(TagGlobs(name="team", values=("a",)),))
    rule = Rule(name="a", action=Action.ROTATE, match=match, followers=(SECRET, FILE))
    policy = Policy(owner="rotator", rules=(rule,))
    person = replace(principal("Payments"), provider="aws-iam")
    found = recalled(policy, person, "a rule that is no more").followers
    assert [item.kind for item in found] == ["file"]


def test_whom_a_rule_only_reports_needs_no_place() -> None:
    rule = Rule(name="all", action=Action.REPORT, destination=SECRET)
    decision = decide(Policy(owner="rotator", rules=(rule,)), principal("A/B"))
    assert decision.note == "rule `all` does not rotate it"


def test_a_name_with_directories_of_policys_own_is_right() -> None:
    ref = DestinationRef(kind="file", account=AccountId("local"), region="", name="/srv/a/b.json")
    assert misnamed("/srv/a/{principal}.json", ref) == ""
    assert misnamed("/srv/{principal}.json", ref) == "leads to another directory"
