"""What a report says where it has nothing to show."""

from __future__ import annotations

from rotator.cli.report_document import document
from rotator.core.compliance import report
from rotator.core.ids import AccountId
from rotator.core.pictures import Picture, PicturedAccount
from tests.builders import EPOCH


def test_only_accounts_that_have_a_root_user_are_said_to_have_one_that_nobody_knows() -> None:
    places = ("aws-iam", "444455556666"), ("cipherstash", "ZVATKW3VHMFG27DY")
    picture = Picture(
        taken_at=EPOCH,
        log="rotator",
        owner="us",
        mode="plan",
        policy="7bd1",
        inspected_every=3600,
        accounts=tuple(
            PicturedAccount(provider=provider, id=AccountId(name), name="", is_confirmed=False)
            for provider, name in places
        ),
        credentials=(),
    )

    told = {it.title: it.empty for it in document(report(picture), None).sections}

    assert told["Keys of the root user"] == "None known; accounts of which nobody could tell: 1."
