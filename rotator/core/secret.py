"""The type of secret bytes: it has one way out, and that way is greppable."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from rotator.core.ids import Instant, KeyId


class Secret:
    """A secret that does not print, pickle, compare, hash or format itself.

    Only adapters may call `reveal`; a test walks the source to hold them to it.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        """Wrap the secret's text; the caller should drop its own reference."""
        self._text = text

    def reveal(self) -> str:
        """Return the text itself: the only way out."""
        return self._text

    def __repr__(self) -> str:
        """Show that something is hidden, not how long it is."""
        return "Secret(***)"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        """Ignore the format: widths and slices must not shape what is shown."""
        del spec
        return repr(self)

    def __eq__(self, other: object) -> bool:
        """Refuse: a comparison of secrets outside an adapter is a mistake."""
        msg = "secrets are not compared"
        raise TypeError(msg)

    __hash__ = None  # type: ignore[assignment]

    def __reduce__(self) -> NoReturn:
        """Refuse to be pickled or copied into a job queue, a cache or a core file."""
        msg = "secrets are not pickled"
        raise TypeError(msg)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class KeyMaterial:
    """One key with its secret, as a consumer needs them together."""

    key_id: KeyId
    secret: Secret


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MintedKey:
    """What a provider shows once: the key, its secret, and the provider's time of birth."""

    material: KeyMaterial
    created_at: Instant
