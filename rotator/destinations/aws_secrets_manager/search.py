"""Looking through a region's secrets for keys: read calls only, and no secret is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rotator.core.recognition import Content, recognise, recognise_binary
from rotator.core.survey import FoundObject, Shape
from rotator.destinations.aws_secrets_manager.config import DESTINATION, OWNER_TAG
from rotator.errors import NotFoundError, PermanentError, TransientError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_secretsmanager.type_defs import SecretListEntryTypeDef

    from rotator.clients.aws import AwsClients
    from rotator.core.ids import AccountId

_CURRENT = "AWSCURRENT"
_PAGE_SECRETS = 100
_BATCH_SECRETS = 20
_EMPTY = Content(shape=Shape.EMPTY)


def search(clients: AwsClients, account: AccountId, region: str) -> Iterator[FoundObject]:
    """Yield every secret of a region that is not scheduled for deletion.

    Replicas of another region's secrets are left out: they cannot be written to.
    Values are read twenty a call; those that such a call refuses, one by one.
    """
    client = clients.secrets(account, region)
    place = region or clients.config.region_of(account)
    for page in _pages(clients, client, account):
        listed = [entry for entry in page if _is_own(entry, place)]
        for start in range(0, len(listed), _BATCH_SECRETS):
            batch = listed[start : start + _BATCH_SECRETS]
            read = _read_together(clients, client, [entry["ARN"] for entry in batch])
            for entry in batch:
                content, code = read.get(entry["ARN"]) or _read_alone(clients, client, entry["ARN"])
                yield _found(entry, content, code, account=account, region=place)


def _pages(
    clients: AwsClients, client: SecretsManagerClient, account: AccountId
) -> Iterator[Sequence[SecretListEntryTypeDef]]:
    pages = iter(
        client.get_paginator("list_secrets").paginate(PaginationConfig={"PageSize": _PAGE_SECRETS})
    )

    def next_page() -> Sequence[SecretListEntryTypeDef] | None:
        page = next(pages, None)
        return None if page is None else page["SecretList"]

    while (found := clients.run(next_page, subject=account)) is not None:
        yield found


def _is_own(entry: SecretListEntryTypeDef, region: str) -> bool:
    return "DeletedDate" not in entry and entry.get("PrimaryRegion", region) == region


def _read_together(
    clients: AwsClients, client: SecretsManagerClient, arns: Sequence[str]
) -> dict[str, tuple[Content, str]]:
    """Read the current values of some secrets in one call; what it refuses is missing."""

    def read() -> dict[str, tuple[Content, str]]:
        values = client.batch_get_secret_value(SecretIdList=list(arns))["SecretValues"]
        return {value["ARN"]: (_content(value), "") for value in values}

    try:
        return clients.run(read, subject=arns[0])
    except PermanentError:
        # Perhaps only this kind of call is denied, or one secret has no value.
        return {}


def _read_alone(clients: AwsClients, client: SecretsManagerClient, arn: str) -> tuple[Content, str]:
    """Read one secret's current value, or say why that is impossible."""

    def read() -> Content:
        return _content(client.get_secret_value(SecretId=arn, VersionStage=_CURRENT))

    try:
        return clients.run(read, subject=arn), ""
    except NotFoundError:
        return _EMPTY, ""
    except (PermanentError, TransientError) as error:
        return Content(shape=Shape.UNREADABLE), error.code


def _content(answer: Mapping[str, object]) -> Content:
    text, binary = answer.get("SecretString"), answer.get("SecretBinary")
    if isinstance(text, str):
        return recognise(text)
    return recognise_binary(binary) if isinstance(binary, bytes) else _EMPTY


def _found(
    entry: SecretListEntryTypeDef, content: Content, code: str, *, account: AccountId, region: str
) -> FoundObject:
    tags = {tag["Key"]: tag["Value"] for tag in entry.get("Tags", ())}
    return FoundObject(
        kind=DESTINATION,
        account=account,
        region=region,
        name=entry["Name"],
        shape=content.shape,
        owner=tags.get(OWNER_TAG),
        keys=content.keys,
        fields=content.fields,
        is_rotated_natively=entry.get("RotationEnabled", False),
        code=code,
    )
