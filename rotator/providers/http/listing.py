"""The list of an account's keys: every page, every detail, each key once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rotator.clients.http_answers import json_of
from rotator.core.api_keys import KeyStatus
from rotator.errors import UnavailableError
from rotator.providers.http.bills import Bill
from rotator.providers.http.conditions import found_at
from rotator.providers.http.expecting import GONE, is_met_by, unexpected
from rotator.providers.http.pages import Pager
from rotator.providers.http.pointing import naming, point, wrong_answer
from rotator.providers.http.rows import read_id, read_row
from rotator.providers.http.selectors import PathError, SelectorError, pick
from rotator.providers.http.templates import Namespace
from rotator.providers.http.times import is_past, told_time

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from rotator.clients.http_messages import Answer
    from rotator.core.ids import Instant, KeyId
    from rotator.providers.http.calls import Calls
    from rotator.providers.http.pages import Pages
    from rotator.providers.http.rows import Row
    from rotator.providers.http.spec import Detail, Listing, Spec


_PAST = ("createdAt", "lastUsedAt")


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRows:
    """All keys of an account in one listing, with the vendor's own time.

    Attributes:
        ids: Of all that is listed, also of what is none of our business.
    """

    rows: tuple[Row, ...]
    ids: frozenset[str]
    provider_time: Instant

    def find(self, key: KeyId) -> Row | None:
        """Return a key's row; None when it is not listed."""
        return next((row for row in self.rows if row.key_id == key), None)

    def named(self, name: str) -> tuple[Row, ...]:
        """Return the rows of exactly this name."""
        return tuple(row for row in self.rows if row.name == name)


class Lister:
    """Lists the keys of one account; safe for threads."""

    def __init__(self, spec: Spec, calls: Calls) -> None:
        """Prepare; sends nothing."""
        self._spec = spec
        self._calls = calls
        self._listing: Listing = spec.listing
        self._pager = Pager(calls, spec.listing, spec.network)

    def read(self) -> KeyRows:
        """List every key that is not revoked.

        Raises:
            AccessDeniedError: Our own credential may not.
            RejectedError: The answer is no such list, or not whole; the message names
                the spec's line.
            UnavailableError: The vendor does not tell its time.
        """
        pages = self._pager.read()
        rows = [read_row(self._listing.key, *found) for found in self._items(pages)]
        with naming(self._listing.operation.place):
            self._must_be_plain(rows, pages.answer)
        kept = tuple(row for row in rows if row.status is not KeyStatus.REVOKED)
        ids = frozenset({*pages.ids, *(row.key_id for row in rows)})
        return KeyRows(rows=kept, ids=ids, provider_time=self._time(pages.answer))

    def _time(self, answer: Answer) -> Instant:
        at = told_time(answer)
        if at is None:
            msg = f"{answer.operation}: {answer.host} does not tell its time"
            error = UnavailableError(msg, subject=answer.subject, code="time_unknown")
            raise point(error, self._listing.operation.place)
        return at

    def _items(self, pages: Pages) -> Iterator[tuple[object, Answer]]:
        """Yield the items that are keys to look at, each with the answer that has it."""
        items: Iterable[tuple[object, Answer]] = [(item, pages.answer) for item in pages.items]
        if self._listing.detail is not None:
            items = self._details(self._listing.detail, pages)
        found = list(items)
        self._must_be_asked_well(found)
        for item, answer in found:
            if all(is_met_by(one, item, answer, self._calls.params) for one in self._listing.where):
                yield item, answer

    def _must_be_asked_well(self, items: list[tuple[object, Answer]]) -> None:
        """Refuse a `where` that looks at what no item has: it would hide every key."""
        for condition in self._listing.where:
            if condition.exists is not None or not items:
                continue
            if all(found_at(condition, item) is None for item, _ in items):
                why = "none of its items has what is asked for"
                raise wrong_answer(items[0][1], why, code="where_missed", place=condition.place)

    def _details(self, detail: Detail, pages: Pages) -> Iterator[tuple[object, Answer]]:
        lost: dict[str, Answer] = {}
        bill = Bill(self._spec.network, detail.operation.place)
        for item in pages.items:
            item_id = self._item_id(detail, item, pages.answer)
            values = {Namespace.ITEM: {"id": item_id}}
            answer = self._calls.read(detail.operation, values, subject=item_id)
            bill.add(answer)
            if answer.status in GONE:
                lost[item_id] = answer
                continue
            self._calls.expect(detail.operation, answer, values)
            yield self._detailed(detail, answer), answer
        self._must_be_gone(detail, lost)

    def _must_be_gone(self, detail: Detail, lost: Mapping[str, Answer]) -> None:
        """Believe that a key ended between two calls only if it is listed no more."""
        if not lost:
            return
        again = self._pager.read()
        listed = {self._item_id(detail, item, again.answer) for item in again.items}
        for item_id in lost.keys() & listed:
            raise point(unexpected(lost[item_id]), detail.operation.place)

    def _item_id(self, detail: Detail, item: object, answer: Answer) -> str:
        try:
            found = pick(detail.id, item)
        except SelectorError:
            found = None
        return str(read_id(detail.id, found, answer))

    def _detailed(self, detail: Detail, answer: Answer) -> object:
        body = json_of(answer)
        try:
            item = detail.item.find(body)
        except PathError:
            item = None
        if item is None:
            why = f"its body has no key at `{detail.item.text}`"
            raise wrong_answer(answer, why, code="no_item", place=detail.operation.place)
        return item

    def _must_be_plain(self, rows: list[Row], answer: Answer) -> None:
        """Refuse keys that cannot be told apart, have no age, or have no name any more."""
        keys = self._listing.key
        if len({row.key_id for row in rows}) < len(rows):
            why = "two of its keys have the same id"
            raise wrong_answer(answer, why, code="id_twice", place=keys["id"].place)
        if any(row.shows_itself for row in rows):
            why = "one of its keys has itself for its id or its name"
            raise wrong_answer(answer, why, code="secret_unclear", place=keys["id"].place)
        if self._spec.is_dated and any(row.at("createdAt") is None for row in rows):
            why = "one of its keys lacks the time when it was made"
            raise wrong_answer(answer, why, code="no_birth", place=keys["createdAt"].place)
        for name in _PAST:
            if any(not is_past(row.at(name), answer) for row in rows):
                why = f"`{name}` of one of its keys is at a time when that cannot have been"
                raise wrong_answer(answer, why, code="impossible_time", place=keys[name].place)
        if "name" in keys and rows and not any("name" in row.told for row in rows):
            why = "none of its keys has a place for its name"
            raise wrong_answer(answer, why, code="no_names", place=keys["name"].place)
