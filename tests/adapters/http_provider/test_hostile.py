"""What an API may answer to hurt us: it is an error with the spec's line, or it does no harm."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from rotator.core.api_keys import ApiKeyWish
from rotator.core.ids import Instant, KeyId
from rotator.core.secret import KeyMaterial, Secret
from rotator.errors import OutcomeUnknownError, RejectedError, RotatorError, UnavailableError
from rotator.ports.provider import Verdict
from rotator.providers.http.conformance import Conformance
from rotator.providers.http.conformance_stand import Wanted, stand_on
from rotator.testing.manual_clock import SeededChance
from tests.adapters.aws.leaks import shown
from tests.adapters.http_provider.by_hand import condition, pages, select
from tests.adapters.http_provider.cast import minted, whose, with_list, with_pages
from tests.adapters.http_provider.shapes import ACCOUNT, detailed_keys, named_keys
from tests.adapters.http_provider.vendor import said

if TYPE_CHECKING:
    from rotator.simulators.messages import Answer, HttpRequest
    from tests.adapters.http_provider.shapes import House

FAR = "9999-12-31T23:59:59Z"
SECRET = "sk_0001aBcDeFgHiJkLmNoP"


def row(**more: object) -> dict[str, object]:
    """One key as the vendor lists it."""
    usual: dict[str, object] = {
        "id": 1,
        "label": "ci",
        "made": "2026-01-01T00:00:00Z",
        "used": None,
        "ends": None,
        "scopes": ["read"],
        "level": 30,
        "state": "live",
    }
    return {**usual, **more}


def listing(*rows: object) -> Answer:
    return said(200, {"data": rows, "meta": {"next": None}})


def nested(depth: int) -> object:
    value: object = "read"
    for _ in range(depth):
        value = [value]
    return value


# ------------------------------------------------------------------- ids and names


@pytest.mark.parametrize(
    "key_id",
    ["a\r\nb", "a\x00", "a\x1b[2J", "a\u202eb", "a\u2028", "", "x" * 513, 10**600, True, 1.5],
    ids=["line", "nul", "escape", "bidi", "separator", "empty", "long", "huge", "truth", "part"],
)
def test_what_can_be_no_id_is_an_error_at_its_line(house: House, key_id: object) -> None:
    house.vendor.on("GET", "/keys", listing(row(id=key_id)))
    spec = named_keys()
    with pytest.raises(RejectedError) as caught:
        house.provider(spec).list_keys(whose())

    assert caught.value.code == "answer_unclear"
    assert str(spec.listing.key["id"].place) in str(caught.value)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    "name", ["ci\x00", "ci\u202e", "ci\n", "x" * 513], ids=["nul", "bidi", "line", "long"]
)
def test_a_name_that_nobody_can_write_down_stops_nobody_else(house: House, name: str) -> None:
    house.vendor.on("GET", "/keys", listing(row(id=1), row(id=2, label=name)))
    provider = house.provider(named_keys())

    assert [found.name for found in provider.principals(ACCOUNT)] == ["ci"]
    assert [key.key_id for key in provider.list_keys(whose()).keys] == ["1"]
    assert [key.name for key in house.api_keys(named_keys()).api_keys()] == ["ci", ""]


# --------------------------------------------------------------- an id that is not ours


def taken(house: House) -> None:
    """Let the vendor answer a create with what it knows of a key that consumers read."""
    house.vendor.on("POST", "/keys", said(201, {"key": row(id=1), "secret": SECRET}))


def test_a_mint_that_is_answered_with_another_keys_id_ends_no_key(house: House) -> None:
    key, spec = house.vendor.make("all", "ci"), named_keys()
    taken(house)
    with pytest.raises(OutcomeUnknownError) as caught:
        minted(house, house.provider(spec), replaces=key.id)

    assert caught.value.code == "key_unclear"
    assert str(spec.creation.key["id"].place) in str(caught.value)
    assert not any(request.method == "DELETE" for request in house.vendor.heard)
    assert key.gone_at is None


def test_nor_one_that_the_spec_leaves_out_of_its_list(house: House) -> None:
    house.vendor.on("GET", "/keys", listing(row(id=1, level=50), row(id=2)))
    taken(house)
    spec = with_list(named_keys(), where=(condition("level", equals=30),))
    with pytest.raises(OutcomeUnknownError) as caught:
        minted(house, house.provider(spec), replaces=2)

    assert caught.value.code == "key_unclear"
    assert not any(request.method == "DELETE" for request in house.vendor.heard)


def test_a_conformance_run_ends_no_key_that_was_there_before(house: House) -> None:
    key = house.vendor.make("all", "ci")
    taken(house)
    stand = stand_on(
        named_keys(), house.account(), house.vendor.clock, SeededChance(), Wanted(scopes=("read",))
    )
    report = Conformance(stand, nonce="0badcafe").run()

    assert not report.has_passed
    assert key.gone_at is None
    assert not any(request.method == "DELETE" for request in house.vendor.heard)


def test_a_key_that_is_said_to_be_its_own_id_is_not_kept(house: House) -> None:
    spec = named_keys()
    house.vendor.on("POST", "/keys", said(201, {"key": row(id=SECRET), "secret": SECRET}))
    house.vendor.make("all", "ci")
    with pytest.raises(OutcomeUnknownError) as caught:
        minted(house, house.provider(spec), replaces=1)

    assert caught.value.code == "secret_unclear"
    assert SECRET not in shown(caught.value)


def test_nor_one_that_is_a_part_of_its_name(house: House) -> None:
    keys = house.api_keys(named_keys())
    made = {"key": row(id=7, label=f"ci {SECRET}"), "secret": SECRET}
    house.vendor.on("POST", "/keys", said(201, made))
    with pytest.raises(OutcomeUnknownError) as caught:
        keys.create_api_key(ApiKeyWish(name="ci"))

    assert caught.value.code == "secret_unclear"
    assert SECRET not in shown(caught.value)


def test_nor_one_that_a_list_shows_so(house: House) -> None:
    spec = with_list(named_keys(), key={**named_keys().listing.key, "secret": select("value")})
    house.vendor.on("GET", "/keys", listing(row(id=SECRET, value=SECRET)))
    with pytest.raises(RejectedError) as caught:
        house.provider(spec).list_keys(whose())

    assert caught.value.code == "secret_unclear"
    assert str(spec.listing.key["id"].place) in str(caught.value)
    assert SECRET not in shown(caught.value)


# ------------------------------------------------------------------------------ times


@pytest.mark.parametrize(("field", "name"), [("made", "createdAt"), ("used", "lastUsedAt")])
def test_what_has_happened_far_ahead_is_an_error_at_its_line(
    house: House, field: str, name: str
) -> None:
    house.vendor.on("GET", "/keys", listing(row(**{field: FAR})))
    spec = named_keys()
    with pytest.raises(RejectedError) as caught:
        house.provider(spec).list_keys(whose())

    assert caught.value.code == "impossible_time"
    assert str(spec.listing.key[name].place) in str(caught.value)


def test_a_clock_that_is_hours_ahead_is_no_reason(house: House) -> None:
    soon = Instant(house.vendor.clock.now() + timedelta(hours=20))
    house.vendor.on("GET", "/keys", listing(row(made=soon.isoformat(), used=soon.isoformat())))
    (key,) = house.provider(named_keys()).list_keys(whose()).keys
    assert key.created_at == soon


def test_an_end_in_the_year_9999_is_only_late(house: House) -> None:
    house.vendor.on("GET", "/keys", listing(row(ends=FAR)))
    (key,) = house.provider(named_keys()).list_keys(whose()).keys
    assert key.expires_at is not None
    assert key.expires_at.year == 9999


def test_a_new_key_is_not_dated_by_what_cannot_be(house: House) -> None:
    house.vendor.make("all", "ci")
    made = {"key": row(id=7, label=None, made=FAR), "secret": SECRET}
    answer = replace(said(201, made), headers={"Date": "Fri, 01 Jan 9999 00:00:00 GMT"})
    house.vendor.on("POST", "/keys", answer)
    found = minted(house, house.provider(named_keys()), replaces=1)

    assert abs(found.created_at - house.vendor.clock.now()) < timedelta(minutes=1)


@pytest.mark.parametrize("year", [1970, 9999])
def test_a_date_of_another_millennium_is_no_time(house: House, year: int) -> None:
    date = f"Fri, 01 Jan {year:04} 00:00:00 GMT"
    house.vendor.on("GET", "/keys", replace(listing(row()), headers={"Date": date}))
    with pytest.raises(UnavailableError) as caught:
        house.provider(named_keys()).list_keys(whose())
    assert caught.value.code == "time_unknown"


# ------------------------------------------------------------------- what a list costs


def test_a_deep_answer_is_none(house: House) -> None:
    for field in ("scopes", "level", "id"):
        for depth in (64, 500, 5000):
            body = f'{{"data": [{{"{field}": {"[" * depth}{"]" * depth}}}], "meta": {{}}}}'
            house.vendor.on("GET", "/keys", replace(said(200, None), body=body.encode()))
            with pytest.raises(RejectedError) as caught:
                house.provider(named_keys()).list_keys(whose())
            assert caught.value.code == "not_json"


def test_powers_may_be_nested(house: House) -> None:
    house.vendor.make("all", "ci", scopes=nested(20), level=nested(50))
    provider = house.provider(named_keys())
    made = minted(house, provider, replaces=1)
    assert provider.verify(whose(), made.material) is Verdict.ACCEPTED


def test_all_pages_together_are_bounded_too(house: House) -> None:
    pads = "x" * 60_000
    numbers = iter(range(1, 1000))

    def page(_: HttpRequest) -> Answer:
        number = next(numbers)
        return said(200, {"data": [row(id=number, pad=pads)], "meta": {"next": str(number)}})

    house.vendor.on("GET", "/keys", page)
    spec = named_keys()
    with pytest.raises(RejectedError) as caught:
        house.provider(spec).list_keys(whose())

    assert caught.value.code == "pagination_too_long"
    assert str(spec.listing.pagination.place) in str(caught.value)
    assert len(house.vendor.heard) < spec.network.max_pages


def test_a_list_that_comes_slowly_ends_before_the_lease_does(house: House) -> None:
    numbers = iter(range(1, 1000))

    def page(_: HttpRequest) -> Answer:
        number = next(numbers)
        house.vendor.clock.advance(timedelta(seconds=16))
        return said(200, {"data": [row(id=number)], "meta": {"next": str(number)}})

    house.vendor.on("GET", "/keys", page)
    spec = named_keys()
    with pytest.raises(UnavailableError) as caught:
        house.provider(spec).list_keys(whose())

    assert caught.value.code == "list_too_slow"
    assert str(spec.listing.pagination.place) in str(caught.value)
    assert "timeouts.total" in caught.value.hint
    assert len(house.vendor.heard) == 5


def test_so_does_one_whose_details_come_slowly(house: House) -> None:
    def detail(_: HttpRequest) -> Answer:
        house.vendor.clock.advance(timedelta(seconds=16))
        return said(200, {"data": {"ref": "keys/k-1", "label": "ci", "born": 1}})

    house.vendor.on("GET", "", detail)
    house.vendor.on("GET", "/ids", said(200, {"ids": [f"k-{number}" for number in range(30)]}))
    spec = detailed_keys()
    with pytest.raises(UnavailableError) as caught:
        house.provider(spec).list_keys(whose(provider="vendor-ref"))

    found = spec.listing.detail
    assert found is not None
    assert caught.value.code == "list_too_slow"
    assert str(found.operation.place) in str(caught.value)


def test_a_total_that_is_no_number_of_keys_is_an_error(house: House) -> None:
    house.vendor.on("GET", "/keys", said(200, {"data": [row()], "total": "9" * 5000}))
    spec = with_pages(named_keys(), **vars_of_total())
    with pytest.raises(RejectedError) as caught:
        house.provider(spec).list_keys(whose())
    assert caught.value.code == "pagination_broken"


def vars_of_total() -> dict[str, object]:
    found = pages("none", total="total")
    return {"kind": found.kind, "next": None, "total": found.total}


# ---------------------------------------------------------------- who gets our credential


def test_a_next_page_at_another_allowed_host_does_not_get_our_credential(house: House) -> None:
    port = house.url.rpartition(":")[2]
    other = f"http://localhost:{port}"
    client = house.client(lambda _host, _port: ["127.0.0.1"], origins=(house.url, other))
    where = {"next": f"{other}/named/keys?after=1"}
    house.vendor.on("GET", "/keys", said(200, {"data": [row()], "meta": where}))
    spec = with_pages(named_keys(), kind=pages("next_url", next="meta.next").kind, param="")
    with pytest.raises(RejectedError) as caught:
        house.provider(spec, house.account(client=client)).list_keys(whose())

    assert caught.value.code == "pagination_elsewhere"
    assert str(spec.listing.pagination.place) in str(caught.value)
    assert len(house.vendor.heard) == 1


# --------------------------------------------------------------- nothing else comes out


ODD: tuple[object, ...] = (
    None,
    True,
    -1,
    1e308,
    "",
    "\x00",
    "9" * 5000,
    [],
    {},
    [[]],
    {"": None},
    "\u202e" * 600,
)


@pytest.mark.parametrize("field", ["id", "label", "note", "made", "used", "ends", "state", "level"])
def test_whatever_a_row_holds_only_our_own_errors_come_out(house: House, field: str) -> None:
    provider, keys = house.provider(named_keys()), house.api_keys(named_keys())
    material = KeyMaterial(key_id=KeyId("1"), secret=Secret(SECRET))
    said_of_it: list[str] = []
    for value in ODD:
        odd = row(**{field: value})
        house.vendor.answers.clear()
        house.vendor.on("GET", "/keys", listing(row(id=3), odd))
        house.vendor.on("POST", "/keys", said(201, {"key": odd, "secret": SECRET}))
        for deed in (
            lambda: list(provider.principals(ACCOUNT)),
            lambda: provider.list_keys(whose()),
            lambda: minted(house, provider, replaces=3),
            lambda: provider.verify(whose(), material),
            keys.api_keys,
            lambda: keys.create_api_key(ApiKeyWish(name="ci")),
        ):
            try:
                deed()
            except RotatorError as error:
                said_of_it.append(str(error))
    assert all(map(str.isprintable, said_of_it))
