"""The contract of what a provider tells of principals beside their keys, as tests.

`rotator.testing.provider_contract` puts them together with the rest.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from rotator.errors import AccessDeniedError, NotFoundError, TransientError
from rotator.ports.provider import CanDisable, CanReadTags, CanSurvey
from rotator.testing.bench import TOLERANCE, Fault

if TYPE_CHECKING:
    from rotator.testing.provider_bench import ProviderBench


class TagsContract:
    """The capability `CanReadTags`."""

    @pytest.fixture
    def reader(self, bench: ProviderBench) -> CanReadTags:
        """Return the provider with this capability, or skip."""
        if not isinstance(bench.provider, CanReadTags):
            pytest.skip(f"{type(bench.provider).__name__} is not CanReadTags")
        return bench.provider

    def test_each_principal_has_its_own_tags(
        self, bench: ProviderBench, reader: CanReadTags
    ) -> None:
        """Names and values come back as they were written."""
        principal, other = bench.new_principal(), bench.new_principal()
        bench.tag_by_hand(principal, "Team", "Payments, EU")
        bench.tag_by_hand(principal, "empty", "")
        assert dict(reader.tags(principal)) == {"Team": "Payments, EU", "empty": ""}
        assert not reader.tags(other)

    def test_tags_of_a_namesake_are_not_found(
        self, bench: ProviderBench, reader: CanReadTags
    ) -> None:
        """Another principal of that name is not this one."""
        principal = bench.new_principal()
        bench.replace_by_hand(principal)
        bench.tag_by_hand(principal, "team", "payments")
        with pytest.raises(NotFoundError) as caught:
            reader.tags(principal)
        assert caught.value.code == "principal_replaced"

    def test_denied_tags_are_access_denied(self, bench: ProviderBench, reader: CanReadTags) -> None:
        """What may not be read is never "no tags"."""
        principal = bench.new_principal()
        with bench.failing(Fault.DENIED), pytest.raises(AccessDeniedError):
            reader.tags(principal)

    def test_throttled_tags_are_transient(self, bench: ProviderBench, reader: CanReadTags) -> None:
        """What could not be read now is never "no tags"."""
        principal = bench.new_principal()
        with bench.failing(Fault.THROTTLED), pytest.raises(TransientError):
            reader.tags(principal)


class SurveyContract:
    """The capability `CanSurvey`."""

    @pytest.fixture
    def surveyor(self, bench: ProviderBench) -> CanSurvey:
        """Return the provider with this capability, or skip."""
        if not isinstance(bench.provider, CanSurvey):
            pytest.skip(f"{type(bench.provider).__name__} is not CanSurvey")
        return bench.provider

    def test_keys_are_counted_whether_enabled_or_not(
        self, bench: ProviderBench, surveyor: CanSurvey
    ) -> None:
        """A principal without a key is told apart from one whose key is off."""
        full, off, empty = (bench.new_principal() for _ in range(3))
        key = bench.mint_by_hand(off).key_id
        for _ in range(2):
            bench.mint_by_hand(full)
        bench.settle()
        if isinstance(bench.provider, CanDisable):
            bench.provider.disable_key(off, key, not_after=bench.soon())
        found = surveyor.survey(full.account).principals
        assert [found[item.name].keys for item in (full, off, empty)] == [2, 1, 0]
        assert found[empty.name].oldest_at is None
        assert found[full.name].oldest_at is not None

    def test_people_are_told_apart(self, bench: ProviderBench, surveyor: CanSurvey) -> None:
        """Whoever has a console password is a person."""
        person, machine = bench.new_principal(), bench.new_principal()
        bench.make_person(person)
        found = surveyor.survey(person.account).principals
        assert found[person.name].has_password
        assert not found[machine.name].has_password

    def test_a_survey_says_when_it_was_taken_and_shows_nothing_newer(
        self, bench: ProviderBench, surveyor: CanSurvey
    ) -> None:
        """Hours later another one is taken."""
        account = bench.new_principal().account
        taken_at = surveyor.survey(account).taken_at
        assert abs(bench.now() - taken_at) <= TOLERANCE
        later = bench.new_principal()
        assert later.name not in surveyor.survey(account).principals
        bench.advance(timedelta(hours=5))
        second = surveyor.survey(account)
        assert later.name in second.principals
        assert second.taken_at > taken_at

    def test_an_account_without_root_keys_has_none(
        self, bench: ProviderBench, surveyor: CanSurvey
    ) -> None:
        """That is the rule; a bench cannot make one by hand."""
        assert surveyor.survey(bench.new_principal().account).root_keys == 0

    def test_a_denied_survey_is_access_denied(
        self, bench: ProviderBench, surveyor: CanSurvey
    ) -> None:
        """What may not be read is never "nobody has a key"."""
        account = bench.new_principal().account
        with bench.failing(Fault.DENIED), pytest.raises(AccessDeniedError):
            surveyor.survey(account)
