"""What one value is that somebody pasted, and what is wrong with it: without sending it.

The value may be a secret. Nothing that is returned holds any of it but the public id
of an access key, and no message quotes it.
"""

from __future__ import annotations

import re
from base64 import b64decode
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from rotator.core.cipherstash_forms import is_workspace_id, parse_crn
from rotator.core.ids import KeyId
from rotator.core.value_reading import read_value
from rotator.core.value_wrapping import ValueFault

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rotator.core.cipherstash_forms import Crn

_CLIENT_KEY_BYTES = 168
_CBOR_MAP_OF_FOUR = 0xA4
_USUAL_SECRET = 48
_LONGEST_ID = 32
_UUID_DIGITS = 32


_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_HEX = re.compile(r"[0-9a-f]{32,}", re.IGNORECASE)
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{40,}={0,2}")
_HEADLESS = re.compile(r"[A-Z0-9]{8,32}\.[A-Z0-9]{16,}")
_ID = re.compile(r"[A-Za-z0-9_-]+")
_SECRET = re.compile(r"[A-Za-z0-9_+/=-]+")


class Kind(StrEnum):
    """What a value is."""

    ACCESS_KEY = "access-key"
    CLIENT_KEY = "client-key"
    CLIENT_ID = "client-id"
    CRN = "crn"
    ID_ALONE = "id"
    FOREIGN = "foreign"
    NOTHING = "nothing"
    UNKNOWN = "unknown"


NAMES: Final = {
    Kind.ACCESS_KEY: "a CipherStash access key",
    Kind.CLIENT_KEY: "a CipherStash client key",
    Kind.CLIENT_ID: "the id of a CipherStash client",
    Kind.CRN: "the CRN of a CipherStash workspace",
    Kind.ID_ALONE: "the id of a workspace or of an access key",
    Kind.FOREIGN: "something of another system",
    Kind.NOTHING: "no value",
    Kind.UNKNOWN: "nothing that CipherStash has",
}
"""Each kind as people call it."""

ASKED: Final = (Kind.ACCESS_KEY, Kind.CLIENT_KEY, Kind.CLIENT_ID, Kind.CRN)
"""What a value can be wanted as."""

