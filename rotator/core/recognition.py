"""Which key ids stand in the text of a secret, and in which fields.

Nothing else of the text is kept: not the secret, and not a name that may be one.
The shapes are those in which people store keys: JSON of any depth, credentials
files, environment files, and ids in the middle of other text.

Three kinds of ids are known: those of AWS keys; those at the beginning of CipherStash
access keys, whose secret follows in the same text; and those of CipherStash clients,
which are UUIDs as many things are, so that only a field's name tells them apart.
"""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rotator.core.forms import id_inside
from rotator.core.ids import KeyId
from rotator.core.survey import FoundKey, Shape

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_KEY_ID = re.compile(r"(?<![A-Za-z0-9])(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Za-z0-9])")
_LONGEST_ID = 64
_ANY_ID = re.compile(
    rf"{_KEY_ID.pattern}"
    rf"|(?<![A-Za-z0-9])CSAK(?P<inside>[A-Za-z0-9_-]{{1,{_LONGEST_ID}}})\.[A-Za-z0-9_+/=-]{{16,}}"
)
"""An id of AWS, or a whole access key in the middle of other text."""

_SECRET = re.compile(r"[A-Za-z0-9/+=]{40}")
_OPAQUE = re.compile(r"[A-Z0-9]{40}|[a-f0-9]{40}|[A-F0-9]{40}")
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_CLIENT_KEY = re.compile(r"(?:[0-9a-f]{2}){32,}", re.IGNORECASE)
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
_CLIENT_ID_WORDS = ("clientid",)
_CLIENT_KEY_WORDS = ("clientkey",)
_USUAL_CLIENT_ID = "csclientid"
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
    found = tuple(_unaddressed(key_id) for key_id, _ in _ids(data.decode("latin-1")))
    return Content(shape=Shape.BINARY, keys=found)


def _ids(text: str) -> Iterator[tuple[KeyId, int]]:
    """Find ids that nothing but their own form tells, each with where it begins."""
    for found in _ANY_ID.finditer(text):
        yield KeyId(found["inside"] or found[0]), found.start()


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
        for key_id, _ in _ids(value):
            yield _unaddressed(key_id, path)


def _in_fields(fields: Mapping[str, object], prefix: str) -> Iterator[FoundKey]:
    """Find ids in an object; `prefix` is empty for the one that is the whole value."""
    texts = _Texts(fields)
    for name, value in fields.items():
        path = _below(prefix, _shown(name))
        for key_id, _ in _ids(name):
            yield _unaddressed(key_id, prefix)
        is_plain = not prefix and _is_addressable(name)
        inside = _inside(value)
        if inside:
            # The place of a text that carries its own id is the field of the secret.
            whole = FoundKey(key_id=inside, key_id_field="", secret_field=path)
            yield whole if is_plain else _unaddressed(inside, path)
        elif isinstance(value, str) and texts.is_id(name):
            yield FoundKey(
                key_id=KeyId(value),
                key_id_field=path,
                secret_field=texts.partner(name),
                is_addressable=is_plain,
            )
        else:
            yield from _in_value(value, path)


def _inside(value: object) -> KeyId | None:
    """Return the id of a value that is a whole access key and nothing else."""
    found = id_inside(value) if isinstance(value, str) else None
    return found if found and len(found) <= _LONGEST_ID else None


class _Texts:
    """The fields of an object that hold text, and which of them belong together."""

    def __init__(self, fields: Mapping[str, object]) -> None:
        texts = {name: value for name, value in fields.items() if isinstance(value, str)}
        self._keys = {name for name, value in texts.items() if _KEY_ID.fullmatch(value)}
        self._others = [name for name in texts if name not in self._keys]
        self._fitting = {name for name in self._others if _SECRET.fullmatch(texts[name])}
        self._is_alone = len(self._keys) == 1
        self._ids = Counter(_without(name, _ID_WORDS) for name in self._keys)
        self._named: dict[str, list[str]] = defaultdict(list)
        for name in self._others:
            self._named[_without(name, _SECRET_WORDS)].append(name)
        self._clients = _clients(texts)

    def is_id(self, name: str) -> bool:
        """Whether a field holds the id of a key, and nothing else."""
        return name in self._keys or name in self._clients

    def partner(self, key_id_field: str) -> str:
        """Name the field beside a key's id that holds its secret; empty if it is not certain.

        First by name: ``aws_access_key_id`` belongs to ``aws_secret_access_key``. Else by
        value, where there is one key and one text of a secret's length.
        """
        if key_id_field in self._clients:
            return self._clients[key_id_field]
        rest = _without(key_id_field, _ID_WORDS)
        named = self._named.get(rest, []) if rest and self._ids[rest] == 1 else []
        chosen = [name for name in named if name in self._fitting]
        if not named and self._is_alone:
            chosen = [name for name in self._others if name in self._fitting]
        if not chosen and not self._fitting:
            chosen = named
        return chosen[0] if len(chosen) == 1 and _is_addressable(chosen[0]) else ""


def _clients(texts: Mapping[str, str]) -> dict[str, str]:
    """Name the fields with ids of clients, each with the field of its key if there is one.

    A UUID is a client's if a client's key is beside it under the name that fits, or if
    it stands under the name that the vendor's own clients read.
    """
    keys = {
        _without(name, _CLIENT_KEY_WORDS): name
        for name, value in texts.items()
        if _CLIENT_KEY.fullmatch(value) and _is_addressable(name)
    }
    found = {
        name: keys.get(rest, "")
        for name, value in texts.items()
        if (rest := _without(name, _CLIENT_ID_WORDS)) and _UUID.fullmatch(value)
    }
    return {name: key for name, key in found.items() if key or _is_usual(name)}


def _is_usual(name: str) -> bool:
    return _NO_WORD.sub("", name.lower()) == _USUAL_CLIENT_ID


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
        assigned = _ASSIGNED.match(line)
        for key_id, start in (*_ids(line), *_assigned_client(line, assigned)):
            is_value = assigned is not None and assigned.end() <= start
            place = _assigned(assigned[1], profile) if assigned and is_value else ""
            yield _unaddressed(key_id, place)


def _assigned_client(line: str, assigned: re.Match[str] | None) -> Iterator[tuple[KeyId, int]]:
    """Find the id in a line such as ``CS_CLIENT_ID=...``."""
    if assigned is None or not _is_usual(assigned[1]):
        return
    found = _UUID.search(line, assigned.end())
    if found is not None:
        yield KeyId(found[0]), found.start()


def _assigned(name: str, profile: str) -> str:
    """Name what a line assigns to; a word that may be anything but a name is left out."""
    return profile + _shown(name) if _NAMES_AN_ID.search(name) else ""


def _is_addressable(name: str) -> bool:
    return _shown(name) == name and _ADDRESSABLE.fullmatch(name) is not None


def _shown(name: str) -> str:
    """Hide a name that may be a secret or a key's id, that is none, or that cannot be shown."""
    is_name = name.isprintable() and 0 < len(name) <= _NAME_LETTERS
    is_secret = any(_MIXED.match(run) for run in _SECRET.findall(name)) or _OPAQUE.search(name)
    is_key = _KEY_ID.search(name) or "CSAK" in name
    return name if is_name and not is_secret and not is_key else _HIDDEN


def _below(path: str, step: str) -> str:
    return f"{path}{step}"[:_PATH_LETTERS]


def _unaddressed(key_id: str, path: str = "") -> FoundKey:
    return FoundKey(key_id=KeyId(key_id), key_id_field=path, is_addressable=False)
