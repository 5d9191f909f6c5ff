"""Where a rule of `policy.yaml` publishes: the kinds of destinations, and what each needs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, Literal, Self

from pydantic import Field, model_validator

from rotator.core.ids import AccountId
from rotator.core.place_names import FILE, KUBERNETES_SECRET, is_beside, is_companion
from rotator.core.policy import DestinationTemplate
from rotator.settings.fields import Region, Section
from rotator.settings.http_spec_fields import all_of, located, misfits

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic import ValidationError

    from rotator.errors import Fault
    from rotator.settings.configuration import ConfigurationFile
    from rotator.settings.document import Document, Path
    from rotator.settings.policy import PolicyFile

_SECRET_NAME = r"^[A-Za-z0-9/_+=.@{}-]{1,512}$"  # noqa: S105 - the form of a name
_FIELD_NAME = r"^[^\s\"]+$"
_OBJECT_NAME = r"^[a-z0-9{]([a-z0-9.{}-]{0,242}[a-z0-9}])?$"
_DATA_FIELD = re.compile(r"[-._a-zA-Z0-9]{0,253}")

AWS: Final = "aws-secrets-manager"

_CLUSTER = AccountId("kubernetes")
_MACHINE = AccountId("local")
"""The accounts of what is no vendor's: an installation has one cluster, and one machine."""

_NEEDS = {AWS: ("secret",), KUBERNETES_SECRET: ("namespace", "name"), FILE: ("path",)}
_MAY_HAVE = {AWS: ("region", "merge"), KUBERNETES_SECRET: (), FILE: ("merge",)}
_OF_A_KIND = ("secret", "region", "namespace", "name", "path", "merge")
"""Fields that not every kind has."""


class FieldsSection(Section):
    """Names of the JSON fields in the secret, or of the data in a Kubernetes Secret."""

    key_id: str | None = Field(
        default=None,
        pattern=rf"^$|{_FIELD_NAME}",
        description="Field of the key's id; empty for a key that carries its own id. Built in: "
        "`AccessKeyId`; `CS_CLIENT_ID` for client keys; none for access keys, which carry it; "
        "`KEY_ID` for keys of HTTP APIs.",
        examples=["AccessKeyId"],
    )
    secret: str | None = Field(
        default=None,
        pattern=_FIELD_NAME,
        description="Field of the secret. Built in: `SecretAccessKey`; `CS_CLIENT_KEY` for client "
        "keys; `CS_CLIENT_ACCESS_KEY` for access keys; `SECRET_KEY` for keys of HTTP APIs.",
        examples=["SecretAccessKey"],
    )


