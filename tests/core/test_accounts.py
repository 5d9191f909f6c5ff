"""In which mode an account is: what is configured, and what a person said about it."""

from __future__ import annotations

import pytest

from rotator.core.accounts import (
    CIPHERSTASH,
    Place,
    container_of,
    effective_mode,
    find_account,
    unconfirmed,
)
from rotator.core.ids import AccountId
from rotator.core.terms import Mode
from tests.builders import ACCOUNT, PROVIDER, account

OTHER = AccountId("444455556666")


@pytest.mark.parametrize("configured", list(Mode))
def test_an_account_that_nobody_confirmed_is_in_plan_mode(configured: Mode) -> None:
    withdrawn = account(is_confirmed=False)

    assert effective_mode(configured, (), PROVIDER, ACCOUNT) is Mode.PLAN
    assert effective_mode(configured, (withdrawn,), PROVIDER, ACCOUNT) is Mode.PLAN


@pytest.mark.parametrize("configured", list(Mode))
def test_a_confirmed_account_is_in_the_mode_that_is_configured(configured: Mode) -> None:
    assert effective_mode(configured, (account(),), PROVIDER, ACCOUNT) is configured


def test_a_confirmation_is_of_one_account_at_one_provider() -> None:
    said = (account(),)

    assert effective_mode(Mode.ENFORCE, said, PROVIDER, OTHER) is Mode.PLAN
    assert effective_mode(Mode.ENFORCE, said, "stage5", ACCOUNT) is Mode.PLAN
    assert find_account(said, PROVIDER, ACCOUNT) == account()
    assert find_account(said, PROVIDER, OTHER) is None


def test_what_is_configured_and_not_confirmed_is_named() -> None:
    places = [Place(provider=PROVIDER, account=name) for name in (ACCOUNT, OTHER)]

    assert unconfirmed(places, (account(),)) == (places[1],)


def test_one_word_about_a_workspace_is_about_both_kinds_of_its_keys() -> None:
    said = (account(provider=CIPHERSTASH),)

    for provider in ("cipherstash-access-key", "cipherstash-client-key", CIPHERSTASH):
        assert container_of(provider) == CIPHERSTASH
        assert effective_mode(Mode.ENFORCE, said, provider, ACCOUNT) is Mode.ENFORCE
    assert container_of(PROVIDER) == PROVIDER
    assert effective_mode(Mode.ENFORCE, said, PROVIDER, ACCOUNT) is Mode.PLAN
