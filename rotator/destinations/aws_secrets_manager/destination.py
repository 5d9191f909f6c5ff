"""The destination: versions are staged, promoted and released by their labels.

Labels are read and named explicitly everywhere, for the version that is current
by default is a matter of policy conditions and, in simulators, of bugs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID, uuid5

from rotator.clients.contents import field_in, key_id_in, material_in, merge
from rotator.core.facts import DestinationState
from rotator.core.ids import VersionId
from rotator.core.secret import Secret
from rotator.destinations.aws_secrets_manager.config import (
    MANAGED_TAG,
    OWNER_TAG,
    SIZE_LIMIT_BYTES,
)
from rotator.destinations.aws_secrets_manager.history import PREVIOUS, ReadsHistory
from rotator.destinations.aws_secrets_manager.search import search
from rotator.errors import (
    ConflictError,
    NotFoundError,
    OutcomeUnknownError,
    RejectedError,
    RotatorError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_secretsmanager.type_defs import (
        DescribeSecretResponseTypeDef,
        GetSecretValueResponseTypeDef,
        TagTypeDef,
    )

    from rotator.clients.aws import AwsClients
    from rotator.core.facts import DestinationRef
    from rotator.core.ids import AccountId, Instant, KeyId
    from rotator.core.secret import KeyMaterial
    from rotator.core.survey import FoundObject
    from rotator.destinations.aws_secrets_manager.config import AwsSecretsManagerConfig


_CURRENT = "AWSCURRENT"
_PENDING = "AWSPENDING"

T = TypeVar("T")

_PLACEHOLDER = "{}"
# Our version ids are UUIDs of this version (`version_token`); those that AWS's
# tools make up are random, and of another.
_OUR_UUID_VERSION = 5


class AwsSecretsManager(ReadsHistory):
    """A `Destination` that can read back and be searched."""

    def __init__(self, config: AwsSecretsManagerConfig, clients: AwsClients) -> None:
        """Speak through the process's clients; sends nothing yet."""
        self._owner = config.owner
        self._clients = clients

    def describe(self, ref: DestinationRef) -> DestinationState:
        """Report labels and versions, unlabelled ones too; two calls or more."""
        client = self._client(ref)

        def read() -> frozenset[VersionId]:
            found: set[VersionId] = set()
            more: Any = {}
            while True:
                page = client.list_secret_version_ids(
                    SecretId=ref.name, IncludeDeprecated=True, **more
                )
                found.update(VersionId(item["VersionId"]) for item in page["Versions"])
                if "NextToken" not in page:
                    return frozenset(found)
                more = {"NextToken": page["NextToken"]}

        try:
            told = self._told(ref)
            versions = self._clients.run(read, subject=ref.name)
        except NotFoundError:
            return DestinationState(exists=False)
        return _state(told, versions)

    def prepare(self, ref: DestinationRef, *, not_after: Instant) -> None:
        """Create, tag or refuse a secret; one without a value gets the placeholder."""
        try:
            told = self._told(ref)
        except NotFoundError:
            if not ref.create:
                raise
            self._create(ref, not_after)
            return
        state = _state(told)
        self._refuse(ref, state)
        client = self._client(ref)
        if state.owner is None:
            self._change(
                ref,
                lambda: client.tag_resource(SecretId=ref.name, Tags=self._tags()),
                not_after,
            )
        if state.current is None:
            # Or the first key that we stage would be current at once.
            self._change(
                ref,
                lambda: client.put_secret_value(
                    SecretId=ref.name,
                    ClientRequestToken=_placeholder_token(ref),
                    SecretString=_PLACEHOLDER,
                    VersionStages=[_CURRENT],
                ),
                not_after,
            )

    def stage(
        self,
        ref: DestinationRef,
        version: VersionId,
        material: KeyMaterial,
        *,
        base: VersionId | None,
        not_after: Instant,
    ) -> None:
        """Store a pending version; an abandoned one of ours loses the label to it."""
        state = _state(self._told(ref))
        self._refuse(ref, state, staging=version)
        if state.current is None:
            msg = "the secret has no value yet, so this one would be current at once"
            raise RejectedError(msg, subject=ref.name, code="unprepared")
        _expect(ref, state, base)
        kept = self._base(ref, base) if ref.merge else None
        content = merge(ref, kept, material, limit_bytes=SIZE_LIMIT_BYTES)
        client = self._client(ref)
        stored = self._change(
            ref,
            lambda: client.put_secret_value(
                SecretId=ref.name,
                ClientRequestToken=version,
                SecretString=content.reveal(),
                VersionStages=[_PENDING],
            ),
            not_after,
        )
        if _PENDING not in stored.get("VersionStages", ()) and version not in state.pending:
            # A repeat of what was stored before puts no label back.
            holder = next(iter(state.pending), None)
            self._move(ref, _PENDING, to=version, source=holder, not_after=not_after)

    def promote(
        self,
        ref: DestinationRef,
        version: VersionId,
        *,
        expected: VersionId | None,
        not_after: Instant,
    ) -> None:
        """Move AWSCURRENT from `expected`, and see that it arrived.

        Raises:
            OutcomeUnknownError: It was moved, or perhaps was, and that could not
                be seen.
        """
        state = _state(self._told(ref))
        if state.current != version:
            self._swap(ref, state, version, expected, not_after)
            state = self._confirmed(ref, version)
        if version in state.pending:
            try:
                self._move(ref, _PENDING, source=version, not_after=not_after)
            except RotatorError:
                # The pivot is behind us. A repeat clears the label, and so does
                # the next stage, by moving it.
                return

    def unstage(self, ref: DestinationRef, version: VersionId, *, not_after: Instant) -> None:
        """Take every label but AWSCURRENT off a version."""
        try:
            told = self._told(ref)
        except NotFoundError:
            return
        for label in told.get("VersionIdsToStages", {}).get(version, ()):
            if label != _CURRENT:
                self._move(ref, label, source=version, not_after=not_after)

    def read_staged(self, ref: DestinationRef, version: VersionId) -> KeyMaterial:
        """Read a version that carries AWSPENDING.

        Raises:
            NotFoundError: There is no such version.
            RejectedError: It carries another label, or none, or no key.
        """
        return material_in(ref, self._value(ref, _PENDING, version))

    def published_key_id(self, ref: DestinationRef) -> KeyId | None:
        """Read the current version's key id; None when a JSON object has no such field.

        Raises:
            NotFoundError: There is no such secret, or nothing current in it.
            RejectedError: The value is binary, or no JSON object, or the field is
                no text. A key may be in there all the same, so this is not None.
        """
        return key_id_in(ref, self._value(ref, _CURRENT))

    def read_field(self, ref: DestinationRef) -> Secret:
        """Read the secret's field in the current version, such as the key that admits us.

        Raises:
            NotFoundError: There is no such secret, or nothing current in it.
            RejectedError: The value is no JSON object, or the field holds no text.
        """
        return field_in(ref, self._value(ref, _CURRENT))

    def search(self, account: AccountId, region: str) -> Iterator[FoundObject]:
        """Yield every secret with the key ids in its current version; see `search`."""
        return search(self._clients, account, region)

    def _client(self, ref: DestinationRef) -> SecretsManagerClient:
        return self._clients.secrets(ref.account, ref.region)

    def _told(self, ref: DestinationRef) -> DescribeSecretResponseTypeDef:
        client = self._client(ref)
        return self._clients.run(
            lambda: client.describe_secret(SecretId=ref.name), subject=ref.name
        )

    def _change(self, ref: DestinationRef, work: Callable[[], T], not_after: Instant) -> T:
        return self._clients.run(work, subject=ref.name, not_after=not_after)

    def _create(self, ref: DestinationRef, not_after: Instant) -> None:
        client = self._client(ref)
        self._change(
            ref,
            lambda: client.create_secret(
                Name=ref.name,
                ClientRequestToken=_placeholder_token(ref),
                SecretString=_PLACEHOLDER,
                Tags=self._tags(),
            ),
            not_after,
        )

    def _tags(self) -> list[TagTypeDef]:
        return [
            {"Key": OWNER_TAG, "Value": self._owner},
            {"Key": MANAGED_TAG, "Value": "true"},
        ]

    def _refuse(
        self, ref: DestinationRef, state: DestinationState, *, staging: VersionId | None = None
    ) -> None:
        """Raise if the secret is not one that we may write to."""
        known = {state.current, staging}
        foreign = [item for item in state.pending - known if not _is_ours(item)]
        checks = (
            (
                state.owner not in (None, self._owner),
                "destination_foreign",
                f"the secret belongs to {state.owner}",
                f"tag it {OWNER_TAG}={self._owner} if it is ours",
            ),
            (
                state.deletion_scheduled,
                "destination_deleted",
                "the secret is scheduled for deletion",
                "restore it, or name another one",
            ),
            (
                state.native_rotation,
                "native_rotation",
                "the secret has a rotation of its own",
                "switch one of the two off",
            ),
            (
                bool(foreign),
                "foreign_pending",
                f"somebody else's version {', '.join(foreign)} is pending",
                f"finish that rotation, or take {_PENDING} off the version",
            ),
        )
        for is_so, code, message, hint in checks:
            if is_so:
                raise RejectedError(message, subject=ref.name, code=code, hint=hint)

    def _swap(
        self,
        ref: DestinationRef,
        state: DestinationState,
        version: VersionId,
        expected: VersionId | None,
        not_after: Instant,
    ) -> None:
        """Compare and swap; AWS refuses if another version is current by now."""
        _expect(ref, state, expected)
        try:
            self._move(ref, _CURRENT, to=version, source=expected, not_after=not_after)
        except RejectedError:
            _expect(ref, _state(self._told(ref)), expected)
            raise

    def _confirmed(self, ref: DestinationRef, version: VersionId) -> DestinationState:
        try:
            state = _state(self._told(ref))
        except RotatorError as error:
            msg = f"version {version} was made current, which could not be seen"
            raise OutcomeUnknownError(msg, subject=ref.name) from error
        if state.current != version:
            msg = f"version {version} was made current, but {state.current} is"
            raise OutcomeUnknownError(msg, subject=ref.name)
        return state

    def _move(
        self,
        ref: DestinationRef,
        label: str,
        *,
        not_after: Instant,
        to: VersionId | None = None,
        source: VersionId | None = None,
    ) -> None:
        """Move a label, or take it off; `source` must be its holder if it has one."""
        client = self._client(ref)
        ends = {"MoveToVersionId": to, "RemoveFromVersionId": source}
        given: Any = {name: end for name, end in ends.items() if end is not None}
        self._change(
            ref,
            lambda: client.update_secret_version_stage(
                SecretId=ref.name, VersionStage=label, **given
            ),
            not_after,
        )

    def _value(self, ref: DestinationRef, label: str, version: VersionId | None = None) -> Secret:
        """Read the text of the version that carries a label; of any version without one."""
        client = self._client(ref)
        named = {"VersionStage": label, "VersionId": version}
        given: Any = {name: value for name, value in named.items() if value}

        def read() -> GetSecretValueResponseTypeDef:
            return client.get_secret_value(SecretId=ref.name, **given)

        answer: Mapping[str, object] = self._clients.run(read, subject=ref.name)
        text = answer.get("SecretString")
        if not isinstance(text, str):
            msg = "the value is binary, not text"
            raise RejectedError(msg, subject=ref.name, code="binary")
        return Secret(text)

    def _base(self, ref: DestinationRef, base: VersionId | None) -> Secret:
        """Read the current version, if it still is `base`."""
        try:
            return self._value(ref, _CURRENT, base)
        except (NotFoundError, RejectedError):
            _expect(ref, _state(self._told(ref)), base)
            raise


