"""Secrets Manager as AWS has it: labels that are exclusive, and tokens that mean something."""

from __future__ import annotations

import json
from base64 import b64decode
from typing import TYPE_CHECKING, Any, TypeVar, cast
from uuid import uuid4

from moto.core.exceptions import JsonRESTError
from moto.secretsmanager.exceptions import (
    InvalidParameterException,
    InvalidRequestException,
    ResourceExistsException,
    ResourceNotFoundException,
    SecretNotFoundException,
    SecretStageVersionMismatchException,
    ValidationException,
)
from moto.secretsmanager.models import FakeSecret
from moto.secretsmanager.responses import SecretsManagerResponse, _validate_filters

from rotator.simulators.aws.call_context import base_context, secret_resource
from rotator.simulators.aws.policy_documents import Ask

if TYPE_CHECKING:
    from rotator.simulators.aws.keys import Key
    from rotator.simulators.aws.world import World

CURRENT = "AWSCURRENT"
PREVIOUS = "AWSPREVIOUS"
VALUE_LIMIT_BYTES = 65_536
LABELS_LIMIT = 20
BATCH_LIMIT = 20
_PAGE = 100
_REFUSED_WHEN_DELETED = frozenset(
    {
        "GetSecretValue",
        "PutSecretValue",
        "RotateSecret",
        "TagResource",
        "UntagResource",
        "UpdateSecret",
        "UpdateSecretVersionStage",
    }
)

Version = dict[str, Any]
Item = TypeVar("Item")


class _AccessDeniedError(JsonRESTError):
    def __init__(self, message: str) -> None:
        super().__init__("AccessDeniedException", message)


