"""`cipherstash:` in `rotator.yaml`: which workspaces are looked after, and how they are entered.

The descriptions are the manual: docs/configuration.md is compared with them. What
is unknown about the service is a setting here, with what was last seen as default.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from rotator.core.workspace import AccessRole
from rotator.providers.cipherstash.config import ACCESS_KEYS, CLIENT_KEYS, ApiKind, KeysetReference
from rotator.settings.fields import Duration, KeyReference, Section, Url
from rotator.settings.home import HomeSection
from rotator.settings.profiles import WORKSPACE

if TYPE_CHECKING:
    from rotator.core.ids import AccountId

_PLACE = r"[a-z]{2}(-[a-z]+)+-[0-9]\.[a-z]+"


ApiPath = Annotated[str, Field(pattern=r"^/[!-~]*$")]
"""A path at the token service; ``{workspace}`` stands for the workspace's id."""


class PathsSection(Section):
    """Where the token service's calls are, if they have moved; `{workspace}` is filled in."""

    authorise: ApiPath | None = Field(
        default=None,
        description="Exchange of a key for a token. Built in: `/api/authorise`.",
        examples=["/api/authorise"],
    )
    list_access_keys: ApiPath | None = Field(
        default=None,
        description="List of access keys. Built in: `/api/access-keys`, "
        "for `legacy` `/api/access-keys/{workspace}`.",
        examples=["/api/access-keys/{workspace}"],
    )
    create_access_key: ApiPath | None = Field(
        default=None,
        description="Making of an access key. Built in: `/api/access-keys`, "
        "for `legacy` `/api/access-key`.",
        examples=["/api/access-keys"],
    )
    revoke_access_key: ApiPath | None = Field(
        default=None,
        description="End of an access key. Built in: `/api/access-key`.",
        examples=["/api/access-key"],
    )


class ApiSection(Section):
    """What the workspace's service is like; the defaults are what was last seen of it."""

    kind: ApiKind = Field(
        default=ApiKind.CURRENT,
        description="`current`, or `legacy` for a workspace of the former QX console, which "
        "has access keys only.",
        examples=["current"],
    )
    cts_url: Url | None = Field(
        default=None,
        description="Base URL of the token service; made of the region if left out. `http` is "
        "for simulators on this machine only.",
        examples=["https://ap-southeast-2.aws.cts.cipherstashmanaged.net"],
    )
    zerokms_url: Url | None = Field(
        default=None,
        description="Base URL of ZeroKMS; what the token says if left out.",
        examples=["https://ap-southeast-2.aws.zerokms.cipherstashmanaged.net"],
    )
    paths: PathsSection = Field(
        default=PathsSection(), description="Where the token service's calls are."
    )
    lists_own_key: bool = Field(
        default=True,
        description="Whether the list of access keys has the key that asks for it. If so, a list "
        "without it is not believed; `false` believes every list, even one that is cut short.",
        examples=[True],
    )
    client_keysets_field: str | None = Field(
        default=None,
        min_length=1,
        description="Field of a listed client that names all its keysets; the usual ones if "
        "left out.",
        examples=["keyset_ids"],
    )
    keyset_reference: KeysetReference = Field(
        default=KeysetReference.TYPED,
        description="How a request names a keyset: `typed` as the vendor's client does, `plain` "
        "by its id alone.",
        examples=["typed"],
    )


class WorkspaceTraitsSection(Section):
    """What CipherStash is like; change it only with a measurement in hand."""

    request_window: Duration = Field(
        default=timedelta(minutes=1),
        description="How long after its sending a request may still take effect.",
    )
    list_lag: Duration = Field(
        default=timedelta(minutes=1), description="How stale a listing may be."
    )
    token_lifetime: Duration = Field(
        default=timedelta(minutes=15),
        description="How long a token works. Only its exchange for a key is seen, so uses are "
        "known no finer, and a revoked key's last token works for so long.",
    )


class WorkspaceSection(Section):
    """One workspace, named by its CRN or by a profile of the vendor's command line."""

    crn: str | None = Field(
        default=None,
        pattern=rf"^crn:{_PLACE}:{WORKSPACE}$",
        description="The workspace's CRN: region, cloud and workspace id. Either this or "
        "`profile`.",
        examples=["crn:ap-southeast-2.aws:ZVATKW3VHMFG27DY"],
    )
    profile: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z0-9_][A-Za-z0-9._-]*$",
        description="Profile whose `~/.cipherstash/PROFILE/profile-config.json` names the "
        "workspace; `CS_CONFIG_PATH` moves that folder.",
        examples=["default"],
    )
    region: str | None = Field(
        default=None,
        pattern=rf"^{_PLACE}$",
        description="Region and cloud of a workspace that a profile names.",
        examples=["ap-southeast-2.aws"],
    )
    name: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z][A-Za-z0-9._-]*$",
        description="What people call it; rules may match it like the id.",
        examples=["vault"],
    )
    admin_key: KeyReference = Field(
        description="The access key of role `admin` that rotator enters with: `env:NAME`, "
        "`file:PATH`, or `secret:NAME#FIELD` for a field of a secret in `home`. It is read at "
        "every exchange for a token, so a successor is taken up by itself.",
        examples=["secret:cipherstash/rotator#CS_CLIENT_ACCESS_KEY"],
    )
    control_key: KeyReference | None = Field(
        default=None,
        description="The access key of role `control` for commands about keysets; `adminKey` "
        "if left out.",
        examples=["env:CS_CONTROL_KEY"],
    )
    home: HomeSection = Field(
        default=HomeSection(), description="Where the workspace's keys are published."
    )
    access_key_roles: dict[Annotated[str, Field(min_length=1)], AccessRole] = Field(
        default={},
        description="Role of access keys by globs of their names (`member`, `control`, `admin`), "
        "for when the service does not tell; the first match counts. A key whose role nobody "
        "tells is not rotated.",
        examples=[{"ci-*": "member"}],
    )
    environments: dict[Annotated[str, Field(min_length=1)], Annotated[str, Field(min_length=1)]] = (
        Field(
            default={},
            description="Environments, each with the id or name of its keyset. A client that is "
            "granted two of them is a finding.",
            examples=[{"production": "orders-production"}],
        )
    )
    api: ApiSection = Field(
        default=ApiSection(), description="What the workspace's service is like."
    )


class CipherStashSection(Section):
    """Which workspaces are looked after."""

    workspaces: tuple[WorkspaceSection, ...] = Field(
        min_length=1,
        description="Every workspace that may be touched; no other one is.",
        examples=[
            [{"crn": "crn:ap-southeast-2.aws:ZVATKW3VHMFG27DY", "adminKey": "env:CS_ADMIN_KEY"}]
        ],
    )
    traits: WorkspaceTraitsSection = Field(
        default=WorkspaceTraitsSection(), description="What CipherStash is like."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace:
    """One workspace, with what its section leaves to other places.

    Attributes:
        id: From the CRN, or from the profile.
        region: With its cloud; empty where it is not known and not needed.
        name: What people call it; may be empty.
        home: The AWS account that its secrets are in.
        home_region: Their region where a rule names none.
        section: What the file says of it.
        traits: What the file says of the service.
    """

    id: AccountId
    region: str
    name: str
    home: AccountId
    home_region: str
    section: WorkspaceSection
    traits: WorkspaceTraitsSection

    @property
    def providers(self) -> tuple[str, ...]:
        """Names of the providers that look after it; the legacy console has no clients."""
        is_legacy = self.section.api.kind is ApiKind.LEGACY
        return (ACCESS_KEYS,) if is_legacy else (ACCESS_KEYS, CLIENT_KEYS)