def _state(
    told: DescribeSecretResponseTypeDef, versions: frozenset[VersionId] = frozenset()
) -> DestinationState:
    stages = told.get("VersionIdsToStages", {})
    tags = {tag["Key"]: tag["Value"] for tag in told.get("Tags", ())}

    def holders(label: str) -> frozenset[VersionId]:
        return frozenset(VersionId(item) for item, labels in stages.items() if label in labels)

    return DestinationState(
        exists=True,
        owner=tags.get(OWNER_TAG),
        current=next(iter(holders(_CURRENT)), None),
        pending=holders(_PENDING),
        previous=next(iter(holders(PREVIOUS)), None),
        versions=versions | frozenset(VersionId(item) for item in stages),
        native_rotation=told.get("RotationEnabled", False),
        deletion_scheduled="DeletedDate" in told,
    )


def _expect(ref: DestinationRef, state: DestinationState, expected: VersionId | None) -> None:
    if state.current != expected:
        msg = f"version {state.current} is current, not {expected}"
        raise ConflictError(msg, subject=ref.name)


def _placeholder_token(ref: DestinationRef) -> str:
    """Name the placeholder the same way each time, so that a repeat makes no second one."""
    return str(uuid5(UUID(ref.id), "placeholder"))


def _is_ours(version: VersionId) -> bool:
    try:
        return UUID(version).version == _OUR_UUID_VERSION
    except ValueError:
        return False
