"""Who may call, and what for: bearer tokens and the rules of the RBAC authorizer."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rotator.simulators.kubernetes.refusals import RefusalError, forbidden, unauthorized
from rotator.simulators.kubernetes.resources import (
    ACCESS_REVIEW,
    CLUSTER_ROLE,
    CLUSTER_ROLE_BINDING,
    ROLE,
    ROLE_BINDING,
    Address,
)
from rotator.simulators.kubernetes.shapes import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from rotator.simulators.kubernetes.resources import Kind, Object
    from rotator.simulators.kubernetes.world import World

EVERYWHERE = ""
_ANY = "*"
_PUBLIC = ("/healthz", "/livez", "/readyz", "/version")


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A caller.

    Attributes:
        roles: Its rules by namespace; those under `EVERYWHERE` are a ClusterRole's.
        expires_at: From when its token is refused.
    """

    user: str
    roles: Mapping[str, tuple[Rule, ...]] = field(default_factory=dict)
    is_admin: bool = False
    expires_at: datetime | None = None


ANONYMOUS = Account(user="system:anonymous")


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """What somebody wants to do.

    Attributes:
        name: Empty where a path names no object, as in a list and in a creation by POST.
    """

    verb: str
    kind: Kind
    namespace: str = ""
    name: str = ""
    subresource: str = ""

    @property
    def resource(self) -> str:
        """Return the resource as rules name it."""
        return f"{self.kind.plural}/{self.subresource}" if self.subresource else self.kind.plural


def account_of(world: World, token: str | None) -> Account:
    """Return who a token belongs to; somebody without one is anonymous.

    Raises:
        RefusalError: Nobody knows it, or it has expired.
    """
    if token is None:
        return ANONYMOUS
    found = world.accounts.get(token)
    if found is None or (found.expires_at is not None and found.expires_at <= world.now()):
        raise unauthorized()
    return found


def is_allowed(world: World, account: Account, attempt: Attempt) -> bool:
    """Say whether a rule allows it, one of the account or of a binding; rules only add rights."""
    if account.is_admin:
        return True
    if attempt.kind is ACCESS_REVIEW:
        return account is not ANONYMOUS
    own = (*account.roles.get(EVERYWHERE, ()), *account.roles.get(attempt.namespace, ()))
    rules = (*own, *_bound(world, account, attempt.namespace))
    return any(_covers(rule, attempt) for rule in rules)


def must_be_allowed(world: World, account: Account, attempt: Attempt) -> None:
    """Insist on a right.

    Raises:
        RefusalError: No rule gives it.
    """
    if is_allowed(world, account, attempt):
        return
    where = (
        f'in the namespace "{attempt.namespace}"' if attempt.namespace else "at the cluster scope"
    )
    why = (
        f'User "{account.user}" cannot {attempt.verb} resource "{attempt.resource}"'
        f' in API group "{attempt.kind.group}" {where}'
    )
    raise forbidden(attempt.kind, attempt.name, why)


def must_see(account: Account, path: str) -> None:
    """Insist on the right to a path that is no resource; discovery is for all who are known."""
    if account is not ANONYMOUS or path.startswith(_PUBLIC):
        return
    message = f'forbidden: User "{account.user}" cannot get path "{path}"'
    raise RefusalError(403, "Forbidden", message)


def _bound(world: World, account: Account, namespace: str) -> Iterator[Rule]:
    """Yield the rules of the Roles that an account is bound to."""
    bindings = [*world.store.all(CLUSTER_ROLE_BINDING)]
    if namespace:
        bindings += world.store.all(ROLE_BINDING, namespace)
    for at, binding in bindings:
        if any(_user(at, subject) == account.user for subject in binding.get("subjects") or []):
            reference = binding["roleRef"]
            kind = ROLE if reference["kind"] == "Role" else CLUSTER_ROLE
            where = at.namespace if kind is ROLE else ""
            role = world.store.get(Address(kind, where, reference["name"])) or {}
            # Rules for paths that are no resources have none of these.
            for rule in role.get("rules") or []:
                if "resources" in rule:
                    yield Rule.model_validate(rule)


def _user(at: Address, subject: Object) -> str:
    if subject["kind"] != "ServiceAccount":
        return str(subject["name"])
    return f"system:serviceaccount:{subject.get('namespace', at.namespace)}:{subject['name']}"


def _covers(rule: Rule, attempt: Attempt) -> bool:
    resources = {attempt.resource, _ANY}
    if attempt.subresource:
        resources.add(f"*/{attempt.subresource}")
    return (
        _has(rule.verbs, attempt.verb)
        and _has(rule.api_groups, attempt.kind.group)
        and not resources.isdisjoint(rule.resources)
        and (not rule.resource_names or attempt.name in rule.resource_names)
    )


def _has(listed: tuple[str, ...], wanted: str) -> bool:
    return _ANY in listed or wanted in listed
