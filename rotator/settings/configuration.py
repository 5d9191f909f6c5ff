"""`rotator.yaml`: how this installation runs; written by the platform team.

The descriptions are the manual: docs/configuration.md is compared with them.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field

from rotator.core.ownership import MANAGED_TAGS, Ownership
from rotator.core.tags import TagGlobs
from rotator.core.terms import Limits, Mode, Traits
from rotator.settings.audit import AuditSection
from rotator.settings.cipherstash import CipherStashSection
from rotator.settings.fields import (
    AccountNumber,
    Duration,
    Globs,
    PathPrefix,
    Region,
    Section,
    TagMap,
    TagName,
    Url,
)
from rotator.settings.http import HttpSection
from rotator.settings.kubernetes import KubernetesSection
from rotator.settings.notifications import NotificationsSection

_LIMITS = Limits()
_TRAITS = Traits()
_WRITES_OF_A_ROTATION = 3


class JournalSection(Section):
    """Where rotations are remembered."""

    url: str = Field(
        default="sqlite:////var/lib/rotator/rotator.db",
        description="Database URL of SQLite or PostgreSQL. `env:NAME` or `file:PATH` takes it "
        "from there.",
        examples=[
            "sqlite:////var/lib/rotator/rotator.db",
            "postgresql://rotator@db.example/rotator?sslmode=verify-full",
        ],
    )


class WebSection(Section):
    """Where probes and metrics are served."""

    host: str = Field(
        default="127.0.0.1",
        min_length=1,
        description="Address to listen on; in a container `0.0.0.0`, so that probes get through.",
        examples=["127.0.0.1"],
    )
    port: int = Field(
        default=8080, ge=0, le=65535, description="Port; 0 takes any free one.", examples=[8080]
    )


class EngineSection(Section):
    """How much is done at once, and how often."""

    workers: int = Field(
        default=4,
        ge=1,
        le=64,
        description="Most credentials that are worked on at once.",
        examples=[4],
    )
    sweep_interval: Duration = Field(
        default=timedelta(seconds=5), description="How often the journal is asked what is due."
    )
    scan_interval: Duration = Field(
        default=timedelta(hours=1),
        description="How often every account is searched for principals.",
    )


class LimitsSection(Section):
    """Our own patience. The defaults are safe; shorter ones are for tests."""

    clock_skew: Duration = Field(
        default=_LIMITS.clock_skew,
        description="Largest difference to the provider's clock under which anything is done.",
    )
    lease_period: Duration = Field(
        default=_LIMITS.lease_period,
        description="How long one process may work on a credential without writing it down.",
    )
    mint_budget: Duration = Field(
        default=_LIMITS.mint_budget,
        description="How long a mint may be sent after its intent; shorter than `leasePeriod`.",
    )
    check_interval: Duration = Field(
        default=_LIMITS.check_interval,
        description="How often a hold, a grace or a quarantine period is looked at.",
    )
    inspect_interval: Duration = Field(
        default=_LIMITS.inspect_interval, description="How often an idle credential is looked at."
    )
    verify_timeout: Duration = Field(
        default=_LIMITS.verify_timeout,
        description="How long a new key may take to be accepted everywhere.",
    )
    verify_successes: int = Field(
        default=_LIMITS.verify_successes,
        ge=1,
        description="Acceptances in a row that prove a new key.",
        examples=[_LIMITS.verify_successes],
    )
    verify_attempts: int = Field(
        default=_LIMITS.verify_attempts,
        ge=1,
        description="Failed verifications after which a new key is discarded.",
        examples=[_LIMITS.verify_attempts],
    )
    suspect_observation: Duration = Field(
        default=_LIMITS.suspect_observation,
        description="How long a key that may be our orphan is only watched.",
    )
    suspect_quarantine: Duration = Field(
        default=_LIMITS.suspect_quarantine,
        description="How long such a key stays disabled before it is deleted.",
    )
    audit_lag: Duration = Field(
        default=_LIMITS.audit_lag,
        description="Age of an unwritten audit record at which nothing new is started.",
    )


class AccountSection(Section):
    """One AWS account."""

    id: AccountNumber = Field(description="The account's 12 digits.", examples=["111122223333"])
    name: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z][A-Za-z0-9._-]*$",
        description="What people call it; rules may match it like the id.",
        examples=["prod"],
    )
    role_arn: str | None = Field(
        default=None,
        pattern=r"^arn:[a-z-]+:iam::[0-9]{12}:role/\S+$",
        description="Role of that account to assume; without it we must belong there ourselves.",
        examples=["arn:aws:iam::111122223333:role/rotator"],
    )
    region: Region | None = Field(
        default=None,
        description="Region of its secrets where a rule names none; `aws.region` if left out.",
        examples=["eu-central-1"],
    )


class TraitsSection(Section):
    """What AWS is like; change it only with a measurement in hand."""

    signature_window: Duration = Field(
        default=_TRAITS.signature_window,
        description="How long after its signing a request may still take effect.",
    )
    list_lag: Duration = Field(
        default=_TRAITS.list_lag, description="How stale a listing of keys may be."
    )
    use_quantum: Duration = Field(
        default=_TRAITS.use_quantum, description="Coarseness of a key's last use."
    )


class BudgetSection(Section):
    """How fast an account's secrets may be written."""

    rate: float = Field(
        default=10.0,
        gt=0,
        le=50,
        description="Writes a second in the long run; AWS allows 50 to all callers together.",
        examples=[10],
    )
    burst: int = Field(
        default=30,
        ge=_WRITES_OF_A_ROTATION,
        description="Writes that may come at once; a rotation needs 3.",
        examples=[30],
    )


