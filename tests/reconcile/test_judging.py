"""Whose keys are whose: overviews save calls, and what cannot be read decides nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from rotator.core.ownership import Ownership
from rotator.core.policy import DEFAULT_RULE, DestinationTemplate, Match, Policy, Rule, decide
from rotator.core.rotation import Action
from rotator.core.tags import TagGlobs
from rotator.errors import FatalError
from rotator.reconcile.judging import A_PERSON, Territory
from rotator.reconcile.scan import Scanner
from rotator.testing.fake_provider import ACCOUNT, BareFakeProvider, FakeProvider
from rotator.testing.manual_clock import ManualClock, SeededChance
from rotator.testing.memory_evidence import QuietTelemetry
from rotator.testing.memory_journal import MemoryJournal
from rotator.testing.wire import Failure

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rotator.core.facts import Principal
    from rotator.core.ids import AccountId
    from rotator.core.rotation import Credential
    from rotator.core.survey import Survey

TEMPLATE = DestinationTemplate(kind="fake", name="iam/{principal}")
ROTATE = Rule(name="rotate", action=Action.ROTATE, destination=TEMPLATE)
BY_TEAM = Rule(
    name="team",
    action=Action.ROTATE,
    destination=TEMPLATE,
    match=Match(tags=(TagGlobs(name="team", values=("payments",)),)),
)
HOUR = timedelta(hours=1)


class Scanned:
    """An account, and scans of it with a policy."""

    def __init__(
        self,
        *rules: Rule,
        kind: type[BareFakeProvider] = FakeProvider,
        ownership: Ownership | None = None,
    ) -> None:
        self.clock = ManualClock()
        self.provider = kind(self.clock)
        self.provider.habits = replace(self.provider.habits, name="aws-iam")
        self.journal = MemoryJournal(SeededChance())
        self.telemetry = QuietTelemetry()
        self.root_keys: dict[AccountId, int] = {}
        self.policy = Policy(owner="tests", rules=rules)
        self.ownership = ownership or Ownership(contact_tags=("owner",))

    def add(
        self,
        name: str,
        *,
        keys: int = 1,
        person: bool = False,
        tags: dict[str, str] | None = None,
        **more: str,
    ) -> Principal:
        made = self.provider.add_principal(name)
        for _ in range(keys):
            self.provider.mint_by_hand(made)
        if person:
            self.provider.people.add(made.uid)
        for tag, value in {**(tags or {}), **more}.items():
            self.provider.tag_by_hand(made, tag, value)
        return made

    @property
    def scanner(self) -> Scanner:
        return Scanner(
            territories=(Territory(name="aws-iam", provider=self.provider, account=ACCOUNT),),
            decide=lambda principal, tags=None: decide(self.policy, principal, tags),
            ownership=self.ownership,
            journal=self.journal,
            clock=self.clock,
            telemetry=self.telemetry,
            on_root_keys=self.root_keys.__setitem__,
        )

    def scan(self) -> dict[str, Credential]:
        """Scan, and return the rows by name; a plan must say the same of each."""
        planned = {item.principal.name: item for item in self.judged()}
        self.provider.wire.sent.clear()
        assert self.scanner.scan()
        rows = {item.principal.name: item for item in self.journal.credentials()}
        assert all(_verdict(rows[name]) == _verdict(planned[name]) for name in planned)
        return rows

    def judged(self) -> tuple[Credential, ...]:
        scanner = self.scanner
        return tuple(scanner.judge(scanner.territories[0]).candidates())

    def sent(self, method: str) -> int:
        return self.provider.wire.sent.count(method)

    def logged(self, event: str) -> list[dict[str, object]]:
        return [dict(fields) for _, found, fields in self.telemetry.lines if found == event]


def _verdict(row: Credential) -> tuple[object, ...]:
    return row.action, row.rule, row.note, row.destination, row.contact


# --------------------------------------------------------------------------- overviews


def test_a_row_that_somebody_makes_during_a_scan_is_not_taken_for_ignored(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = Scanned(ROTATE)
    late = world.add("late", keys=0)
    world.add("ci")
    world.scan()
    world.provider.mint_by_hand(late)
    scanner, listed = world.scanner, tuple(world.provider.principals(ACCOUNT))
    blind = replace(scanner.judge(scanner.territories[0]), survey=None)

    def principals(account: AccountId) -> Iterator[Principal]:
        assert account == ACCOUNT
        row = blind.candidate(late)
        assert row is not None
        world.journal.register(row)
        yield from listed

    monkeypatch.setattr(world.provider, "principals", principals)
    assert scanner.scan()
    rows = {item.principal.name: item for item in world.journal.credentials()}
    assert rows["late"].action is Action.ROTATE


def test_a_principal_that_a_fresh_overview_shows_without_a_key_is_left_out_and_told_of() -> None:
    world = Scanned(ROTATE)
    world.add("keyless", keys=0)
    world.add("ci")

    assert set(world.scan()) == {"ci"}
    assert world.logged("principals without a key left out") == [{"account": ACCOUNT, "count": 1}]
    assert world.sent("tags") == world.sent("is_person") == 1


def test_a_principal_that_is_known_is_looked_at_whatever_the_overview_says() -> None:
    world = Scanned(ROTATE)
    made = world.add("ci")
    world.scan()
    for key in list(world.provider.keys):
        world.provider.delete_by_hand(made, key)
    world.clock.advance(5 * HOUR)

    assert world.scan()["ci"].action is Action.ROTATE
    assert not world.logged("principals without a key left out")


def test_a_principal_that_the_overview_does_not_know_yet_is_looked_at() -> None:
    world = Scanned(ROTATE)
    world.scan()
    world.add("new", keys=0)

    assert set(world.scan()) == {"new"}


@pytest.mark.parametrize("failure", [Failure.DENIED, Failure.UNAVAILABLE, Failure.THROTTLED])
def test_without_an_overview_every_principal_is_looked_at(failure: Failure) -> None:
    world = Scanned(ROTATE)
    world.add("keyless", keys=0)
    world.provider.wire.break_next("survey", failure, times=2)

    assert set(world.scan()) == {"keyless"}
    assert len(world.logged("overview not read")) == 2
    assert world.sent("is_person") == 1


class OldOverview(FakeProvider):
    """A provider that makes no new overview."""

    def survey(self, account: AccountId) -> Survey:
        made = super().survey(account)
        return replace(made, taken_at=made.taken_at - 5 * HOUR)


def test_an_overview_that_is_too_old_leaves_nobody_out_and_tells_of_root_keys_only() -> None:
    world = Scanned(ROTATE, kind=OldOverview)
    world.provider.root_keys[ACCOUNT] = 1
    world.add("keyless", keys=0, person=True)

    rows = world.scan()

    assert rows["keyless"].note == A_PERSON
    assert world.sent("is_person") == 1
    assert world.logged("overview too old")
    assert world.root_keys == {ACCOUNT: 1}


def test_a_provider_without_an_overview_is_no_error() -> None:
    world = Scanned(ROTATE, kind=BareFakeProvider)
    world.add("ci", keys=0)

    assert world.scan()["ci"].action is Action.ROTATE
    assert not world.telemetry.lines


def test_root_keys_are_told_of_and_are_no_credential() -> None:
    world = Scanned(ROTATE)
    world.provider.root_keys[ACCOUNT] = 2

    assert world.scan() == {}
    assert world.root_keys == {ACCOUNT: 2}
    assert world.logged("root keys found") == [{"account": ACCOUNT, "count": 2}]


def test_a_fatal_error_is_never_taken_for_a_missing_overview_or_tag() -> None:
    class Broken(FakeProvider):
        def survey(self, account: AccountId) -> Survey:
            raise FatalError("broken")

    class BrokenTags(FakeProvider):
        def tags(self, principal: Principal) -> dict[str, str]:
            raise FatalError("broken")

    for kind in (Broken, BrokenTags):
        world = Scanned(ROTATE, kind=kind)
        world.add("ci")
        with pytest.raises(FatalError):
            world.scanner.scan()


# ------------------------------------------------------------------------------ people


def test_a_person_whom_the_overview_shows_needs_no_call_of_its_own() -> None:
    world = Scanned(ROTATE)
    world.add("jane", person=True, tags={"managed-by": "terraform"})

    assert world.scan()["jane"].note == A_PERSON
    assert world.sent("is_person") == 0
    assert world.sent("tags") == 0


def test_an_overview_without_a_password_is_not_believed() -> None:
    world = Scanned(ROTATE)
    made = world.add("jane")
    world.scan()
    world.provider.people.add(made.uid)

    assert world.scan()["jane"].note == A_PERSON


# --------------------------------------------------------------------------- ownership


def test_a_key_of_another_tool_is_reported_with_what_to_do() -> None:
    world = Scanned(ROTATE, ownership=Ownership(managed_principals=("tf-*",)))
    world.add("stack", tags={"aws:cloudformation:stack-name": "web"})
    world.add("tf-a")
    world.add("ci", team="payments")

    rows = world.scan()

    assert {name: row.action for name, row in rows.items()} == {
        "stack": Action.REPORT,
        "tf-a": Action.REPORT,
        "ci": Action.ROTATE,
    }
    assert "AWS::IAM::AccessKey" in rows["stack"].note
    assert "managedPrincipals" in rows["tf-a"].note
    assert rows["stack"].destination is None
    assert rows["stack"].rule == "rotate"


def test_the_contact_is_kept_with_the_credential_and_follows_the_tag() -> None:
    world = Scanned(ROTATE)
    made = world.add("ci", owner="jane@example.com")
    assert world.scan()["ci"].contact == "jane@example.com"

    world.provider.tag_by_hand(made, "owner", "joe@example.com")

    assert world.scan()["ci"].contact == "joe@example.com"


def test_a_rule_by_tags_decides_and_tags_are_read_once() -> None:
    world = Scanned(BY_TEAM)
    world.add("ours", team="payments", owner="jane")
    world.add("theirs", team="web")

    rows = world.scan()

    assert (rows["ours"].action, rows["ours"].rule) == (Action.ROTATE, "team")
    assert rows["ours"].contact == "jane"
    assert (rows["theirs"].action, rows["theirs"].rule) == (Action.REPORT, DEFAULT_RULE)
    assert world.sent("tags") == 2


def test_no_tags_are_read_where_nothing_is_looked_for_in_them() -> None:
    world = Scanned(ROTATE, ownership=Ownership(managed_tags=()))
    world.add("ci")
    world.scan()

    assert world.sent("tags") == 0


def test_where_principals_carry_no_tags_a_rule_by_tags_selects_nobody() -> None:
    world = Scanned(BY_TEAM, ROTATE, kind=BareFakeProvider)
    world.add("ci")

    assert world.scan()["ci"].rule == "rotate"


@pytest.mark.parametrize("failure", [Failure.DENIED, Failure.UNAVAILABLE, Failure.THROTTLED])
@pytest.mark.parametrize("rules", [(BY_TEAM, ROTATE), (ROTATE,)])
def test_a_new_principal_whose_tags_cannot_be_read_is_reported_and_no_later_rule_takes_it(
    failure: Failure, rules: tuple[Rule, ...]
) -> None:
    world = Scanned(*rules)
    world.add("ci", team="payments")
    world.provider.wire.break_next("tags", failure, times=2)

    row = world.scan()["ci"]

    assert row.action is Action.REPORT
    assert "could not be read" in row.note
    assert len(world.logged("tags not read")) == 1
    assert world.scan()["ci"].action is Action.ROTATE


def test_a_managed_credential_whose_tags_cannot_be_read_keeps_its_row() -> None:
    world = Scanned(BY_TEAM, ROTATE)
    made = world.add("ci", team="payments", owner="jane")
    before = world.scan()["ci"]
    world.provider.tag_by_hand(made, "team", "web")
    world.provider.wire.break_next("tags", Failure.DENIED, times=2)

    assert world.scan()["ci"] == before
    assert world.scan()["ci"].rule == "rotate"
