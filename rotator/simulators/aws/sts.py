"""STS as AWS has it: a caller is who its key belongs to."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING

from moto.core.responses import ActionResult
from moto.sts.models import AssumedRole
from moto.sts.responses import TokenResponse

from rotator.simulators.aws.keys import Key, Principal

if TYPE_CHECKING:
    from rotator.simulators.aws.world import World


class FaithfulSts(TokenResponse):
    """Answers one STS call; a new object for each."""

    def __init__(self, world: World, caller: Key) -> None:
        """Answer on behalf of the authenticated `caller`."""
        super().__init__()
        self._world = world
        self._caller = caller

    def get_caller_identity(self) -> ActionResult:
        """Say whose key signed; moto scans all users and invents one for a deleted key (row 3)."""
        principal = self._caller.principal
        return ActionResult(
            {
                "UserId": principal.user_id,
                "Account": principal.account_id,
                "Arn": principal.arn,
            }
        )

    def get_session_token(self) -> ActionResult:
        """Refuse: moto would answer with a constant key that nothing accepts."""
        raise NotImplementedError

    get_federation_token = get_session_token

    def assume_role(self) -> ActionResult:
        """Open a session and let its key authenticate; who may is the gateway's matter."""
        answer = super().assume_role()
        result = answer.result
        role = result["Credentials"] if isinstance(result, dict) else None
        if isinstance(role, AssumedRole):
            self._world.keys.add(self._session_key(role))
        return answer

    def _session_key(self, role: AssumedRole) -> Key:
        now = self._world.now()
        return Key(
            access_key_id=role.access_key_id,
            secret_access_key=role.secret_access_key,
            principal=Principal(
                account_id=role.account_id,
                user_id=role.user_id,
                arn=role.arn,
                user_name="",
                role_arn=role.role_arn,
            ),
            created_at=self._world.date(),
            changes=[(now, True)],
            session_token=role.session_token,
            expires_at=role.expiration.replace(tzinfo=UTC),
            is_exempt_from_lags=True,
        )
