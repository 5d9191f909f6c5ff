"""The kinds of objects that the simulated API server keeps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

Object = dict[str, Any]
"""An object of the API, as JSON."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of objects.

    Attributes:
        versions: Those that are served, the preferred one first.
        plural: The resource's name in paths.
        is_custom: It comes from a CustomResourceDefinition: lists without a declared
            type are atomic.
        has_status: Status is written through a path of its own, and its generation
            counts changes of everything but status and metadata.
    """

    name: str
    plural: str
    group: str = ""
    versions: tuple[str, ...] = ("v1",)
    short: str = ""
    is_namespaced: bool = True
    is_custom: bool = False
    has_status: bool = False

    def api_version(self, version: str) -> str:
        """Return what objects say in ``apiVersion``."""
        return f"{self.group}/{version}" if self.group else version

    @property
    def qualified(self) -> str:
        """Name it with its group, as error messages do."""
        return f"{self.plural}.{self.group}" if self.group else self.plural


class Address(NamedTuple):
    """Where an object is; the namespace is empty for those of the whole cluster."""

    kind: Kind
    namespace: str
    name: str


def _plain(name: str, plural: str, group: str) -> Kind:
    return Kind(name=name, plural=plural, group=group)


def _workload(name: str, plural: str, short: str) -> Kind:
    return Kind(name=name, plural=plural, group="apps", short=short, has_status=True)


NAMESPACE = Kind(name="Namespace", plural="namespaces", short="ns", is_namespaced=False)
SECRET = Kind(name="Secret", plural="secrets")
CONFIG_MAP = Kind(name="ConfigMap", plural="configmaps", short="cm")
POD = Kind(name="Pod", plural="pods", short="po", has_status=True)
DEPLOYMENT = _workload("Deployment", "deployments", "deploy")
REPLICA_SET = _workload("ReplicaSet", "replicasets", "rs")
STATEFUL_SET = _workload("StatefulSet", "statefulsets", "sts")
DAEMON_SET = _workload("DaemonSet", "daemonsets", "ds")
EXTERNAL_SECRET = Kind(
    name="ExternalSecret",
    plural="externalsecrets",
    group="external-secrets.io",
    versions=("v1", "v1beta1"),
    short="es",
    is_custom=True,
    has_status=True,
)
PROVIDER_CLASS = Kind(
    name="SecretProviderClass",
    plural="secretproviderclasses",
    group="secrets-store.csi.x-k8s.io",
    is_custom=True,
)
POD_STATUS = Kind(
    name="SecretProviderClassPodStatus",
    plural="secretproviderclasspodstatuses",
    group="secrets-store.csi.x-k8s.io",
    is_custom=True,
)
SERVICE_ACCOUNT = Kind(name="ServiceAccount", plural="serviceaccounts", short="sa")
CLAIM = Kind(
    name="PersistentVolumeClaim", plural="persistentvolumeclaims", short="pvc", has_status=True
)
_RBAC = "rbac.authorization.k8s.io"
ROLE = _plain("Role", "roles", _RBAC)
ROLE_BINDING = _plain("RoleBinding", "rolebindings", _RBAC)
CLUSTER_ROLE = Kind(name="ClusterRole", plural="clusterroles", group=_RBAC, is_namespaced=False)
CLUSTER_ROLE_BINDING = Kind(
    name="ClusterRoleBinding", plural="clusterrolebindings", group=_RBAC, is_namespaced=False
)
SERVICE = Kind(name="Service", plural="services", short="svc", has_status=True)
_MONITORING = "monitoring.coreos.com"
_KEPT = (
    SERVICE,
    _plain("PodDisruptionBudget", "poddisruptionbudgets", "policy"),
    _plain("NetworkPolicy", "networkpolicies", "networking.k8s.io"),
    Kind(name="ServiceMonitor", plural="servicemonitors", group=_MONITORING, is_custom=True),
    Kind(name="PodMonitor", plural="podmonitors", group=_MONITORING, is_custom=True),
    Kind(name="PrometheusRule", plural="prometheusrules", group=_MONITORING, is_custom=True),
)
"""What charts install besides; kept and told, and nothing else."""

ACCESS_REVIEW = Kind(
    name="SelfSubjectAccessReview",
    plural="selfsubjectaccessreviews",
    group="authorization.k8s.io",
    is_namespaced=False,
)

KINDS = (
    NAMESPACE,
    SECRET,
    CONFIG_MAP,
    POD,
    DEPLOYMENT,
    REPLICA_SET,
    STATEFUL_SET,
    DAEMON_SET,
    EXTERNAL_SECRET,
    PROVIDER_CLASS,
    POD_STATUS,
    SERVICE_ACCOUNT,
    CLAIM,
    ROLE,
    ROLE_BINDING,
    CLUSTER_ROLE,
    CLUSTER_ROLE_BINDING,
    *_KEPT,
)
"""All that is kept; reviews are answered and forgotten."""

_BY_NAME = {(kind.group, kind.name): kind for kind in KINDS}


def kind_named(api_version: str, name: str) -> Kind | None:
    """Return the kind that an object says it is of; None when nobody serves it."""
    group, _, version = api_version.rpartition("/")
    kind = _BY_NAME.get((group, name))
    return kind if kind is not None and version in kind.versions else None
