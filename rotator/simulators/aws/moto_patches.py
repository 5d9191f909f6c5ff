"""The few places where moto itself is changed, in this process only.

Everything else is done by subclassing its response classes.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import moto.core.responses
import moto.core.utils
import moto.iam.models
import moto.iam.responses
import moto.secretsmanager.models
import moto.secretsmanager.responses
import moto.sts.models
import moto.sts.responses
from moto.secretsmanager.models import FakeSecret, ReplicaSecret, SecretsStore
from moto.secretsmanager.utils import get_secret_name_from_partial_arn

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime


_STOCK: list[tuple[object, str, object]] = []


class IndexedSecrets(SecretsStore):
    """Secrets by name, ARN or partial ARN; moto's own scans all of them at each access."""

    def __init__(self) -> None:
        """Start empty."""
        super().__init__()
        self._aliases: dict[str, str] = {}

    def __setitem__(self, key: str, value: FakeSecret | ReplicaSecret) -> None:
        """Store a secret and remember its other names."""
        self._aliases[value.arn] = key
        self._aliases.setdefault(value.name, key)
        dict.__setitem__(self, key, value)

    def __getitem__(self, key: str) -> FakeSecret | ReplicaSecret:
        """Return a secret by any of its names."""
        return dict.__getitem__(self, self._key(key))

    def __contains__(self, key: object) -> bool:
        """Say whether any name is known."""
        return dict.__contains__(self, self._key(str(key)))

    def get(self, key: str) -> FakeSecret | ReplicaSecret | None:  # type: ignore[override]
        """Return a secret by any of its names, if it exists."""
        return dict.get(self, self._key(key))

    def pop(self, key: str) -> FakeSecret | ReplicaSecret | None:  # type: ignore[override]
        """Remove a secret by any of its names."""
        return dict.pop(self, self._key(key), None)

    def _key(self, name: str) -> str:
        if dict.__contains__(self, name):
            return name
        alias = self._aliases.get(name, "")
        return alias if dict.__contains__(self, alias) else get_secret_name_from_partial_arn(name)


class _Seconds:
    """Stands in for the `time` module in moto's Secrets Manager."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now

    def time(self) -> float:
        """Return the seconds since the epoch."""
        return self._now().timestamp()


def patch_moto(now: Callable[[], datetime]) -> None:
    """Give moto our clock, our index of secrets, and no opinion about key use.

    `utcnow` is found by identity in every module that has imported it, so that
    a new release of moto cannot keep a copy that tells the machine's time.

    Every module of the simulated services must be imported by now, as it is above.
    A second call takes the place of the first.

    Args:
        now: The simulated instant, aware.
    """
    restore_moto()
    original = moto.core.utils.utcnow

    def utcnow() -> datetime:
        return now().replace(tzinfo=None)

    for name, module in list(sys.modules.items()):
        if name.startswith("moto.") and getattr(module, "utcnow", None) is original:
            _replace(module, "utcnow", utcnow)
    _replace(moto.secretsmanager.models, "time", _Seconds(now))
    _replace(moto.secretsmanager.models, "SecretsStore", IndexedSecrets)
    # moto counts every call as a use, refused ones and Inactive keys included;
    # uses are counted in the key register instead.
    _replace(moto.iam.models, "mark_account_as_visited", _ignore_visit)


def restore_moto() -> None:
    """Make moto again what is installed, for whoever needs that in the same process."""
    while _STOCK:
        module, name, value = _STOCK.pop()
        setattr(module, name, value)


def _ignore_visit(**_visit: Any) -> None:  # noqa: ANN401 - moto's own signature
    """Do nothing."""


def _replace(module: object, name: str, value: object) -> None:
    _STOCK.append((module, name, getattr(module, name)))
    setattr(module, name, value)
