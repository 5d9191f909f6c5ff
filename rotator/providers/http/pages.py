"""All pages of a list, and the proof that these are all.

A list that ends too early looks like any other, and hides the keys behind its first
page. So a pointer must be where the spec says, a total must agree, and where the end
of a list could as well be a pointer that nobody found, the list is read again in
smaller pages and must bring the same.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import httpx

from rotator.clients.http_answers import json_of
from rotator.clients.http_messages import plain
from rotator.core.secret import Secret
from rotator.providers.http.bills import Bill
from rotator.providers.http.links import next_link
from rotator.providers.http.pointing import naming, wrong_answer
from rotator.providers.http.selectors import PathError, SelectorError, pick, word
from rotator.providers.http.spec import PageKind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rotator.clients.http_messages import Answer
    from rotator.errors import RejectedError
    from rotator.providers.http.calls import Calls
    from rotator.providers.http.limits import NetworkLimits
    from rotator.providers.http.selectors import Path, Selector
    from rotator.providers.http.spec import Listing, Place

_LONGEST_POINTER = 8192
_MOST_DIGITS = 18
_NO_CONTENT = 204
_NUMBERED = frozenset({PageKind.PAGE, PageKind.OFFSET})


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """How one page is asked for.

    Attributes:
        query: Joined to the request's own.
        url: The vendor's own URL of the page; None for the spec's request.
    """

    query: Mapping[str, str] = field(default_factory=dict, repr=False)
    url: Secret | None = None

    @property
    def mark(self) -> str:
        """Tell it from other turns."""
        return plain(self.url) if self.url is not None else repr(sorted(self.query.items()))


@dataclass(slots=True, kw_only=True)
class Walk:
    """A list as far as it was read.

    Attributes:
        size: How many items a page was asked to have; 0 where that cannot be asked.
        bill: What its pages have cost.
        items: All items, in the vendor's order.
        ids: Each item's id, as far as it has one.
        page: The items of the last page.
        first: The first page's answer.
        body: The last page's body; None where the answer means an empty list.
        has_turned: Whether a page was found by the one before it.
        total: What the last page said how many there are.
        more: What the last page said whether there are more.
    """

    size: int
    bill: Bill
    items: list[object] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    page: list[object] = field(default_factory=list)
    marks: set[str] = field(default_factory=set)
    first: Answer | None = None
    answer: Answer | None = None
    body: object = None
    has_turned: bool = False
    total: int | None = None
    more: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pages:
    """A whole list.

    Attributes:
        items: In the vendor's order.
        ids: Each item's id, as far as it has one.
        answer: The first page's; its time is the list's.
    """

    items: tuple[object, ...]
    ids: tuple[str, ...]
    answer: Answer


class Pager:
    """Reads one account's list; safe for threads."""

    def __init__(self, calls: Calls, listing: Listing, limits: NetworkLimits) -> None:
        """Prepare; sends nothing."""
        self._calls = calls
        self._listing = listing
        self._paging = listing.pagination
        self._limits = limits
        # Once one page led to the next, the pointer of the spec is known to be right.
        self._is_proved = False

    def read(self) -> Pages:
        """Read the list.

        Raises:
            RejectedError: It cannot be a list, or not all of it; names the spec's line.
            RotatorError: A page was not answered; as `Calls.read` says.
        """
        walk = self._walk(self._paging.size)
        if walk.has_turned:
            self._is_proved = True
        if not self._is_proved and self._may_go_on(walk):
            self._prove(walk)
        assert walk.first is not None  # noqa: S101 - a walk has a first page
        return Pages(items=tuple(walk.items), ids=tuple(walk.ids), answer=walk.first)

    def _walk(self, size: int) -> Walk:
        walk = Walk(size=size, bill=Bill(self._limits, self._paging.place))
        turn: Turn | None = self._first_turn(size)
        while turn is not None:
            answer = self._asked(turn, walk)
            with naming(self._listing.operation.place):
                self._take(answer, walk)
            with naming(self._paging.place):
                turn = self._next_turn(answer, turn, walk)
        self._must_be_whole(walk)
        return walk

    def _asked(self, turn: Turn, walk: Walk) -> Answer:
        if turn.mark in walk.marks and walk.answer is not None:
            raise self._broken(walk.answer, "a page leads back to one before it", "loops")
        walk.marks.add(turn.mark)
        if len(walk.marks) > self._limits.max_pages and walk.answer is not None:
            why = f"its list has more than {self._limits.max_pages} pages"
            raise self._broken(walk.answer, why, "too_long")
        operation = self._listing.operation
        place = operation.place if turn.url is None else self._paging.place
        answer = self._calls.read(operation, {}, query=turn.query, url=turn.url, place=place)
        self._calls.expect(operation, answer, {})
        walk.bill.add(answer)
        walk.answer, walk.first = answer, walk.first or answer
        return answer

    def _take(self, answer: Answer, walk: Walk) -> None:
        """Put a page's items to those before."""
        place = self._listing.operation.place
        walk.body = None
        items: list[object] = []
        if answer.status != _NO_CONTENT:
            walk.body = json_of(answer)
            items = self._items(answer, walk.body, place)
        ids = [self._identity(item) for item in items]
        # Our asking may itself be a use that the page tells of, so the ids are looked at, too.
        if items and (items == walk.page or (all(ids) and ids == walk.ids[-len(ids) :])):
            raise self._broken(answer, "the same page comes again and again", "loops")
        walk.page = items
        walk.items += items
        walk.ids += ids
        if len(walk.items) > self._limits.max_items:
            why = f"its list has more than {self._limits.max_items} items"
            raise wrong_answer(answer, why, code="pagination_too_long", place=self._paging.place)

    def _items(self, answer: Answer, body: object, place: Place) -> list[object]:
        path = self._listing.items
        is_told, items = _looked_up(path, body)
        if is_told and items is None:
            return []
        if not is_told or not isinstance(items, list):
            why = f"its body has no list at `{path.text}`"
            raise wrong_answer(answer, why, code="no_items", place=place)
        return items

    def _identity(self, item: object) -> str:
        try:
            return word(pick(self._id_selector(), item)) or ""
        except SelectorError:
            return ""

    def _id_selector(self) -> Selector:
        detail = self._listing.detail
        return self._listing.key["id"] if detail is None else detail.id

    def _first_turn(self, size: int) -> Turn:
        paging = self._paging
        start = {paging.param: str(paging.start)} if paging.kind in _NUMBERED else {}
        return Turn(query={**self._sized(size), **start})

    def _sized(self, size: int) -> dict[str, str]:
        return {self._paging.size_param: str(size)} if self._paging.size_param and size else {}

    def _next_turn(self, answer: Answer, turn: Turn, walk: Walk) -> Turn | None:
        if walk.body is None:
            walk.more, walk.total = None, None
            return None
        walk.more = self._more(answer, walk.body)
        walk.total = self._total(answer, walk.body)
        found = self._pointed(answer, turn, walk)
        if walk.more is False:
            return None
        if found is None and walk.more:
            raise self._broken(answer, "it says that there is more, and not where", "broken")
        walk.has_turned = walk.has_turned or found is not None
        return found

    def _pointed(self, answer: Answer, turn: Turn, walk: Walk) -> Turn | None:
        paging = self._paging
        match paging.kind:
            case PageKind.PAGE | PageKind.OFFSET:
                return self._numbered(walk)
            case PageKind.LINK_HEADER:
                url = next_link(answer.headers.get("link", ""))
                return self._linked(answer, turn, url) if url else None
            case PageKind.NEXT_URL:
                url = self._pointer(answer, walk.body)
                return self._linked(answer, turn, url) if url else None
            case PageKind.CURSOR:
                cursor = self._pointer(answer, walk.body)
                query = {**self._sized(walk.size), paging.param: cursor}
                return Turn(query=query) if cursor else None
            case PageKind.NONE:
                if next_link(answer.headers.get("link", "")):
                    why = "it links to a next page, which nobody reads"
                    raise self._broken(answer, why, "broken")
                return None

    def _numbered(self, walk: Walk) -> Turn | None:
        """Ask on until a page is empty: a page may be short only because it is capped."""
        paging = self._paging
        is_counted = walk.total is not None and len(walk.items) >= walk.total
        if not walk.page or (walk.more is None and is_counted):
            return None
        is_page = paging.kind is PageKind.PAGE
        number = paging.start + (len(walk.marks) if is_page else len(walk.items))
        return Turn(query={**self._sized(walk.size), paging.param: str(number)})

    def _linked(self, answer: Answer, turn: Turn, text: str) -> Turn:
        """Follow a URL, which may be relative; the transport looks where it leads."""
        here = turn.url or self._calls.url_of(self._listing.operation)
        home = httpx.URL(plain(here))
        try:
            url: httpx.URL | None = home.join(text)
        except (httpx.InvalidURL, ValueError):
            url = None
        # Outside of `except`: the parser's exception may quote the URL.
        if url is None:
            raise self._broken(answer, "its next page is no URL", "broken")
        if (url.scheme, url.host, url.port) != (home.scheme, home.host, home.port):
            # Another host may be allowed, but for something else; this one asks for our credential.
            raise self._broken(answer, "its next page is at another server", "elsewhere")
        return Turn(url=Secret(str(url)))

    def _pointer(self, answer: Answer, body: object) -> str:
        """Read where it goes on; empty at the end."""
        path = self._paging.next
        assert path is not None  # noqa: S101 - these kinds have one
        if not _has_parent(path, body):
            why = f"a page has nothing that could hold `{path.text}`"
            raise self._broken(answer, why, "broken")
        _, found = _looked_up(path, body)
        if found is None or found is False or found == "":
            return ""
        text = word(found)
        if text is None or isinstance(found, bool) or len(text) > _LONGEST_POINTER:
            raise self._broken(answer, f"`{path.text}` does not point anywhere", "broken")
        return text

    def _more(self, answer: Answer, body: object) -> bool | None:
        path = self._paging.more
        if path is None:
            return None
        _, found = _looked_up(path, body)
        if not isinstance(found, bool):
            why = f"a page does not say at `{path.text}` whether there is more"
            raise self._broken(answer, why, "broken")
        return found

    def _total(self, answer: Answer, body: object) -> int | None:
        path = self._paging.total
        if path is None:
            return None
        _, found = _looked_up(path, body)
        text = "" if isinstance(found, bool) else word(found) or ""
        if not (text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS):
            why = f"a page does not say at `{path.text}` how many there are"
            raise self._broken(answer, why, "broken")
        return int(text)

    def _must_be_whole(self, walk: Walk) -> None:
        if walk.total is not None and walk.total != len(walk.items) and walk.answer is not None:
            why = f"it has {len(walk.items)} items, and says that there are {walk.total}"
            raise self._broken(walk.answer, why, "short")

    def _may_go_on(self, walk: Walk) -> bool:
        """Whether the end of a list could as well be a pointer that nobody found."""
        paging = self._paging
        is_told = walk.total is not None or walk.more is not None or walk.body is None
        if paging.kind in {PageKind.NONE, *_NUMBERED} or is_told:
            return False
        is_full = bool(paging.size_param) and 0 < walk.size <= len(walk.items)
        is_lost = paging.next is not None and not _looked_up(paging.next, walk.body)[0]
        return len(walk.items) > 1 and (is_full or is_lost)

    def _prove(self, walk: Walk) -> None:
        """Read the list again in smaller pages; they must bring the same."""
        assert walk.answer is not None  # noqa: S101 - a walk has a last page
        if all(walk.ids) and len(set(walk.ids)) < len(walk.ids):
            # Smaller pages would only look as if one of them came again and again.
            why, place = "two of its items have the same id", self._id_selector().place
            raise wrong_answer(walk.answer, why, code="id_twice", place=place)
        if not self._paging.size_param:
            why = "its only page does not say whether there is another one"
            hint = "give `more`, `total` or `sizeParam`, by which that can be found out"
            raise self._broken(walk.answer, why, "unproved", hint=hint)
        again = self._walk((len(walk.items) + 1) // 2)
        if not again.has_turned or set(walk.ids) - set(again.ids):
            why = "in smaller pages its list is shorter: the next page is not found"
            raise self._broken(walk.answer, why, "broken")
        self._is_proved = True

    def _broken(self, answer: Answer, why: str, code: str, *, hint: str = "") -> RejectedError:
        error = wrong_answer(answer, why, code=f"pagination_{code}", place=self._paging.place)
        error.hint = hint or error.hint
        return error


def _looked_up(path: Path, body: object) -> tuple[bool, object]:
    """Whether something is told, and what; nothing, where something of another type is."""
    try:
        return path.is_told(body), path.find(body)
    except PathError:
        return False, None


def _has_parent(path: Path, body: object) -> bool:
    """Whether the thing is there in which a pointer stands, be the pointer there or not."""
    for name in path.fields[:-1] if path.fields else ():
        body = body.get(name) if isinstance(body, dict) else None
    return path.fields is None or isinstance(body, dict)
