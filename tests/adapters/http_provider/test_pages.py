"""Lists of many pages: all of them are read, or it is an error with the spec's line."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import pytest

from rotator.errors import RejectedError
from rotator.providers.http.links import next_link
from rotator.providers.http.selectors import compile_path
from tests.adapters.http_provider.by_hand import operation, pages
from tests.adapters.http_provider.cast import whose, with_list
from tests.adapters.http_provider.shapes import named_keys
from tests.adapters.http_provider.vendor import said

if TYPE_CHECKING:
    from rotator.providers.http.spec import Pagination, Spec
    from rotator.simulators.messages import Answer, HttpRequest
    from tests.adapters.http_provider.shapes import House

COUNT = 7


@dataclass(kw_only=True)
class Shelf:
    """Seven keys in pages; says what a test wants beside them.

    Attributes:
        cap: Most items of a page, whatever is asked for.
        style: How it goes on.
    """

    house: House
    style: str
    cap: int = 100
    count: int = COUNT
    extra: dict[str, Any] = field(default_factory=dict)
    asked: list[dict[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.house.vendor.on("GET", "/keys", self.answer)

    def answer(self, request: HttpRequest) -> Answer:
        asked = {name: values[0] for name, values in parse_qs(request.query).items()}
        self.asked.append(asked)
        size = min(int(asked.get("size", "3")), self.cap)
        start = self._start(asked, size)
        rows = [self._row(number) for number in range(start, min(start + size, self.count))]
        body = {"data": rows, "meta": {}, **self.extra}
        headers = {}
        if start + size < self.count:
            where = f"{self.house.url}/named/keys?at={start + size}&size={size}"
            if self.style == "link":
                headers["Link"] = f'<{where}>; rel="next", <{self.house.url}>; rel="first"'
            if self.style == "url":
                body["meta"] = {"next": where}
            if self.style == "relative":
                body["meta"] = {"next": f"?at={start + size}&size={size}"}
            if self.style == "cursor":
                body["meta"] = {"next": start + size}
        elif self.style == "null":
            body["meta"] = {"next": None}
        return said(200, body, **headers)

    def _start(self, asked: dict[str, str], size: int) -> int:
        if "page" in asked:
            return (int(asked["page"]) - 1) * size
        return int(asked.get("skip", asked.get("at", "0")))

    @staticmethod
    def _row(number: int) -> dict[str, object]:
        return {"id": number, "label": f"key-{number}", "made": "2026-01-01T00:00:00Z"}


def spec_of(pagination: Pagination) -> Spec:
    return with_list(named_keys(), pagination=pagination)


def names(house: House, pagination: Pagination) -> list[str]:
    return [it.name for it in house.provider(spec_of(pagination)).principals(whose().account)]


ALL = [f"key-{number}" for number in range(COUNT)]
SIZED = {"size_param": "size", "size": 3}

GOOD = {
    "link": ("link", pages("link_header")),
    "link, sized": ("link", pages("link_header", **SIZED)),
    "url": ("url", pages("next_url", next="meta.next")),
    "relative url": ("relative", pages("next_url", next="meta.next", **SIZED)),
    "cursor": ("cursor", pages("cursor", param="at", next="meta.next", **SIZED)),
    "page": ("page", pages("page", param="page", **SIZED)),
    "page, unsized": ("page", pages("page", param="page")),
    "offset": ("offset", pages("offset", param="skip", start=0, **SIZED)),
}


@pytest.mark.parametrize("case", GOOD)
@pytest.mark.parametrize("cap", [1, 2, 3, 100])
def test_every_page_is_read_whatever_its_size(house: House, case: str, cap: int) -> None:
    style, pagination = GOOD[case]
    Shelf(house=house, style=style, cap=cap)
    assert names(house, pagination) == ALL


@pytest.mark.parametrize("case", ["link", "url", "relative url"])
def test_a_url_of_the_vendors_is_asked_for_as_it_is(house: House, case: str) -> None:
    style, pagination = GOOD[case]
    Shelf(house=house, style=style)
    spec = spec_of(pagination)
    listing = operation("list", "GET", "/named/keys", query={"kind": "token"})
    list(house.provider(with_list(spec, operation=listing)).principals(whose().account))

    first, *others = [heard.query for heard in house.vendor.heard]
    assert "kind=token" in first
    assert others == [f"at={at}&size=3" for at in (3, 6)]


@pytest.mark.parametrize("total", [COUNT, str(COUNT)])
def test_a_total_spares_the_empty_page(house: House, total: object) -> None:
    shelf = Shelf(house=house, style="page", extra={"total": total})
    assert names(house, pages("page", param="page", total="total", **SIZED)) == ALL
    assert [asked["page"] for asked in shelf.asked] == ["1", "2", "3"]


@pytest.mark.parametrize("total", [COUNT + 1, COUNT - 1, "x", None, True, -1])
def test_a_total_that_does_not_agree_is_an_error(house: House, total: object) -> None:
    Shelf(house=house, style="cursor", extra={"total": total})
    paging = pages("cursor", param="at", next="meta.next", total="total", **SIZED)
    broken(house, paging)


def test_a_word_whether_there_is_more_ends_a_list(house: House) -> None:
    shelf = Shelf(house=house, style="cursor", count=3, extra={"more": False, "last": 9})
    assert names(house, pages("cursor", param="at", next="last", more="more")) == ALL[:3]
    assert len(shelf.asked) == 1


@pytest.mark.parametrize("word", [True, "no", None])
def test_more_without_a_way_to_it_is_an_error(house: House, word: object) -> None:
    Shelf(house=house, style="null", count=3, extra={"more": word})
    broken(house, pages("cursor", param="at", next="meta.next", more="more", **SIZED))


@pytest.mark.parametrize("kind", ["page", "offset"])
def test_more_behind_an_empty_page_is_an_error(house: House, kind: str) -> None:
    Shelf(house=house, style=kind, count=0, extra={"more": True})
    broken(house, pages(kind, param="skip", more="more"))


@pytest.mark.parametrize(("kind", "param"), [("page", "pagee"), ("offset", "skipp")])
def test_a_mistyped_parameter_of_pages_is_found_out(house: House, kind: str, param: str) -> None:
    Shelf(house=house, style="page")
    assert "loops" in broken(house, pages(kind, param=param)).code


def test_a_page_that_comes_again_is_known_although_its_last_uses_differ(house: House) -> None:
    @dataclass(kw_only=True)
    class Used(Shelf):
        def _row(self, number: int) -> dict[str, object]:  # type: ignore[override]
            return {**Shelf._row(number), "used": len(self.asked)}

    shelf = Used(house=house, style="page")

    assert "loops" in broken(house, pages("page", param="pagee")).code
    assert len(shelf.asked) == 2


def test_a_mistyped_parameter_of_a_cursor_is_found_out(house: House) -> None:
    Shelf(house=house, style="cursor")
    assert "loops" in broken(house, pages("cursor", param="att", next="meta.next")).code


def test_a_list_that_links_on_has_pages_that_somebody_must_read(house: House) -> None:
    Shelf(house=house, style="link")
    broken(house, pages())


def test_a_short_list_without_pages_is_whole(house: House) -> None:
    Shelf(house=house, style="none")
    assert names(house, pages()) == ALL[:3]


@pytest.mark.parametrize("count", [2, 3, 4])
def test_a_pointer_that_is_never_there_is_looked_for_in_smaller_pages(
    house: House, count: int
) -> None:
    """The only page of a list: its end, or a pointer that nobody finds."""
    shelf = Shelf(house=house, style="cursor", count=count)
    paging = pages("cursor", param="at", next="meta.next", size_param="size", size=50)
    provider = house.provider(spec_of(paging))
    for _ in range(2):
        assert len(list(provider.principals(whose().account))) == count
    # Asked again in halves, once: then the pointer is known to be right.
    halves = [asked for asked in shelf.asked if asked["size"] == str((count + 1) // 2)]
    assert len(halves) == 2
    assert len(shelf.asked) == 4


def test_a_list_of_one_key_needs_no_proof(house: House) -> None:
    shelf = Shelf(house=house, style="cursor", count=1)
    assert len(names(house, pages("cursor", param="at", next="meta.next", **SIZED))) == 1
    assert len(shelf.asked) == 1


def test_a_full_page_without_a_next_one_is_read_again_in_smaller_ones(house: House) -> None:
    shelf = Shelf(house=house, style="link", count=3)
    assert len(names(house, pages("link_header", **SIZED))) == 3
    assert [asked["size"] for asked in shelf.asked] == ["3", "2", "2"]


def test_a_full_page_whose_rest_nobody_links_to_is_an_error(house: House) -> None:
    Shelf(house=house, style="link, but not here")
    broken(house, pages("link_header", **SIZED))


def test_smaller_pages_that_bring_less_prove_that_something_is_missing(house: House) -> None:
    @dataclass(kw_only=True)
    class Leaky(Shelf):
        def answer(self, request: HttpRequest) -> Answer:
            self.count = 5 if "size=5" in request.query else 4
            return Shelf.answer(self, request)

    Leaky(house=house, style="link")
    assert "shorter" in str(broken(house, pages("link_header", size_param="size", size=5)))


def test_a_last_page_that_has_no_place_for_a_pointer_is_an_error(house: House) -> None:
    Shelf(house=house, style="cursor", extra={"meta": None})
    broken(house, pages("cursor", param="at", next="meta.next", **SIZED))


def test_a_pointer_that_cannot_be_proved_is_an_error_that_says_what_is_missing(
    house: House,
) -> None:
    Shelf(house=house, style="cursor", count=3)
    error = broken(house, pages("cursor", param="at", next="meta.nxt"))
    assert error.code == "pagination_unproved"
    assert "sizeParam" in error.hint


def test_a_pointer_that_is_null_is_the_end(house: House) -> None:
    shelf = Shelf(house=house, style="null", count=2)
    assert len(names(house, pages("cursor", param="at", next="meta.next"))) == 2
    assert len(shelf.asked) == 1


@pytest.mark.parametrize("pointer", [[1], {"a": 1}, True, "x" * 9000])
def test_a_pointer_that_is_none_is_an_error(house: House, pointer: object) -> None:
    Shelf(house=house, style="none", extra={"meta": {"next": pointer}})
    broken(house, pages("cursor", param="at", next="meta.next"))


@pytest.mark.parametrize("path", ["meta.next.a.b", "length(meta.next)"])
def test_a_pointer_without_a_parent_is_an_error(house: House, path: str) -> None:
    Shelf(house=house, style="none", extra={"meta": {"next": 7}})
    paging = pages("cursor", param="at")
    object.__setattr__(paging, "next", compile_path(path))
    broken(house, paging)


@pytest.mark.parametrize(
    "url",
    [
        "https://elsewhere.example/keys",
        "https://169.254.169.254/latest",
        "http://[::1",
        "https://127.0.0.1@elsewhere.example/",
        "file:///etc/passwd",
        "//elsewhere.example/keys",
    ],
)
def test_a_next_url_leads_to_no_stranger(house: House, url: str) -> None:
    Shelf(house=house, style="none", extra={"meta": {"next": url}})
    paging = pages("next_url", next="meta.next")
    error = broken(house, paging)
    assert "elsewhere.example/" not in str(error)
    assert len(house.vendor.heard) == 1


def test_too_many_items_are_an_error(house: House) -> None:
    Shelf(house=house, style="page", count=1000, cap=1000)
    error = broken(house, pages("page", param="page", size_param="size", size=90))
    assert error.code == "pagination_too_long"


def test_a_null_list_is_empty(house: House) -> None:
    Shelf(house=house, style="none", extra={"data": None})
    assert names(house, pages()) == []


def broken(house: House, paging: Pagination) -> RejectedError:
    with pytest.raises(RejectedError) as caught:
        names(house, paging)
    assert str(paging.place) in str(caught.value)
    return caught.value


@pytest.mark.parametrize(
    ("header", "url"),
    [
        ('<https://a.b/?p=2>; rel="next"', "https://a.b/?p=2"),
        ("<https://a.b/?p=2>;rel=next", "https://a.b/?p=2"),
        ('<https://a.b/1>; rel="prev", <https://a.b/2>; rel="next"', "https://a.b/2"),
        ('<https://a.b/1,2>; title="a, <b>"; rel="first next"', "https://a.b/1,2"),
        ('<https://a.b/2>; REL="NEXT"', "https://a.b/2"),
        ('<https://a.b/1>; rel="prev"', ""),
        ("<https://a.b/1>", ""),
        ("rel=next", ""),
        ("", ""),
        ("<" * 5000, ""),
    ],
)
def test_a_link_header_is_read(header: str, url: str) -> None:
    assert next_link(header) == url
