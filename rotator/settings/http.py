"""`http:` in `rotator.yaml`: which HTTP APIs are looked after, by which specs, and how entered.

The descriptions are the manual: docs/configuration.md is compared with them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from rotator.settings.fields import Duration, KeyReference, Section, Url
from rotator.settings.home import HomeSection

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rotator.core.ids import AccountId
    from rotator.providers.http.spec import Spec

_Path = Annotated[str, Field(min_length=1)]
_Word = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_-]{0,63}$")]


class ClientCertificateSection(Section):
    """What we show a server that asks who we are."""

    certificate: _Path = Field(
        description="File of the certificate in PEM, relative to this file.",
        examples=["/run/secrets/client.pem"],
    )
    key: _Path | None = Field(
        default=None,
        description="File of its private key in PEM, not encrypted; the certificate's own file "
        "if left out.",
        examples=["/run/secrets/client.key"],
    )


class HttpAccountSection(Section):
    """One account of an API: a server, a user or a project whose keys are looked after."""

    id: str = Field(
        pattern=r"^[a-z][a-z0-9-]{0,62}$",
        description="The account's id, of our own choice; it stands in the journal, so it stays.",
        examples=["hub-prod"],
    )
    name: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z][A-Za-z0-9._-]*$",
        description="What people call it; rules may match it like the id.",
        examples=["hub"],
    )
    base_url: Url | None = Field(
        default=None,
        description="Where the API is, if its spec does not say, or instead of what it says.",
        examples=["https://hub.example.com/hub/api"],
    )
    params: dict[_Word, object] = Field(
        default={},
        description="Values of the spec's `params`; those without a default are required.",
        examples=[{"user": "robot"}],
    )
    credentials: dict[_Word, KeyReference] = Field(
        default={},
        description="Where each of the spec's `credentials` is kept: `env:NAME`, `file:PATH`, or "
        "`secret:NAME#FIELD` for a field of a secret in `home`. They are read whenever they are "
        "used, so a successor is taken up by itself.",
        examples=[{"admin": "file:/run/secrets/hub-token"}],
    )
    lifetime: Duration | None = Field(
        default=None,
        description="After which new keys expire by themselves, if the spec sends that; not "
        "shorter than `maxAge` of any rule that rotates them.",
        examples=["120d"],
    )
    home: HomeSection = Field(
        default=HomeSection(), description="Where the account's keys are published."
    )
    allow_private: bool = Field(
        default=False,
        description="Go to addresses of private networks too, and without encryption; for APIs "
        "inside the house and for simulators.",
        examples=[False],
    )
    ca_file: _Path | None = Field(
        default=None,
        description="Certificates in PEM that are trusted instead of the public ones, relative "
        "to this file.",
        examples=["/etc/rotator/house-ca.pem"],
    )
    client_certificate: ClientCertificateSection | None = Field(
        default=None, description="What we show a server that asks who we are."
    )
    pin_sha256: tuple[Annotated[str, Field(pattern=r"^[A-Za-z0-9+/]{43}=$")], ...] = Field(
        default=(),
        description="SHA-256, in base64, of the public keys of which the server's certificate "
        "must have one; give the next one beside the present one.",
        examples=[["47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="]],
    )
    proxy: Annotated[str, Field(pattern=r"^http://[^\s/@?#]+/?$")] | None = Field(
        default=None,
        description="Proxy through which every connection goes; the environment's are never "
        "read. The proxy finds the API's address then, and nobody checks it.",
        examples=["http://proxy.example.com:3128"],
    )


class HttpProviderSection(Section):
    """One spec, and the accounts that are looked after by it."""

    spec: _Path = Field(
        description="File of the spec, relative to this file.",
        examples=["providers/jupyterhub.yaml"],
    )
    accounts: tuple[HttpAccountSection, ...] = Field(
        min_length=1,
        description="Every account of the API that may be touched; no other one is.",
        examples=[[{"id": "hub-prod", "credentials": {"admin": "file:/run/secrets/hub-token"}}]],
    )


class HttpSection(Section):
    """Which HTTP APIs are looked after."""

    providers: tuple[HttpProviderSection, ...] = Field(
        min_length=1,
        description="Specs of HTTP APIs, each of which is a provider under its own name.",
        examples=[[{"spec": "providers/jupyterhub.yaml", "accounts": [{"id": "hub-prod"}]}]],
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpPlace:
    """One account of an HTTP API, with what its section leaves to other places.

    Attributes:
        name: What people call it; may be empty.
        home: The AWS account that its secrets are in.
        home_region: Their region where a rule names none.
        spec: What the API is asked, and what its answers mean.
        section: What the file says of the account.
        base_url: Where the API is; without a slash at its end.
        params: A value for each of the spec's that has one.
    """

    id: AccountId
    name: str
    home: AccountId
    home_region: str
    spec: Spec
    section: HttpAccountSection
    base_url: str
    params: Mapping[str, object]