class FaithfulSecretsManager(SecretsManagerResponse):
    """Answers one Secrets Manager call; a new object for each."""

    def __init__(self, world: World, caller: Key) -> None:
        """Answer the authenticated `caller` about this world."""
        super().__init__()
        self._world = world
        self._caller = caller

    def create_secret(self) -> str:
        """Create a secret; the name of one that is scheduled for deletion stays taken."""
        existing = self.backend.secrets.get(self._get_param("Name"))
        if existing is not None and existing.is_deleted():
            msg = "You can't create this secret because a secret with this name is already "
            raise InvalidRequestException(msg + "scheduled for deletion.")
        self._refuse_large_value()
        return super().create_secret()

    def describe_secret(self) -> str:
        """Describe a secret; versions without labels are not told."""
        told = json.loads(super().describe_secret())
        by_version = told.get("VersionIdsToStages", {})
        told["VersionIdsToStages"] = {k: labels for k, labels in by_version.items() if labels}
        return json.dumps(told)

    def get_secret_value(self) -> str:
        """Return a value, by default the one labelled AWSCURRENT (row 1)."""
        secret = self._secret("GetSecretValue")
        version_id, label = self._get_param("VersionId"), self._get_param("VersionStage")
        return json.dumps(_value(secret, version_id=version_id, label=label))

    def batch_get_secret_value(self) -> str:
        """Return current values; each secret is a matter of its own permission."""
        wanted = self._get_param("SecretIdList", if_none=[])
        filters = self._get_param("Filters", if_none=[])
        if bool(wanted) == bool(filters) or len(wanted) > BATCH_LIMIT:
            msg = "Give either Filters or SecretIdList with at most 20 secrets."
            raise InvalidParameterException(msg)
        names = wanted or [secret["Name"] for secret in self._found(filters)]
        page, token = self._page(names, BATCH_LIMIT)
        values: list[dict[str, Any]] = []
        errors: list[dict[str, str]] = []
        for name in page:
            try:
                values.append(self._value_in_batch(name))
            except JsonRESTError as error:
                code, said = error.error_type, error.message
                errors.append({"SecretId": name, "ErrorCode": code, "Message": said})
        return json.dumps({"SecretValues": values, "Errors": errors, **token})

    def list_secrets(self) -> str:
        """Return a page of secrets, filtered as asked; versions without labels are not told."""
        page, token = self._page(self._found(self._get_param("Filters", if_none=[])), _PAGE)
        for secret in page:
            secret.pop("VersionIdsToStages", None)
            by_version = secret.get("SecretVersionsToStages", {})
            secret["SecretVersionsToStages"] = {k: v for k, v in by_version.items() if v}
        return json.dumps({"SecretList": page, **token})

    def put_secret_value(self) -> str:
        """Store a version under the caller's token (rows 2, 8, 9)."""
        secret = self._secret("PutSecretValue")
        labels = self._get_param("VersionStages") or [CURRENT]
        version_id = self._put(secret, labels)
        return _brief(secret, version_id, labels=True)

    def update_secret(self) -> str:
        """Change a description, a KMS key, or the current value."""
        secret = self._secret("UpdateSecret")
        secret.description = self._get_param("Description") or secret.description
        secret.kms_key_id = self._get_param("KmsKeyId") or secret.kms_key_id
        secret.last_changed_date = int(self._world.now().timestamp())
        has_value = self._get_param("SecretString") or self._get_param("SecretBinary")
        return _brief(secret, self._put(secret, [CURRENT]) if has_value else None)

    def update_secret_version_stage(self) -> str:
        """Move a label by compare-and-swap (rows 1, 8, 8b)."""
        secret = self._secret("UpdateSecretVersionStage")
        label = self._get_param("VersionStage")
        source = self._get_param("RemoveFromVersionId")
        target = self._get_param("MoveToVersionId")
        for version_id in filter(None, (source, target)):
            if version_id not in secret.versions:
                msg = f"Not a valid version: {version_id}"
                raise InvalidParameterException(msg)
        holder = _holder(secret, label)
        _check_move(label, holder=holder, source=source, target=target)
        move_label(secret, label, target)
        secret.last_changed_date = int(self._world.now().timestamp())
        return json.dumps({"ARN": secret.arn, "Name": secret.name})

    def list_secret_version_ids(self) -> str:
        """Return a page of versions; unlabelled ones only when asked for (row 9)."""
        secret = self._secret("ListSecretVersionIds")
        versions = [
            {
                "VersionId": version_id,
                "VersionStages": version["version_stages"],
                "CreatedDate": version["createdate"],
            }
            for version_id, version in secret.versions.items()
            if version["version_stages"] or self._get_bool_param("IncludeDeprecated", False)
        ]
        page, token = self._page(versions, _PAGE)
        return json.dumps({"ARN": secret.arn, "Name": secret.name, "Versions": page, **token})

    def rotate_secret(self) -> str:
        """Refuse on a deleted secret; else as moto does."""
        self._secret("RotateSecret")
        return super().rotate_secret()

    def tag_resource(self) -> str:
        """Tag a secret that is not scheduled for deletion."""
        self._secret("TagResource")
        return super().tag_resource()

    def untag_resource(self) -> str:
        """Remove tags of a secret that is not scheduled for deletion."""
        self._secret("UntagResource")
        return super().untag_resource()

    def _found(self, filters: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Return what the filters find, in the order of creation."""
        _validate_filters(filters)
        is_deleted_wanted = self._get_param("IncludePlannedDeletion", if_none=False)
        every = len(self.backend.secrets) or 1
        return self.backend.list_secrets(
            filters, max_results=every, include_planned_deletion=is_deleted_wanted
        )[0]

    def _page(self, items: list[Item], most: int) -> tuple[list[Item], dict[str, str]]:
        """Cut a page, and make the token that the next request must have, if any."""
        size = min(
            self._get_int_param("MaxResults", most), most, self._world.settings.max_page_size
        )
        start = int(self._get_param("NextToken") or 0)
        token = {"NextToken": str(start + size)} if start + size < len(items) else {}
        return items[start : start + size], token

    def _value_in_batch(self, name: str) -> dict[str, Any]:
        principal = self._caller.principal
        resource, tags = secret_resource(principal.account_id, self.region, name)
        context = base_context(principal, self.region) | tags
        ask = Ask(action="secretsmanager:GetSecretValue", resource=resource, context=context)
        denial = self._world.policies.refusal(principal, ask)
        if denial:
            raise _AccessDeniedError(denial)
        return _value(self._secret_named(name, "GetSecretValue"), version_id="", label="")

    def _secret(self, operation: str) -> FakeSecret:
        return self._secret_named(self._get_param("SecretId") or "", operation)

    def _secret_named(self, name: str, operation: str) -> FakeSecret:
        secret = self.backend.secrets.get(name)
        if secret is None:
            raise SecretNotFoundException
        if secret.is_deleted() and operation in _REFUSED_WHEN_DELETED:
            msg = "You can't perform this operation on the secret because it was marked "
            raise InvalidRequestException(msg + "for deletion.")
        if isinstance(secret, FakeSecret):
            return secret
        if operation in {"GetSecretValue", "ListSecretVersionIds"}:
            return secret.source
        msg = "Operation not permitted on a replica secret."
        raise InvalidParameterException(msg)

    def _refuse_large_value(self) -> None:
        text = self._get_param("SecretString") or ""
        binary = b64decode(self._get_param("SecretBinary") or "")
        if max(len(text.encode()), len(binary)) > VALUE_LIMIT_BYTES:
            msg = "Value failed to satisfy constraint: length less than or equal to 65536"
            raise ValidationException(msg)

    def _put(self, secret: FakeSecret, labels: list[str]) -> str:
        self._refuse_large_value()
        if len(labels) > LABELS_LIMIT:
            msg = f"a version has at most {LABELS_LIMIT} staging labels"
            raise InvalidParameterException(msg)
        text = self._get_param("SecretString")
        binary = self._get_param("SecretBinary")
        if not text and not binary:
            msg = "You must provide either SecretString or SecretBinary."
            raise InvalidRequestException(msg)
        version_id = self._get_param("ClientRequestToken") or str(uuid4())
        existing = secret.versions.get(version_id)
        if existing is not None:
            if (existing.get("secret_string"), existing.get("secret_binary")) == (text, binary):
                return version_id
            msg = f"You can't use ClientRequestToken {version_id} because that value is already "
            raise ResourceExistsException(msg + f"in use for a version of secret {secret.arn}.")
        put_version(
            secret,
            {"version_id": version_id, "secret_string": text, "secret_binary": binary},
            labels=labels,
            created_at=int(self._world.now().timestamp()),
        )
        return version_id


def put_version(
    secret: FakeSecret, version: Version, *, labels: list[str], created_at: int
) -> None:
    """Add a version; the first of a secret becomes current whatever was asked."""
    # By the API reference AWSCURRENT goes to the first version even if only
    # AWSPENDING was asked for. A label given here is taken from its holder.
    wanted = labels if secret.versions or CURRENT in labels else [*labels, CURRENT]
    secret.versions[version["version_id"]] = {
        **version,
        "createdate": created_at,
        "version_stages": cast("list[str]", []),
    }
    for label in wanted:
        move_label(secret, label, version["version_id"])
    secret.last_changed_date = created_at


def move_label(secret: FakeSecret, label: str, target: str | None) -> None:
    """Give a label to one version, or to none; AWSPREVIOUS follows AWSCURRENT."""
    holder = _holder(secret, label)
    if holder == target:
        return
    if holder is not None:
        secret.versions[holder]["version_stages"].remove(label)
    if target is not None:
        secret.versions[target]["version_stages"].append(label)
    if label == CURRENT:
        # moto's other operations follow this pointer, which it forgets to move.
        secret.set_default_version_id(target)
        if holder is not None:
            move_label(secret, PREVIOUS, holder)


def _value(secret: FakeSecret, *, version_id: str | None, label: str | None) -> dict[str, Any]:
    """Tell a value: that of a version, or of a label, or the current one (row 1)."""
    if not version_id:
        label = label or CURRENT
        version_id = _holder(secret, label)
    version = secret.versions.get(version_id or "")
    if version is None:
        msg = "Secrets Manager can't find the specified secret value for "
        what = f"staging label: {label}" if label else f"VersionId: {version_id}"
        raise ResourceNotFoundException(msg + what)
    if label and label not in version["version_stages"]:
        raise SecretStageVersionMismatchException
    told = {
        "ARN": secret.arn,
        "Name": secret.name,
        "VersionId": version["version_id"],
        "VersionStages": version["version_stages"],
        "CreatedDate": version["createdate"],
    }
    for field, stored in (("SecretString", "secret_string"), ("SecretBinary", "secret_binary")):
        if version.get(stored) is not None:
            told[field] = version[stored]
    return told


def _holder(secret: FakeSecret, label: str) -> str | None:
    return next((k for k, v in secret.versions.items() if label in v["version_stages"]), None)


def _check_move(label: str, *, holder: str | None, source: str | None, target: str | None) -> None:
    if not source and not target:
        msg = "You must provide MoveToVersionId or RemoveFromVersionId."
        raise InvalidParameterException(msg)
    if source and source != holder:
        msg = f"Staging label {label} is not attached to version {source}."
        raise InvalidParameterException(msg)
    if target and holder not in (None, target) and not source:
        msg = (
            f"The parameter RemoveFromVersionId can't be empty. Staging label {label} is currently "
            f"attached to version {holder}, so you must explicitly reference that version in "
            "RemoveFromVersionId."
        )
        raise InvalidParameterException(msg)
    if label == CURRENT and not target:
        msg = "You can only move staging label AWSCURRENT to a different secret version."
        raise InvalidParameterException(msg)


def _brief(secret: FakeSecret, version_id: str | None, *, labels: bool = False) -> str:
    told: dict[str, Any] = {"ARN": secret.arn, "Name": secret.name}
    if version_id:
        told["VersionId"] = version_id
    if version_id and labels:
        told["VersionStages"] = secret.versions[version_id]["version_stages"]
    return json.dumps(told)
