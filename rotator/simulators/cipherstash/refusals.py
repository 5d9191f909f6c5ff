"""Refusals, in the words that CipherStash's documentation has for them."""

from __future__ import annotations


class RefusalError(Exception):
    """A call is refused; the status is what clients go by, the reason is for people."""

    def __init__(self, status: int, reason: str) -> None:
        """Refuse with an HTTP status."""
        super().__init__(reason)
        self.status = status
        self.reason = reason


def not_found(what: str) -> RefusalError:
    """Refuse for what does not exist, or must look as if it did not."""
    return RefusalError(404, f"Not Found: no record found with id={what}")


def not_permitted() -> RefusalError:
    """Refuse for want of a scope."""
    return RefusalError(403, "Not permitted")


def malformed(reason: str) -> RefusalError:
    """Refuse what cannot be read as the request that it should be."""
    return RefusalError(422, reason)
