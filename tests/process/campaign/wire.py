"""Calls to the simulated AWS and questions about it, without any code of the product."""

from __future__ import annotations

import http.client
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

_VERSIONS = {"iam": "2010-05-08", "sts": "2011-06-15"}
_TIMEOUT_SECONDS = 30
_REGION = "eu-central-1"


@dataclass(frozen=True, slots=True)
class Key:
    """What a caller signs with."""

    key_id: str
    secret: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; status 0 when nothing did."""

    status: int
    body: bytes

    @property
    def is_ok(self) -> bool:
        return self.status == 200

    def code(self) -> str:
        """Return AWS's error code."""
        if self.body.startswith(b"{"):
            return str(json.loads(self.body).get("__type", ""))
        return self.text("Code")

    def text(self, element: str) -> str:
        """Return an element of an answer in XML."""
        return self.body.partition(f"<{element}>".encode())[2].partition(b"</")[0].decode()


class Caller:
    """One connection; for one thread. Every call is tried once."""

    def __init__(self, url: str, agent: str) -> None:
        """Speak to the simulator at `url` as the user agent `agent`."""
        self._url = url
        self._agent = agent
        self._http = http.client.HTTPConnection(urlsplit(url).netloc, timeout=_TIMEOUT_SECONDS)

    def query(self, service: str, action: str, key: Key, **parameters: str) -> Answer:
        """Call IAM or STS."""
        body = urlencode({"Action": action, "Version": _VERSIONS[service], **parameters})
        kind = "application/x-www-form-urlencoded; charset=utf-8"
        return self._send(service, body, key, {"Content-Type": kind})

    def secret(self, name: str, key: Key) -> Answer:
        """Read the current version of a secret."""
        body = json.dumps({"SecretId": name, "VersionStage": "AWSCURRENT"})
        headers = {
            "Content-Type": "application/x-amz-json-1.1",
            "X-Amz-Target": "secretsmanager.GetSecretValue",
        }
        return self._send("secretsmanager", body, key, headers)

    def ask(self, path: str) -> Any:  # noqa: ANN401 - JSON
        """Ask a control endpoint."""
        answer = self._exchange("GET", f"/_simulator/{path}", None, {})
        if not answer.is_ok:
            msg = f"{path} was answered with {answer.status}"
            raise ConnectionError(msg)
        return json.loads(answer.body)

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    def _send(self, service: str, body: str, key: Key, headers: dict[str, str]) -> Answer:
        request = AWSRequest("POST", f"{self._url}/", data=body, headers=headers)
        SigV4Auth(Credentials(key.key_id, key.secret), service, _REGION).add_auth(request)
        return self._exchange("POST", "/", body, dict(request.headers.items()))

    def _exchange(
        self, method: str, path: str, body: str | None, headers: dict[str, str]
    ) -> Answer:
        try:
            self._http.request(method, path, body, {**headers, "User-Agent": self._agent})
            answer = self._http.getresponse()
            return Answer(answer.status, answer.read())
        except (OSError, http.client.HTTPException):
            # The next request opens another connection.
            self._http.close()
            return Answer(0, b"")
