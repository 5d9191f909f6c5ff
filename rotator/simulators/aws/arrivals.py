"""Requests as they arrive, read once for faults, policies and the log."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from rotator.simulators.aws.faults import Sighting
from rotator.simulators.aws.signature import Claim, read_claim

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rotator.simulators.messages import HttpRequest

_TOLD = (
    "Status",
    "ClientRequestToken",
    "VersionStages",
    "VersionStage",
    "MoveToVersionId",
    "RemoveFromVersionId",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A parsed request.

    Attributes:
        claim: Who says to have signed it; None when nobody does.
        service: The name in signatures and policies, such as ``secretsmanager``.
        parameters: As sent: nested in JSON, flat names (``Tags.member.1.Key``) in forms.
        told: The parameters that the log keeps; none is a secret.
    """

    request: HttpRequest
    claim: Claim | None
    service: str
    sighting: Sighting
    parameters: Mapping[str, object]
    told: dict[str, str]

    @property
    def region(self) -> str:
        """Return the region that it was signed for."""
        return self.claim.region if self.claim else ""

    @property
    def agent(self) -> str:
        """Return the user agent."""
        return self.request.headers.get("user-agent", "")

    def parameter(self, name: str) -> str:
        """Return a parameter that is a text; empty when it is absent."""
        return str(self.parameters.get(name, ""))


def read_arrival(request: HttpRequest) -> Arrival:
    """Parse a request; what makes no sense is refused later, in the service's words."""
    claim = read_claim(request.headers.get("authorization", ""))
    target = request.headers.get("x-amz-target", "")
    parameters: Mapping[str, object]
    if target:
        parameters = read_json(request.body)
        operation = target.rpartition(".")[2]
    else:
        parameters = dict(parse_qsl(request.body.decode("utf-8", "replace")))
        operation = str(parameters.get("Action", ""))
    sighting = Sighting(
        operation=operation,
        user_name=str(parameters.get("UserName", "")),
        secret=_secret_name(str(parameters.get("SecretId", parameters.get("Name", "")))),
        access_key_id=str(parameters.get("AccessKeyId", "")),
        caller=claim.access_key_id if claim else "",
    )
    return Arrival(
        request=request,
        claim=claim,
        service=claim.service if claim else ("secretsmanager" if target else "sts"),
        sighting=sighting,
        parameters=parameters,
        told={name: _text(parameters[name]) for name in _TOLD if name in parameters},
    )


def read_json(body: bytes) -> Mapping[str, object]:
    """Read a JSON object; anything else is an empty one."""
    try:
        parsed = json.loads(body or b"{}")
    except ValueError:
        return {}
    return parsed if isinstance(parsed, dict) else {}


def _text(value: object) -> str:
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


def _secret_name(text: str) -> str:
    """Reduce an ARN to the name in it: ``arn:...:secret:NAME-abcdef``."""
    _, is_arn, name = text.partition(":secret:")
    return name.rpartition("-")[0] if is_arn else text
