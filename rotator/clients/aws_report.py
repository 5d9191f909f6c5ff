"""Reading IAM's credential report: every user of an account for the price of a few calls.

AWS keeps a report for four hours and makes no younger one meanwhile, so a report that
exists is asked for first. It has no key ids, and says nothing of users made since.
"""

from __future__ import annotations

import csv
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from botocore.exceptions import ClientError

from rotator.clients.aws_calls import provider_time
from rotator.clients.aws_errors import error_code
from rotator.core.ids import Instant, instant
from rotator.core.survey import Survey, Surveyed
from rotator.errors import UnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from mypy_boto3_iam import IAMClient

KEPT_FOR: Final = timedelta(hours=4)
"""How long AWS keeps a report before it makes another one."""

_ROOT = "<root_account>"
_SLOTS = (1, 2)
_LOOKS = 8
_PAUSE_SECONDS = 2.0
_MISSING = frozenset({"ReportNotPresent", "ReportExpired", "ReportInProgress"})
_REFUSED = frozenset({"LimitExceeded", "Throttling"})

_PASSWORD = "password_enabled"  # noqa: S105 - a column's name, not a secret

_Row = dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Report:
    """A report, and whether AWS would make a younger one by now."""

    survey: Survey
    is_kept: bool


def credential_report(iam: IAMClient, pause: Callable[[float], None]) -> Survey:
    """Return a report, made anew if there is none or only an old one.

    Args:
        iam: A client whose calls are run by `rotator.clients.aws.AwsClients.run`.
        pause: Waits so many seconds.

    Raises:
        UnavailableError: There is none, and none became ready in time or AWS makes
            none now.
    """
    found = _held(iam)
    if found is not None and found.is_kept:
        return found.survey
    if _generate(iam):
        for _ in range(_LOOKS):
            newer = _held(iam)
            if newer is not None and newer.is_kept:
                return newer.survey
            pause(_PAUSE_SECONDS)
    if found is None:
        msg = "iam:GetCredentialReport failed: no report is ready"
        raise UnavailableError(msg, code="report_not_ready")
    return found.survey


def parse_report(text: str, taken_at: Instant) -> Survey:
    """Read a report's lines; a line whose columns are not where they should be is left out.

    Raises:
        LookupError: A column is missing.
        ValueError: A date is none.
    """
    rows = list(_rows(text))
    roots = (row for row in rows if row["user"] == _ROOT)
    return Survey(
        taken_at=taken_at,
        principals={row["user"]: _surveyed(row) for row in rows if _is_user(row)},
        root_keys=sum(len(_births(row)) for row in roots),
    )


def _held(iam: IAMClient) -> _Report | None:
    """Read the report that AWS has; None while it has none."""
    try:
        answer = iam.get_credential_report()
    except ClientError as error:
        if error_code(error) in _MISSING:
            return None
        raise
    taken_at = instant(answer["GeneratedTime"])
    survey = parse_report(answer["Content"].decode(), taken_at)
    return _Report(survey=survey, is_kept=provider_time(answer) - taken_at < KEPT_FOR)


def _generate(iam: IAMClient) -> bool:
    """Have a report made; whether AWS is going to."""
    try:
        iam.generate_credential_report()
    except ClientError as error:
        if error_code(error) in _REFUSED:
            return False
        raise
    return True


def _rows(text: str) -> Iterator[_Row]:
    # Lines are cut first, so that one stray quotation mark spoils one line only.
    lines = text.splitlines()
    header = next(csv.reader(lines[:1]), [])
    for line in lines[1:]:
        with suppress(csv.Error):
            values = next(csv.reader([line]), [])
            if len(values) == len(header):
                yield dict(zip(header, values, strict=True))


def _is_user(row: _Row) -> bool:
    return row["arn"].endswith("/" + row["user"])


def _surveyed(row: _Row) -> Surveyed:
    births = _births(row)
    known = [at for at in births.values() if at is not None]
    return Surveyed(
        has_password=row[_PASSWORD] == "true",
        keys=len(births),
        oldest_at=min(known, default=None),
    )


def _births(row: _Row) -> Mapping[int, Instant | None]:
    """Map the slots that hold a key to when it was made or last changed, if that is said.

    A word that is not understood is no "there is none". A disabled key may have no date.
    """
    return {
        slot: rotated
        for slot in _SLOTS
        for rotated in (_date(row[f"access_key_{slot}_last_rotated"]),)
        if rotated is not None or row[f"access_key_{slot}_active"] != "false"
    }


def _date(text: str) -> Instant | None:
    """Read a date; the report's words for "none" are none."""
    return instant(datetime.fromisoformat(text)) if text[:1].isdigit() else None
