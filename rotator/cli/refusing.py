"""Showing that a key that was ended is refused: with its own text, if somebody has it."""

from __future__ import annotations

import sys
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import click

from rotator.core.secret import Secret
from rotator.core.value_reading import LONGEST
from rotator.errors import RejectedError
from rotator.ports.provider import Verdict

if TYPE_CHECKING:
    from rotator.cli.invocation import Invocation
    from rotator.core.ids import KeyId
    from rotator.ports.api_keys import ApiKeys
    from rotator.ports.clock import Clock

_PAUSE_SECONDS: Final = 2.0
_PATIENCE: Final = 2
"""How many times longer than the spec says we wait before we say that it failed."""
_NO_PROOFS: Final = {
    Verdict.NOT_YET: "is refused already",
    Verdict.WRONG_PRINCIPAL: "is let in, and is not the text of this key",
}


def read_value(invocation: Invocation) -> bytes:
    """Read a value that may be secret; a person who types it does not see it either."""
    if invocation.can_ask:
        typed: str = click.prompt(
            "Value (not shown)", hide_input=True, default="", show_default=False, err=True
        )
        return typed.encode("utf-8", errors="surrogatepass")
    return sys.stdin.buffer.read(LONGEST + 1)


def read_key(invocation: Invocation) -> Secret:
    """Read a whole key from standard input.

    Raises:
        click.UsageError: There is none.
    """
    text = read_value(invocation).decode("utf-8", errors="replace").removesuffix("\n")
    if not text:
        raise click.UsageError("the key is read from standard input, where there is none")
    return Secret(text)


def check_let_in(keys: ApiKeys, key: KeyId, secret: Secret) -> None:
    """Check that a text is let in as a key, before that key is ended.

    Raises:
        RejectedError: It is not, so its refusal afterwards would prove nothing.
    """
    why = _NO_PROOFS.get(keys.try_api_key(secret, key))
    if why is None:
        return
    raise RejectedError(
        f"what was read {why}, so it proves nothing, and nothing was revoked",
        subject=key,
        code="proves_nothing",
        hint="read the key's whole text, or leave --prove out: its listing is the proof then",
    )


def wait_until_refused(
    clock: Clock, keys: ApiKeys, key: KeyId, secret: Secret, propagation: timedelta
) -> int:
    """Try a key that was ended until it is refused; return after how many seconds it was.

    Args:
        clock: Tells and passes the time.
        keys: Where it is tried.
        key: Its id.
        secret: Its text.
        propagation: How long the API takes to refuse it everywhere, as its spec says.

    Raises:
        RejectedError: It is still let in long after that.
    """
    begun = clock.now()
    while keys.try_api_key(secret, key) is not Verdict.NOT_YET:
        passed = clock.now() - begun
        if passed > _PATIENCE * propagation:
            why = f"it was revoked {passed.total_seconds():.0f} s ago, and is still let in"
            hint = "look in the vendor's own dashboard, and at `revoke` in the spec"
            raise RejectedError(why, subject=key, code="still_accepted", hint=hint)
        clock.sleep(_PAUSE_SECONDS)
    return int((clock.now() - begun) / timedelta(seconds=1))
