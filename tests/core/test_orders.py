"""What a pause covers, and the row that it is kept under."""

from __future__ import annotations

from rotator.core.ids import AccountId
from tests.builders import ACCOUNT, credential, pause

CREDENTIAL = credential().id


def test_a_pause_covers_its_scope_and_nothing_beyond() -> None:
    everything = pause(account=None, credential=None)
    account = pause(account=ACCOUNT, credential=None)
    elsewhere = pause(account=AccountId("999999999999"), credential=None)
    one = pause(account=None, credential=CREDENTIAL)

    assert everything.covers(ACCOUNT, CREDENTIAL)
    assert account.covers(ACCOUNT, CREDENTIAL)
    assert not elsewhere.covers(ACCOUNT, CREDENTIAL)
    assert one.covers(ACCOUNT, CREDENTIAL)


def test_each_scope_has_a_row_of_its_own() -> None:
    scopes = [
        pause(account=None, credential=None).scope,
        pause(account=ACCOUNT, credential=None).scope,
        pause(account=None, credential=CREDENTIAL).scope,
    ]

    assert scopes == ["everything", f"account:{ACCOUNT}", f"credential:{CREDENTIAL}"]
