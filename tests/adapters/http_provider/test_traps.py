"""Traps that real servers have sprung: none of them is one server's own."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from rotator.clients.http_messages import Answer
from rotator.core.api_keys import KeyUsage
from rotator.core.ids import AccountId, KeyId
from rotator.core.secret import KeyMaterial, Secret
from rotator.errors import (
    AccessDeniedError,
    NotFoundError,
    OutcomeUnknownError,
    QuotaExceededError,
    RejectedError,
    ThrottledError,
    UnavailableError,
)
from rotator.ports.provider import CanDisable, CanReportUse, CanTellOwn, Verdict
from rotator.providers.http.ending import list_lag
from rotator.providers.http.selectors import compile_path
from rotator.providers.http.spec import Expect, Own, SecretForm
from rotator.testing.bench import Fault
from rotator.testing.provider_bench import OTHER_ROTATION, ROTATION
from tests.adapters.http_provider.by_hand import condition, operation, select
from tests.adapters.http_provider.cast import (
    deleted,
    minted,
    soon,
    whose,
    with_created,
    with_key,
    with_list,
    with_pages,
)
from tests.adapters.http_provider.shapes import detailed_keys, named_keys, plain_tokens
from tests.adapters.http_provider.test_api_keys import with_own
from tests.adapters.http_provider.vendor import basic_of, said

if TYPE_CHECKING:
    from rotator.ports.provider import KeyProvider
    from rotator.simulators.messages import Answer as Told
    from rotator.simulators.messages import HttpRequest
    from tests.adapters.http_provider.shapes import House

ROBOT = whose("robot", provider="vendor-token")


def robots(house: House) -> KeyProvider:
    return house.provider(plain_tokens(), house.account(params={"user": "robot"}))


def test_a_secret_in_the_path_of_its_end_comes_from_the_list_and_is_not_shown(
    house: House,
) -> None:
    step = operation("revoke", "DELETE", "/tokens/${key.secret}", status=(204,), holds_secret=True)
    spec = replace(with_list(named_keys(), key={**named_keys().listing.key, "secret": select("s")}))
    spec = replace(spec, revocation=(step,))
    secret = "sk/with?odd#characters"
    row = {"id": 7, "label": "ci", "made": "2026-01-01T00:00:00Z", "s": secret}
    house.vendor.on("GET", "/keys", said(200, {"data": [row], "meta": {}}))
    house.vendor.on("DELETE", "", said(204, None))

    deleted(house, house.provider(spec), 7)
    assert house.vendor.heard[-1].path == "/tokens/sk%2Fwith%3Fodd%23characters"
    house.vendor.on("DELETE", "", said(500, {}))
    with pytest.raises(OutcomeUnknownError) as caught:
        deleted(house, house.provider(spec), 7)
    assert secret not in repr(vars(caught.value)) + str(caught.value)
    # What only the list could name is gone when it is not listed, if it is not too young.
    house.vendor.heard.clear()
    provider = house.provider(spec)
    with pytest.raises(UnavailableError) as young:
        deleted(house, provider, 8)
    assert young.value.code == "not_listed_yet"
    house.vendor.clock.advance(list_lag(spec))
    deleted(house, provider, 8)
    assert {request.method for request in house.vendor.heard} == {"GET"}


def test_a_deleted_key_that_is_let_in_for_a_while_is_not_called_refused(house: House) -> None:
    house.vendor.lingering = timedelta(seconds=23)
    provider = house.provider(named_keys())
    made = minted(house, provider)
    deleted(house, provider, made.material.key_id)

    assert provider.verify(whose(), made.material) is Verdict.PARTLY
    house.vendor.clock.advance(timedelta(seconds=24))
    assert provider.verify(whose(), made.material) is Verdict.NOT_YET


@pytest.mark.parametrize("status", [200, 204, 404, 410])
def test_deleting_twice_is_no_error_however_it_is_answered(house: House, status: int) -> None:
    house.vendor.gone_status = status
    spec = named_keys()
    step = operation("revoke", "DELETE", "/named/keys/${key.id}", status=(200, 204))
    provider = house.provider(replace(spec, revocation=(step,)))
    key = minted(house, provider).material.key_id
    deleted(house, provider, key)
    deleted(house, provider, key)


def test_the_masked_answer_of_a_key_that_we_chose_is_ignored(house: House) -> None:
    made = minted(house, robots(house), ROBOT)
    assert made.material.secret.reveal() == house.vendor.keys[0].secret
    assert made.material.secret.reveal().startswith("sk_")
    assert len(made.material.secret.reveal()) == 51


@pytest.mark.parametrize(
    ("shown", "what"),
    [
        ("sk_0001a***EfGhIjKlMnOp", "masked"),
        ("sk_0001a...EfGhIjKlMnOp", "masked"),
        ("sk_0001aBcDeFgHiJk", "length"),
        ("pk_0001aBcDeFgHiJkLmNoP", "begin"),
        ("", "did not show"),
        (None, "did not show"),
    ],
)
def test_a_key_that_is_not_shown_whole_is_not_taken_for_one(
    house: House, shown: str | None, what: str
) -> None:
    spec = named_keys()
    row = {"id": 1, "label": f"ci.rotator-{ROTATION}", "made": "2026-01-01T00:00:00Z"}
    house.vendor.on("POST", "/keys", said(201, {"key": row, "secret": shown}))
    with pytest.raises(OutcomeUnknownError) as caught:
        minted(house, house.provider(spec))
    assert what in str(caught.value)
    assert str(spec.creation.key["secret"].place) in str(caught.value)


def test_stars_belong_to_a_key_where_its_form_says_so(house: House) -> None:
    form = SecretForm(prefix="sk_", alphabet="*aBc")
    row = {"id": 1, "label": f"ci.rotator-{ROTATION}", "made": "2026-01-01T00:00:00Z"}
    house.vendor.on("POST", "/keys", said(201, {"key": row, "secret": "sk_***aBc"}))
    provider = house.provider(replace(named_keys(), secret_form=form))
    assert minted(house, provider).material.secret.reveal() == "sk_***aBc"
    house.vendor.on("POST", "/keys", said(201, {"key": row, "secret": "sk_***xyz"}))
    with pytest.raises(OutcomeUnknownError) as caught:
        minted(house, provider)
    assert "characters" in str(caught.value)


@pytest.mark.parametrize("found", [None, "", True, 1.5, {"id": 1}, "x" * 1025])
def test_an_answer_without_an_id_is_a_key_that_somebody_must_look_for(
    house: House, found: object
) -> None:
    spec = named_keys()
    house.vendor.on("POST", "/keys", said(201, {"key": {"id": found}, "secret": "sk_" * 9}))
    with pytest.raises(OutcomeUnknownError) as caught:
        minted(house, house.provider(spec))
    assert str(spec.creation.key["id"].place) in str(caught.value)


def test_another_success_than_the_expected_one_leaves_a_mint_open(house: House) -> None:
    spec = named_keys()
    house.vendor.on("POST", "/keys", said(200, {}))
    with pytest.raises(OutcomeUnknownError) as caught:
        minted(house, house.provider(spec))
    assert str(spec.creation.operation.place) in str(caught.value)


def test_a_number_and_its_text_are_the_same_id(house: House) -> None:
    provider = house.provider(named_keys())
    made = minted(house, provider)
    assert made.material.key_id == "1"
    assert provider.verify(whose(), made.material) is Verdict.ACCEPTED
    assert provider.list_keys(whose()).ids == ("1",)


def test_pages_of_one_are_all_read(house: House) -> None:
    house.vendor.page_size = 1
    for number in range(5):
        house.vendor.make("all", f"key-{number}")
        house.vendor.make("robot")
    provider = house.provider(named_keys())
    assert len(list(provider.principals(whose().account))) == 5
    assert len(robots(house).list_keys(ROBOT).keys) == 5


def test_a_use_that_is_not_told_is_never_no_use(house: House) -> None:
    spec = with_key(named_keys(), lastUsedAt=select("usd", time="rfc3339"))
    provider = house.provider(spec)
    key = minted(house, provider).material.key_id
    assert isinstance(provider, CanReportUse)
    with pytest.raises(RejectedError) as caught:
        provider.last_used(whose(), key)
    assert caught.value.code == "use_unclear"
    assert str(spec.listing.key["lastUsedAt"].place) in str(caught.value)


def test_a_word_for_never_is_never(house: House) -> None:
    provider = robots(house)
    key = minted(house, provider, ROBOT).material.key_id
    assert isinstance(provider, CanReportUse)
    assert provider.last_used(ROBOT, key).at is None


def test_a_key_that_is_over_is_listed_with_its_end(house: House) -> None:
    house.vendor.make("all", "ci", ends_at=soon(house))
    house.vendor.clock.advance(timedelta(days=1))
    provider = house.provider(named_keys())
    (info,) = provider.list_keys(whose()).keys
    assert info.enabled
    assert info.expires_at is not None
    assert info.has_expired(house.vendor.clock.now())


@pytest.mark.parametrize("has_end", [False, True])
def test_a_key_that_is_called_expired_has_ended_whatever_its_end_says(
    house: House, *, has_end: bool
) -> None:
    spec = with_key(named_keys(), status=select("label", values={"ci": "expired"}))
    house.vendor.make("all", "ci", ends_at=soon(house) if has_end else None)
    listing = house.provider(spec).list_keys(whose())
    assert listing.keys[0].expires_at == listing.provider_time


@pytest.mark.parametrize(
    ("word", "listed", "is_on"),
    [
        ("revoked", False, None),
        ("inactive", True, False),
        ("pending", True, True),
        ("a word of theirs", True, True),
    ],
)
def test_what_a_status_means_to_us(
    house: House, word: str, *, listed: bool, is_on: bool | None
) -> None:
    spec = with_key(named_keys(), status=select("note"))
    house.vendor.make("all", "ci", note=word)
    keys = house.provider(spec).list_keys(whose()).keys
    assert [key.enabled for key in keys] == ([is_on] if listed else [])


def test_a_server_without_a_clock_is_unavailable(house: House) -> None:
    spec = named_keys()
    account = house.account()
    answer = Answer(
        operation="vendor-key:list",
        subject="house",
        host="vendor",
        is_change=False,
        status=200,
        headers={},
        content=b'{"data": [], "meta": {}}',
        received_at=house.vendor.clock.now(),
    )

    def read(request: HttpRequest, **more: object) -> Answer:
        return answer

    account.client.read = read  # type: ignore[assignment, method-assign]
    with pytest.raises(UnavailableError) as caught:
        house.provider(spec, account).list_keys(whose())
    assert caught.value.code == "time_unknown"
    assert str(spec.listing.operation.place) in str(caught.value)


def test_keys_without_a_birthday_are_as_old_as_the_list(house: House) -> None:
    provider = robots(house)
    minted(house, provider, ROBOT)
    listing = provider.list_keys(ROBOT)
    assert not listing.keys[0].is_dated
    assert listing.keys[0].created_at == listing.provider_time


@pytest.mark.parametrize(
    ("field", "selector"),
    [
        ("createdAt", select("mde", time="rfc3339")),
        ("createdAt", select("label", time="rfc3339")),
        ("id", select("idd")),
        ("id", select("scopes")),
        ("id", select("level")),
        ("name", select("lbl")),
    ],
)
def test_a_row_that_lacks_what_may_not_be_guessed_is_an_error_with_its_line(
    house: House, field: str, selector: object
) -> None:
    spec = with_list(named_keys(), key={**named_keys().listing.key, field: selector})
    house.vendor.make("all", "ci")
    house.vendor.make("all", "cd")
    with pytest.raises(RejectedError) as caught:
        house.provider(spec).list_keys(whose())
    assert str(spec.listing.key[field].place) in str(caught.value)


def test_a_key_without_a_name_is_nobodys_and_spoils_no_list(house: House) -> None:
    house.vendor.make("all", "")
    house.vendor.make("all", "ci")
    provider = house.provider(named_keys())
    assert list(provider.principals(whose().account)) == [whose()]


def test_the_vendors_limit_is_a_quota_also_where_we_do_not_know_it(house: House) -> None:
    spec = replace(plain_tokens(), max_keys=None)
    provider = house.provider(spec, house.account(params={"user": "robot"}))
    for _ in range(2):
        minted(house, provider, ROBOT)
    with pytest.raises(QuotaExceededError) as caught:
        minted(house, provider, ROBOT)
    assert str(spec.creation.operation.place) in str(caught.value)


def test_where_there_is_no_room_by_the_spec_nothing_is_asked_for(house: House) -> None:
    provider = robots(house)
    for _ in range(2):
        minted(house, provider, ROBOT)
    house.vendor.heard.clear()
    with pytest.raises(QuotaExceededError):
        minted(house, provider, ROBOT)
    assert {heard.method for heard in house.vendor.heard} == {"GET"}


def test_another_refusal_with_the_quotas_status_is_no_quota(house: House) -> None:
    house.vendor.on("POST", "/tokens", said(409, {"code": "locked"}))
    with pytest.raises(RejectedError):
        minted(house, robots(house), ROBOT)


def test_a_name_that_is_taken_means_that_an_earlier_request_landed(house: House) -> None:
    provider = house.provider(named_keys())
    minted(house, provider)
    house.vendor.on("POST", "/keys", said(409, {}))
    with pytest.raises(OutcomeUnknownError) as caught:
        minted(house, provider)
    assert caught.value.code == "name_taken"
    with pytest.raises(RejectedError):
        minted(house, provider, rotation=OTHER_ROTATION)
    house.vendor.on("POST", "/keys", said(413, {}))
    with pytest.raises(RejectedError):
        minted(house, provider)


def test_a_name_that_the_vendor_cuts_is_no_mark_and_the_key_is_ended_again(house: House) -> None:
    spec = named_keys()

    def cut(request: HttpRequest) -> Told:
        key = house.vendor.make("all", "ci.rotator-but-cut")
        return said(201, {"key": house.vendor._shown(key), "secret": key.secret})

    house.vendor.on("POST", "/keys", cut)
    with pytest.raises(RejectedError) as caught:
        minted(house, house.provider(spec))
    assert caught.value.code == "name_changed"
    assert str(spec.creation.operation.place) in str(caught.value)
    assert not house.vendor.listed()

    house.vendor.on("DELETE", "", said(500, {}))
    with pytest.raises(OutcomeUnknownError):
        minted(house, house.provider(spec))


def test_a_name_that_would_be_too_long_is_not_sent(house: House) -> None:
    provider = house.provider(replace(named_keys(), longest_name=40))
    with pytest.raises(RejectedError) as caught:
        minted(house, provider)
    assert caught.value.code == "name_too_long"


def test_keys_that_are_ended_by_their_name_need_a_name_of_their_own(house: House) -> None:
    by_name = operation("revoke", "DELETE", "/named/names/${key.name}", status=(204,))
    spec = replace(named_keys(), revocation=(by_name,))
    provider = house.provider(spec)
    minted(house, provider)
    house.vendor.on("DELETE", "", said(204, None))
    deleted(house, provider, 1)
    assert house.vendor.heard[-1].path == f"/named/names/ci.rotator-{ROTATION}"
    minted(house, provider)
    with pytest.raises(RejectedError) as caught:
        deleted(house, provider, 2)
    assert caught.value.code == "name_ambiguous"
    # Not listed yet, but made by this process: its name is known.
    house.vendor.end(house.vendor.keys[0])
    house.vendor.end(house.vendor.keys[1])
    deleted(house, provider, 2)
    assert house.vendor.heard[-1].method == "DELETE"


def test_a_second_step_that_fails_is_not_surely_not_done(house: House) -> None:
    provider = house.provider(detailed_keys())
    key = minted(house, provider).material.key_id
    house.vendor.on("DELETE", "/k-1", said(429, {}))
    with pytest.raises(OutcomeUnknownError) as caught:
        deleted(house, provider, key)
    assert caught.value.code == "throttled"
    house.vendor.answers.clear()
    house.vendor.on("POST", "/stop", said(429, {}))
    with pytest.raises(ThrottledError):
        deleted(house, provider, key)


def test_our_own_key_is_neither_deleted_nor_switched_off(house: House) -> None:
    house.vendor.on("GET", "/own", said(200, {"me": 1}))
    house.vendor.make("all", "ci")
    provider = house.provider(with_own(named_keys()))
    assert isinstance(provider, CanTellOwn)
    assert provider.own_key(whose().account) == "1"
    with pytest.raises(RejectedError) as caught:
        deleted(house, provider, 1)
    assert caught.value.code == "own_key"
    assert house.vendor.listed()


def test_which_key_is_ours_is_asked_with_the_credential_of_this_moment(house: House) -> None:
    before = house.credential

    def own(request: HttpRequest) -> Told:
        return said(200, {"me": 1 if request.headers["x-admin"] == before else 2})

    house.vendor.on("GET", "/own", own)
    provider = house.provider(with_own(named_keys()))
    assert isinstance(provider, CanTellOwn)
    provider.list_keys(whose())
    house.credential = house.vendor.admin = "the-successor-of-our-credential"
    assert provider.own_key(whose().account) == "2"


@pytest.mark.parametrize("body", [{"mee": 1}, {"me": [1]}, {"me": ""}])
def test_an_own_key_that_is_not_told_is_an_error(house: House, body: object) -> None:
    spec = with_own(named_keys())
    house.vendor.on("GET", "/own", said(200, body))
    with pytest.raises(RejectedError) as caught:
        deleted(house, house.provider(spec), 1)
    assert spec.own is not None
    assert str(spec.own.id.place) in str(caught.value)


def test_no_own_key_is_told_by_null(house: House) -> None:
    house.vendor.on("GET", "/own", said(200, {"me": None}))
    provider = house.provider(with_own(named_keys()))
    assert isinstance(provider, CanTellOwn)
    assert provider.own_key(whose().account) is None


def test_another_principals_key_is_not_deleted(house: House) -> None:
    house.vendor.make("all", "cd")
    with pytest.raises(RejectedError) as caught:
        deleted(house, house.provider(named_keys()), 1)
    assert caught.value.code == "another_principals"
    assert house.vendor.listed()


def test_a_detail_that_vanished_between_is_a_key_that_ended(house: House) -> None:
    provider = house.provider(detailed_keys())
    gone = house.vendor.make("all", "cd")
    house.vendor.make("all", "ci")

    def vanish(request: HttpRequest) -> Told:
        house.vendor.end(gone)
        return said(404, {})

    house.vendor.on("GET", "/k-1", vanish)
    assert [p.name for p in provider.principals(whose().account)] == ["ci"]


def test_a_detail_that_is_not_there_for_a_listed_key_is_an_error(house: House) -> None:
    spec = detailed_keys()
    house.vendor.make("all", "ci")
    house.vendor.on("GET", "/k-1", said(404, {}))
    assert spec.listing.detail is not None
    place = str(spec.listing.detail.operation.place)
    with pytest.raises(RejectedError) as caught:
        house.provider(spec).list_keys(whose())
    assert place in str(caught.value)
    bodies: list[object] = [{"dta": {}}, {"data": None}, []]
    for body in bodies:
        house.vendor.on("GET", "/k-1", said(200, body))
        with pytest.raises(RejectedError) as caught:
            house.provider(spec).list_keys(whose())
        assert place in str(caught.value)


def test_ids_that_come_twice_are_no_list(house: House) -> None:
    spec = named_keys()
    row = {"id": 1, "label": "ci", "made": "2026-01-01T00:00:00Z"}
    house.vendor.on("GET", "/keys", said(200, {"data": [row, row], "meta": {"next": None}}))
    with pytest.raises(RejectedError) as caught:
        house.provider(spec).list_keys(whose())
    assert caught.value.code == "id_twice"


def test_another_one_than_the_only_principal_is_not_found(house: House) -> None:
    provider = robots(house)
    with pytest.raises(NotFoundError):
        provider.list_keys(whose("other", provider="vendor-token"))


def test_an_account_that_nobody_configured_is_named(house: House) -> None:
    with pytest.raises(RejectedError) as caught:
        house.provider(named_keys()).list_keys(whose(account=AccountId("elsewhere")))
    assert caught.value.code == "unknown_account"
    assert caught.value.subject == "elsewhere"


def test_a_try_that_is_neither_yes_nor_no_is_an_error(house: House) -> None:
    spec = named_keys()
    provider = house.provider(spec)
    material = minted(house, provider).material
    house.vendor.on("GET", "/me", said(402, {}))
    with pytest.raises(RejectedError) as caught:
        provider.verify(whose(), material)
    assert caught.value.code == "verify_unclear"
    assert str(spec.verification.operation.place) in str(caught.value)


def test_a_made_up_key_is_tried_once_an_hour_and_must_be_refused(house: House) -> None:
    provider = robots(house)
    material = minted(house, provider, ROBOT).material

    def tries() -> int:
        before = len(house.vendor.heard)
        assert provider.verify(ROBOT, material) is Verdict.ACCEPTED
        return len(house.vendor.heard) - before

    assert [tries(), tries()] == [2, 1]
    house.vendor.clock.advance(timedelta(hours=1))
    assert tries() == 2


def test_a_made_up_key_that_is_refused_in_an_odd_way_is_refused(house: House) -> None:
    provider = robots(house)
    material = minted(house, provider, ROBOT).material
    good = house.vendor.keys[0].secret

    def odd(request: HttpRequest) -> Told:
        is_good = basic_of(request).endswith(good)
        return said(200, {"user": "robot"}) if is_good else said(400, {})

    house.vendor.on("GET", "/whoami", odd)
    assert provider.verify(ROBOT, material) is Verdict.ACCEPTED


def test_a_made_up_key_that_could_not_be_tried_proves_nothing_yet(house: House) -> None:
    provider = robots(house)
    material = minted(house, provider, ROBOT).material
    with house.vendor.failing(Fault.THROTTLED), pytest.raises(ThrottledError):
        provider.verify(ROBOT, material)
    assert provider.verify(ROBOT, material) is Verdict.ACCEPTED


def test_an_answer_about_somebody_else_is_another_principals(house: House) -> None:
    provider = house.provider(named_keys())
    material = minted(house, provider).material
    house.vendor.on("GET", "/me", said(200, {"key": {"id": "99"}}))
    assert provider.verify(whose(), material) is Verdict.WRONG_PRINCIPAL


def test_a_list_of_everything_that_there_is_may_hold_other_things(house: House) -> None:
    house.vendor.make("all", "ci", note="api")
    house.vendor.make("all", "cd", note="session")
    where = (condition("note", equals="api"), condition("id", exists=True))
    provider = house.provider(with_list(named_keys(), where=where))
    assert [p.name for p in provider.principals(whose().account)] == ["ci"]


def test_a_filter_that_looks_at_nothing_hides_no_key(house: House) -> None:
    house.vendor.make("all", "ci", note="api")
    missing = condition("nte", equals="api")
    spec = with_list(named_keys(), where=(missing,))
    with pytest.raises(RejectedError) as caught:
        house.provider(spec).list_keys(whose())
    assert caught.value.code == "where_missed"
    assert str(missing.place) in str(caught.value)


def test_a_key_whose_text_is_not_the_keys_is_refused(house: House) -> None:
    provider = house.provider(named_keys())
    made = minted(house, provider)
    forged = KeyMaterial(key_id=made.material.key_id, secret=Secret("sk_forged"))
    assert provider.verify(whose(), forged) is Verdict.NOT_YET


def test_a_list_without_content_is_empty(house: House) -> None:
    spec = named_keys()
    listing = operation("list", "GET", "/named/keys", status=(200, 204))
    house.vendor.on("GET", "/keys", said(204, None))
    provider = house.provider(with_list(spec, operation=listing))
    assert not provider.list_keys(whose()).keys


def test_a_mint_is_asked_for_once(house: House) -> None:
    provider = house.provider(named_keys())
    with house.vendor.failing(Fault.LOST_ANSWER), pytest.raises(OutcomeUnknownError):
        minted(house, provider)
    assert sum(request.method == "POST" for request in house.vendor.heard) == 1
    assert KeyId("1") in provider.list_keys(whose()).ids


def test_a_created_key_may_be_found_in_pages_that_cannot_be_sized(house: House) -> None:
    spec = with_pages(named_keys(), size_param="", size=0)
    for number in range(25):
        house.vendor.make("all", f"key-{number}")
    assert len(list(house.provider(spec).principals(whose().account))) == 25


@pytest.mark.parametrize("has_condition", [False, True])
def test_a_quota_that_looks_like_a_denial_is_a_quota(house: House, *, has_condition: bool) -> None:
    said_so = (condition("code", equals="limit"),) if has_condition else ()
    spec = named_keys()
    quota = Expect(statuses=frozenset({403}), conditions=said_so)
    spec = replace(spec, creation=replace(spec.creation, quota=quota))
    house.vendor.on("POST", "/keys", said(403, {"code": "limit"}))
    with pytest.raises(QuotaExceededError):
        minted(house, house.provider(spec))
    if has_condition:
        house.vendor.on("POST", "/keys", said(403, {"code": "nobody"}))
        with pytest.raises(AccessDeniedError) as caught:
            minted(house, house.provider(spec))
        assert "right to manage keys" in str(caught.value)


def test_a_condition_that_cannot_be_asked_is_an_error_with_its_line(house: House) -> None:
    lost = condition("data", equals="${params.nobody}")
    listing = operation("list", "GET", "/named/keys", lost)
    with pytest.raises(RejectedError) as caught:
        house.provider(with_list(named_keys(), operation=listing)).list_keys(whose())
    assert "${params.nobody} has no value" in str(caught.value)
    assert str(lost.place) in str(caught.value)


def test_a_list_in_a_form_is_not_sent(house: House) -> None:
    create = operation("create", "POST", "/x", status=(201,), form={"a": "${params.all}"})
    provider = house.provider(
        with_created(named_keys(), create), house.account(params={"all": [1]})
    )
    with pytest.raises(RejectedError) as caught:
        minted(house, provider)
    assert "`a`" in str(caught.value)
    assert str(create.place) in str(caught.value)
    assert {request.method for request in house.vendor.heard} == {"GET"}


def test_what_is_so_already_may_be_refused(house: House) -> None:
    provider = robots(house)
    key = minted(house, provider, ROBOT).material.key_id
    assert isinstance(provider, CanDisable)
    provider.disable_key(ROBOT, key, not_after=soon(house))
    house.vendor.on("POST", "/off", said(400, {}))
    provider.disable_key(ROBOT, key, not_after=soon(house))
    provider.enable_key(ROBOT, key, not_after=soon(house))
    with pytest.raises(RejectedError):
        provider.disable_key(ROBOT, key, not_after=soon(house))
    house.vendor.on("POST", "/off", said(503, {}))
    with pytest.raises(OutcomeUnknownError):
        provider.disable_key(ROBOT, key, not_after=soon(house))


def test_a_key_that_ends_while_it_is_switched_is_not_found(house: House) -> None:
    provider = robots(house)
    key = minted(house, provider, ROBOT).material.key_id

    def end(request: HttpRequest) -> Told:
        house.vendor.end(house.vendor.keys[0])
        return said(404, {})

    house.vendor.on("POST", "/off", end)
    assert isinstance(provider, CanDisable)
    with pytest.raises(NotFoundError):
        provider.disable_key(ROBOT, key, not_after=soon(house))


def test_an_id_that_a_pattern_does_not_find_is_an_error(house: House) -> None:
    house.vendor.make("all", "ci")
    tail = re.compile("key-([0-9]+)")
    spec = detailed_keys()
    assert spec.listing.detail is not None
    lost = select("@", regex=tail)
    detail = replace(spec.listing.detail, id=lost)
    with pytest.raises(RejectedError) as caught:
        house.provider(with_list(spec, detail=detail)).list_keys(whose())
    assert str(lost.place) in str(caught.value)
    usage = named_keys().usage
    assert usage is not None
    fields = {"count": select("calls", regex=tail), "lastAddress": select("calls")}
    keys = house.api_keys(replace(named_keys(), usage=replace(usage, fields=fields)))
    told = keys.usage(KeyId("1"))
    assert told == KeyUsage(count=None, last_address="12")
    own = Own(operation=operation("own", "GET", "/own"), id=select("me", regex=tail))
    house.vendor.on("GET", "/own", said(200, {"me": "x"}))
    with pytest.raises(RejectedError) as unclear:
        house.api_keys(replace(named_keys(), own=own)).own_key()
    assert str(own.id.place) in str(unclear.value)


def test_a_body_of_another_kind_lacks_what_is_looked_for(house: House) -> None:
    spec = detailed_keys()
    odd = compile_path("length(session)")
    house.vendor.on("POST", "/login", said(200, {"session": 7}))
    with pytest.raises(RejectedError):
        house.provider(replace(spec, auth=replace(spec.auth, token=odd))).list_keys(whose())
    house.vendor.answers.clear()
    house.vendor.make("all", "ci")
    assert spec.listing.detail is not None
    detail = replace(spec.listing.detail, item=compile_path("length(data.born)"))
    with pytest.raises(RejectedError):
        house.provider(with_list(spec, detail=detail)).list_keys(whose())
