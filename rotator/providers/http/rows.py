"""What an answer tells of a key: strict in what may never be guessed, tolerant in the rest."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING

from rotator.clients.http_answers import unusable
from rotator.core.api_keys import KeyStatus
from rotator.core.ids import Instant, KeyId, instant
from rotator.core.secret import Secret
from rotator.providers.http.pointing import point
from rotator.providers.http.selectors import ABSENT, SelectorError, pick, word

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rotator.clients.http_messages import Answer
    from rotator.providers.http.selectors import Selector
    from rotator.providers.http.spec import KeyMap

_LONGEST = 512
_WORDS = {status.value: status for status in KeyStatus}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Row:
    """One key, as an answer tells of it.

    Attributes:
        name: Empty where it has none, or none that can be written down.
        told: Everything that the key map reads, null too, and without the secret; a
            field that is not there is missing here.
        secret: Where the answer shows it, as some vendors' lists do.
        raw_status: The vendor's own word; empty where it has none.
    """

    key_id: KeyId
    name: str
    told: Mapping[str, object] = field(repr=False)
    secret: Secret | None = field(repr=False)
    status: KeyStatus
    raw_status: str

    @property
    def shows_itself(self) -> bool:
        """Whether the key itself is a part of what is written down of it."""
        return self.secret is not None and is_written_in(self.secret, self)

    def at(self, name: str) -> Instant | None:
        """Return a time; None where it is not told, or told to be never."""
        found = self.told.get(name)
        return instant(found) if isinstance(found, datetime) else None

    def text(self, name: str) -> str:
        """Return a text; empty where it is not told."""
        found = self.told.get(name)
        return found if isinstance(found, str) else ""


def is_written_in(secret: Secret, row: Row) -> bool:
    """Whether a key stands in what is written down of a row: its id, and its name."""
    return secret.reveal() in f"{row.key_id} {row.name}"


def read_row(keys: KeyMap, item: object, answer: Answer) -> Row:
    """Read a key.

    Args:
        keys: Where what is; has ``id``.
        item: The part of the answer that is about the key.
        answer: Whole, for errors.

    Raises:
        RejectedError: It has no id, or something that cannot be what the spec says.
        OutcomeUnknownError: The same, where it answers a change.
    """
    found = {name: _picked(name, selector, item, answer) for name, selector in keys.items()}
    told = {name: value for name, value in found.items() if value is not ABSENT}
    secret = told.pop("secret", None)
    key_id = read_id(keys["id"], told.get("id"), answer)
    raw, status = _status(keys.get("status"), item, told.get("status", ABSENT))
    return Row(
        key_id=key_id,
        name=_name(told.get("name")),
        told={**told, "id": str(key_id)},
        secret=Secret(secret) if isinstance(secret, str) and secret else None,
        status=status,
        raw_status=raw,
    )


def read_id(selector: Selector, found: object, answer: Answer) -> KeyId:
    """Take what was found for an id: a text, or a whole number, which becomes one.

    Raises:
        RejectedError: It is neither, or empty, or longer than 512 characters, or has
            some that cannot be printed; of a change `OutcomeUnknownError`.
    """
    is_id = isinstance(found, str | int) and not isinstance(found, bool)
    text = str(found) if is_id else ""
    if not _is_plain(text):
        why = "a key in its body has no id that can be one"
        raise point(unusable(answer, why, code="answer_unclear"), selector.place)
    return KeyId(text)


def _name(told: object) -> str:
    """Take a name that can be somebody's; others are no more than nothing to us.

    Whoever may make keys of an account picks names, and must not be able to stop the
    rotation of all others with one that no journal takes.
    """
    text = word(told) or ""
    return text if _is_plain(text) else ""


def _is_plain(text: str) -> bool:
    """Whether a text can stand in journals, logs and tables as it is, and be searched for."""
    return 0 < len(text) <= _LONGEST and text.isprintable()


def _picked(name: str, selector: Selector, item: object, answer: Answer) -> object:
    try:
        return pick(selector, item)
    except SelectorError as found:
        problem = found.problem
    error = unusable(answer, f"`{name}` of a key {problem}", code="answer_unclear")
    raise point(error, selector.place)


def _status(selector: Selector | None, item: object, found: object) -> tuple[str, KeyStatus]:
    """Read the vendor's word and ours; what nobody translated is unknown."""
    if selector is None:
        return "", KeyStatus.ACTIVE
    if found is ABSENT:
        return "", KeyStatus.UNKNOWN
    raw = word(pick(replace(selector, values={}), item)) or ""
    return raw, _WORDS.get(word(found) or "", KeyStatus.UNKNOWN)
