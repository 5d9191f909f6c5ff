"""`rotator keys rotate --taint` and `--break-glass`: a key is compromised."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rotator.core.events import AuditAction
from rotator.core.ids import KeyId
from rotator.core.last_resort import without_us
from rotator.core.rotation import Trigger
from rotator.errors import OutcomeUnknownError, UnavailableError
from tests.builders import credential
from tests.cli.desk import Desk

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

KEY = KeyId("AKIAIOSFODNN7EXAMPLE")
ORDER = ("keys", "rotate", "svc-payments", "--taint")
WHY = ("--reason", "key was in a public repository")


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """Give a desk with one credential, and somebody who can be asked."""
    desk = Desk(tmp_path)
    desk.keep(credential("svc-payments", current_key_id=KEY))
    desk.can_ask = True
    return desk


def requested(desk: Desk) -> Trigger | None:
    return desk.app.journal.credentials()[0].requested


def test_a_compromised_key_is_replaced_after_its_outage_was_told(
    desk: Desk, golden: Callable[[str, str], None]
) -> None:
    result = desk.run(*ORDER, *WHY, answer="y\n")

    assert requested(desk) is Trigger.TAINT
    golden("tests/golden/keys_rotate_taint.txt", result.stdout)


def test_nothing_is_ordered_without_consent(desk: Desk) -> None:
    result = desk.run(*ORDER, *WHY, answer="n\n")

    assert result.exit_code != 0
    assert requested(desk) is None


def test_broken_glass_is_ordered_in_the_operators_words(desk: Desk) -> None:
    result = desk.run(*ORDER, "--break-glass", *WHY, "--yes")
    (given,) = desk.app.journal.unsealed(limit=10)

    assert result.exit_code == 0
    assert "the audit log is not waited for" in " ".join(result.stdout.split())
    assert requested(desk) is Trigger.BREAK_GLASS
    assert given.action is AuditAction.OPERATOR_BREAK_GLASS
    assert given.reason == "ordered: key was in a public repository"


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ((*ORDER, "--break-glass", "--yes"), "--break-glass needs --reason"),
        ((*ORDER, "--break-glass", "--reason", " ", "--yes"), "--break-glass needs --reason"),
        (("keys", "rotate", "svc-payments", "--break-glass", *WHY), "needs --taint"),
        (("keys", "rotate", "--keyset", "a", "--taint", *WHY), "keys revoke --keyset"),
        (("keys", "revoke", "--keyset", "a", "--break-glass"), "--break-glass needs --reason"),
    ],
)
def test_an_order_that_nobody_could_account_for_is_refused(
    desk: Desk, arguments: tuple[str, ...], why: str
) -> None:
    result = desk.run(*arguments)

    assert result.exit_code == 2
    assert why in result.stderr
    assert requested(desk) is None


@pytest.mark.parametrize("error", [UnavailableError("full"), OutcomeUnknownError("lost")])
def test_where_the_journal_takes_nothing_in_the_vendors_own_command_is_named(
    desk: Desk, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(desk.app.journal, "append", refuse)
    result = desk.run(*ORDER, "--break-glass", *WHY, "--yes")

    command = f"aws iam update-access-key --user-name svc-payments --access-key-id {KEY}"
    assert result.exit_code != 0
    assert command in " ".join(result.stderr.split())


def test_where_the_journal_cannot_even_be_read_the_key_is_to_be_looked_up(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> None:
        raise UnavailableError("gone")

    monkeypatch.setattr(desk.app.journal, "credentials", refuse)
    result = desk.run(*ORDER, *WHY, "--yes")

    assert "aws iam list-access-keys --user-name svc-payments" in " ".join(result.stderr.split())


@pytest.mark.parametrize(
    ("key", "named"), [("key-1", "end key key-1 in the vendor's"), (None, "end the key of svc")]
)
def test_other_vendors_keys_are_ended_where_they_come_from(key: str | None, named: str) -> None:
    assert named in without_us("svc", "stage5", key)
