"""What operators do by hand to the keys of an HTTP API, beside the machine.

Every method raises the classes of `rotator.errors` and nothing else. What changes
something is sent once; an answer that is missing is `OutcomeUnknownError`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rotator.core.api_keys import ApiKey, ApiKeyWish, KeyUsage, MadeApiKey
    from rotator.core.ids import KeyId
    from rotator.core.secret import Secret
    from rotator.ports.provider import Verdict


class Administration(Protocol):
    """The keys of an account, as its administrator lists, makes and ends them."""

    def check_admission(self) -> None:
        """Try whether our own credential may do its work; change nothing.

        Raises:
            AccessDeniedError: It may not; says whom to ask.
        """
        ...

    def api_keys(self) -> Sequence[ApiKey]:
        """List every key, all pages, in the vendor's order.

        Raises:
            AccessDeniedError: Our own credential may not; says whom to ask.
        """
        ...

    def create_api_key(self, wish: ApiKeyWish) -> MadeApiKey:
        """Make a key; its secret is in nobody's hands but the caller's.

        Raises:
            NotFoundError: The key that it is to be like is not listed.
            RejectedError: The spec cannot express a part of the wish.
        """
        ...

    def revoke_api_key(self, key: KeyId) -> None:
        """End a key, with all the steps of its vendor.

        Raises:
            NotFoundError: There is none of that id.
            RejectedError: It is the key by which we are admitted ourselves; or it was
                answered and the key is still listed.
        """
        ...


class Knowledge(Protocol):
    """What is to be found out of the keys of an account, one by one."""

    def try_api_key(self, secret: Secret, key: KeyId | None) -> Verdict:
        """Try a key from outside; `NOT_YET` means refused. `key` is whose it should be."""
        ...

    def usage(self, key: KeyId) -> KeyUsage | None:
        """Tell how much a key is used; None where the vendor does not tell."""
        ...

    def own_key(self) -> KeyId | None:
        """Name the key by which we are admitted ourselves; None where nobody tells."""
        ...


class ApiKeys(Administration, Knowledge, Protocol):
    """One account of an HTTP API, entered with the credentials of its configuration."""
