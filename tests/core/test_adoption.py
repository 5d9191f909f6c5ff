"""Day one in words: what is managed, what could be, and why the rest is only reported."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from rotator.core.adoption import (
    WAITING,
    AdoptionRow,
    Cause,
    Finding,
    PlacedKey,
    Verdict,
    adoptable,
    held,
    is_unmapped,
    managed,
    placed,
    places,
    unmapped,
)
from rotator.core.facts import KeyInfo, KeyListing
from rotator.core.ids import AccountId, KeyId
from rotator.core.policy import Account, DestinationTemplate, Match, Policy, Rule
from rotator.core.reasons import Reason
from rotator.core.rotation import Action, Hold
from rotator.core.steps import Wait
from rotator.core.survey import FoundKey, FoundObject, Shape
from rotator.core.tags import TagGlobs
from rotator.core.terms import Traits
from tests.builders import ACCOUNT, EPOCH, NEW_KEY, OLD_KEY, REGION, at, principal

OWNER = "platform"
WHO = principal("svc-billing")
HERE = Account(id=ACCOUNT, region=REGION)


def info(key_id: KeyId = OLD_KEY, *, enabled: bool = True) -> KeyInfo:
    return KeyInfo(key_id=key_id, enabled=enabled, created_at=at(days=-90))


def found(*keys: KeyId, name: str = "iam/svc-billing", **changes: Any) -> FoundObject:  # noqa: ANN401 - any field
    made = FoundObject(
        kind="aws-secrets-manager",
        account=ACCOUNT,
        region=REGION,
        name=name,
        shape=Shape.FIELDS,
        keys=tuple(
            FoundKey(key_id=key, key_id_field=f"id{index}", secret_field=f"secret{index}")
            for index, key in enumerate(keys)
        ),
        fields=2 * len(keys),
    )
    return replace(made, **changes)


def keys_of(*listed: KeyInfo, objects: tuple[FoundObject, ...] = ()) -> tuple[PlacedKey, ...]:
    return placed(KeyListing(keys=listed, provider_time=EPOCH), places(objects), Traits())


def judge(*listed: KeyInfo, objects: tuple[FoundObject, ...] = ()) -> Finding:
    return unmapped(WHO, keys_of(*listed, objects=objects), owner=OWNER, account=HERE)


# --------------------------------------------------------------- what no rule maps


def test_a_key_in_one_fit_object_comes_with_what_a_rule_has_to_name() -> None:
    finding = judge(info(), objects=(found(OLD_KEY),))

    assert (finding.verdict, finding.adopts) == (Verdict.UNMAPPED, OLD_KEY)
    assert finding.destination == DestinationTemplate(
        kind="aws-secrets-manager",
        name="iam/{principal}",
        key_id_field="id0",
        secret_field="secret0",
    )


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"fields": 3}, {"merge": True}),
        ({"region": "us-east-1"}, {"region": "us-east-1"}),
        ({"name": "app/prod"}, {"name": "app/prod"}),
        ({"name": f"{ACCOUNT}/svc-billing"}, {"name": "{account}/{principal}"}),
        ({"name": "aws-svc-billing-key"}, {"name": "aws-{principal}-key"}),
        ({"name": "svc-billing/svc-billing"}, {"name": "svc-billing/svc-billing"}),
        ({"name": "svc-billing2"}, {"name": "svc-billing2"}),
        ({"owner": OWNER}, {}),
    ],
)
def test_what_differs_from_the_plain_case_is_named(
    changes: dict[str, Any], expected: dict[str, Any]
) -> None:
    plain = judge(info(), objects=(found(OLD_KEY),)).destination
    destination = judge(info(), objects=(found(OLD_KEY, **changes),)).destination

    assert plain is not None
    assert destination == replace(plain, **expected)


@pytest.mark.parametrize(
    ("name", "template"), [("circle/ci-key", "circle/ci-key"), ("a/ci", "a/{principal}")]
)
def test_a_short_name_is_a_placeholder_only_where_it_stands_alone(name: str, template: str) -> None:
    keys = keys_of(info(), objects=(found(OLD_KEY, name=name),))
    finding = unmapped(principal("ci"), keys, owner=OWNER, account=HERE)

    assert finding.destination is not None
    assert finding.destination.name == template


def test_of_two_keys_the_published_one_would_be_adopted_and_the_other_is_named() -> None:
    finding = judge(info(), info(NEW_KEY), objects=(found(NEW_KEY),))

    assert (finding.verdict, finding.adopts) == (Verdict.UNMAPPED, NEW_KEY)
    assert f"beside it {OLD_KEY}" in finding.why


@pytest.mark.parametrize(
    ("cause", "changes"),
    [
        (Cause.OTHER_ACCOUNT, {"account": AccountId("444455556666")}),
        (Cause.FOREIGN_OWNER, {"owner": "another"}),
        (Cause.NATIVE_ROTATION, {"is_rotated_natively": True}),
        (Cause.BINARY, {"shape": Shape.BINARY}),
        (Cause.TEXT, {"shape": Shape.TEXT}),
        (
            Cause.NESTED,
            {"keys": (FoundKey(key_id=OLD_KEY, key_id_field="aws.id", is_addressable=False),)},
        ),
        (Cause.UNPAIRED, {"keys": (FoundKey(key_id=OLD_KEY, key_id_field="id"),)}),
    ],
)
def test_a_key_where_no_rule_can_publish_is_reported_with_the_cause(
    cause: Cause, changes: dict[str, Any]
) -> None:
    finding = judge(info(), objects=(found(OLD_KEY, **changes),))

    assert (finding.verdict, finding.cause, finding.destination) == (
        Verdict.REPORTED,
        cause,
        None,
    )
    assert "iam/svc-billing" in finding.why


WORKSPACE = AccountId("ABCDEFGHIJKLMNOP")
GUEST = Account(id=WORKSPACE, region=REGION, home=ACCOUNT)


def access_key(field: str = "CS_CLIENT_ACCESS_KEY", **changes: Any) -> FoundObject:  # noqa: ANN401 - any field
    key = FoundKey(key_id=OLD_KEY, key_id_field="", secret_field=field)
    return found(OLD_KEY, keys=(key,), fields=1, **changes)


def judge_guest(*objects: FoundObject, provider: str = "cipherstash-access-key") -> Finding:
    who = principal("svc-billing", provider=provider, account=WORKSPACE)
    listing = KeyListing(keys=(info(), info(NEW_KEY)), provider_time=EPOCH)
    keys = placed(listing, places(objects), Traits(max_keys=None))
    return unmapped(who, keys, owner=OWNER, account=GUEST)


def test_keys_of_a_workspace_are_published_in_its_home() -> None:
    finding = judge_guest(access_key())
    elsewhere = judge_guest(access_key(account=AccountId("444455556666")))

    assert finding.destination == DestinationTemplate(
        kind="aws-secrets-manager", name="iam/{principal}"
    )
    assert elsewhere.cause is Cause.OTHER_ACCOUNT
    assert elsewhere.why.endswith(f"a rule publishes in {ACCOUNT}")


def test_a_key_that_carries_its_id_is_published_in_the_field_where_it_was_found() -> None:
    destination = judge_guest(access_key("CS_IDP_CLIENT_SECRET")).destination

    assert destination is not None
    assert (destination.key_id_field, destination.secret_field) == ("", "CS_IDP_CLIENT_SECRET")


@pytest.mark.parametrize(
    ("provider", "told"),
    [("cipherstash-access-key", "a field"), ("cipherstash-client-key", "two fields")],
)
@pytest.mark.parametrize("shape", [Shape.TEXT, Shape.BINARY])
def test_in_how_many_fields_a_key_stands_is_told_as_it_is(
    provider: str, told: str, shape: Shape
) -> None:
    assert f"as {told} of" in judge_guest(access_key(shape=shape), provider=provider).why


def test_a_key_takes_no_slot_where_there_is_no_limit() -> None:
    finding = judge_guest(access_key())

    assert finding.why.endswith(f"carries {OLD_KEY}; beside it {NEW_KEY}")


def test_a_mapped_key_in_another_field_says_in_which() -> None:
    keys = keys_of(info(), objects=(access_key("OTHER", name="cs/x"),))

    wait = Wait(until=EPOCH, reason=Reason.UNPUBLISHED)
    assert held(wait, keys, "cs/x").why.endswith("cs/x holds it in OTHER; name that under `fields`")


def test_a_key_in_several_objects_is_for_a_person_to_decide() -> None:
    objects = (found(OLD_KEY, name="one"), found(OLD_KEY, name="two"))

    finding = judge(info(), objects=objects)
    assert finding.cause is Cause.SEVERAL_OBJECTS
    assert "one, two" in finding.why


def test_one_object_with_two_keys_of_a_principal_is_for_a_person_to_decide() -> None:
    finding = judge(info(), info(NEW_KEY), objects=(found(OLD_KEY, NEW_KEY),))

    assert finding.cause is Cause.SEVERAL_KEYS


def test_a_principal_without_a_key_is_reported() -> None:
    assert judge().cause is Cause.NO_KEY


@pytest.mark.parametrize("objects", [(), (found(OLD_KEY),)])
def test_disabled_keys_are_reported(objects: tuple[FoundObject, ...]) -> None:
    assert judge(info(enabled=False), objects=objects).cause is Cause.KEY_DISABLED


def test_consumers_that_are_given_a_disabled_key_are_told_of() -> None:
    finding = judge(info(enabled=False), info(NEW_KEY), objects=(found(OLD_KEY),))

    assert finding.cause is Cause.KEY_DISABLED
    assert f"{OLD_KEY} is in iam/svc-billing (id0)" in finding.why


def test_a_key_that_was_found_nowhere_waits_for_a_person() -> None:
    finding = judge(info())

    assert finding.verdict is Verdict.UNPLACED
    assert finding.verdict in WAITING


def test_nobody_says_that_no_secret_carries_a_key_whose_id_no_search_can_tell() -> None:
    finding = judge_guest(provider="jupyterhub-token")

    assert finding.verdict is Verdict.UNPLACED
    assert "cannot be told at sight" in finding.why


def test_an_object_without_named_fields_is_named_alone() -> None:
    key = FoundKey(key_id=OLD_KEY, key_id_field="", is_addressable=False)
    item = found(OLD_KEY, shape=Shape.BINARY, keys=(key,))
    (view,) = keys_of(info(), objects=(item,))

    assert [place.name for place in view.places] == ["iam/svc-billing"]


# ------------------------------------------------------------------ what is mapped


def test_what_would_be_adopted_is_told_with_what_takes_its_slot() -> None:
    alone = adoptable(OLD_KEY, keys_of(info()), "iam/x")
    beside = adoptable(OLD_KEY, keys_of(info(), info(NEW_KEY)), "iam/x")

    assert (alone.verdict, alone.adopts, alone.why) == (
        Verdict.ADOPTABLE,
        OLD_KEY,
        "iam/x carries its key",
    )
    assert NEW_KEY in beside.why


def test_what_would_be_adopted_unpublished_is_told_as_that_and_with_where_it_is() -> None:
    nowhere = adoptable(OLD_KEY, keys_of(info()), "iam/x", is_published=False)
    elsewhere = found(OLD_KEY, name="jenkins")
    there = adoptable(OLD_KEY, keys_of(info(), objects=(elsewhere,)), "iam/x", is_published=False)

    assert nowhere.why.startswith("iam/x carries no key yet: ")
    assert f"({OLD_KEY} is in jenkins (id0))" in there.why


def test_one_key_in_many_objects_is_found_at_every_place() -> None:
    many = [found(*[OLD_KEY] * 100) for _ in range(400)]

    assert len(places(many)[OLD_KEY]) == 40_000


def test_what_is_managed_is_told_with_what_it_waits_for() -> None:
    hold = Hold(reason=Reason.SLOTS_FULL, since=EPOCH)

    assert managed(OLD_KEY, keys_of(info()), None).why == f"{OLD_KEY} is managed already"
    assert "it waits: every key slot is taken" in managed(OLD_KEY, keys_of(info()), hold).why


@pytest.mark.parametrize("reason", [Reason.UNPUBLISHED, Reason.DESTINATION_MISSING])
def test_a_mapped_key_elsewhere_is_told_with_where_it_was_found(reason: Reason) -> None:
    keys = keys_of(info(), objects=(found(OLD_KEY, name="elsewhere"),))

    finding = held(Wait(until=EPOCH, reason=reason), keys, "iam/x")
    assert finding.verdict is Verdict.UNPUBLISHED
    assert finding.why.endswith(f"{OLD_KEY} is in elsewhere (id0), and the rule names iam/x")


@pytest.mark.parametrize(
    ("enabled", "changes", "told"),
    [
        (True, {}, ": iam/x holds it in id0; name that under `fields`"),
        (False, {}, f": iam/x carries {OLD_KEY}, which is disabled"),
        (True, {"shape": Shape.BINARY}, "(not readable)"),
    ],
)
def test_a_mapped_object_that_carries_the_key_in_another_way_says_in_which(
    changes: dict[str, Any], told: str, *, enabled: bool
) -> None:
    keys = keys_of(info(enabled=enabled), objects=(found(OLD_KEY, name="iam/x", **changes),))

    wait = Wait(until=EPOCH, reason=Reason.UNPUBLISHED, detail="not readable")
    assert held(wait, keys, "iam/x").why.endswith(told)


def test_a_mapped_key_that_was_found_nowhere_is_told_as_a_pass_would() -> None:
    wait = Wait(until=EPOCH, reason=Reason.UNPUBLISHED, detail="the keys")

    assert held(wait, keys_of(info()), "iam/x").why.endswith("(the keys)")


def test_another_hold_is_told_as_a_pass_would() -> None:
    wait = Wait(until=EPOCH, reason=Reason.DESTINATION_FOREIGN, detail="iam/x")

    finding = held(wait, keys_of(info()), "iam/x")
    assert finding.verdict is Verdict.HELD
    assert finding.why.endswith("(iam/x)")


# ---------------------------------------------------------------- who is unmapped


@pytest.mark.parametrize(
    ("match", "expected"),
    [
        (Match(), True),
        (Match(principal=("*",)), True),
        (Match(account=("prod",)), True),
        (Match(principal=("svc-*",)), False),
        (Match(path=("/svc/",)), False),
        (Match(tags=(TagGlobs(name="team"),)), False),
    ],
)
def test_a_rule_about_everybody_decides_about_nobody(match: Match, *, expected: bool) -> None:
    policy = Policy(owner=OWNER, rules=(Rule(name="r", action=Action.REPORT, match=match),))

    assert is_unmapped(policy, "r") is expected
    assert is_unmapped(policy, "defaults")


def test_a_row_waits_as_its_verdict_does() -> None:
    row = AdoptionRow(account=ACCOUNT, name="x", finding=judge(info()))

    assert (row.verdict, row.is_waiting) == (Verdict.UNPLACED, True)
    assert not replace(row, finding=judge()).is_waiting
