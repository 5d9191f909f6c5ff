"""The credential report: a snapshot, kept for four hours."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from moto.iam.exceptions import IAMException, ReportNotPresentException

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from moto.iam.models import User

    from rotator.simulators.aws.keys import Key
    from rotator.simulators.aws.world import World

_KEPT_FOR = timedelta(hours=4)
_KEY_COLUMNS = ("active", "last_rotated", "last_used_date", "last_used_region", "last_used_service")
_HEADER = ",".join(
    (
        "user,arn,user_creation_time,password_enabled,password_last_used",
        "password_last_changed,password_next_rotation,mfa_active",
        *(f"access_key_{slot}_{column}" for slot in (1, 2) for column in _KEY_COLUMNS),
        "cert_1_active,cert_1_last_rotated,cert_2_active,cert_2_last_rotated",
    )
)
_NO_KEY = "false,N/A,N/A,N/A,N/A"
_NO_CERTIFICATES = "false,N/A,false,N/A"


class _ReportExpired(IAMException):
    code = "ReportExpired"


class _ReportInProgress(IAMException):
    code = "ReportInProgress"


@dataclass(frozen=True, slots=True)
class Report:
    """One generated report."""

    generated_at: datetime
    content: str


class CredentialReports:
    """The credential reports of one account."""

    def __init__(self, world: World, account_id: str) -> None:
        """Look at the account's report in the world."""
        self._world = world
        self._account_id = account_id

    def generate(self, users: Iterable[User]) -> str:
        """Make a report unless a fresh one exists; return the state in AWS's words."""
        report = self._world.reports.get(self._account_id)
        if report is not None and self._age(report) < _KEPT_FOR:
            return "INPROGRESS" if self._is_in_progress(report) else "COMPLETE"
        rows = [_HEADER, self._root_row(), *(self._row(user) for user in users)]
        self._world.reports[self._account_id] = Report(self._world.date(), "\n".join(rows) + "\n")
        return "STARTED"

    def current(self) -> Report:
        """Return the last report.

        Raises:
            IAMException: There is none, it is in progress, or older than four hours.
        """
        report = self._world.reports.get(self._account_id)
        if report is None:
            msg = "Credential report not present"
            raise ReportNotPresentException(msg)
        if self._is_in_progress(report):
            msg = "Credential report is still being generated"
            raise _ReportInProgress(msg)
        if self._age(report) >= _KEPT_FOR:
            msg = "The most recent credential report has expired"
            raise _ReportExpired(msg)
        return report

    def _age(self, report: Report) -> timedelta:
        return self._world.now() - report.generated_at

    def _is_in_progress(self, report: Report) -> bool:
        return self._age(report).total_seconds() < self._world.settings.report_delay_seconds

    def _root_row(self) -> str:
        created = "2020-01-01T00:00:00+00:00"
        has_key = self._account_id in self._world.root_keys
        first = f"true,{created},N/A,N/A,N/A" if has_key else _NO_KEY
        return (
            f"<root_account>,arn:aws:iam::{self._account_id}:root,{created},not_supported,"
            f"no_information,not_supported,not_supported,true,{first},{_NO_KEY},{_NO_CERTIFICATES}"
        )

    def _row(self, user: User) -> str:
        created = _date(user.create_date)
        password = f"true,no_information,{created},N/A" if user.password else "false,N/A,N/A,N/A"
        by_slot = {key.slot: key for key in self._world.keys.of_user(user.id)}
        slots = [self._slot(by_slot.get(slot)) for slot in (1, 2)]
        return ",".join((user.name, user.arn, created, password, "false", *slots, _NO_CERTIFICATES))

    def _slot(self, key: Key | None) -> str:
        if key is None:
            return _NO_KEY
        use = key.reported_use(self._world.now(), self._world.settings)
        used = f"{_date(use.at)},{use.region},{use.service}" if use else "N/A,N/A,N/A"
        return f"{str(key.is_active).lower()},{_date(key.created_at)},{used}"


def _date(value: datetime) -> str:
    return f"{value:%Y-%m-%dT%H:%M:%S+00:00}"
