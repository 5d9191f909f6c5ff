"""Keys that nobody must be let in with: cut, half quoted, made up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rotator.core.secret import Secret
from rotator.providers.http.secret_forms import made_up

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rotator.providers.http.spec import Spec

_CUT: Final = 4


def damages(spec: Spec, secret: Secret) -> Iterator[tuple[str, Secret]]:
    """Yield keys that are nearly like one that works, with what was done to each."""
    text = secret.reveal()
    yield "a key that lacks its end", Secret(text[: -min(_CUT, len(text) - 1)])
    yield "a key with a quote before it", Secret(f'"{text}')
    yield "a made-up key", made_up(secret, spec.secret_form)
