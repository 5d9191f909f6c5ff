"""What no single field can tell: contradictions between fields of `rotator.yaml`."""

from __future__ import annotations

import re
from importlib.util import find_spec
from typing import TYPE_CHECKING

from rotator.core.durations import format_duration

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rotator.errors import Fault
    from rotator.settings.account_names import AccountNames
    from rotator.settings.configuration import ConfigurationFile
    from rotator.settings.document import Document

_ACCOUNT_OF_ARN = 4
_SQLITE = "sqlite:///"
_POSTGRES = re.compile(r"postgresql(\+psycopg)?://.*/[^/?]+(\?.*)?")
_DRIVER = "psycopg"


def configuration_faults(
    document: Document, model: ConfigurationFile, names: AccountNames
) -> Iterator[Fault]:
    """Name what contradicts itself in a configuration whose fields are each valid.

    Args:
        document: The file.
        model: What it says.
        names: The words of the AWS accounts are added to these.
    """
    yield from _account_faults(document, model, names)
    limits = model.limits
    if limits.mint_budget >= limits.lease_period:
        yield document.fault(
            ("limits", "mintBudget"),
            f"is not shorter than leasePeriod {format_duration(limits.lease_period)}, "
            "so a mint could be sent after its lease",
            "shorten it, or lengthen leasePeriod",
        )


def journal_fault(document: Document, url: str) -> Fault | None:
    """Refuse a journal that this release cannot keep; the URL itself is not repeated."""
    if url.startswith(_SQLITE) and len(url) > len(_SQLITE) and not url.endswith(":memory:"):
        return None
    if not _POSTGRES.fullmatch(url):
        return document.fault(
            ("journal", "url"),
            "names neither a file of an SQLite database nor a PostgreSQL database",
            "write for example `sqlite:////var/lib/rotator/rotator.db` "
            "or `postgresql://rotator@db.example/rotator`",
        )
    if find_spec(_DRIVER) is None:
        return document.fault(
            ("journal", "url"),
            "names a PostgreSQL database, whose driver is not installed",
            "install `rotator[postgres]`",
        )
    return None


def _account_faults(
    document: Document, model: ConfigurationFile, names: AccountNames
) -> Iterator[Fault]:
    for index, account in enumerate(model.aws.accounts):
        at = ("aws", "accounts", index)
        words = {"id": account.id, "name": account.name}
        yield from names.take(document, at, words, "account")
        arn = account.role_arn
        if arn is not None and arn.split(":")[_ACCOUNT_OF_ARN] != account.id:
            yield document.fault(
                (*at, "roleArn"),
                "is a role of another account",
                f"name a role of account {account.id}",
            )