Service = Literal["iam", "sts", "secretsmanager", "cloudtrail"]


class AwsSection(Section):
    """Which AWS accounts are looked after, and how they are reached."""

    region: Region = Field(
        description="Default region of all accounts, and where we ask who we are.",
        examples=["eu-central-1"],
    )
    accounts: tuple[AccountSection, ...] = Field(
        min_length=1,
        description="Every account that may be touched; no other one is.",
        examples=[[{"id": "111122223333"}]],
    )
    consumer_regions: tuple[Region, ...] = Field(
        default=(),
        description="Where consumers are: a new key must be accepted in each. The account's "
        "region if left out. Each must be enabled in every account.",
        examples=[["eu-central-1", "us-east-1"]],
    )
    path_prefixes: tuple[PathPrefix, ...] = Field(
        default=("/",),
        min_length=1,
        description="Only users whose IAM path begins with one of these are seen.",
        examples=[["/svc/"]],
    )
    cloud_trail: bool = Field(
        default=False,
        description="Ask CloudTrail's event history who made a key that may be our orphan; needs "
        "`cloudtrail:LookupEvents`.",
        examples=[False],
    )
    endpoint_url: Url | None = Field(
        default=None,
        description="One endpoint for all services, such as a simulator's.",
        examples=["http://127.0.0.1:5000"],
    )
    endpoint_urls: dict[Service, Url] = Field(
        default={},
        description="Endpoints of single services (`iam`, `sts`, `secretsmanager`, "
        "`cloudtrail`); they win.",
        examples=[{"sts": "https://sts.eu-central-1.amazonaws.com"}],
    )
    traits: TraitsSection = Field(default=TraitsSection(), description="What AWS is like.")
    secrets_budget: BudgetSection = Field(
        default=BudgetSection(), description="How fast an account's secrets may be written."
    )


class OwnershipSection(Section):
    """Whose business a key is, beside policy."""

    contact_tags: tuple[TagName, ...] = Field(
        default=(),
        description="Tags of a user that say whom to ask about its keys; the first that is there "
        "counts.",
        examples=[["owner", "team"]],
    )
    managed_tags: TagMap = Field(
        default={item.name: item.values for item in MANAGED_TAGS},
        description="Tags of users whose keys another tool manages, with globs for their values "
        "in any case; one of them is enough. Such keys are only reported. `{}` looks for none.",
        examples=[{"managed-by": ["*terraform*", "*pulumi*"]}],
    )
    managed_principals: Globs | None = Field(
        default=None,
        description="Names of users whose keys another tool manages, where no tag tells: "
        "Terraform and CloudFormation leave none by themselves.",
        examples=[["tf-*"]],
    )


class ConfigurationFile(Section):
    """The whole of `rotator.yaml`."""

    api_version: Literal["rotator/v1"] = Field(
        alias="apiVersion", description="Version of this language.", examples=["rotator/v1"]
    )
    kind: Literal["Configuration"] = Field(
        description="Which of the two files this is.", examples=["Configuration"]
    )
    owner: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$")] = Field(
        description="This installation's name. Secrets are tagged with it, and those of another "
        "owner are never written.",
        examples=["platform-prod"],
    )
    mode: Mode = Field(
        default=Mode.PLAN,
        description="`plan` changes nothing and shows what would happen; `enforce` acts.",
        examples=["plan"],
    )
    policy: str = Field(
        default="policy.yaml",
        min_length=1,
        description="The policy file, relative to this file.",
        examples=["policy.yaml"],
    )
    journal: JournalSection = Field(
        default=JournalSection(), description="Where rotations are remembered."
    )
    audit: AuditSection = Field(default=AuditSection(), description="Where evidence is written.")
    web: WebSection = Field(
        default=WebSection(), description="Where probes and metrics are served."
    )
    engine: EngineSection = Field(
        default=EngineSection(), description="How much is done at once, and how often."
    )
    limits: LimitsSection = Field(default=LimitsSection(), description="Our own patience.")
    ownership: OwnershipSection = Field(
        default=OwnershipSection(), description="Whose business a key is, beside policy."
    )
    notifications: NotificationsSection = Field(
        default=NotificationsSection(), description="Who is told of what, and where."
    )
    aws: AwsSection = Field(
        description="Which AWS accounts are looked after, and how they are reached.",
        examples=[{"region": "eu-central-1", "accounts": [{"id": "111122223333"}]}],
    )
    cipherstash: CipherStashSection | None = Field(
        default=None,
        description="Which CipherStash workspaces are looked after, and how they are entered.",
    )
    http: HttpSection | None = Field(
        default=None,
        description="Which HTTP APIs are looked after, by which specs, and how they are entered.",
    )
    kubernetes: KubernetesSection | None = Field(
        default=None,
        description="How the API server of a cluster is reached, for Kubernetes Secrets and their "
        "consumers; `{}` is right for a pod of that cluster. None if left out.",
        examples=[{}],
    )


def to_ownership(section: OwnershipSection) -> Ownership:
    """Turn the file's words into the core's; values of tags are compared in lower case."""
    return Ownership(
        contact_tags=section.contact_tags,
        managed_tags=tuple(
            TagGlobs(name=name, values=tuple(value.casefold() for value in values))
            for name, values in section.managed_tags.items()
        ),
        managed_principals=section.managed_principals or (),
    )
