"""The section `kubernetes` of `rotator.yaml`: how the cluster's API server is reached."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Self

from pydantic import Field, model_validator

from rotator.clients.http import HttpConfig
from rotator.clients.kubernetes import LARGEST_ANSWER_BYTES
from rotator.core.terms import Mode
from rotator.settings.fields import Section, Url
from rotator.settings.http_spec_fields import located
from rotator.settings.workspaces import is_loopback

if TYPE_CHECKING:
    from pathlib import Path

    from rotator.settings.settings import Settings

_IDENTITY: Final = "/var/run/secrets/kubernetes.io/serviceaccount"
_LEAST_CONNECTIONS = 10


class KubernetesSection(Section):
    """How the API server is reached; `{}` is right for a pod of the cluster itself."""

    server: Url = Field(
        default="https://kubernetes.default.svc",
        description="URL of the API server.",
        examples=["https://kubernetes.default.svc"],
    )
    token_file: str = Field(
        default=f"{_IDENTITY}/token",
        min_length=1,
        description="File with the bearer token, relative to this file. It is read for each "
        "request, because the kubelet replaces it.",
        examples=[f"{_IDENTITY}/token"],
    )
    ca_file: str = Field(
        default=f"{_IDENTITY}/ca.crt",
        min_length=1,
        description="File with the certificates in PEM that the API server is trusted by, relative "
        "to this file.",
        examples=[f"{_IDENTITY}/ca.crt"],
    )

    @model_validator(mode="after")
    def _is_encrypted(self) -> Self:
        if self.server.startswith("http:") and not is_loopback(self.server):
            problem = "would send the token and keys unencrypted to another machine"
            raise located(("server",), problem, "write `https`")
        return self


def cluster_config(
    section: KubernetesSection, settings: Settings, *, read_only: bool
) -> HttpConfig:
    """Say how the API server is reached, which has a private address in most clusters."""
    is_plain = section.server.startswith("http:")
    return HttpConfig(
        origins=(section.server,),
        allow_private=True,
        ca_file=None if is_plain else settings.file.parent / section.ca_file,
        max_body_bytes=LARGEST_ANSWER_BYTES,
        max_connections=max(_LEAST_CONNECTIONS, settings.engine.workers),
        read_only=read_only or settings.mode is Mode.PLAN,
    )


def token_file(section: KubernetesSection, settings: Settings) -> Path:
    """Name the file with our token."""
    return settings.file.parent / section.token_file
