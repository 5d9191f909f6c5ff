"""What a keyset may be called, and how things are described: checked before sending."""

from __future__ import annotations

import re

from rotator.errors import RejectedError

_NAME = re.compile(r"[A-Za-z0-9_/-]{1,64}")
_RESERVED = "default"
_LONGEST_DESCRIPTION = 256


def check_keyset_name(name: str) -> None:
    """Check a new keyset's name.

    Raises:
        RejectedError: The service would refuse it; says what is allowed.
    """
    if name == _RESERVED:
        why = "the name `default` is kept for the keyset that every workspace has"
        raise RejectedError(why, code="keyset_name", hint="choose another name")
    if not _NAME.fullmatch(name):
        why = "this cannot be a keyset's name"
        hint = "1 to 64 letters, digits, `_`, `-` and `/`, such as tenants/company-a"
        raise RejectedError(why, subject=name, code="keyset_name", hint=hint)


def check_description(text: str) -> None:
    """Check what a new keyset or client is said to be for.

    Raises:
        RejectedError: It is empty or too long.
    """
    if not 1 <= len(text) <= _LONGEST_DESCRIPTION:
        why = f"a description has 1 to {_LONGEST_DESCRIPTION} characters, this one {len(text)}"
        raise RejectedError(why, code="description", hint="say in a few words what it is for")