class DestinationSection(Section):
    """Where the new key is published; on AWS in the account's home, which is mostly itself."""

    type: Literal["aws-secrets-manager", "kubernetes-secret", "file"] = Field(
        description="The destination's type: `aws-secrets-manager`, `kubernetes-secret` or `file`.",
        examples=[AWS],
    )
    secret: str | None = Field(
        default=None,
        pattern=_SECRET_NAME,
        description="Of `aws-secrets-manager`: name of the secret, not its ARN; `{principal}` and "
        "`{account}` are filled in.",
        examples=["iam/{principal}"],
    )
    region: Region | None = Field(
        default=None,
        description="Of `aws-secrets-manager`: region of the secret; the account's if left out.",
        examples=["eu-central-1"],
    )
    namespace: str | None = Field(
        default=None,
        pattern=r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$",
        description="Of `kubernetes-secret`: namespace of the Secret.",
        examples=["payments"],
    )
    name: str | None = Field(
        default=None,
        pattern=_OBJECT_NAME,
        description="Of `kubernetes-secret`: name of the Secret; `{principal}` and `{account}` are "
        "filled in. Staged versions are kept beside it in one whose name ends in `-rotator`.",
        examples=["{principal}-aws"],
    )
    path: str | None = Field(
        default=None,
        pattern=r"^/.*[^/]$",
        description="Of `file`: absolute path of the file; `{principal}` and `{account}` are "
        "filled in.",
        examples=["/srv/keys/{principal}.json"],
    )
    create: bool = Field(
        default=False, description="Make the secret or file when it is missing.", examples=[False]
    )
    merge: bool = Field(
        default=False,
        description="Keep the other JSON fields; in AWS that needs permission to read the secret. "
        "Those of a Kubernetes Secret are always kept.",
        examples=[False],
    )
    fields: FieldsSection = Field(
        default=FieldsSection(), description="Names of the fields that carry the key."
    )

    @model_validator(mode="after")
    def _fits_its_type(self) -> Self:
        own = _NEEDS[self.type]
        others = [name for name in _OF_A_KIND if name not in {*own, *_MAY_HAVE[self.type]}]
        refusals = misfits(self.model_fields_set, self.type, needed=own, others=others)
        refusals += [*self._bad_path(), *self._bad_name(), *self._bad_fields()]
        if refusals:
            raise all_of(refusals)
        return self

    def _bad_path(self) -> Iterator[ValidationError]:
        parts = self.path.split("/")[1:] if self.path else ["file"]
        if not {"", ".", ".."}.isdisjoint(parts):
            problem = "is not a plain path: it has empty parts, `.` or `..`"
            yield located(("path",), problem, "write it as `realpath` prints it")
        elif is_beside(self.path or ""):
            problem = "is where the staged versions of another file are kept"
            yield located(("path",), problem, "name a file of its own")

    def _bad_name(self) -> Iterator[ValidationError]:
        if is_companion(self.name or ""):
            problem = "is where the staged versions of another Secret are kept"
            yield located(("name",), problem, "name one that does not end in `-rotator`")

    def _bad_fields(self) -> Iterator[ValidationError]:
        named = {"keyId": self.fields.key_id, "secret": self.fields.secret}
        for name, value in named.items():
            if self.type == KUBERNETES_SECRET and value and not _DATA_FIELD.fullmatch(value):
                problem = "cannot be a field of a Kubernetes Secret"
                remedy = "use letters, digits, `-`, `_` and `.` only"
                yield located(("fields", name), problem, remedy)


def template(section: DestinationSection) -> DestinationTemplate:
    """Turn the file's words into the core's."""
    names = {AWS: section.secret, KUBERNETES_SECRET: section.name, FILE: section.path}
    return DestinationTemplate(
        kind=section.type,
        name=names[section.type] or "",
        field=_NEEDS[section.type][-1],
        account={KUBERNETES_SECRET: _CLUSTER, FILE: _MACHINE}.get(section.type),
        region=section.namespace or section.region or "",
        key_id_field=section.fields.key_id,
        secret_field=section.fields.secret,
        # By their owners, fields of a Kubernetes Secret are kept whoever else has some.
        merge=section.merge or section.type == KUBERNETES_SECRET,
        create=section.create,
    )


def unpublishable(
    document: Document, rules: PolicyFile, main: ConfigurationFile, journal_url: str
) -> Iterator[Fault]:
    """Name destinations that this installation cannot publish to.

    Args:
        document: The policy.
        rules: What it says.
        main: The configuration.
        journal_url: Where the journal is, looked up; empty where that is not known.
    """
    for at, section in _sections(rules):
        if section.type == KUBERNETES_SECRET and main.kubernetes is None:
            yield document.fault(
                (*at, "type"),
                "needs a cluster, and the configuration names none",
                "add `kubernetes: {}` to the configuration; that is right for a pod of the cluster",
            )
        if section.type == FILE and journal_url.startswith("postgresql"):
            yield document.fault(
                (*at, "type"),
                "is written on one machine, and with PostgreSQL any replica may do it on its own",
                "keep the journal in SQLite, or publish to `kubernetes-secret`",
            )


def _sections(rules: PolicyFile) -> Iterator[tuple[Path, DestinationSection]]:
    for index, rule in enumerate(rules.rules):
        if rule.destination is not None:
            yield ("rules", index, "destination"), rule.destination
        for number, follower in enumerate(rule.followers):
            yield ("rules", index, "followers", number), follower
