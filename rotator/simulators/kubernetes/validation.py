"""What an object must be like to be kept."""

from __future__ import annotations

import base64
import binascii
import re
from typing import TYPE_CHECKING, Any

from rotator.simulators.kubernetes.refusals import RefusalError, bad_request, invalid
from rotator.simulators.kubernetes.resources import NAMESPACE, SECRET, STATEFUL_SET

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rotator.simulators.kubernetes.resources import Address, Kind, Object

_LABEL = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN = re.compile(rf"{_LABEL}(\.{_LABEL})*")
_NAMESPACE = re.compile(_LABEL)
_QUALIFIED = re.compile(
    rf"({_LABEL}(\.{_LABEL})*/)?[A-Za-z0-9]([-A-Za-z0-9_.]{{0,61}}[A-Za-z0-9])?"
)
_LABEL_VALUE = re.compile(r"([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?")
_DATA_KEY = re.compile(r"[-._a-zA-Z0-9]+")
_LONGEST_NAME, _LONGEST_LABEL = 253, 63
_MOST_DATA, _MOST_ANNOTATIONS = 1024 * 1024, 256 * 1024
_METADATA = frozenset(
    {
        "annotations",
        "creationTimestamp",
        "deletionGracePeriodSeconds",
        "deletionTimestamp",
        "finalizers",
        "generateName",
        "generation",
        "labels",
        "managedFields",
        "name",
        "namespace",
        "ownerReferences",
        "resourceVersion",
        "selfLink",
        "uid",
    }
)
_TOP = frozenset({"apiVersion", "kind", "metadata"})
_PARTS = {
    "Secret": frozenset({"data", "stringData", "type", "immutable"}),
    "ServiceAccount": frozenset({"automountServiceAccountToken", "imagePullSecrets", "secrets"}),
    "ConfigMap": frozenset({"data", "binaryData", "immutable"}),
}
_OTHERS_PARTS = frozenset({"spec", "status"})
_RBAC_PARTS = frozenset({"aggregationRule", "roleRef", "rules", "subjects"})
_CHANGEABLE = frozenset(
    {
        "minReadySeconds",
        "ordinals",
        "persistentVolumeClaimRetentionPolicy",
        "replicas",
        "revisionHistoryLimit",
        "template",
        "updateStrategy",
    }
)
"""Of a StatefulSet."""


def unknown_field(kind: Kind, thing: Object) -> str:
    """Return a field that the kind does not have; empty when there is none."""
    for field in thing.get("metadata", {}):
        if field not in _METADATA:
            return f"metadata.{field}"
    parts = _RBAC_PARTS if "rbac" in kind.group else _PARTS.get(kind.name, _OTHERS_PARTS)
    unknown = (field for field in thing if field not in _TOP | parts)
    return "" if kind.is_custom else next(unknown, "")


def must_be_readable(thing: Object) -> None:
    """Insist on the types that decoding needs.

    Raises:
        RefusalError: Something has another one.
    """
    metadata = thing.get("metadata", {})
    for field in ("labels", "annotations"):
        for value in (metadata.get(field) or {}).values():
            if not isinstance(value, str):
                message = (
                    f"json: cannot unmarshal {_go_type(value)} into Go struct field"
                    f" ObjectMeta.metadata.{field} of type string"
                )
                raise bad_request(message)


def _go_type(value: object) -> str:
    if isinstance(value, bool):
        return "bool"
    return "number" if isinstance(value, int | float) else "object"


def decoded_data(data: object) -> dict[str, str]:
    """Return a Secret's data, checked to be base64.

    Raises:
        RefusalError: It is not.
    """
    if not isinstance(data, dict):
        raise bad_request("json: cannot unmarshal value into Go struct field Secret.data")
    for value in data.values():
        try:
            base64.b64decode(value, validate=True)
        except (binascii.Error, TypeError, ValueError):
            raise bad_request("illegal base64 data at input byte 0") from None
    return data


def must_be_valid(at: Address, new: Object, old: Object | None) -> None:
    """Insist that an object may be kept.

    Args:
        at: Where.
        new: The object as it would be kept.
        old: As it was; None when it is new.

    Raises:
        RefusalError: It may not.
    """
    _check_metadata(at, new["metadata"])
    if at.kind == SECRET:
        _check_secret(at, new, old)
    elif at.kind.group == "apps":
        _check_workload(at, new.get("spec", {}), old)


