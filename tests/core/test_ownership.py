from __future__ import annotations

import pytest

from rotator.core.ownership import Ownership, managing_tag, root_note
from rotator.core.tags import TagGlobs, tag_named
from tests.builders import principal

STACK = {"aws:cloudformation:stack-name": "Payments"}


@pytest.mark.parametrize(
    ("tags", "is_covered"),
    [
        ({"team": "payments"}, True),
        ({"Team": "payments"}, True),
        ({"team": "checkout-eu"}, True),
        ({"team": "Payments"}, False),
        ({"team": ""}, False),
        ({"squad": "payments"}, False),
        ({}, False),
    ],
)
def test_a_tag_is_found_by_its_name_in_any_case_and_its_value_by_a_glob(
    tags: dict[str, str], *, is_covered: bool
) -> None:
    assert TagGlobs(name="team", values=("payments", "checkout-*")).covers(tags) is is_covered


def test_a_tag_that_is_empty_is_there() -> None:
    assert not tag_named({"A": ""}, "a")
    assert tag_named({"A": ""}, "a") is not None
    assert TagGlobs(name="a").covers({"A": ""})


@pytest.mark.parametrize(
    ("tags", "advice"),
    [
        ({"managed-by": "Terraform"}, "the Terraform state"),
        ({"ManagedBy": "team-x/terraform 1.9"}, "the Terraform state"),
        ({"terraform": "true"}, "the Terraform state"),
        ({"managed_by": "OpenTofu"}, "the OpenTofu state"),
        ({"managed-by": "pulumi"}, "the Pulumi state"),
        (STACK, "AWS::IAM::AccessKey"),
    ],
)
def test_keys_of_another_tool_are_told_with_what_to_do(tags: dict[str, str], advice: str) -> None:
    note = Ownership().tagged(tags)

    assert advice in note
    assert "manage the key in one place" in note
    assert "or leave it reported" in note


@pytest.mark.parametrize(
    "tags",
    [{}, {"managed-by": "payments"}, {"terraform": "no"}, {"team": "terraform"}],
)
def test_other_tags_name_no_tool(tags: dict[str, str]) -> None:
    assert not Ownership().tagged(tags)
    assert managing_tag(tags) is None


def test_the_tag_is_told_as_it_is_written() -> None:
    assert managing_tag(STACK) == ("aws:cloudformation:stack-name", "Payments")
    assert "`aws:cloudformation:stack-name` is `Payments`" in Ownership().tagged(STACK)


def test_what_is_configured_takes_the_place_of_the_built_in_tags() -> None:
    ownership = Ownership(managed_tags=(TagGlobs(name="keys", values=("ours",)),))

    assert not ownership.tagged({"managed-by": "terraform"})
    assert "take it out of the other tool" in ownership.tagged({"keys": "OURS"})


def test_a_list_names_principals_of_tools_that_leave_no_tag() -> None:
    ownership = Ownership(managed_principals=("tf-*", "web"))

    assert "managedPrincipals" in ownership.listed(principal("tf-a"))
    assert ownership.listed(principal("web"))
    assert not ownership.listed(principal("ci-a"))


def test_the_first_contact_that_says_anything_counts() -> None:
    ownership = Ownership(contact_tags=("owner", "team"))

    assert ownership.contact({"Owner": " jane@example.com ", "team": "x"}) == "jane@example.com"
    assert ownership.contact({"owner": " ", "team": "payments"}) == "payments"
    assert ownership.contact({"squad": "payments"}) == ""


def test_tags_are_asked_for_only_where_something_may_be_found_in_them() -> None:
    assert Ownership().asks_for_tags
    assert Ownership(contact_tags=("owner",), managed_tags=()).asks_for_tags
    assert not Ownership(managed_tags=(), managed_principals=("tf-*",)).asks_for_tags


def test_root_keys_are_to_be_deleted_by_somebody_else() -> None:
    assert "delete the root key:" in root_note(1)
    assert "the 2 root keys" in root_note(2)
    assert "never touches" in root_note(1)
