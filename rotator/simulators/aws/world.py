"""What the parts of the simulated AWS share."""

from __future__ import annotations

import secrets
import threading
from collections import deque
from datetime import timedelta
from typing import TYPE_CHECKING

from rotator.simulators.aws.authorization import PolicyBook
from rotator.simulators.aws.keys import Key, KeyRegister, Principal
from rotator.simulators.aws.shapes import Call, Credentials, FaultRule, Settings
from rotator.simulators.fault_book import FaultBook
from rotator.simulators.token_bucket import TokenBucket

if TYPE_CHECKING:
    from datetime import datetime

    from rotator.simulators.aws.credential_report import Report
    from rotator.simulators.aws.faults import Sighting
    from rotator.simulators.simulated_time import SimulatedTime

_CALLS_KEPT = 500_000


class World:
    """Clock, settings, keys, faults and the log of calls.

    One lock serialises everything that reads or changes it, moto's backends
    included: moto's Secrets Manager is not safe for threads, and the
    interpreter would not run it in parallel anyway.
    """

    def __init__(self, time: SimulatedTime) -> None:
        """Start empty, with default settings."""
        self.lock = threading.RLock()
        self.time = time
        self.reset()

    def reset(self) -> None:
        """Forget everything but the time."""
        self.settings = Settings()
        self.keys = KeyRegister()
        self.faults: FaultBook[FaultRule, Sighting] = FaultBook()
        self.policies = PolicyBook()
        self._buckets: dict[tuple[str, str], TokenBucket] = {}
        self.calls: deque[Call] = deque(maxlen=_CALLS_KEPT)
        self.root_keys: set[str] = set()
        self.reports: dict[str, Report] = {}
        self.admins: dict[str, tuple[Credentials, Credentials]] = {}

    def now(self) -> datetime:
        """Return the exact simulated instant, by which lags are counted."""
        return self.time.now()

    def date(self) -> datetime:
        """Return the same in whole seconds, as AWS writes its dates."""
        return self.time.now().replace(microsecond=0)

    def has_token(self, account_id: str, operation: str) -> bool:
        """Take one token for a call; False when the account calls too fast."""
        rates = self.settings.rates
        limit = rates.get(operation, rates.get("*"))
        if limit is None:
            return True
        rate, burst = limit
        bucket = self._buckets.setdefault((account_id, operation), TokenBucket())
        return bucket.take(self.now(), rate=rate, burst=burst)

    def admins_of(self, account_id: str) -> tuple[Credentials, Credentials]:
        """Return the account's two administrators, the daemon's and the human's."""
        if account_id not in self.admins:
            self.admins[account_id] = (
                self._make_admin(account_id, "ADMN", "rotator"),
                self._make_admin(account_id, "HUMN", "human"),
            )
        return self.admins[account_id]

    def _make_admin(self, account_id: str, mark: str, name: str) -> Credentials:
        # Administrators are role sessions with a fixed key: they are no IAM
        # users, so no scan of users ever meets them.
        access_key_id = f"AKIA{mark}{account_id}"
        secret = secrets.token_urlsafe(30)
        created_at = self.date() - timedelta(days=1)
        principal = Principal(
            account_id=account_id,
            user_id=f"AROA{mark}{account_id}0:{name}",
            arn=f"arn:aws:sts::{account_id}:assumed-role/simulator-admin/{name}",
            user_name="",
            role_arn=f"arn:aws:iam::{account_id}:role/simulator-admin",
        )
        self.keys.add(
            Key(
                access_key_id=access_key_id,
                secret_access_key=secret,
                principal=principal,
                created_at=created_at,
                changes=[(created_at, True)],
                is_exempt_from_lags=True,
            )
        )
        return Credentials(access_key_id=access_key_id, secret_access_key=secret)
