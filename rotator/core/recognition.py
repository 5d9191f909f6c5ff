"""Which key ids stand in the text of a secret, and in which fields.

Nothing else of the text is kept: not the secret, and not a name that may be one.
The shapes are those in which people store keys: JSON of any depth, credentials
files, environment files, and ids in the middle of other text.
"""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rotator.core.ids import KeyId
from rotator.core.survey import FoundKey, Shape

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_KEY_ID = re.compile(r"(?<![A-Za-z0-9])(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Za-z0-9])")
_SECRET = re.compile(r"[A-Za-z0-9/+=]{40}")
_MIXED = re.compile(r"(?=.*[A-Z])(?=.*[a-z])(?=.*[0-9])")
_ADDRESSABLE = re.compile(r"[^\s\"]+")
_PROFILE = re.compile(r"\s*\[([\w .-]{1,64})\]\s*")
_ASSIGNED = re.compile(r"\s*(?:export\s+)?([A-Za-z_][\w.-]{0,63})\s*[=:]")
_NAMES_AN_ID = re.compile(r"key|id|access|user", re.IGNORECASE)
_NO_WORD = re.compile(r"[^a-z0-9]")

_ID_WORDS = ("accesskeyid", "accesskey", "accessid", "keyid", "key", "id")
_SECRET_WORDS = (
    "secretaccesskey",
    "accesskeysecret",
    "accesssecret",
    "secretkey",
    "keysecret",
    "secret",
)
_REST = "*"
_HIDDEN = "(hidden)"
_NAME_LETTERS = 128
_PATH_LETTERS = 256
"""What is kept of a place is shown to people; a secret may be written by anybody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What the value of an object is, as far as keys can be found in it.

    Attributes:
        keys: Every key id, in the order of the text; one that stands twice, twice.
        fields: How many fields it has at the top; 0 unless it is made of fields.
    """

    shape: Shape
    keys: tuple[FoundKey, ...] = ()
    fields: int = 0


def recognise(text: str) -> Content:
    """Find the key ids in a text; the caller reveals it, and nothing of it is kept."""
    try:
        return _parsed(text)
    except (ValueError, RecursionError):
        return Content(
            shape=Shape.TEXT if text.strip() else Shape.EMPTY, keys=tuple(_in_text(text))
        )


def recognise_binary(data: bytes) -> Content:
    """Find the key ids in a value that is not text; no rule can name a place in it."""
    found = _KEY_ID.findall(data.decode("latin-1"))
    return Content(shape=Shape.BINARY, keys=tuple(_unaddressed(key_id) for key_id in found))


def _parsed(text: str) -> Content:
    """Read JSON.

    Raises:
        ValueError: It is none.
    """
    value = json.loads(text)
    if not isinstance(value, dict):
        return Content(shape=Shape.TEXT, keys=tuple(_in_value(value, "")))
    shape = Shape.FIELDS if value else Shape.EMPTY
    return Content(shape=shape, keys=tuple(_in_fields(value, "")), fields=len(value))


def _in_value(value: object, path: str) -> Iterator[FoundKey]:
    """Find ids below a place that no rule can name."""
    if isinstance(value, dict):
        yield from _in_fields(value, f"{path}.")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _in_value(item, _below(path, f"[{index}]"))
    elif isinstance(value, str):
        for key_id in _KEY_ID.findall(value):
            yield _unaddressed(key_id, path)


def _in_fields(fields: Mapping[str, object], prefix: str) -> Iterator[FoundKey]:
    """Find ids in an object; `prefix` is empty for the one that is the whole value."""
    texts = _Texts(fields)
    for name, value in fields.items():
        path = _below(prefix, _shown(name))
        for key_id in _KEY_ID.findall(name):
            yield _unaddressed(key_id, prefix)
        if not isinstance(value, str) or not _KEY_ID.fullmatch(value):
            yield from _in_value(value, path)
            continue
        yield FoundKey(
            key_id=KeyId(value),
            key_id_field=path,
            secret_field=texts.partner(name),
            is_addressable=not prefix and _is_addressable(name),
        )


class _Texts:
    """The fields of an object that hold text, and which of them belong together."""

    def __init__(self, fields: Mapping[str, object]) -> None:
        texts = {name: value for name, value in fields.items() if isinstance(value, str)}
        ids = {name for name, value in texts.items() if _KEY_ID.fullmatch(value)}
        self._others = [name for name in texts if name not in ids]
        self._fitting = {name for name in self._others if _SECRET.fullmatch(texts[name])}
        self._is_alone = len(ids) == 1
        self._ids = Counter(_without(name, _ID_WORDS) for name in ids)
        self._named: dict[str, list[str]] = defaultdict(list)
        for name in self._others:
            self._named[_without(name, _SECRET_WORDS)].append(name)

    def partner(self, key_id_field: str) -> str:
        """Name the field beside a key's id that holds its secret; empty if it is not certain.

        First by name: ``aws_access_key_id`` belongs to ``aws_secret_access_key``. Else by
        value, where there is one key and one text of a secret's length.
        """
        rest = _without(key_id_field, _ID_WORDS)
        named = self._named.get(rest, []) if rest and self._ids[rest] == 1 else []
        chosen = [name for name in named if name in self._fitting]
        if not named and self._is_alone:
            chosen = [name for name in self._others if name in self._fitting]
        if not chosen and not self._fitting:
            chosen = named
        return chosen[0] if len(chosen) == 1 and _is_addressable(chosen[0]) else ""


def _without(name: str, words: tuple[str, ...]) -> str:
    """Put a mark in place of the word that says what a field holds; empty if there is none."""
    plain = _NO_WORD.sub("", name.lower())
    word = next((word for word in words if word in plain), None)
    return plain.replace(word, _REST, 1) if word else ""


def _in_text(text: str) -> Iterator[FoundKey]:
    """Find ids in lines such as ``AWS_ACCESS_KEY_ID=...`` and below ``[profile]``."""
    profile = ""
    for line in text.splitlines():
        header = _PROFILE.fullmatch(line)
        profile = f"{_shown(header[1])}." if header else profile
        ids = list(_KEY_ID.finditer(line))
        assigned = _ASSIGNED.match(line) if ids else None
        for found in ids:
            is_value = assigned is not None and assigned.end() <= found.start()
            place = _assigned(assigned[1], profile) if assigned and is_value else ""
            yield _unaddressed(found[0], place)


def _assigned(name: str, profile: str) -> str:
    """Name what a line assigns to; a word that may be anything but a name is left out."""
    return profile + _shown(name) if _NAMES_AN_ID.search(name) else ""


def _is_addressable(name: str) -> bool:
    return _shown(name) == name and _ADDRESSABLE.fullmatch(name) is not None


def _shown(name: str) -> str:
    """Hide a name that may be a secret or a key's id, that is none, or that cannot be shown."""
    is_name = name.isprintable() and 0 < len(name) <= _NAME_LETTERS
    is_secret = any(_MIXED.match(run) for run in _SECRET.findall(name))
    return name if is_name and not is_secret and not _KEY_ID.search(name) else _HIDDEN


def _below(path: str, step: str) -> str:
    return f"{path}{step}"[:_PATH_LETTERS]


def _unaddressed(key_id: str, path: str = "") -> FoundKey:
    return FoundKey(key_id=KeyId(key_id), key_id_field=path, is_addressable=False)
