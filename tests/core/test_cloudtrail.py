"""Joining our log with CloudTrail's: what one of them has and the other has not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from rotator.core.cloudtrail import Reconciliation
from rotator.core.events import AuditAction, ProviderCall, Stage
from rotator.core.trail_events import read_event
from rotator.testing.builders import ACCOUNT, at
from tests.core.trail import (
    ARN,
    PRINCIPAL,
    ROLE,
    SESSION,
    THIEF,
    edges,
    iam_event,
    our_intent,
    our_line,
    secret_event,
    session,
    user,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rotator.core.cloudtrail import TrailVerdict

DISABLED = ("iam", "UpdateAccessKey", "r-1")
STAGED = ("secretsmanager", "PutSecretValue", "s-1")


def joined(
    lines: Iterable[str], events: Iterable[dict[str, Any]], identities: Sequence[str] = ()
) -> TrailVerdict:
    both = Reconciliation(identities=identities)
    for line in lines:
        both.add_line(line)
    for event in events:
        both.add_event(event)
    return both.verdict()


def told(verdict: TrailVerdict) -> list[str]:
    return [str(finding) for finding in verdict.findings]


def test_two_logs_that_agree_have_no_fault() -> None:
    lines = [
        our_line(0, action=AuditAction.DAEMON_START),
        our_line(1, DISABLED, ("iam", "ListAccessKeys", "r-0")),
        our_line(2, STAGED),
    ]
    verdict = joined(lines, [*edges(), iam_event("r-1"), secret_event("s-1")])

    assert told(verdict) == []
    assert verdict.matched == 2


def test_a_change_by_our_identity_without_a_record_is_unlogged() -> None:
    events = [*edges(), iam_event("r-1"), iam_event("stolen", "CreateAccessKey")]
    verdict = joined([our_line(1, DISABLED)], events)

    (line,) = told(verdict)
    assert line == (
        f"UNLOGGED 2026-01-02T00:00:00Z CreateAccessKey {PRINCIPAL} by {SESSION}, "
        "requestID stolen: no record"
    )


def test_changes_by_others_are_not_our_business() -> None:
    theirs = iam_event("t-1", "CreateAccessKey", userIdentity=user())
    verdict = joined([our_line(1, DISABLED)], [*edges(), iam_event("r-1"), theirs])

    assert told(verdict) == []


def test_a_refused_attempt_with_our_identity_is_told_with_its_code() -> None:
    refused = iam_event("stolen", "CreateUser", errorCode="AccessDenied")
    verdict = joined([our_line(1, DISABLED)], [iam_event("r-1"), refused])

    (line,) = told(verdict)
    assert "CreateUser" in line
    assert "refused: AccessDenied" in line


def test_reading_and_other_services_are_not_compared() -> None:
    events = [
        iam_event("r-1"),
        iam_event("x-1", "ListAccessKeys"),
        iam_event("x-2", "ChangeNothing", readOnly=True),
        iam_event("x-3", "PutObject", eventSource="s3.amazonaws.com"),
    ]
    assert told(joined([our_line(1, DISABLED)], events)) == []


def test_a_record_that_names_another_operation_under_the_same_id_matches_nothing() -> None:
    verdict = joined([our_line(1, DISABLED)], [iam_event("r-1", "DeleteUser")], [ROLE])

    (line,) = told(verdict)
    assert line.startswith("UNLOGGED")
    assert "DeleteUser" in line


def test_a_lost_answer_is_covered_by_the_intent_before_it() -> None:
    lines = [
        our_line(1, DISABLED),
        our_intent(77, AuditAction.KEY_CREATE),
        our_line(78, action=AuditAction.KEY_CREATE, outcome="unknown"),
    ]
    verdict = joined(lines, [iam_event("r-1"), iam_event("lost", "CreateAccessKey")])

    assert told(verdict) == []
    assert any("CreateAccessKey" in note and "intent seq=77" in note for note in verdict.notes)


def test_an_intent_covers_one_event_and_not_a_second() -> None:
    lines = [our_line(1, DISABLED), our_intent(77, AuditAction.KEY_CREATE)]
    minted = [iam_event(name, "CreateAccessKey") for name in ("lost", "stolen")]
    verdict = joined(lines, [iam_event("r-1"), *minted])

    assert len(told(verdict)) == 1


def test_an_intent_whose_answer_came_covers_nothing() -> None:
    lines = [
        our_intent(1, AuditAction.KEY_CREATE),
        our_line(2, ("iam", "CreateAccessKey", "c-1"), action=AuditAction.KEY_CREATE),
    ]
    minted = [iam_event(name, "CreateAccessKey") for name in ("c-1", "stolen")]

    (line,) = told(joined(lines, minted))
    assert "stolen" in line


@pytest.mark.parametrize(
    "elsewhere",
    [
        {"when": at(days=1, minutes=20)},
        {"when": at(days=1, minutes=-5)},
        {"requestParameters": {"userName": "somebody-else"}},
        {"requestParameters": None},
        {"eventName": "DeleteUser"},
    ],
    ids=["late", "early", "user", "nobody", "operation"],
)
def test_an_intent_covers_only_its_own_principal_action_and_time(elsewhere: dict[str, Any]) -> None:
    lines = [our_line(1, DISABLED), our_intent(77, AuditAction.KEY_CREATE)]
    event = iam_event("stolen", "CreateAccessKey", **elsewhere)

    assert len(told(joined(lines, [iam_event("r-1"), event]))) == 1


def test_a_secret_is_known_by_its_name_and_by_its_arn() -> None:
    lines = [our_line(1, DISABLED), our_intent(77, AuditAction.KEY_STAGE)]
    staged = [
        secret_event("lost", requestParameters={"secretId": secret})
        for secret in ("payments/api", ARN)
    ]
    for event in staged:
        assert told(joined(lines, [iam_event("r-1"), event])) == []


def test_a_call_without_an_answer_covers_its_event() -> None:
    calls = (ProviderCall(service="iam", operation="DeleteAccessKey", code="ReadTimeoutError"),)
    lines = [our_line(1, DISABLED), our_line(9, calls=calls)]
    verdict = joined(lines, [iam_event("r-1"), iam_event("lost", "DeleteAccessKey")])

    assert told(verdict) == []
    assert any("seq=9" in note for note in verdict.notes)


def test_an_earlier_try_of_an_answered_call_is_covered_but_never_a_mint() -> None:
    tried = iam_event("first-try", when=at(days=1, seconds=-20))
    verdict = joined([our_line(1, DISABLED)], [tried, iam_event("r-1")])

    assert told(verdict) == []
    assert any("an earlier try of the call of seq=1" in note for note in verdict.notes)

    minted = our_line(2, ("iam", "CreateAccessKey", "c-1"), action=AuditAction.KEY_CREATE)
    twice = [iam_event(name, "CreateAccessKey") for name in ("c-0", "c-1")]
    assert len(told(joined([minted], twice))) == 1


def test_a_request_that_the_trail_does_not_show_is_unseen() -> None:
    verdict = joined([our_line(5, DISABLED)], edges())

    assert told(verdict) == ["UNSEEN   seq=5     UpdateAccessKey, requestID r-1: not in the trail"]


def test_the_last_hour_of_a_trail_proves_nothing() -> None:
    late = our_line(5, DISABLED, at=at(days=2, hours=23, minutes=1))
    early = our_line(6, ("iam", "UpdateAccessKey", "r-2"), at=at(days=2, hours=22, minutes=59))

    (line,) = told(joined([late, early], edges()))
    assert "seq=6" in line


def test_what_lies_outside_the_trail_is_not_unseen() -> None:
    lines = [our_line(5, DISABLED, at=at(days=-2)), our_line(6, STAGED)]
    verdict = joined(lines, edges())

    assert told(verdict) == []
    assert "1 requests went to accounts or regions that the trail does not cover" in verdict.notes


def test_a_secret_is_looked_for_where_its_other_requests_were_seen() -> None:
    lines = [our_line(1, STAGED), our_line(2, ("secretsmanager", "PutSecretValue", "s-2"))]
    events = [*edges("eu-central-1"), secret_event("s-1")]

    (line,) = told(joined(lines, events))
    assert "s-2" in line


def test_a_refused_request_may_never_have_reached_the_trail() -> None:
    call = ProviderCall(
        service="iam", operation="UpdateAccessKey", code="Throttling", request_id="r-9"
    )
    assert told(joined([our_line(5, calls=(call,))], edges())) == []


def test_whose_calls_are_ours_is_learned_from_the_daemon_and_not_from_an_operator() -> None:
    by_hand = our_line(1, ("iam", "UpdateAccessKey", "o-1"), actor="operator:mallory")
    events = [iam_event("o-1", userIdentity=user()), iam_event("x", userIdentity=user())]
    verdict = joined([by_hand], events)

    assert told(verdict) == []
    assert any("--identity" in note for note in verdict.notes)


def test_a_named_identity_replaces_what_is_learned() -> None:
    events = [iam_event("r-1"), iam_event("x", userIdentity=user()), iam_event("y")]
    verdict = joined([our_line(1, DISABLED)], events, ["arn:aws:iam::*:user/mallory"])

    (line,) = told(verdict)
    assert THIEF in line


def test_a_named_session_is_recognised_too() -> None:
    assert len(told(joined([], [iam_event("y", "TagUser")], ["*assumed-role/rotator/*"]))) == 1


def test_an_event_of_nobody_is_not_ours() -> None:
    nameless = iam_event("r-1", userIdentity=None)
    verdict = joined([our_line(1, DISABLED)], [nameless, iam_event("x")])

    assert told(verdict) == []


def test_an_event_of_nobody_is_told_so_when_every_identity_is_ours() -> None:
    nameless = iam_event("", userIdentity={"type": "AWSService"})

    (line,) = told(joined([], [nameless], ["*"]))
    assert "by nobody named, requestID none" in line


def test_what_is_no_record_is_counted_and_stops_nothing() -> None:
    odd: list[dict[str, Any]] = [
        {},
        {"eventSource": "iam.amazonaws.com", "eventName": "X", "eventTime": "yesterday"},
        {**iam_event("x"), "userIdentity": "root"},
        {**iam_event("x"), "eventSource": None},
    ]
    verdict = joined(["no line", our_line(1, DISABLED)], [*odd, iam_event("r-1")])

    assert told(verdict) == []
    assert "4 entries of the trail are not records of CloudTrail's" in verdict.notes


@pytest.mark.parametrize(
    ("honest", "forged"),
    [
        ('"service":"iam"', '"service":["iam"]'),
        ("2026-01-02T00:00:01.000Z", "0001-01-01T00:00:00.000Z"),
        ("2026-01-02T00:00:01.000Z", "9999-12-31T23:59:59.000Z"),
        ("2026-01-02T00:00:01.000Z", "9999-12-31T23:59:59-23:00"),
    ],
)
def test_a_forged_record_stops_nothing_and_stands_for_nothing(honest: str, forged: str) -> None:
    line = our_line(1, DISABLED)
    assert honest in line

    verdict = joined([line.replace(honest, forged), our_line(2, STAGED)], [secret_event("s-1")])

    assert (told(verdict), verdict.matched) == ([], 1)


def test_the_span_of_the_trail_is_told() -> None:
    verdict = joined([], edges())

    assert any(
        f"the trail covers {ACCOUNT} us-east-1 from 2025-12-31T00:00Z to 2026-01-04T00:00Z" in note
        for note in verdict.notes
    )


def test_a_service_without_an_account_or_a_region_is_told_so() -> None:
    bare = iam_event("x", recipientAccountId=None, awsRegion=None, userIdentity={})

    assert any("covers no account no region" in note for note in joined([], [bare]).notes)


def test_findings_stand_in_the_order_of_time() -> None:
    late, early = iam_event("b", when=at(days=2)), iam_event("a", when=at(days=1, hours=12))
    lines = told(joined([], [late, early], [ROLE]))

    assert ["requestID a" in line for line in lines] == [True, False]


def test_the_session_of_a_role_is_read_as_the_role() -> None:
    event = read_event(iam_event("r-1"))

    assert (event.identity, event.session) == (ROLE, SESSION)
    assert read_event(iam_event("r-1", userIdentity=user())).identity == THIEF
    service = read_event(iam_event("r", userIdentity={"invokedBy": "secretsmanager.amazonaws.com"}))
    assert service.identity == "secretsmanager.amazonaws.com"
    assert read_event(iam_event("r", userIdentity=session(), recipientAccountId="")).account


def test_an_intent_covers_nothing_more_once_any_record_tells_of_its_answer() -> None:
    lines = [
        our_intent(1, AuditAction.KEY_DELETE),
        our_line(
            2,
            ("iam", "DeleteAccessKey", "d-1"),
            action=AuditAction.REQUEST_SEND,
            stage=Stage.EVENT,
        ),
    ]
    stolen = iam_event("stolen", "DeleteAccessKey", when=at(days=1, minutes=3))
    verdict = joined(lines, [iam_event("d-1", "DeleteAccessKey"), stolen])

    (line,) = told(verdict)
    assert "stolen" in line
    assert verdict.matched == 1


def test_an_intent_after_an_answer_of_the_same_kind_covers_what_comes_of_it() -> None:
    answered = (ProviderCall(service="iam", operation="DeleteAccessKey", request_id="d-1"),)
    lines = [
        our_intent(1, AuditAction.KEY_DELETE),
        our_intent(2, AuditAction.KEY_DELETE, calls=answered),
    ]
    late = iam_event("lost", "DeleteAccessKey", when=at(days=1, minutes=5))
    events = [iam_event("d-1", "DeleteAccessKey"), late]
    verdict = joined(lines, events)

    assert told(verdict) == []
    assert any("intent seq=2" in note for note in verdict.notes)
