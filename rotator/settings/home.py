"""Where the keys of an account that is not AWS's are published: an AWS account, and a region."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import Field

from rotator.core.ids import AccountId
from rotator.settings.fields import AccountNumber, Region, Section

if TYPE_CHECKING:
    from rotator.errors import Fault
    from rotator.settings.configuration import AwsSection
    from rotator.settings.document import Document, Path


class HomeSection(Section):
    """Where the keys are published."""

    account: AccountNumber | None = Field(
        default=None,
        description="AWS account in which the keys are published, one of `aws.accounts`; may be "
        "left out if there is only one.",
        examples=["111122223333"],
    )
    region: Region | None = Field(
        default=None,
        description="Region of their secrets where a rule names none; the account's if left out.",
        examples=["eu-central-1"],
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """Where secrets are if no rule says otherwise."""

    account: AccountId
    region: str


def find_home(document: Document, at: Path, section: HomeSection, aws: AwsSection) -> Home | Fault:
    """Find the AWS account that a section means.

    Args:
        document: The file.
        at: Where it has the account whose home is looked for.
        section: What it says of the home.
        aws: The accounts there are.
    """
    found = next((item for item in aws.accounts if item.id == section.account), None)
    if section.account is None:
        if len(aws.accounts) > 1:
            remedy = (
                f'add `home: {{account: "{aws.accounts[0].id}"}}`, or another of `aws.accounts`'
            )
            problem = "does not say in which AWS account its secrets are"
            return document.fault((*at, "home"), problem, remedy)
        found = aws.accounts[0]
    if found is None:
        problem = f"`{section.account}` is none of `aws.accounts`"
        remedy = "list it there, or name another one"
        return document.fault((*at, "home", "account"), problem, remedy)
    region = section.region or found.region or aws.region
    return Home(account=AccountId(found.id), region=region)
