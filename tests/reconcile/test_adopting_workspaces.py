"""Adoption where an account has two providers, and its secrets are in another account."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from rotator.core.adoption import Cause, Verdict
from rotator.core.facts import DestinationRef
from rotator.core.ids import AccountId, KeyId
from rotator.core.policy import Account, DestinationTemplate, Match, Policy, Rule, decide
from rotator.core.rotation import Action
from rotator.reconcile.adopting import adopt
from rotator.reconcile.adoption_plan import AdoptionPlanner
from rotator.reconcile.judging import A_DEVICE, Territory
from rotator.reconcile.planning import Known, plan
from rotator.reconcile.scan import Scanner
from rotator.testing.fake_grants import FakeProviderWithGrants
from rotator.testing.fake_keys import Habits
from rotator.testing.fake_provider import ACCOUNT, ReportingUse
from rotator.testing.wire import Failure, Wire
from tests.reconcile.estate import KIND, Estate

if TYPE_CHECKING:
    from rotator.core.adoption import AdoptionRow
    from rotator.reconcile.parts import Parts
    from rotator.testing.fake_provider import BareFakeProvider

WORKSPACE = AccountId("ABCDEFGHIJKLMNOP")
ACCESS, CLIENTS = "cipherstash-access-key", "cipherstash-client-key"
REGION = "eu-central-1"
NAME = "checkout"
CLIENT = KeyId("0b5c6a3e-2c2f-4a52-9d4c-7f3c1f6a9e10")
INSIDE = KeyId("FAKEACCESSKEY002")
BUNDLE = {
    "CS_WORKSPACE_CRN": f"crn:us-east-1.aws:{WORKSPACE}",
    "CS_CLIENT_ID": CLIENT,
    "CS_CLIENT_KEY": "a4" + "5e" * 167,
    "CS_CLIENT_ACCESS_KEY": f"CSAK{INSIDE}.{'S' * 48}",
}
RULE = Rule(
    name="bundle",
    action=Action.ROTATE,
    match=Match(provider=("cipherstash-*",)),
    destination=DestinationTemplate(kind=KIND, name="cs/{principal}", merge=True),
)


class Day:
    """The first day of a workspace with an access key and a client of one name."""

    def __init__(self, *rules: Rule) -> None:
        self.estate = Estate()
        self.estate.journal = type(self.estate.journal)(self.estate.chance)
        clock = self.estate.clock
        self.wire = Wire(clock=clock)
        habits = Habits(max_keys=None, marks_keys=True)
        self.access = ReportingUse(clock, habits=replace(habits, name=ACCESS), wire=self.wire)
        self.clients = FakeProviderWithGrants(
            clock, habits=replace(habits, name=CLIENTS), wire=self.wire
        )
        self._key(self.access, INSIDE)
        self._key(self.clients, CLIENT)
        guest = Account(id=WORKSPACE, region=REGION, home=ACCOUNT, providers=(ACCESS, CLIENTS))
        self.policy = Policy(owner="rotator", rules=rules, accounts=(guest,))
        self.estate.destination.objects.clear()
        self.secret("cs/checkout", BUNDLE)

    def _key(self, provider: BareFakeProvider, wanted: KeyId) -> None:
        """Mint a key by hand, under an id as this vendor gives it."""
        made = provider.mint_by_hand(provider.add_principal(NAME, WORKSPACE)).key_id
        key = provider.keys.pop(made)
        key.key_id = wanted
        provider.keys[wanted] = key

    def secret(self, name: str, fields: dict[str, str], account: AccountId = ACCOUNT) -> None:
        ref = DestinationRef(kind=KIND, account=account, region=REGION, name=name)
        self.estate.destination.create_by_hand(ref, json.dumps(fields))

    def parts(self) -> Parts:
        providers = {ACCESS: self.access, CLIENTS: self.clients}
        return replace(
            self.estate.parts(),
            providers=providers,
            terms_for=lambda it: replace(
                self.estate.terms, traits=providers[it.principal.provider].traits
            ),
        )

    def rows(self) -> dict[tuple[str, str], AdoptionRow]:
        planner = AdoptionPlanner(parts=self.parts(), scanner=self.scanner(), policy=self.policy)
        return {(row.provider, row.name): row for row in planner.rows(WORKSPACE)}

    def scanner(self) -> Scanner:
        return Scanner(
            territories=tuple(
                Territory(name=name, provider=it, account=WORKSPACE)
                for name, it in ((ACCESS, self.access), (CLIENTS, self.clients))
            ),
            decide=lambda principal, tags=None: decide(self.policy, principal, tags),
            journal=self.estate.journal,
            clock=self.estate.clock,
            telemetry=self.estate.telemetry,
        )


def test_namesakes_are_told_apart_and_both_are_found_in_the_home_of_their_workspace() -> None:
    rows = Day().rows()

    assert {key: row.verdict for key, row in rows.items()} == {
        (ACCESS, NAME): Verdict.UNMAPPED,
        (CLIENTS, NAME): Verdict.UNMAPPED,
    }
    plain = DestinationTemplate(kind=KIND, name="cs/{principal}", merge=True)
    assert {row.finding.destination for row in rows.values()} == {plain}
    assert [row.finding.adopts for row in rows.values()] == [INSIDE, CLIENT]


def test_both_keys_of_a_bundle_are_adopted_from_their_own_fields() -> None:
    day = Day(RULE)
    for (provider, _), row in day.rows().items():
        assert row.verdict is Verdict.ADOPTABLE
        assert row.candidate is not None
        wanted = INSIDE if provider == ACCESS else CLIENT
        assert adopt(day.parts(), row.candidate, operator="ann") == wanted

    stored = {it.principal.provider: it.current_key_id for it in day.estate.journal.credentials()}
    assert stored == {ACCESS: INSIDE, CLIENTS: CLIENT}
    assert {row.verdict for row in day.rows().values()} == {Verdict.MANAGED}


def test_the_plan_names_the_provider_of_each_namesake() -> None:
    day = Day(RULE)
    candidates = [row.candidate for row in day.rows().values() if row.candidate]

    rows = [row for it in candidates for row in plan(day.parts(), it, Known())]
    assert [(row.provider, row.principal, row.key_id) for row in rows] == [
        (ACCESS, NAME, INSIDE),
        (CLIENTS, NAME, CLIENT),
    ]


def test_a_secret_in_another_account_than_the_home_is_no_place_for_a_rule() -> None:
    day = Day()
    day.estate.destination.objects.clear()
    day.secret("cs/checkout", BUNDLE, AccountId("444455556666"))

    assert {row.verdict for row in day.rows().values()} == {Verdict.UNPLACED}


@pytest.mark.parametrize("rules", [(), (RULE,)])
def test_a_client_of_a_device_is_a_persons_and_nothing_is_said_of_a_console(
    rules: tuple[Rule, ...],
) -> None:
    day = Day(*rules)
    (who,) = day.clients.principals(WORKSPACE)
    day.clients.people.add(who.uid)

    finding = day.rows()[CLIENTS, NAME].finding
    assert (finding.cause, finding.why) == (Cause.PERSON, A_DEVICE)
    assert "console" not in finding.why
    assert day.rows()[ACCESS, NAME].verdict is not Verdict.REPORTED


@pytest.mark.parametrize(("is_whole", "strays"), [(True, 1), (False, 0)])
def test_a_key_is_called_nobodys_only_where_everybody_was_listed(
    strays: int, *, is_whole: bool
) -> None:
    day = Day()
    day.secret("iam/svc", {"AccessKeyId": "AKIAIOSFODNN7EXAMPLE"})
    scanner = day.scanner()
    if not is_whole:
        home = Territory(name="aws-iam", provider=day.estate.provider, account=ACCOUNT)
        scanner = replace(scanner, territories=(*scanner.territories, home))

    planner = AdoptionPlanner(parts=day.parts(), scanner=scanner, policy=day.policy)
    found = [row for row in planner.rows(WORKSPACE) if row.verdict is Verdict.STRAY]
    assert len(found) == strays


def test_one_provider_that_cannot_be_listed_is_told_and_hides_no_other() -> None:
    day = Day()
    day.wire.break_next("principals", Failure.DENIED)

    rows = day.rows()
    assert (CLIENTS, NAME) in rows
    (unlisted,) = [row for row in rows.values() if row.is_unlisted]
    assert unlisted.verdict is Verdict.UNREADABLE
