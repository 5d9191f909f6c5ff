"""What a person can do at the vendor when rotator itself can do nothing safely."""

from __future__ import annotations

from shlex import quote

_AWS_IAM = "aws-iam"


def without_us(name: str, provider: str | None, key_id: str | None) -> str:
    """Say how to end a key without rotator, whose journal takes nothing in.

    Args:
        name: The principal's name.
        provider: The provider's name; None where nobody could look it up.
        key_id: The key; None where nobody could look it up.
    """
    after = "then publish another key by hand; consumers fail until they read it"
    if provider not in {None, _AWS_IAM}:
        which = f"key {key_id}" if key_id else f"the key of {name}"
        return f"end {which} in the vendor's own console or with its own client, {after}"
    user = f"--user-name {quote(name)}"
    if key_id is None:
        return (
            f"name it with `aws iam list-access-keys {user}` and {_disable(user, 'KEY')}, {after}"
        )
    return f"{_disable(user, quote(key_id))}, {after}"


def _disable(user: str, key: str) -> str:
    command = f"aws iam update-access-key {user} --access-key-id {key} --status Inactive"
    return f"disable it with `{command}`"
