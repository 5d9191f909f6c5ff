"""What each hole of a spec holds, and whether it can be written where it stands."""

from __future__ import annotations

from difflib import get_close_matches
from enum import StrEnum
from typing import TYPE_CHECKING

from rotator.providers.http.filters import FILTERS, LEAVES_OUT, REPLACES, Takes
from rotator.providers.http.spec import ParamKind
from rotator.providers.http.templates import Namespace
from rotator.settings.http_spec_holes import Slot
from rotator.settings.http_spec_sections import SecretBy

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rotator.providers.http.templates import Token
    from rotator.settings.http_spec_holes import Spot
    from rotator.settings.http_spec_sections import SpecFile


class Holds(StrEnum):
    """What a hole holds, as far as it is known before an answer is there."""

    TEXT = "text"
    SECRET = "secret"  # noqa: S105 - a word, not a secret
    LIST = "list"
    TIME = "time"
    DURATION = "duration"
    ANYTHING = "anything"


_PARAMS = {
    ParamKind.STRING: Holds.TEXT,
    ParamKind.INTEGER: Holds.TEXT,
    ParamKind.BOOLEAN: Holds.TEXT,
    ParamKind.LIST: Holds.LIST,
    ParamKind.JSON: Holds.ANYTHING,
}
_NEW = {
    "name": Holds.TEXT,
    "description": Holds.TEXT,
    "scopes": Holds.LIST,
    "ttl": Holds.DURATION,
    "expiresAt": Holds.TIME,
    "nonce": Holds.TEXT,
}
_FITS = {
    Takes.TIME: (Holds.TIME, Holds.ANYTHING),
    Takes.DURATION: (Holds.DURATION, Holds.ANYTHING),
    Takes.LIST: (Holds.LIST, Holds.ANYTHING),
    Takes.ANY: tuple(Holds),
}
_LEAVES = frozenset({Slot.BODY, Slot.QUERY})
_HOME = {
    Namespace.CREDS: ("is our own credential, and stands outside of `auth`", "send it by `auth`"),
    Namespace.NEW: ("is a property of a key to be made", "write it in `create` only"),
    Namespace.OLD: ("is a property of a replaced key", "write it in `create` only"),
    Namespace.KEY: ("is a property of one key, and this call is about none", "remove it"),
    Namespace.ITEM: ("is an item of a list", "write it in the list's `detail` only"),
    Namespace.SESSION: (
        "is a token that was exchanged",
        "write it in `headers` of a `token_exchange` only",
    ),
}
_NO_SECRET = (
    "is the key itself, where others could read it",
    "write it in `verify`'s `auth` or body, or in a step of `revoke` with `holdsSecret: true`",
)


class Vocabulary:
    """What holes of one spec can name."""

    def __init__(self, model: SpecFile) -> None:
        """Take the names from the spec."""
        listed = model.key.selectors()
        names = {"id": Holds.TEXT, "secret": Holds.SECRET}
        told = {
            name: _KINDS.get(name, Holds.TIME if section.time else Holds.ANYTHING)
            for name, section in listed.items()
            if name != "secret"
        }
        is_ours = model.secret_by is SecretBy.CLIENT
        self._holds: dict[Namespace, dict[str, Holds]] = {
            Namespace.PARAMS: {name: _PARAMS[item.type] for name, item in model.params.items()},
            Namespace.CREDS: dict.fromkeys(model.credentials, Holds.SECRET),
            Namespace.NEW: _NEW | ({"secret": Holds.SECRET} if is_ours else {}),
            Namespace.KEY: names | ({"name": Holds.TEXT} if "name" in listed else {}),
            Namespace.OLD: told,
            Namespace.ITEM: {"id": Holds.TEXT},
            Namespace.SESSION: {"token": Holds.SECRET},
        }

    def problems(self, spot: Spot) -> Iterable[tuple[str, str]]:
        """Say what is wrong with each hole of a text, and what to write instead."""
        is_whole = len(spot.text.parts) == 1
        for token in spot.text.tokens:
            problem, remedy = self._problem(token, spot, is_whole=is_whole)
            if problem:
                yield f"`{token}` {problem}", remedy

    def _problem(self, token: Token, spot: Spot, *, is_whole: bool) -> tuple[str, str]:
        if not spot.scope.admits(token, spot.slot):
            return _out_of_place(token, spot)
        known = self._holds[token.namespace]
        if token.name not in known:
            return _unknown(token, known)
        if token.is_optional and spot.slot not in _LEAVES:
            return "is optional, and there is no field to leave out", "write `|default:TEXT`"
        return _unwritten(token, known[token.name], is_leaf=is_whole and spot.slot is Slot.BODY)


_KINDS = {"id": Holds.TEXT, "name": Holds.TEXT}


def _out_of_place(token: Token, spot: Spot) -> tuple[str, str]:
    if token.namespace is Namespace.KEY and Namespace.KEY in spot.scope.namespaces:
        return _NO_SECRET
    if token.namespace is Namespace.NEW and Namespace.NEW in spot.scope.namespaces:
        return _NO_SECRET[0], "write it in a header or the body of `create`"
    if token.namespace is Namespace.CREDS and Namespace.CREDS in spot.scope.namespaces:
        return "is our own credential, where others could read it", "write it in headers or a body"
    return _HOME[token.namespace]


def _unknown(token: Token, known: Mapping[str, Holds]) -> tuple[str, str]:
    if (token.namespace, token.name) == (Namespace.NEW, "secret"):
        return "is chosen by the server", "write `secretBy: client` if we choose it"
    close = get_close_matches(token.name, known, n=1)
    if close:
        return "names nothing", f"did you mean `${{{token.namespace}.{close[0]}}}`?"
    where = _DECLARED.get(token.namespace, "remove it")
    names = f"; known here: {', '.join(known)}" if known else ""
    return "names nothing", where + names


_DECLARED = {
    Namespace.PARAMS: "declare it under `params`",
    Namespace.CREDS: "declare it under `credentials`",
    Namespace.OLD: "say under `key` where a list has it",
    Namespace.KEY: "say under `key` where a list has it",
}


def _unwritten(token: Token, holds: Holds, *, is_leaf: bool) -> tuple[str, str]:
    """Send what is known of a value through the filters."""
    for item in token.filters:
        if item.name in {LEAVES_OUT, REPLACES}:
            continue
        if holds not in _FITS[FILTERS[item.name].takes]:
            return f"is {_A[holds]}, which the filter `{item.name}` cannot take", "remove it"
        holds = Holds.SECRET if holds is Holds.SECRET else Holds.TEXT
    if holds in {Holds.TIME, Holds.DURATION}:
        return f"is {_A[holds]}, and no filter says how it is written", _WRITE[holds]
    if holds is Holds.LIST and not is_leaf:
        return "is a list, and no filter makes a text of it", "write for example `|join:,`"
    return "", ""


_A = {
    Holds.TEXT: "a text",
    Holds.SECRET: "a secret",
    Holds.LIST: "a list",
    Holds.TIME: "a time",
    Holds.DURATION: "a length of time",
}
_WRITE = {
    Holds.TIME: "write for example `|rfc3339`, `|date`, `|epoch` or `|epoch_ms`",
    Holds.DURATION: "write for example `|days`, `|hours`, `|seconds` or `|millis`",
}
