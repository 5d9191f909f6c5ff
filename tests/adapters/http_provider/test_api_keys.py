"""Keys of a described API, handled by operators: the port's contract, and its edges."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from rotator.core.api_keys import ApiKeyWish, KeyStatus, KeyUsage
from rotator.core.ids import KeyId
from rotator.core.secret import Secret
from rotator.errors import AccessDeniedError, NotFoundError, RejectedError
from rotator.ports.provider import Verdict
from rotator.providers.http.spec import Own
from rotator.testing.api_keys_contract import ApiKeysBench, ApiKeysContract
from tests.adapters.http_provider.by_hand import condition, operation, select
from tests.adapters.http_provider.cast import with_created, with_key
from tests.adapters.http_provider.shapes import House, detailed_keys, named_keys, plain_tokens
from tests.adapters.http_provider.vendor import said

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rotator.core.ids import Instant
    from rotator.ports.api_keys import ApiKeys
    from rotator.providers.http.spec import Spec
    from rotator.testing.bench import Fault


class Bench(ApiKeysBench):
    def __init__(self, house: House, spec: Spec, wish: ApiKeyWish) -> None:
        self._house, self._spec, self.wish = house, spec, wish
        self._keys = house.api_keys(spec)

    @property
    def keys(self) -> ApiKeys:
        return self._keys

    def entered_as_nobody(self) -> ApiKeys:
        nobody = House(vendor=self._house.vendor, url=self._house.url, credential="nobody")
        keys = nobody.api_keys(self._spec)
        self._house.clients += nobody.clients
        return keys

    def now(self) -> Instant:
        return self._house.vendor.clock.now()

    def advance(self, period: timedelta) -> None:
        self._house.vendor.clock.advance(period)

    def settle(self) -> None:
        self.advance(timedelta(minutes=2))

    @contextmanager
    def failing(self, fault: Fault) -> Iterator[None]:
        with self._house.vendor.failing(fault):
            yield


class TestNamedKeys(ApiKeysContract):
    @pytest.fixture
    def bench(self, house: House) -> ApiKeysBench:
        wish = ApiKeyWish(name="ci", scopes=("read",), lifetime=timedelta(days=90))
        return Bench(house, named_keys(), wish)


class TestDetailedKeys(ApiKeysContract):
    @pytest.fixture
    def bench(self, house: House) -> ApiKeysBench:
        return Bench(house, detailed_keys(), ApiKeyWish(name="ci"))


def test_everything_that_is_told_of_a_key_is_listed(house: House) -> None:
    keys = house.api_keys(named_keys())
    wish = ApiKeyWish(
        name="ci", description="for the builds", lifetime=timedelta(days=3), scopes=("read", "go")
    )
    made = keys.create_api_key(wish)
    (listed,) = keys.api_keys()

    assert (listed.name, listed.description, listed.scopes) == ("ci", "for the builds", wish.scopes)
    assert (listed.status, listed.raw_status) == (KeyStatus.ACTIVE, "live")
    assert listed.is_use_told
    assert listed.last_used_at is None
    assert listed == made.key

    house.vendor.clock.advance(timedelta(days=4))
    (listed,) = keys.api_keys()
    assert (listed.status, listed.raw_status) == (KeyStatus.EXPIRED, "over")


def test_a_key_whose_end_is_over_has_expired_whatever_its_status_says(house: House) -> None:
    spec = named_keys()
    key = {name: found for name, found in spec.listing.key.items() if name != "status"}
    keys = house.api_keys(replace(spec, listing=replace(spec.listing, key=key)))
    keys.create_api_key(ApiKeyWish(name="ci", lifetime=timedelta(days=3)))
    assert keys.api_keys()[0].status is KeyStatus.ACTIVE

    house.vendor.clock.advance(timedelta(days=3))
    assert keys.api_keys()[0].status is KeyStatus.EXPIRED


def test_a_status_that_nobody_translated_is_shown_as_unknown_with_the_vendors_word(
    house: House,
) -> None:
    house.vendor.make("all", "ci", note="sleeping")
    (key,) = house.api_keys(with_key(named_keys(), status=select("note"))).api_keys()
    assert (key.status, key.raw_status) == (KeyStatus.UNKNOWN, "sleeping")


@pytest.mark.parametrize(
    ("wish", "what"),
    [
        (ApiKeyWish(name="ci", scopes=("read",)), "scopes"),
        (ApiKeyWish(name="ci", lifetime=timedelta(days=1)), "a lifetime"),
        (ApiKeyWish(name="ci", description="x"), "a description"),
        (ApiKeyWish(name="ci", like=KeyId("k1")), "what another key may do"),
    ],
    ids=["scopes", "lifetime", "description", "like"],
)
def test_a_wish_that_the_spec_cannot_express_is_refused_unsent(
    house: House, wish: ApiKeyWish, what: str
) -> None:
    spec = detailed_keys()
    with pytest.raises(RejectedError) as caught:
        house.api_keys(spec).create_api_key(wish)

    assert caught.value.code == "cannot_express"
    assert what in str(caught.value)
    assert str(spec.creation.operation.place) in str(caught.value)
    assert not house.vendor.heard


class TestOneLikeAnother:
    def test_it_may_do_the_same_and_is_not_taken_for_it(self, house: House) -> None:
        old = house.vendor.make("all", "ci", scopes=["read", "go"], level=40, note="builds")
        made = house.api_keys(named_keys()).create_api_key(
            ApiKeyWish(name="two", like=KeyId(str(old.id)))
        )

        new = house.vendor.find(made.key.key_id)
        assert new is not None
        assert (new.scopes, new.level, new.note) == (["read", "go"], 40, "")
        assert (made.key.name, made.key.scopes) == ("two", ("read", "go"))

    def test_scopes_that_are_asked_for_go_before_its_own(self, house: House) -> None:
        old = house.vendor.make("all", "ci", scopes=["read", "go"], level=40)
        made = house.api_keys(named_keys()).create_api_key(
            ApiKeyWish(name="two", scopes=("read",), like=KeyId(str(old.id)))
        )

        new = house.vendor.find(made.key.key_id)
        assert new is not None
        assert (new.scopes, new.level) == (["read"], 40)

    def test_where_powers_can_only_be_copied_somebody_must_say_whose(self, house: House) -> None:
        old = house.vendor.make("all", "ci", level=40)
        asked = {"name": "${new.name}", "level": "${old.level}"}
        create = operation("create", "POST", "/named/keys", status=(201,), json=asked)
        spec = with_created(named_keys(), operation=create)
        keys = house.api_keys(spec)

        with pytest.raises(RejectedError) as caught:
            keys.create_api_key(ApiKeyWish(name="two"))
        assert caught.value.code == "like_whom"
        assert "--like KEY" in str(caught.value.hint)
        assert not house.vendor.heard

        made = keys.create_api_key(ApiKeyWish(name="two", like=KeyId(str(old.id))))
        new = house.vendor.find(made.key.key_id)
        assert new is not None
        assert new.level == 40

    def test_what_is_not_there_cannot_be_copied(self, house: House) -> None:
        with pytest.raises(NotFoundError):
            house.api_keys(named_keys()).create_api_key(
                ApiKeyWish(name="two", like=KeyId("nobody"))
            )
        assert not house.vendor.listed()


def test_a_name_where_keys_have_none_is_refused_unsent(house: House) -> None:
    keys = house.api_keys(plain_tokens(), house.account(params={"user": "robot"}))
    with pytest.raises(RejectedError) as caught:
        keys.create_api_key(ApiKeyWish(name="ci"))
    assert "a name" in str(caught.value)


def test_a_name_that_is_too_long_is_refused_unsent(house: House) -> None:
    with pytest.raises(RejectedError) as caught:
        house.api_keys(named_keys()).create_api_key(ApiKeyWish(name="x" * 101))
    assert caught.value.code == "name_too_long"
    assert {request.method for request in house.vendor.heard} == {"GET"}


def test_a_key_that_is_listed_after_its_end_is_said_to_be(house: House) -> None:
    spec = named_keys()
    house.vendor.on("DELETE", "/1", said(204, None))
    keys = house.api_keys(spec)
    made = keys.create_api_key(ApiKeyWish(name="ci"))

    with pytest.raises(RejectedError) as caught:
        keys.revoke_api_key(made.key.key_id)
    assert caught.value.code == "still_listed"
    assert str(spec.revocation[-1].place) in str(caught.value)


def test_our_own_key_is_not_revoked_and_is_told(house: House) -> None:
    spec = with_own(named_keys())
    own = house.vendor.make("all", "rotator")
    house.vendor.on("GET", "/own", said(200, {"me": str(own.id)}))
    keys = house.api_keys(spec)

    assert keys.own_key() == "1"
    with pytest.raises(RejectedError) as caught:
        keys.revoke_api_key(KeyId("1"))
    assert caught.value.code == "own_key"
    assert house.vendor.listed() == [own]


def test_without_a_call_for_it_nobody_tells_our_own_key(house: House) -> None:
    assert house.api_keys(named_keys()).own_key() is None


def test_usage_is_told_and_may_be_partly_unknown(house: House) -> None:
    keys = house.api_keys(named_keys())
    made = keys.create_api_key(ApiKeyWish(name="ci"))

    assert keys.usage(made.key.key_id) == KeyUsage(count=12)
    with pytest.raises(NotFoundError):
        keys.usage(KeyId("99"))
    assert house.api_keys(detailed_keys()).usage(made.key.key_id) is None


def test_a_mistyped_path_of_usage_is_told_with_its_line(house: House) -> None:
    spec = named_keys()
    assert spec.usage is not None
    lost = operation("usage", "GET", "/named/kays/${key.id}/usage")
    keys = house.api_keys(replace(spec, usage=replace(spec.usage, operation=lost)))
    made = keys.create_api_key(ApiKeyWish(name="ci"))

    with pytest.raises(RejectedError) as caught:
        keys.usage(made.key.key_id)
    assert str(lost.place) in str(caught.value)


def test_a_preflight_that_does_not_hold_denies_access_in_the_specs_words(house: House) -> None:
    words = "You need administrator or owner privileges."
    may = condition("may", equals=True)
    preflight = operation("preflight", "GET", "/may", may)
    spec = replace(named_keys(), preflight=preflight, access_denied=words)
    keys = house.api_keys(spec)

    house.vendor.on("GET", "/may", said(200, {"may": True}))
    keys.check_admission()
    for answer in (said(200, {"may": False}), said(403, {}), said(401, {})):
        house.vendor.on("GET", "/may", answer)
        with pytest.raises(AccessDeniedError) as caught:
            keys.check_admission()
        assert words in str(caught.value)
    house.vendor.on("GET", "/may", said(404, {}))
    with pytest.raises(RejectedError) as broken:
        keys.check_admission()
    assert str(preflight.place) in str(broken.value)


def test_a_key_of_which_only_the_text_is_known_can_be_tried(house: House) -> None:
    keys = house.api_keys(named_keys())
    made = keys.create_api_key(ApiKeyWish(name="ci"))
    assert keys.try_api_key(made.secret, None) is Verdict.ACCEPTED
    assert keys.try_api_key(Secret("sk_nobody"), None) is Verdict.NOT_YET


def with_own(spec: Spec) -> Spec:
    return replace(spec, own=Own(operation=operation("own", "GET", "/own"), id=select("me")))
