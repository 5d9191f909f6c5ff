"""The simulated event history: whose call made a key, and how late that is told."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from rotator.simulators.aws.shapes import FaultKind, FaultRule, Settings

if TYPE_CHECKING:
    from rotator.simulators.aws.clients import SimulatedClients
    from rotator.simulators.aws.process import SimulatedAws
    from rotator.simulators.aws.shapes import Credentials, SeededAccount

BY_NAME = [{"AttributeKey": "EventName", "AttributeValue": "CreateAccessKey"}]
ONCE = Config(retries={"mode": "standard", "total_max_attempts": 1})


def trail(aws: SimulatedAws, credentials: Credentials, region: str = "us-east-1") -> Any:  # noqa: ANN401
    session: Any = boto3.Session()
    return session.client(
        "cloudtrail",
        region_name=region,
        endpoint_url=aws.url,
        aws_access_key_id=credentials.access_key_id,
        aws_secret_access_key=credentials.secret_access_key,
        config=ONCE,
    )


def mint(clients: SimulatedClients, credentials: Credentials) -> str:
    answer = clients.iam(credentials).create_access_key(UserName="ci")
    return answer["AccessKey"]["AccessKeyId"]


def records(told: Any) -> list[dict[str, Any]]:  # noqa: ANN401
    return [json.loads(event["CloudTrailEvent"]) for event in told["Events"]]


def test_a_mint_is_told_with_its_caller_and_without_its_secret(
    aws: SimulatedAws, clients: SimulatedClients, account: SeededAccount
) -> None:
    key = mint(clients, account.human)

    told = trail(aws, account.admin).lookup_events(LookupAttributes=BY_NAME)

    (record,) = records(told)
    assert record["responseElements"]["accessKey"]["accessKeyId"] == key
    assert record["userIdentity"]["arn"].endswith("/human")
    assert "Boto3" in record["userAgent"]
    state = aws.state(account_id=account.account_id, user="ci").accounts[account.account_id]
    assert state.users["ci"].keys[-1].secret_access_key not in json.dumps(record)


def test_a_mint_whose_answer_was_lost_is_told_and_a_lost_request_is_not(
    aws: SimulatedAws, clients: SimulatedClients, account: SeededAccount
) -> None:
    history = trail(aws, account.admin)
    for kind, number in ((FaultKind.LOSE_REQUEST, 0), (FaultKind.LOSE_ANSWER, 1)):
        aws.add_fault(FaultRule(kind=kind, operation="CreateAccessKey", times=1))
        with pytest.raises(Exception, match="closed"):
            mint(clients, account.admin)
        assert len(records(history.lookup_events(LookupAttributes=BY_NAME))) == number


def test_the_history_is_late(
    aws: SimulatedAws, clients: SimulatedClients, account: SeededAccount
) -> None:
    aws.configure(Settings(trail_lag_seconds=900))
    mint(clients, account.admin)
    history = trail(aws, account.admin)

    assert records(history.lookup_events(LookupAttributes=BY_NAME)) == []
    aws.advance(901)
    assert len(records(history.lookup_events(LookupAttributes=BY_NAME))) == 1


def test_only_the_span_the_account_and_the_region_that_are_asked_for_are_searched(
    aws: SimulatedAws, clients: SimulatedClients, account: SeededAccount
) -> None:
    born, other = aws.now(), aws.seed("444455556666")
    mint(clients, account.admin)
    history, hour = trail(aws, account.admin), timedelta(hours=1)

    inside = {"StartTime": born - hour, "EndTime": born + hour}
    before = {"StartTime": born - 2 * hour, "EndTime": born - hour}
    after = {"StartTime": born + hour}
    found = [
        len(records(history.lookup_events(LookupAttributes=BY_NAME, **span)))
        for span in (inside, before, after)
    ]

    assert found == [1, 0, 0]
    for elsewhere in (trail(aws, other.admin), trail(aws, account.admin, "eu-central-1")):
        assert records(elsewhere.lookup_events(LookupAttributes=BY_NAME)) == []


def test_pages_are_newest_first_and_linked(
    aws: SimulatedAws, clients: SimulatedClients, account: SeededAccount
) -> None:
    first = mint(clients, account.admin)
    clients.iam(account.admin).delete_access_key(UserName="ci", AccessKeyId=first)
    aws.advance(1)
    second = mint(clients, account.admin)
    history = trail(aws, account.admin)

    pages = history.get_paginator("lookup_events").paginate(
        LookupAttributes=BY_NAME, PaginationConfig={"PageSize": 1}
    )
    told = [record for page in pages for record in records(page)]

    assert [item["responseElements"]["accessKey"]["accessKeyId"] for item in told] == [
        second,
        first,
    ]


def test_switching_and_deleting_a_key_are_told_by_their_names(
    aws: SimulatedAws, clients: SimulatedClients, account: SeededAccount
) -> None:
    iam, history = clients.iam(account.human), trail(aws, account.admin)
    key = {"UserName": "ci", "AccessKeyId": account.users["ci"][0].access_key_id}
    iam.update_access_key(**key, Status="Inactive")
    iam.delete_access_key(**key)

    for name, more in (("UpdateAccessKey", {"status": "Inactive"}), ("DeleteAccessKey", {})):
        by_name = [{"AttributeKey": "EventName", "AttributeValue": name}]
        told = history.lookup_events(LookupAttributes=by_name)
        (record,) = records(told)
        asked = {"userName": "ci", "accessKeyId": key["AccessKeyId"], **more}
        assert (record["requestParameters"], record["responseElements"]) == (asked, None)
        assert told["Events"][0]["Username"] == "human"


def test_the_history_of_one_caller_is_found_by_its_name(
    aws: SimulatedAws, clients: SimulatedClients, account: SeededAccount
) -> None:
    key = mint(clients, account.human)
    clients.iam(account.admin).delete_access_key(UserName="ci", AccessKeyId=key)
    history = trail(aws, account.admin)

    by_user = [{"AttributeKey": "Username", "AttributeValue": "human"}]
    (record,) = records(history.lookup_events(LookupAttributes=by_user))
    assert record["eventName"] == "CreateAccessKey"


def test_what_is_not_simulated_is_refused(aws: SimulatedAws, account: SeededAccount) -> None:
    history = trail(aws, account.admin)
    other = [{"AttributeKey": "EventName", "AttributeValue": "CreateUser"}]
    source = [{"AttributeKey": "EventSource", "AttributeValue": "iam.amazonaws.com"}]

    for call in (
        lambda: history.lookup_events(LookupAttributes=other),
        lambda: history.lookup_events(LookupAttributes=source),
        history.lookup_events,
        history.list_trails,
    ):
        with pytest.raises(ClientError, match="UnknownOperationException"):
            call()
