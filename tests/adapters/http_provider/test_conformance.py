"""The conformance run: what it finds, and that it never leaves a key behind."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from rotator.core.api_keys import ApiKeyWish
from rotator.providers.http.conformance import Conformance
from rotator.providers.http.conformance_keys import leftovers
from rotator.providers.http.conformance_report import Outcome
from rotator.simulators.stage5.shapes import FaultKind, FaultRule
from tests.adapters.http_provider.conforming import (
    NONCE,
    TEXT,
    Gullible,
    failed,
    names,
    outcomes,
    run,
    seen,
    stand,
)
from tests.adapters.http_provider.stage5_account import Stage5Account


@pytest.fixture
def place() -> Stage5Account:
    return Stage5Account()


class TestATrueSpec:
    def test_everything_is_checked_and_nothing_is_left(self, place: Stage5Account) -> None:
        before = names(place)

        report = run(place)

        assert failed(report) == {}
        assert report.has_passed
        assert outcomes(report)["a key can be switched off and on"] is Outcome.NOT_APPLICABLE
        assert report.count(Outcome.PASSED) == 16
        assert names(place) == before

    def test_each_check_is_told_as_soon_as_it_is_made(self, place: Stage5Account) -> None:
        told: list[str] = []

        report = Conformance(stand(place), NONCE, tell=lambda check: told.append(check.what)).run()

        assert told == [check.what for check in report.checks]

    def test_slow_news_is_waited_for_and_measured(self, place: Stage5Account) -> None:
        world = place.acme.world
        world.settings = world.settings.model_copy(
            update={"propagation_delay_seconds": 5, "revocation_lag_seconds": 12}
        )

        report = run(place)

        assert failed(report) == {}
        assert report.refused_after is not None
        assert 12 <= report.refused_after <= 14
        assert "the spec allows 60 s" in seen(report, "a revoked key is refused")

    def test_small_pages_show_what_large_ones_show(self, place: Stage5Account) -> None:
        for number in range(5):
            place.api_keys().create_api_key(
                ApiKeyWish(name=f"k{number}", lifetime=timedelta(days=30))
            )

        assert "by pages of 1" in seen(run(place), "smaller pages show the same keys")

    def test_no_secret_is_in_a_report(self, place: Stage5Account) -> None:
        report = repr(run(place))

        assert "s5k_" not in report
        assert place.token not in report


class TestAFalseSpec:
    def test_a_mistyped_revoke_path_is_found_and_the_keys_are_named(
        self, place: Stage5Account
    ) -> None:
        report = run(
            place,
            TEXT.replace(
                'method: DELETE\n          path: "/workspaces/',
                ('method: DELETE\n          path: "/workspace/'),
            ),
        )

        assert "spec.yaml:" in failed(report)["a revoked key is refused"]
        assert {left.name for left in report.left} == {
            f"rotator-test-{NONCE}-a",
            f"rotator-test-{NONCE}-b",
        }
        assert not report.has_passed

    def test_a_verify_that_lets_everybody_in_is_found(self, place: Stage5Account) -> None:
        on = stand(place)

        report = Conformance(replace(on, keys=Gullible(on.keys)), NONCE).run()

        found = failed(report)["damaged and made-up keys are refused"]
        assert "a key that lacks its end is let in, so `verify` proves nothing" in found
        assert "spec.yaml:" in found
        assert report.left == ()

    def test_a_pointer_that_leads_nowhere_is_found(self, place: Stage5Account) -> None:
        report = run(place, TEXT.replace("next: page.next", "next: pages.next"))

        assert "spec.yaml:" in failed(report)["every key is listed"]

    def test_a_revocation_that_is_slower_than_the_spec_says_is_found(
        self, place: Stage5Account
    ) -> None:
        world = place.acme.world
        world.settings = world.settings.model_copy(update={"revocation_lag_seconds": 15})

        report = run(place, TEXT.replace("revoke: 60s", "revoke: 8s"))

        assert "`propagation.revoke` says 8 s" in failed(report)["a revoked key is refused"]
        assert report.left == ()

    def test_a_key_that_never_stops_working_is_found(self, place: Stage5Account) -> None:
        world = place.acme.world
        world.settings = world.settings.model_copy(update={"revocation_lag_seconds": 86_400})

        report = run(place)

        assert "still let in" in failed(report)["a revoked key is refused"]
        assert report.left != ()

    def test_an_admin_key_that_may_not_is_told_in_the_vendors_words(
        self, place: Stage5Account
    ) -> None:
        place.token = "s5k_wrong"

        report = run(place)

        assert "administrator or owner privileges" in failed(report)["our credential is let in"]
        assert outcomes(report)["a second key can be made beside it"] is Outcome.NOT_REACHED
        assert report.left == ()


class TestWhateverHappens:
    def test_a_run_that_is_stopped_ends_its_keys(self, place: Stage5Account) -> None:
        before = names(place)
        told: list[object] = []

        def must_stop() -> bool:
            return len(told) >= 5

        report = Conformance(stand(place), NONCE, must_stop=must_stop, tell=told.append).run()

        assert report.was_stopped
        assert not report.has_passed
        assert (names(place), report.left) == (before, ())

    @pytest.mark.parametrize("checks", range(1, 17))
    def test_wherever_it_is_stopped_no_key_stays(self, place: Stage5Account, checks: int) -> None:
        before = names(place)
        told: list[object] = []

        Conformance(
            stand(place), NONCE, must_stop=lambda: len(told) >= checks, tell=told.append
        ).run()

        assert names(place) == before

    def test_a_mistake_of_ours_leaves_no_key_either(self, place: Stage5Account) -> None:
        before = names(place)
        told: list[object] = []

        def break_off(check: object) -> None:
            told.append(check)
            if len(told) == 6:
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            Conformance(stand(place), NONCE, tell=break_off).run()

        assert names(place) == before

    def test_a_key_whose_making_was_never_answered_is_found_by_its_name(
        self, place: Stage5Account
    ) -> None:
        before = names(place)
        rule = FaultRule(kind=FaultKind.LOSE_ANSWER, operation="create-access-key", skip=1)
        place.acme.world.faults.add(rule)

        report = run(place)

        assert "a second key can be made beside it" in failed(report)
        assert (names(place), report.left) == (before, ())

    def test_a_making_that_never_arrived_leaves_nothing_to_look_for(
        self, place: Stage5Account
    ) -> None:
        rule = FaultRule(kind=FaultKind.LOSE_REQUEST, operation="create-access-key")
        place.acme.world.faults.add(rule)

        assert run(place).left == ()

    def test_an_api_that_fails_for_a_while_is_asked_again(self, place: Stage5Account) -> None:
        rule = FaultRule(kind=FaultKind.THROTTLE, operation="create-access-key", times=1)
        place.acme.world.faults.add(rule)

        assert failed(run(place)) == {}

    def test_keys_that_cannot_be_ended_are_named(self, place: Stage5Account) -> None:
        rule = FaultRule(kind=FaultKind.ACCESS_DENIED, operation="revoke-access-key", times=None)
        place.acme.world.faults.add(rule)

        report = run(place)

        assert [left.name[-1] for left in report.left] == ["a", "b"]
        assert all(left.key_id and left.why for left in report.left)


class TestLeftovers:
    def test_keys_of_earlier_runs_are_known_by_their_names(self, place: Stage5Account) -> None:
        keys = place.api_keys()
        for name in ("rotator-test-01234567-a", "rotator-test-0123456-a", "mine"):
            keys.create_api_key(ApiKeyWish(name=name, lifetime=timedelta(days=2)))
        listed = keys.api_keys()
        now = place.acme.clock.now()

        assert leftovers(listed, now) == ()
        place.acme.clock.advance(timedelta(hours=1))
        found = leftovers(listed, place.acme.clock.now())
        assert [key.name for key in found] == ["rotator-test-01234567-a"]
        undated = [replace(key, created_at=None) for key in found]
        assert leftovers(undated, now) == tuple(undated)
