"""Listings of ZeroKMS are read in every known shape, and never by guessing."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from rotator.providers.cipherstash.reading import (
    UnexpectedShape,
    client_rows,
    keyset_rows,
)

ROW = {"id": "c-1", "name": "api", "description": "d", "dataset_id": "k-1"}


def test_every_granted_keyset_is_read_from_ids_and_from_objects() -> None:
    for told in (
        {"keyset_ids": ["k-1", "k-2"]},
        {"keysets": ["k-1", "k-2"]},
        {"keysets": [{"id": "k-1", "name": "a"}, {"id": "k-2"}]},
    ):
        (row,) = client_rows([{**ROW, **told, "more": 1}])
        assert row.client.grants == frozenset({"k-1", "k-2"})
        assert row.client.bound == "k-1"


def test_a_configured_field_is_the_only_one_that_counts() -> None:
    told = {**ROW, "keyset_ids": ["k-1"], "reach": ["k-1", "k-2"]}
    (row,) = client_rows([told], grants_field="reach")
    assert row.client.grants == frozenset({"k-1", "k-2"})
    (row,) = client_rows([told], grants_field="elsewhere")
    assert row.client.grants is None


@pytest.mark.parametrize(
    "told",
    [
        {},
        {"keyset_ids": None},
        {"keyset_ids": "k-1"},
        {"keyset_ids": ["k-1", 7]},
        {"keyset_ids": ["k-1", ""]},
        {"keysets": [{"name": "no id"}]},
    ],
)
def test_grants_that_are_not_all_told_are_unreadable_and_not_none_at_all(
    told: dict[str, object],
) -> None:
    (row,) = client_rows([{**ROW, **told}])
    assert row.client.grants is None


def test_a_client_that_is_granted_nothing_is_told_so() -> None:
    (row,) = client_rows([{"id": "c-1", "name": "api", "keyset_ids": []}])
    assert row.client.grants == frozenset()
    assert row.client.bound is None


def test_the_newer_word_for_the_bound_keyset_is_read_too() -> None:
    (row,) = client_rows([{"id": "c-1", "name": "api", "keyset_id": "k-9"}])
    assert row.client.bound == "k-9"


@pytest.mark.parametrize(
    "told",
    [
        {"client_type": "device"},
        {"client_type": "Device"},
        {"device_id": "d-1"},
        {"device_instance_id": "d-1"},
    ],
)
def test_a_device_backed_client_is_known_by_any_of_its_marks(told: dict[str, object]) -> None:
    (row,) = client_rows([{**ROW, **told}])
    assert row.client.is_device


@pytest.mark.parametrize("told", [{"client_type": "application", "device_id": None}, {}])
def test_an_applications_client_is_no_device(told: dict[str, object]) -> None:
    (row,) = client_rows([{**ROW, **told}])
    assert not row.client.is_device


@pytest.mark.parametrize(
    ("told", "at"),
    [
        ({}, None),
        ({"created_at": "2026-01-02T03:04:05.678Z"}, datetime(2026, 1, 2, 3, 4, 5, 678000, UTC)),
        ({"createdAt": "2026-01-02T05:04:05+02:00"}, datetime(2026, 1, 2, 3, 4, 5, 0, UTC)),
        ({"createdAt": "2026-01-02T03:04:05"}, None),
        ({"createdAt": "yesterday"}, None),
        ({"createdAt": 1757529498}, None),
    ],
)
def test_a_time_of_birth_is_read_where_it_is_told_beyond_doubt(
    told: dict[str, object], at: datetime | None
) -> None:
    (row,) = client_rows([{**ROW, **told}])
    assert row.created_at == at


@pytest.mark.parametrize(
    "body",
    [
        None,
        {},
        {"clients": []},
        [ROW, "c-2"],
        [ROW, {"name": "without an id"}],
        [ROW, {"id": "c-2", "name": None}],
        [ROW, {"id": 2, "name": "a number"}],
    ],
)
def test_a_row_that_cannot_be_read_makes_the_listing_unreadable(body: object) -> None:
    """Passed over, its client would look like one that is gone."""
    with pytest.raises(UnexpectedShape):
        client_rows(body)


def test_keysets_are_read_with_and_without_their_flags() -> None:
    full, short = keyset_rows(
        [
            {
                "id": "k-1",
                "name": "default",
                "description": "d",
                "is_disabled": True,
                "is_default": True,
            },
            {"id": "k-2", "name": "eu/tenant-a"},
        ]
    )
    assert (full.is_disabled, full.is_default, full.description) == (True, True, "d")
    assert (short.is_disabled, short.is_default, short.description) == (False, False, "")


def test_a_keyset_without_a_name_is_unreadable() -> None:
    with pytest.raises(UnexpectedShape, match="it has no name"):
        keyset_rows([{"id": "k-1"}])
