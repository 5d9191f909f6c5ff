"""The slot doctor where keys have names, grants and no last use: what it says is so there."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from rotator.core.ids import Instant, KeyId, RotationId, credential_id
from rotator.core.rotation import Phase
from rotator.core.terms import Grace, Terms
from rotator.errors import AccessDeniedError
from rotator.testing.fake_grants import BOUND, TENANT, FakeProviderWithGrants
from rotator.testing.fake_keys import Habits
from rotator.testing.fake_provider import ACCOUNT, BareFakeProvider, ReportingUse
from rotator.testing.wire import Failure
from tests.reconcile.estate import LIMITS, NAME, Estate
from tests.reconcile.surgery import about, examine
from tests.reconcile.test_granting import GrantedEstate

if TYPE_CHECKING:
    from rotator.core.doctor import Examination

UNSEEN = Terms(limits=LIMITS, grace=Grace())
FORGOTTEN = RotationId("00000000-0000-4000-8000-00000000beef")


class Nameable(ReportingUse):
    """A provider that carries our mark in names and cannot switch a key off."""


class NamedEstate(Estate):
    """An estate whose keys are named for their rotations, without a limit."""

    def __init__(self) -> None:
        super().__init__(provider_type=Nameable)
        self.provider.habits = Habits(name="aws-iam", max_keys=None, marks_keys=True)


def old(estate: Estate) -> KeyId:
    return estate.newest.old_key_id


def told(found: Examination, key: KeyId | None) -> str:
    finding = about(found, str(key))
    return " | ".join((finding.meaning, *finding.evidence, finding.prospect.text))


def in_grace(estate: Estate) -> Examination:
    estate.run(timedelta(days=100), until=Phase.PROMOTED)
    return examine(estate)


def test_what_a_lineage_is_and_that_nothing_limits_it_is_said() -> None:
    verdict = in_grace(NamedEstate()).verdict

    assert f"are those named {NAME}, with or without the ending" in verdict
    assert "Its keys, of which there may be any number, are" in verdict
    assert "key slot" not in verdict
    assert "its old key is gone at" in verdict


def test_a_key_is_known_by_its_name_and_not_by_a_tag() -> None:
    estate = NamedEstate()
    found = in_grace(estate)

    assert f"its name ends with rotation {estate.newest.id}, promoted" in told(
        found, estate.newest.new_key_id
    )


def test_a_name_of_a_rotation_that_nobody_knows_is_told_as_a_name() -> None:
    estate = NamedEstate()
    estate.look()
    soon = Instant(estate.clock.now() + timedelta(minutes=1))
    made = estate.provider.create_key(
        estate.principal, FORGOTTEN, replaces=estate.old.key_id, not_after=soon
    )

    said = told(examine(estate), made.material.key_id)
    assert f"its name ends with rotation {FORGOTTEN}, which the journal does not know" in said
    assert "tag" not in said


def test_a_key_that_cannot_be_switched_off_is_deleted_right_after_its_grace() -> None:
    estate = NamedEstate()
    before = told(examine(estate), estate.old.key_id)
    found = in_grace(estate)
    said = about(found, old(estate)).prospect

    assert "then it is deleted as soon as it is proved unused" in said.text
    assert "disabled" not in said.text
    assert "disabled" not in before
    assert said.at is not None
    assert said.at - estate.clock.now() <= Grace().min_period


def test_nobody_is_told_to_switch_off_what_cannot_be_switched_off() -> None:
    estate = NamedEstate()
    estate.look()
    stranger = estate.provider.mint_by_hand(estate.principal)
    estate.run(timedelta(days=30))

    advice = about(examine(estate), stranger.key_id).advice
    assert "nobody can switch it off to try" in advice.text
    assert not advice.may_delete


def test_a_key_without_last_use_goes_only_where_the_rule_accepts_that() -> None:
    blind, unseen = GrantedEstate(), GrantedEstate()
    unseen.terms = UNSEEN
    accepted, waiting = in_grace(blind), in_grace(unseen)

    assert "set `acceptBlind: true` in the rule services" in waiting.verdict
    assert "acceptBlind" not in accepted.verdict
    left, kept = about(accepted, old(blind)).prospect, about(waiting, old(unseen)).prospect
    assert (left.is_leaving, kept.is_leaving) == (True, False)
    assert "without a proof" in left.text
    assert "once the rule says `acceptBlind: true`" in kept.text
    assert kept.at is None


def test_what_each_key_is_granted_is_shown() -> None:
    estate = GrantedEstate()
    found = in_grace(estate)

    assert f"granted {BOUND}, {TENANT}" in told(found, old(estate))
    assert f"granted {BOUND}, {TENANT}" in told(found, estate.newest.new_key_id)


def test_of_many_grants_the_first_few_are_shown() -> None:
    estate = GrantedEstate()
    for number in range(7):
        estate.granting.grant_by_hand(estate.principal, estate.old.key_id, f"keyset-{number}")
    estate.run(timedelta(days=100), until=Phase.PROMOTED)

    assert "keyset-3 and 4 more" in told(examine(estate), old(estate))


def test_grants_that_cannot_be_read_are_told_with_the_code_and_what_to_do() -> None:
    estate = GrantedEstate()
    estate.run(timedelta(days=100), until=Phase.PROMOTED)
    estate.run(timedelta(hours=2))
    estate.wire.break_next("grants", Failure.DENIED, times=20)
    found = examine(estate)

    assert found.needs_person
    assert "cannot all be read, so nothing is promoted or retired" in found.verdict
    assert "rotator cipherstash client list" in found.verdict
    assert "what it is granted could not be read: access_denied" in told(found, old(estate))


def test_a_key_that_is_off_is_told_as_one_without_grants() -> None:
    estate = GrantedEstate()
    estate.run(timedelta(days=100), until=Phase.DISABLED)

    said = told(examine(estate), old(estate))
    assert "is not granted to it, and that is what disabled means here" in said
    assert "granted nothing" in said


def test_our_own_key_is_named_and_waits_for_the_others() -> None:
    estate = GrantedEstate()
    estate.run(timedelta(hours=1))
    estate.granting.own[ACCOUNT] = estate.old.key_id
    other = estate.provider.add_principal("neighbour")
    estate.provider.mint_by_hand(other)
    estate.register(
        replace(
            estate.credential(),
            id=credential_id("aws-iam", ACCOUNT, "neighbour"),
            principal=other,
            due_at=estate.clock.now(),
        )
    )
    estate.clock.advance(timedelta(days=100))

    found = examine(estate)
    assert "rotator itself is admitted by it" in told(found, estate.old.key_id)
    assert "nothing else is under way in its account (neighbour)" in told(found, estate.old.key_id)
    assert not found.needs_person


@pytest.mark.parametrize("kind", [BareFakeProvider, FakeProviderWithGrants])
def test_a_doctor_that_cannot_read_our_own_key_says_nothing_of_it(
    kind: type[BareFakeProvider],
) -> None:
    estate = Estate(provider_type=kind)
    estate.look()

    def broken(*_: object) -> KeyId | None:
        raise AccessDeniedError("the file cannot be read")

    if isinstance(estate.provider, FakeProviderWithGrants):
        estate.provider.own_key = broken  # type: ignore[method-assign,assignment]

    assert "admitted" not in told(examine(estate), estate.old.key_id)