def _check_metadata(at: Address, metadata: dict[str, Any]) -> None:
    form = _NAMESPACE if at.kind == NAMESPACE else _SUBDOMAIN
    longest = _LONGEST_LABEL if at.kind == NAMESPACE else _LONGEST_NAME
    if len(at.name) > longest or not form.fullmatch(at.name):
        why = (
            f'Invalid value: "{at.name}": a lowercase RFC 1123 subdomain must consist of lower'
            " case alphanumeric characters, '-' or '.', and must start and end with an"
            " alphanumeric character"
        )
        raise invalid(at, "metadata.name", why)
    labels, annotations = metadata.get("labels") or {}, metadata.get("annotations") or {}
    _check_names(at, "metadata.labels", labels)
    _check_names(at, "metadata.annotations", (name.lower() for name in annotations))
    for value in labels.values():
        if not _LABEL_VALUE.fullmatch(value):
            raise invalid(at, "metadata.labels", f'Invalid value: "{value}"')
    if sum(len(k) + len(v) for k, v in annotations.items()) > _MOST_ANNOTATIONS:
        why = f"Too long: may not be more than {_MOST_ANNOTATIONS} bytes"
        raise invalid(at, "metadata.annotations", why, cause="FieldValueTooLong")


def _check_names(at: Address, field: str, names: Iterable[str]) -> None:
    for name in names:
        if not _QUALIFIED.fullmatch(name):
            why = f'Invalid value: "{name}": name part must consist of alphanumeric characters'
            raise invalid(at, field, why)


def _check_secret(at: Address, new: Object, old: Object | None) -> None:
    data: dict[str, str] = new.get("data") or {}
    for key in data:
        if len(key) > _LONGEST_NAME or not _DATA_KEY.fullmatch(key) or key in (".", ".."):
            why = (
                f'Invalid value: "{key}": a valid config key must consist of alphanumeric'
                " characters, '-', '_' or '.'"
            )
            raise invalid(at, f"data[{key}]", why)
    if sum(len(base64.b64decode(value)) for value in data.values()) > _MOST_DATA:
        why = f"Too long: may not be more than {_MOST_DATA} bytes"
        raise invalid(at, "data", why, cause="FieldValueTooLong")
    if old is None:
        return
    if new.get("type") != old.get("type"):
        why = f'Invalid value: "{new.get("type")}": field is immutable'
        raise invalid(at, "type", why)
    if old.get("immutable"):
        _check_unchanged(at, new, old)


def _check_unchanged(at: Address, new: Object, old: Object) -> None:
    for field in ("immutable", "data"):
        if new.get(field) != old.get(field):
            why = "Forbidden: field is immutable when `immutable` is set"
            raise invalid(at, field, why, cause="FieldValueForbidden")


def _check_workload(at: Address, spec: Object, old: Object | None) -> None:
    selector = spec.get("selector") or {}
    wanted: dict[str, str] = selector.get("matchLabels") or {}
    if not selector:
        raise invalid(at, "spec.selector", "Required value", cause="FieldValueRequired")
    labels = spec.get("template", {}).get("metadata", {}).get("labels") or {}
    if any(labels.get(name) != value for name, value in wanted.items()):
        why = "Invalid value: `selector` does not match template `labels`"
        raise invalid(at, "spec.template.metadata.labels", why)
    if not spec.get("template", {}).get("spec", {}).get("containers"):
        where = "spec.template.spec.containers"
        raise invalid(at, where, "Required value", cause="FieldValueRequired")
    if old is not None and old["spec"].get("selector") != selector:
        raise invalid(at, "spec.selector", "Invalid value: field is immutable")
    if old is not None and at.kind == STATEFUL_SET:
        fixed = ({k: v for k, v in s.items() if k not in _CHANGEABLE} for s in (spec, old["spec"]))
        if next(fixed) != next(fixed):
            why = (
                "Forbidden: updates to statefulset spec for fields other than 'replicas',"
                " 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit',"
                " 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden"
            )
            raise invalid(at, "spec", why, cause="FieldValueForbidden")


def must_be_named(at: Address, version: str, thing: Object) -> None:
    """Insist that a body is about what its path is about.

    Raises:
        RefusalError: It is about something else.
    """
    wanted = (at.kind.api_version(version), at.kind.name)
    said = (thing.get("apiVersion"), thing.get("kind"))
    if said != wanted:
        message = (
            f"the API version in the data ({said[0]}, Kind={said[1]}) does not match the expected"
            f" API version ({wanted[0]}, Kind={wanted[1]})"
        )
        raise bad_request(message)
    metadata = thing.get("metadata")
    if not isinstance(metadata, dict):
        raise bad_request("metadata is required")
    if metadata.get("name", at.name) != at.name:
        message = (
            f"the name of the object ({metadata['name']}) does not match the name on the URL"
            f" ({at.name})"
        )
        raise bad_request(message)
    if metadata.get("namespace", at.namespace) != at.namespace:
        message = (
            "the namespace of the provided object does not match the namespace sent on the request"
        )
        raise bad_request(message)


def undeclared(at: Address, field: str) -> RefusalError:
    """Refuse to apply a field that the kind does not have."""
    message = (
        f"failed to create typed patch object ({at.namespace}/{at.name};"
        f" {at.kind.name}): .{field}: field not declared in schema"
    )
    return RefusalError(500, "InternalError", message)
