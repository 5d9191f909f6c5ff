"""Adoption through the shell: reading only, saying what a pass would do, and doing just that."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from rotator.core.adoption import Cause, Verdict
from rotator.core.facts import DestinationRef
from rotator.core.ids import AccountId, Instant, KeyId
from rotator.core.ownership import ROOT_ACCOUNT
from rotator.core.policy import Account, DestinationTemplate, Match, Policy, Rule, decide
from rotator.core.rotation import Action
from rotator.core.tags import TagGlobs
from rotator.errors import InvariantError, RejectedError, UnavailableError
from rotator.reconcile.adopting import adopt
from rotator.reconcile.adoption_plan import AdoptionPlanner
from rotator.reconcile.judging import Territory
from rotator.reconcile.scan import Scanner
from rotator.testing.fake_destination import WriteOnlyFakeDestination
from rotator.testing.fake_provider import ACCOUNT
from rotator.testing.wire import Failure
from tests.reconcile.estate import KIND, NAME, Estate

if TYPE_CHECKING:
    from rotator.core.adoption import AdoptionRow
    from rotator.core.facts import Principal
    from rotator.core.policy import Decision
    from rotator.core.tags import Tags

REGION = "eu-central-1"
MAPPED = Rule(
    name="services",
    action=Action.ROTATE,
    match=Match(principal=("svc-*",)),
    destination=DestinationTemplate(kind=KIND, name="iam/{principal}"),
)
FAR = "us-east-1"
OTHER = AccountId("444455556666")


class Onboarding:
    """An estate with the policy of a first day, and whoever lives there beside one service."""

    def __init__(self, *rules: Rule) -> None:
        self.estate = Estate()
        self.estate.journal = type(self.estate.journal)(self.estate.chance)
        known = (Account(id=ACCOUNT, region=REGION),)
        self.policy = Policy(owner="rotator", rules=rules, accounts=known)
        self.accounts = [ACCOUNT]

    def decide(self, principal: Principal, tags: Tags | None = None) -> Decision:
        return decide(self.policy, principal, tags)

    def rows(self, account: AccountId | None = None) -> tuple[AdoptionRow, ...]:
        estate = self.estate
        scanner = Scanner(
            territories=tuple(
                Territory(name="aws-iam", provider=estate.provider, account=item)
                for item in self.accounts
            ),
            decide=self.decide,
            journal=estate.journal,
            clock=estate.clock,
            telemetry=estate.telemetry,
        )
        return AdoptionPlanner(
            parts=estate.parts(), scanner=scanner, policy=self.policy, regions=(REGION, FAR)
        ).rows(account)

    def row(self, name: str = NAME) -> AdoptionRow:
        return next(item for item in self.rows() if item.name == name)

    def user(self, name: str, *, keys: int = 1) -> list[KeyId]:
        principal = self.estate.provider.add_principal(name)
        return [self.estate.provider.mint_by_hand(principal).key_id for _ in range(keys)]

    def secret(self, name: str, text: str, *, owner: str | None = None) -> DestinationRef:
        ref = DestinationRef(kind=KIND, account=ACCOUNT, region=REGION, name=name)
        self.estate.destination.create_by_hand(ref, text, owner=owner)
        return ref

    def adopt(self, row: AdoptionRow) -> KeyId | None:
        assert row.candidate is not None
        return adopt(self.estate.parts(), row.candidate, operator="ann")


def pair(key: KeyId) -> str:
    return json.dumps({"AccessKeyId": key, "SecretAccessKey": "x"})


# ---------------------------------------------------------------------- reading


def test_what_a_pass_would_adopt_is_adoptable_and_nothing_is_changed_by_asking() -> None:
    day = Onboarding(MAPPED)
    acts = list(day.estate.wire.acts)

    row = day.row()
    assert (row.verdict, row.finding.adopts, row.rule) == (
        Verdict.ADOPTABLE,
        day.estate.old.key_id,
        "services",
    )
    assert [place.name for key in row.keys for place in key.places] == [f"iam/{NAME} (AccessKeyId)"]
    assert day.estate.wire.acts == acts
    assert day.estate.journal.credentials() == ()
    assert day.estate.actions() == []


def test_a_mapped_key_that_its_object_does_not_carry_says_where_it_is() -> None:
    day = Onboarding(MAPPED)
    (key,) = day.user("svc-lost")
    day.secret("elsewhere", pair(key))

    row = day.row("svc-lost")
    assert row.verdict is Verdict.UNPUBLISHED
    assert "is in elsewhere" in row.finding.why


def test_a_mapped_principal_that_cannot_be_adopted_says_what_a_pass_would_say() -> None:
    day = Onboarding(MAPPED)
    day.estate.destination.objects[day.estate.ref.id].owner = "another"

    row = day.row()
    assert row.verdict is Verdict.HELD
    assert "belongs to another owner" in row.finding.why


def test_a_managed_key_stays_managed_and_tells_its_hold() -> None:
    day = Onboarding(MAPPED)
    day.adopt(day.row())
    assert day.row().verdict is Verdict.MANAGED

    day.estate.destination.write_by_hand(day.estate.ref, "{}")
    day.estate.look()

    assert f"{day.estate.old.key_id} is managed already; it waits: " in day.row().finding.why


def test_an_unmapped_principal_shows_what_a_rule_would_name() -> None:
    day = Onboarding()

    row = day.row()
    assert (row.verdict, row.rule) == (Verdict.UNMAPPED, "defaults")
    assert row.finding.destination == replace(
        MAPPED.destination or pytest.fail("it has one"), merge=True
    )


def test_a_rule_that_says_report_is_a_decision_unless_it_is_about_everybody() -> None:
    named = Rule(name="mine", action=Action.REPORT, match=Match(principal=("svc-*",)))
    anybody = Rule(name="anybody", action=Action.REPORT)

    assert Onboarding(named).row().finding.cause is Cause.RULE
    assert Onboarding(anybody).row().verdict is Verdict.UNMAPPED


def test_what_policy_ignores_is_shown_as_ignored() -> None:
    day = Onboarding(Rule(name="off", action=None, match=Match(principal=("svc-*",))))
    day.user("svc-empty", keys=0)

    assert (day.row().verdict, day.row().rule) == (Verdict.IGNORED, "off")
    assert day.row("svc-empty").finding.cause is Cause.NO_KEY


@pytest.mark.parametrize("rules", [(), (MAPPED,)])
def test_a_persons_keys_are_reported_whether_a_rule_maps_them_or_not(
    rules: tuple[Rule, ...],
) -> None:
    day = Onboarding(*rules)
    day.estate.provider.people.add(day.estate.principal.uid)

    assert day.row().finding.cause is Cause.PERSON
    assert "people rotate their own keys" in day.row().finding.why


@pytest.mark.parametrize("rules", [(), (MAPPED,)])
def test_a_tools_keys_are_reported_whether_a_rule_maps_them_or_not(
    rules: tuple[Rule, ...],
) -> None:
    day = Onboarding(*rules)
    day.estate.provider.tag_by_hand(day.estate.principal, "ManagedBy", "terraform")

    assert day.row().finding.cause is Cause.TOOL


def test_tags_that_cannot_be_read_leave_a_principal_reported() -> None:
    day = Onboarding()
    day.estate.wire.break_next("tags", Failure.DENIED)

    assert day.row().finding.cause is Cause.TAGS_UNREAD


@pytest.mark.parametrize(
    ("rules", "verdict"), [((MAPPED,), Verdict.ADOPTABLE), ((), Verdict.UNMAPPED)]
)
def test_a_key_that_is_younger_than_the_overview_is_seen_all_the_same(
    rules: tuple[Rule, ...], verdict: Verdict
) -> None:
    day = Onboarding(*rules)
    principal = day.estate.provider.add_principal("svc-new")
    assert day.row("svc-new").finding.cause is Cause.NO_KEY
    key = day.estate.provider.mint_by_hand(principal).key_id
    day.secret("iam/svc-new", pair(key))

    row = day.row("svc-new")
    assert (row.verdict, row.finding.adopts) == (verdict, key)


def test_root_keys_are_reported_first() -> None:
    day = Onboarding()
    day.estate.provider.root_keys[ACCOUNT] = 1

    first = day.rows()[0]
    assert (first.name, first.finding.cause, first.principal) == (ROOT_ACCOUNT, Cause.ROOT, None)


def test_an_object_with_a_key_of_nobody_is_listed() -> None:
    day = Onboarding()
    day.secret("left-behind", pair(KeyId("AKIAIOSFODNN7EXAMPLE")))

    row = day.row("left-behind")
    assert (row.verdict, row.principal) == (Verdict.STRAY, None)
    assert "AKIAIOSFODNN7EXAMPLE" in row.finding.why


def test_objects_that_may_not_be_read_are_counted_by_reason() -> None:
    day = Onboarding()
    for name in ("a", "b"):
        ref = day.secret(name, "{}")
        day.estate.destination.objects[ref.id].is_readable = False

    row = day.row(f"2 objects in {REGION}")
    assert (row.verdict, row.finding.why) == (
        Verdict.UNREADABLE,
        "access_denied: keys in them are not found",
    )


def test_a_region_that_cannot_be_searched_stops_nothing() -> None:
    day = Onboarding(MAPPED)
    day.estate.wire.break_next("search", Failure.DENIED)

    assert day.row(REGION).verdict is Verdict.UNREADABLE
    assert day.row().verdict is Verdict.ADOPTABLE


def test_an_account_that_cannot_be_listed_stops_no_other() -> None:
    day = Onboarding(MAPPED)
    day.accounts = [OTHER, ACCOUNT]
    day.estate.wire.break_next("principals", Failure.DENIED)

    rows = day.rows()
    assert [(row.account, row.verdict) for row in rows if row.verdict is Verdict.UNREADABLE] == [
        (OTHER, Verdict.UNREADABLE)
    ]
    assert NAME in [row.name for row in rows]


def test_one_account_is_looked_at_where_one_is_asked_for() -> None:
    day = Onboarding(MAPPED)
    day.accounts = [OTHER, ACCOUNT]

    assert day.rows(OTHER) == ()
    assert [row.name for row in day.rows(ACCOUNT)] == [NAME]


@pytest.mark.parametrize("rules", [(), (MAPPED,)])
def test_a_principal_whose_keys_cannot_be_listed_is_held(rules: tuple[Rule, ...]) -> None:
    day = Onboarding(*rules)
    day.estate.wire.break_next("list_keys", Failure.UNAVAILABLE)

    row = day.row()
    assert (row.verdict, row.keys) == (Verdict.HELD, ())


def test_a_principal_of_whom_nobody_may_say_whether_it_is_a_person_stops_no_other() -> None:
    day = Onboarding(MAPPED)
    day.user("svc-second")
    day.estate.wire.break_next("is_person", Failure.DENIED)

    rows = {row.name: row.verdict for row in day.rows() if row.principal}
    assert sorted(rows.values()) == [Verdict.HELD, Verdict.UNPUBLISHED]


def test_a_key_whose_secret_is_yet_to_be_made_is_not_said_to_be_carried_by_it() -> None:
    assert MAPPED.destination is not None
    day = Onboarding(replace(MAPPED, destination=replace(MAPPED.destination, create=True)))
    (key,) = day.user("svc-new")
    day.secret("jenkins", pair(key))

    row = day.row("svc-new")
    assert (row.verdict, row.finding.adopts) == (Verdict.ADOPTABLE, key)
    assert "iam/svc-new carries no key yet" in row.finding.why
    assert f"{key} is in jenkins" in row.finding.why


def test_a_denied_listing_of_a_mapped_principals_keys_is_a_hold_without_keys() -> None:
    day = Onboarding(MAPPED)
    day.estate.wire.break_next("list_keys", Failure.DENIED)

    row = day.row()
    assert (row.verdict, row.keys) == (Verdict.HELD, ())


@pytest.mark.parametrize("method", ["search", "principals", "list_keys"])
def test_what_must_stop_the_process_is_not_taken_for_a_closed_door(
    method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    day = Onboarding(MAPPED)

    def broken(*_: object) -> object:
        raise InvariantError("broken")

    target = day.estate.destination if method == "search" else day.estate.provider
    monkeypatch.setattr(target, method, broken)

    with pytest.raises(InvariantError):
        day.rows()


def test_a_destination_that_cannot_be_searched_is_left_out() -> None:
    day = Onboarding(MAPPED)
    (key,) = day.user("svc-x")
    day.secret("elsewhere", pair(key))
    closed = WriteOnlyFakeDestination(day.estate.clock, wire=day.estate.wire)
    closed.objects = day.estate.destination.objects
    day.estate.destination = closed  # type: ignore[assignment]

    assert [key.places for key in day.row("svc-x").keys] == [()]


def test_a_rule_that_asks_for_tags_maps_whoever_carries_them() -> None:
    tagged = replace(MAPPED, match=Match(tags=(TagGlobs(name="team", values=("pay",)),)))
    day = Onboarding(tagged)
    assert day.row().verdict is Verdict.UNMAPPED

    day.estate.provider.tag_by_hand(day.estate.principal, "team", "pay")
    assert day.row().verdict is Verdict.ADOPTABLE


def test_secrets_are_looked_for_wherever_consumers_may_read_them() -> None:
    named = replace(MAPPED, destination=replace(MAPPED.destination, region="eu-west-1"))  # type: ignore[type-var]
    day = Onboarding(replace(named, match=Match(principal=("nobody",))))
    for region in (FAR, "eu-west-1", "ap-south-1"):
        ref = DestinationRef(kind=KIND, account=ACCOUNT, region=region, name=f"in-{region}")
        day.estate.destination.create_by_hand(ref, pair(KeyId("AKIAIOSFODNN7EXAMPLE")))

    names = {row.name for row in day.rows() if row.verdict is Verdict.STRAY}
    assert names == {f"in-{FAR}", "in-eu-west-1"}


# ------------------------------------------------------------------------ doing


def test_adopting_writes_a_row_and_a_record_in_the_operators_name_and_nothing_else() -> None:
    day = Onboarding(MAPPED)
    acts = list(day.estate.wire.acts)

    assert day.adopt(day.row()) == day.estate.old.key_id
    stored = day.estate.stored
    state = day.estate.destination.describe(day.estate.ref)
    assert (stored.current_key_id, stored.current_version) == (
        day.estate.old.key_id,
        state.current,
    )
    (record,) = day.estate.journal.unsealed(limit=9)
    assert (record.action.value, record.actor) == ("key.adopt", "operator:ann")
    assert day.estate.wire.acts == acts


def test_adopting_again_says_that_it_is_managed_already() -> None:
    day = Onboarding(MAPPED)
    row = day.row()
    day.adopt(row)

    assert day.adopt(row) is None
    assert len(day.estate.journal.unsealed(limit=9)) == 1


def test_the_daemon_goes_on_from_what_was_adopted() -> None:
    day = Onboarding(MAPPED)
    day.adopt(day.row())

    day.estate.due()
    assert day.estate.newest.old_key_id == day.estate.old.key_id


def test_a_credential_that_is_not_due_is_adopted_at_once() -> None:
    day = Onboarding(MAPPED)
    row = day.row()
    day.estate.destination.write_by_hand(day.estate.ref, "{}")
    with pytest.raises(RejectedError, match="no key of this principal is in the destination"):
        day.adopt(row)
    day.estate.look()
    assert day.estate.stored.next_at > day.estate.clock.now()
    day.estate.destination.write_by_hand(day.estate.ref, pair(day.estate.old.key_id))

    assert day.adopt(row) == day.estate.old.key_id


def test_while_the_daemon_looks_at_it_nothing_is_done() -> None:
    day = Onboarding(MAPPED)
    row = day.row()
    assert row.candidate is not None
    day.estate.register(row.candidate)
    now = day.estate.clock.now()
    until = Instant(now + day.estate.parts().lease_period)
    assert day.estate.journal.acquire(row.candidate.id, now=now, lease_until=until)

    with pytest.raises(UnavailableError, match="the daemon looks at it"):
        day.adopt(row)
    assert day.estate.stored.current_key_id is None


def test_what_is_only_reported_is_not_adopted() -> None:
    day = Onboarding()

    with pytest.raises(RejectedError, match="policy only reports it"):
        day.adopt(day.row())
    assert day.estate.journal.credentials() == ()


def test_the_claim_is_given_back_whatever_happens() -> None:
    day = Onboarding(MAPPED)
    row = day.row()
    day.estate.wire.break_next("describe", Failure.UNAVAILABLE)

    with pytest.raises(UnavailableError):
        day.adopt(row)
    assert day.adopt(row) == day.estate.old.key_id
