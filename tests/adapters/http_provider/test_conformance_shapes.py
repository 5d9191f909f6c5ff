"""The conformance run at APIs of other shapes, and what it finds there."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from rotator.core.api_keys import ApiKey, ApiKeyWish, KeyStatus, MadeApiKey
from rotator.core.ids import KeyId
from rotator.core.secret import Secret
from rotator.providers.http.conformance import Conformance
from rotator.providers.http.conformance_report import Outcome
from rotator.providers.http.conformance_shown import differences
from rotator.providers.http.conformance_stand import Wanted, stand_on
from rotator.testing.manual_clock import ManualClock, SeededChance
from tests.adapters.http_provider.conforming import (
    NONCE,
    Gullible,
    failed,
    outcomes,
    run,
    seen,
    stand,
)
from tests.adapters.http_provider.shapes import detailed_keys, named_keys, plain_tokens
from tests.adapters.http_provider.stage5_account import Stage5Account
from tests.adapters.http_provider.vendor import said
from tests.builders import EPOCH, at

if TYPE_CHECKING:
    from rotator.ports.provider import Verdict
    from rotator.providers.http.conformance_stand import Stand
    from rotator.simulators.messages import Answer, HttpRequest
    from tests.adapters.http_provider.shapes import House


@pytest.fixture
def place() -> Stage5Account:
    return Stage5Account()


TOKENS = "/plain/users/robot/tokens"


def at_house(house: House, shape: str) -> Stand:
    spec = {"named": named_keys, "plain": plain_tokens, "detailed": detailed_keys}[shape]()
    wanted = Wanted(scopes=("read",)) if shape == "named" else Wanted()
    account = house.account(params={"user": "robot"} if shape == "plain" else {})
    return stand_on(spec, account, house.vendor.clock, SeededChance(), wanted)


@pytest.mark.parametrize("shape", ["named", "plain", "detailed"])
class TestEveryShape:
    def test_a_true_spec_passes_and_leaves_nothing(self, house: House, shape: str) -> None:
        house.vendor.make("somebody", "theirs")

        report = Conformance(at_house(house, shape), NONCE).run()

        assert failed(report) == {}
        assert [key.name for key in house.vendor.listed()] == ["theirs"]

    def test_a_key_whose_making_was_never_answered_is_ended_by_its_name(
        self, house: House, shape: str
    ) -> None:
        house.vendor.make("somebody", "theirs")
        on = at_house(house, shape)
        with LosesAnswers(house):
            report = Conformance(on, NONCE).run()

        assert "a key can be made" in failed(report)
        if on.has_names:
            assert ([key.name for key in house.vendor.listed()], report.left) == (["theirs"], ())
        else:
            assert [left.key_id for left in report.left] == [str(house.vendor.listed()[-1].id)]


class LosesAnswers:
    """Makings take effect and are not answered; all else is."""

    def __init__(self, house: House) -> None:
        self.vendor = house.vendor

    def __enter__(self) -> None:
        for path in ("/named/keys", TOKENS, "/detail/ids"):
            self.vendor.on("POST", path, self._lost)

    def __exit__(self, *_: object) -> None:
        self.vendor.answers.clear()

    def _lost(self, request: HttpRequest) -> None:
        kept, self.vendor.answers = self.vendor.answers, []
        self.vendor._told(request)
        self.vendor.answers = kept


class TestKeysWithoutNames:
    def test_a_switch_is_tried(self, house: House) -> None:
        report = Conformance(at_house(house, "plain"), NONCE).run()

        assert outcomes(report)["a key can be switched off and on"] is Outcome.PASSED

    @pytest.mark.parametrize("count", [1, 2])
    def test_what_appeared_is_never_guessed_to_be_ours(self, house: House, count: int) -> None:
        def lost(_: HttpRequest) -> None:
            for _again in range(count):
                house.vendor.make("robot")

        house.vendor.on("POST", TOKENS, lost)

        report = Conformance(at_house(house, "plain"), NONCE).run()

        assert len(house.vendor.listed()) == count
        assert [left.key_id for left in report.left] == ["1", "2"][:count]
        assert "end it by hand if nobody else made it" in report.left[0].why

    def test_what_cannot_be_looked_for_is_told_without_an_id(self, house: House) -> None:
        vendor = house.vendor

        def lost(_: HttpRequest) -> None:
            vendor.make("robot")
            vendor.on("GET", TOKENS, lambda _: said(500, {}))

        vendor.on("POST", TOKENS, lost)

        report = Conformance(at_house(house, "plain"), NONCE).run()

        (left,) = report.left
        assert left.key_id is None
        assert "nobody knows whether it was made" in left.why


class TestWhatDoesNotFit:
    def test_a_second_key_that_ends_the_first_is_found(self, house: House) -> None:
        vendor = house.vendor

        def ends_others(request: HttpRequest) -> Answer | None:
            for key in vendor.listed("robot"):
                vendor.end(key)
            kept, vendor.answers = vendor.answers, []
            answer = vendor._told(request)
            vendor.answers = kept
            return answer

        vendor.on("POST", TOKENS, ends_others)

        report = Conformance(at_house(house, "plain"), NONCE).run()

        assert "the first key is refused since the second" in failed(report)["both keys are let in"]
        assert report.left == ()

    def test_a_new_key_that_is_never_let_in_is_found(self, house: House) -> None:
        house.vendor.spreading = timedelta(hours=1)

        report = Conformance(at_house(house, "named"), NONCE).run()

        assert "it is still refused after 20 s" in failed(report)["the new key is let in"]

    def test_a_new_key_that_is_let_in_late_is_found(self, house: House) -> None:
        house.vendor.spreading = timedelta(seconds=15)

        report = Conformance(at_house(house, "named"), NONCE).run()

        assert "`propagation.create` says 10 s" in failed(report)["the new key is let in"]

    def test_pages_that_hide_keys_are_found(self, house: House) -> None:
        on = at_house(house, "named")
        empty = at_house(house, "plain").keys
        report = Conformance(replace(on, narrowed=lambda _: empty), NONCE).run()

        found = failed(report)["smaller pages show the same keys"]
        assert found.startswith("pages of 1 show 0 keys, where there are 2 (")

    def test_a_test_key_that_is_said_to_be_our_own_is_found(self, place: Stage5Account) -> None:
        on = stand(place)
        own: list[KeyId] = []

        class Odd(Gullible):
            def create_api_key(self, wish: ApiKeyWish) -> MadeApiKey:
                made = self.real.create_api_key(wish)
                own.append(made.key.key_id)
                return made

            def own_key(self) -> KeyId | None:
                return own[0] if own else None

            def try_api_key(self, secret: Secret, key: KeyId | None) -> Verdict:
                return self.real.try_api_key(secret, key)

        report = Conformance(replace(on, keys=Odd(on.keys)), NONCE).run()

        assert "is a key that was just made (spec.yaml:" in failed(report)["our own key is told"]

    def test_a_use_that_is_told_late_is_no_failure(self, place: Stage5Account) -> None:
        world = place.acme.world
        world.settings = world.settings.model_copy(update={"last_used_lag_seconds": 600})

        report = run(place)

        assert report.has_passed
        told = seen(report, "a use of a key is told")
        assert told == "not within 15 s; the spec says 900 s"

    def test_a_revocation_that_ends_the_other_key_too_is_found(self, house: House) -> None:
        vendor = house.vendor

        def ends_all(_: HttpRequest) -> Answer:
            for key in vendor.listed("robot"):
                vendor.end(key)
            return said(204, None)

        vendor.on("POST", "/drop", ends_all)

        report = Conformance(at_house(house, "plain"), NONCE).run()

        assert "it is refused since the first" in failed(report)["the other key still works"]


def listed_key(**more: Any) -> ApiKey:  # noqa: ANN401 - what a key has
    usual = {"key_id": KeyId("k1"), "name": "rotator-test-0badcafe-a", "created_at": EPOCH}
    return ApiKey(**{**usual, **more})


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({}, ""),
        ({"name": "other"}, "k1 is listed under another name"),
        ({"status": KeyStatus.PENDING}, "k1 is listed as pending"),
        ({"scopes": ("a", "b", "c")}, "k1 may do more than was asked for: c"),
        ({"scopes": ("a",)}, "k1 lacks b"),
        ({"scopes": None}, "k1 was given scopes, and none are told"),
        ({"description": ""}, "k1 was given a description, and none is told"),
        ({"created_at": at(days=-3)}, "k1 is listed as made at another time than now"),
        ({"expires_at": None}, "k1 was given an end, and none is told"),
        ({"expires_at": at(days=9)}, "k1 ends later than it was asked to"),
    ],
)
def test_a_listing_that_does_not_show_what_was_asked_for_is_told(
    place: Stage5Account, more: dict[str, Any], why: str
) -> None:
    on = replace(
        stand(place, wanted=Wanted(lifetime=timedelta(days=2), scopes=("a", "b"))),
        clock=ManualClock(),
    )
    made = MadeApiKey(key=listed_key(description="a test"), secret=Secret("s5k_x"))
    usual = {"scopes": ("a", "b"), "expires_at": at(days=2), "description": "a test"}

    told = list(differences(on, made, listed_key(**usual | more)))

    assert [it.split(" (spec.yaml:")[0] for it in told] == ([why] if why else [])


def test_keys_like_another_are_expected_to_be_listed_with_its_scopes(place: Stage5Account) -> None:
    like = listed_key(scopes=("a", "b"))
    on = replace(stand(place, wanted=Wanted(like=like)), clock=ManualClock())
    made = MadeApiKey(key=listed_key(), secret=Secret("s5k_x"))

    assert list(differences(on, made, listed_key(scopes=("a", "b")))) == []
    assert "k1 lacks b" in "".join(differences(on, made, listed_key(scopes=("a",))))


def test_what_an_api_does_not_tell_is_no_difference(house: House) -> None:
    on = replace(at_house(house, "plain"), wanted=Wanted(lifetime=timedelta(days=2)))
    made = MadeApiKey(key=listed_key(name=""), secret=Secret("sk_x"))

    assert list(differences(on, made, listed_key(name="", created_at=None))) == []