_FOREIGN = (
    (re.compile(r"A[KS]IA[A-Z0-9]{16}"), "the id of an AWS key"),
    (re.compile(r"arn:.*"), "an AWS resource name"),
    (re.compile(r"gh[a-z]_.*|github_pat_.*"), "a GitHub token"),
    (re.compile(r"xox[a-z]-.*"), "a Slack token"),
    (re.compile(r"[srp]k_(live|test)_.*"), "a Stripe key"),
    (re.compile(r"eyJ[\w-]*\.[\w-]*\.[\w-]*"), "a token that was made of a key, and soon ends"),
    (re.compile(r"-----BEGIN.*"), "a key or a certificate in PEM form"),
    (re.compile(r"[{\[].*", re.DOTALL), "a JSON document, perhaps a whole secret"),
    (re.compile(r"[A-Za-z0-9/+]{40}"), "perhaps the secret half of an AWS key"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """What a value is.

    Attributes:
        key_id: The public id of an access key; None for all others.
        what: What it is, in words.
        notes: What is worth knowing and is no fault.
    """

    kind: Kind
    what: str
    key_id: KeyId | None = None
    faults: tuple[ValueFault, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def is_valid(self) -> bool:
        """Whether nothing is wrong with it, as far as its text tells."""
        return not self.faults


def examine(
    data: bytes, *, wanted: Kind | None = None, workspaces: Sequence[Crn] = ()
) -> Diagnosis:
    """Say what a value is and what is wrong with it.

    Args:
        data: The value as it was read; one line end at its end belongs to the pipe.
        wanted: What it is to be; None takes it as what it looks like.
        workspaces: What a CRN has to be one of; empty compares with nothing. A region
            that is not known is empty.
    """
    read = read_value(data)
    found = _recognised(read.text, workspaces) if read.text else _is(Kind.NOTHING)
    return Diagnosis(
        kind=found.kind,
        what=found.what,
        key_id=found.key_id,
        faults=(*read.faults, *found.faults, *_mistaken(found, wanted)),
        notes=(*read.notes, *found.notes),
    )


def _recognised(text: str, workspaces: Sequence[Crn]) -> Diagnosis:
    if text[:4].upper() == "CSAK":
        return _access_key(text)
    if text[:4].lower() == "crn:":
        return _crn(text, workspaces)
    if _UUID.fullmatch(text):
        return _is(Kind.CLIENT_ID)
    if _HEX.fullmatch(text.removeprefix("0x")):
        return _hex(text)
    foreign = next((what for form, what in _FOREIGN if form.fullmatch(text)), None)
    if foreign is not None:
        remedy = "look which variable or field it belongs to"
        fault = _fault("foreign", f"is {foreign}, and nothing of CipherStash's", remedy)
        return Diagnosis(kind=Kind.FOREIGN, what=foreign, faults=(fault,))
    return _half(text)


def _half(text: str) -> Diagnosis:
    """Recognise what is nearly something."""
    if is_workspace_id(text):
        problem = "is an id alone, of a workspace or of an access key, and opens nothing"
        remedy = "give the whole key, or the whole CRN: crn:REGION.CLOUD:WORKSPACE"
        return _is(Kind.ID_ALONE, _fault("id_alone", problem, remedy))
    if _HEADLESS.fullmatch(text):
        problem = "looks like an access key without its beginning `CSAK`"
        return _is(Kind.ACCESS_KEY, _fault("cut", problem, "copy all of it again"))
    if _BASE64.fullmatch(text) and _is_client_key(text):
        problem = "is a client key in base64, where CS_CLIENT_KEY has to be hex"
        remedy = "convert it: base64 -d | od -An -v -tx1 | tr -d ' \\n'"
        return _is(Kind.CLIENT_KEY, _fault("base64", problem, remedy))
    problem = "is nothing that CipherStash hands out, or not all of it"
    return _is(Kind.UNKNOWN, _fault("unknown", problem, "copy it from its source again"))


def _is_client_key(text: str) -> bool:
    """Whether base64 holds what every client key begins with, whole or cut."""
    usual = text.replace("-", "+").replace("_", "/").rstrip("=")
    data = b64decode(usual[: len(usual) // 4 * 4])
    return data[0] == _CBOR_MAP_OF_FOUR and len(data) <= _CLIENT_KEY_BYTES


def _access_key(text: str) -> Diagnosis:
    again = "copy all of it again; a key that is lost is made anew, not shown again"
    head, dot, secret = text[4:].partition(".")
    key_id = KeyId(head) if dot and _ID.fullmatch(head) and len(head) <= _LONGEST_ID else None
    faults = [_fault("cut", problem, again) for problem in _cuts(head, dot, secret)]
    if not text.startswith("CSAK"):
        remedy = "copy it again; capital and small letters count"
        faults.append(_fault("case", "does not begin with `CSAK` in capital letters", remedy))
    notes: tuple[str, ...] = ()
    if not faults and len(secret) < _USUAL_SECRET:
        notes = ("its secret is shorter than CipherStash's usually are: it may be cut",)
    return Diagnosis(
        kind=Kind.ACCESS_KEY,
        what=NAMES[Kind.ACCESS_KEY],
        key_id=key_id,
        faults=tuple(faults),
        notes=notes,
    )


def _cuts(head: str, dot: str, secret: str) -> Iterator[str]:
    if not dot:
        yield "has no dot, so its secret is missing"
    elif not head:
        yield "has no id before its dot"
    elif not secret:
        yield "ends at its dot, so its secret is missing"
    elif "." in secret:
        yield "has more than one dot, so it is more than one key"
    elif not _ID.fullmatch(head) or not _SECRET.fullmatch(secret):
        yield "holds a character that no access key has"


def _hex(text: str) -> Diagnosis:
    digits = text.removeprefix("0x")
    if len(digits) == _UUID_DIGITS:
        problem = "looks like a client's id without its dashes"
        return _is(Kind.CLIENT_ID, _fault("dashes", problem, "write it as 8-4-4-4-12 digits"))
    faults = []
    if digits != text:
        faults.append(_fault("prefix", "begins with `0x`", "leave it out"))
    again = "copy all of it again; a key that is lost is made anew, not shown again"
    if len(digits) % 2:
        faults.append(_fault("cut", "has an odd number of digits, so it is cut", again))
    elif len(digits) != 2 * _CLIENT_KEY_BYTES:
        way = "fewer" if len(digits) < 2 * _CLIENT_KEY_BYTES else "more"
        problem = f"has {way} digits than the {2 * _CLIENT_KEY_BYTES} of a client key"
        faults.append(_fault("length", problem, again))
    return _is(Kind.CLIENT_KEY, *faults)


def _crn(text: str, workspaces: Sequence[Crn]) -> Diagnosis:
    form = "write crn:REGION.CLOUD:WORKSPACE, such as crn:us-east-1.aws:ABCDEFGH12345678"
    try:
        crn = parse_crn(text)
    except ValueError as error:
        return _is(Kind.CRN, _fault("crn_form", str(error), form))
    if not workspaces:
        return _is(Kind.CRN)
    same = next((it for it in workspaces if it.workspace == crn.workspace), None)
    if same is None:
        known = ", ".join(it.workspace for it in workspaces)
        remedy = "take the CRN of the workspace that is meant, or configure this one"
        problem = f"names another workspace than the configured {known}"
        return _is(Kind.CRN, _fault("other_workspace", problem, remedy))
    if same.region and same.region != crn.region:
        problem = f"names another region than {same.region}, where this workspace is"
        return _is(Kind.CRN, _fault("other_region", problem, f"write {same}"))
    return _is(Kind.CRN)


def _mistaken(found: Diagnosis, wanted: Kind | None) -> tuple[ValueFault, ...]:
    if wanted is None or found.kind in {wanted, Kind.NOTHING}:
        return ()
    problem = f"is to be {NAMES[wanted]}, but is {found.what}"
    return (_fault("other_kind", problem, "look whether two variables were swapped"),)


def _is(kind: Kind, *faults: ValueFault) -> Diagnosis:
    return Diagnosis(kind=kind, what=NAMES[kind], faults=faults)


def _fault(code: str, problem: str, remedy: str) -> ValueFault:
    return ValueFault(code=code, problem=problem, remedy=remedy)
