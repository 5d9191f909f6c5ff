"""The contract of `rotator.ports.workspace`, as tests; and the bench that they need."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING

import pytest

from rotator.core.ids import KeyId
from rotator.core.secret import KeyMaterial, Secret
from rotator.core.workspace import AccessRole, Client
from rotator.errors import (
    AccessDeniedError,
    NotFoundError,
    OutcomeUnknownError,
    RejectedError,
    TransientError,
)
from rotator.ports.workspace import CanTryKeys, Workspace
from rotator.testing.bench import Bench, Fault

if TYPE_CHECKING:
    from collections.abc import Callable

MISSING = KeyId("00000000-0000-4000-8000-00000000dead")

_ADMINISTRATION: dict[str, Callable[[Workspace], object]] = {
    "access_keys": lambda workspace: workspace.access_keys(),
    "create_access_key": lambda workspace: workspace.create_access_key("x", AccessRole.MEMBER),
    "revoke_access_key": lambda workspace: workspace.revoke_access_key("x"),
    "create_client": lambda workspace: workspace.create_client("x", "of a test", None),
    "delete_client": lambda workspace: workspace.delete_client(MISSING),
}
_OF_KEYSETS: dict[str, Callable[[Workspace], object]] = {
    "keysets": lambda workspace: workspace.keysets(),
    "create_keyset": lambda workspace: workspace.create_keyset("x", "of a test"),
    "grant_keyset": lambda workspace: workspace.grant_keyset(MISSING, MISSING),
    "revoke_keyset": lambda workspace: workspace.revoke_keyset(MISSING, MISSING),
    "enable_keyset": lambda workspace: workspace.enable_keyset(MISSING),
    "disable_keyset": lambda workspace: workspace.disable_keyset(MISSING),
    "clients": lambda workspace: workspace.clients(),
}


class WorkspaceBench(Bench):
    """A workspace that is entered as its administrator, and the people beside us."""

    @property
    @abstractmethod
    def workspace(self) -> Workspace:
        """Return the implementation under test; the same object each time."""

    @abstractmethod
    def entered_as(self, role: AccessRole) -> Workspace:
        """Return the same workspace, entered with a key of another role."""

    @property
    @abstractmethod
    def own_name(self) -> str:
        """Name the access key by which `workspace` is entered."""

    @abstractmethod
    def new_device(self) -> KeyId:
        """Let a developer make a client on a device."""


class WorkspaceContract:
    """Everything that a workspace promises; a subclass offers the fixture `bench`."""

    def test_it_is_a_workspace(self, bench: WorkspaceBench) -> None:
        """The methods are there, by the names of the port."""
        assert isinstance(bench.workspace, Workspace)
        assert bench.workspace.account

    # ------------------------------------------------------------- access keys

    def test_a_new_access_key_is_listed_and_unused(self, bench: WorkspaceBench) -> None:
        """Listed with its id, never with its secret."""
        made = bench.workspace.create_access_key("ci", AccessRole.MEMBER)
        bench.settle()
        (listed,) = [key for key in bench.workspace.access_keys() if key.name == "ci"]
        assert listed.key_id == made.key_id
        assert listed.last_used_at is None
        assert made.secret.reveal() not in repr(listed)

    def test_a_name_is_given_once(self, bench: WorkspaceBench) -> None:
        """A second key of a name is refused, and none is made."""
        bench.workspace.create_access_key("ci", AccessRole.MEMBER)
        bench.settle()
        with pytest.raises(RejectedError):
            bench.workspace.create_access_key("ci", AccessRole.MEMBER)

    def test_a_revoked_access_key_is_gone(self, bench: WorkspaceBench) -> None:
        """And a second time there is none to revoke."""
        bench.workspace.create_access_key("ci", AccessRole.MEMBER)
        bench.settle()
        bench.workspace.revoke_access_key("ci")
        bench.settle()
        assert "ci" not in {key.name for key in bench.workspace.access_keys()}
        with pytest.raises(NotFoundError):
            bench.workspace.revoke_access_key("ci")

    def test_our_own_access_key_is_not_revoked(self, bench: WorkspaceBench) -> None:
        """Nobody saws off the branch that we sit on."""
        with pytest.raises(RejectedError):
            bench.workspace.revoke_access_key(bench.own_name)
        assert bench.own_name in {key.name for key in bench.workspace.access_keys()}

    @pytest.fixture
    def entrance(self, bench: WorkspaceBench) -> CanTryKeys:
        """Return the workspace with this capability, or skip."""
        if not isinstance(bench.workspace, CanTryKeys):
            pytest.skip(f"{type(bench.workspace).__name__} is not CanTryKeys")
        return bench.workspace

    def test_a_key_that_is_tried_is_told_apart(
        self, bench: WorkspaceBench, entrance: CanTryKeys
    ) -> None:
        """Which workspace it opens, its id, its role."""
        made = bench.workspace.create_access_key("ci", AccessRole.CONTROL)
        bench.settle()
        told = entrance.try_access_key(made.secret)
        assert (told.workspace, told.key_id) == (bench.workspace.account, made.key_id)
        assert told.role in {None, AccessRole.CONTROL}

    def test_a_key_with_another_secret_is_not_accepted(
        self, bench: WorkspaceBench, entrance: CanTryKeys
    ) -> None:
        """The secret is what is tried, not the id."""
        made = bench.workspace.create_access_key("ci", AccessRole.MEMBER)
        bench.settle()
        with pytest.raises(AccessDeniedError):
            entrance.try_access_key(Secret(f"CSAK{made.key_id}.{'A' * 48}"))

    def test_a_try_that_could_not_be_made_is_transient(
        self, bench: WorkspaceBench, entrance: CanTryKeys
    ) -> None:
        """It says nothing of the key."""
        made = bench.workspace.create_access_key("ci", AccessRole.MEMBER)
        with bench.failing(Fault.THROTTLED), pytest.raises(TransientError):
            entrance.try_access_key(made.secret)

    # ----------------------------------------------------------------- keysets

    def test_a_new_keyset_is_nobodys(self, bench: WorkspaceBench) -> None:
        """It is listed as it was made, and no client may use it."""
        client = _client(bench)
        made = bench.workspace.create_keyset("tenant", "of a test")
        bench.settle()
        assert made in bench.workspace.keysets()
        assert not made.is_disabled
        assert made.id not in _granted(bench, client)

    def test_a_keysets_name_is_given_once(self, bench: WorkspaceBench) -> None:
        """A second keyset of a name is refused."""
        bench.workspace.create_keyset("tenant", "of a test")
        with pytest.raises(RejectedError):
            bench.workspace.create_keyset("tenant", "of a test")

    def test_granting_and_revoking_twice_is_no_error(self, bench: WorkspaceBench) -> None:
        """Granted is granted, and taken is taken."""
        client, tenant = _client(bench), bench.workspace.create_keyset("tenant", "of a test").id
        before = _granted(bench, client)
        for _ in range(2):
            bench.workspace.grant_keyset(tenant, client)
        assert _granted(bench, client) == before | {tenant}
        for _ in range(2):
            bench.workspace.revoke_keyset(tenant, client)
        assert _granted(bench, client) == before

    def test_a_disabled_keyset_stays_listed(self, bench: WorkspaceBench) -> None:
        """It can be enabled again."""
        tenant = bench.workspace.create_keyset("tenant", "of a test").id
        bench.workspace.disable_keyset(tenant)
        bench.settle()
        assert _is_disabled(bench, tenant)
        bench.workspace.enable_keyset(tenant)
        bench.settle()
        assert not _is_disabled(bench, tenant)

    def test_a_missing_keyset_is_not_found(self, bench: WorkspaceBench) -> None:
        """Nothing pretends to have been done."""
        client = _client(bench)
        for call in (
            lambda: bench.workspace.grant_keyset(MISSING, client),
            lambda: bench.workspace.enable_keyset(MISSING),
            lambda: bench.workspace.disable_keyset(MISSING),
            lambda: bench.workspace.create_client("x", "of a test", MISSING),
        ):
            with pytest.raises(NotFoundError):
                call()

    # ----------------------------------------------------------------- clients

    def test_a_new_client_is_bound_to_its_keyset_and_granted_no_other(
        self, bench: WorkspaceBench
    ) -> None:
        """The keyset that was named, or else the default one."""
        tenant = bench.workspace.create_keyset("tenant", "of a test").id
        default = next(one.id for one in bench.workspace.keysets() if one.is_default)
        for keyset, expected in ((tenant, tenant), (None, default)):
            made = bench.workspace.create_client("worker", "of a test", keyset)
            listed = _listed(bench, made)
            assert listed.name == "worker"
            assert (listed.bound, listed.grants) == (expected, frozenset({expected}))
            assert not listed.is_device

    def test_a_deleted_client_is_gone_and_its_neighbour_stays(self, bench: WorkspaceBench) -> None:
        """A developer's can be ended without touching another."""
        device, kept = bench.new_device(), _client(bench)
        bench.settle()
        assert {one.client_id: one.is_device for one in bench.workspace.clients()}[device]
        bench.workspace.delete_client(device)
        bench.settle()
        assert [one.client_id for one in bench.workspace.clients()] == [kept]
        with pytest.raises(NotFoundError):
            bench.workspace.delete_client(device)

    # ------------------------------------------------------- roles and failures

    @pytest.mark.parametrize("call", _ADMINISTRATION)
    def test_a_control_key_does_not_administer(self, bench: WorkspaceBench, call: str) -> None:
        """Access keys are not its business, and of clients only the listing is."""
        with pytest.raises(AccessDeniedError):
            _ADMINISTRATION[call](bench.entered_as(AccessRole.CONTROL))

    def test_a_control_key_manages_keysets(self, bench: WorkspaceBench) -> None:
        """That is what it is for."""
        client, controlled = _client(bench), bench.entered_as(AccessRole.CONTROL)
        controlled.grant_keyset(controlled.create_keyset("tenant", "of a test").id, client)
        bench.settle()
        assert controlled.clients()

    @pytest.mark.parametrize("call", [*_ADMINISTRATION, *_OF_KEYSETS])
    def test_a_member_key_does_nothing_here(self, bench: WorkspaceBench, call: str) -> None:
        """It encrypts and decrypts."""
        with pytest.raises(AccessDeniedError):
            {**_ADMINISTRATION, **_OF_KEYSETS}[call](bench.entered_as(AccessRole.MEMBER))

    def test_a_lost_answer_is_said_to_be_lost(self, bench: WorkspaceBench) -> None:
        """The keyset may be there, and is not made twice by us."""
        with bench.failing(Fault.LOST_ANSWER), pytest.raises(OutcomeUnknownError):
            bench.workspace.create_keyset("tenant", "of a test")
        bench.settle()
        assert [one.name for one in bench.workspace.keysets()].count("tenant") == 1

    @pytest.mark.parametrize("call", ["access_keys", "keysets", "clients"])
    def test_a_listing_that_fails_is_never_empty(self, bench: WorkspaceBench, call: str) -> None:
        """Refused is told apart from throttled."""
        read = {**_ADMINISTRATION, **_OF_KEYSETS}[call]
        with bench.failing(Fault.DENIED), pytest.raises(AccessDeniedError):
            read(bench.workspace)
        with bench.failing(Fault.THROTTLED), pytest.raises(TransientError):
            read(bench.workspace)


def _client(bench: WorkspaceBench) -> KeyId:
    return bench.workspace.create_client("api", "of a test", None).key_id


def _listed(bench: WorkspaceBench, material: KeyMaterial) -> Client:
    bench.settle()
    return next(one for one in bench.workspace.clients() if one.client_id == material.key_id)


def _granted(bench: WorkspaceBench, client: KeyId) -> frozenset[str]:
    bench.settle()
    listed = next(one for one in bench.workspace.clients() if one.client_id == client)
    assert listed.grants is not None
    return listed.grants


def _is_disabled(bench: WorkspaceBench, keyset: str) -> bool:
    return next(one.is_disabled for one in bench.workspace.keysets() if one.id == keyset)
