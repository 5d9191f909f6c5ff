"""Which section of a report answers which control, of which version, and how well.

The numbers of one control moved from version to version, so the version is always named.
The texts are ours and short: the control itself is read where it is published.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from rotator.core.compliance import Part


class Grade(StrEnum):
    """How well a section answers a control.

    `DIRECT`: the section is the evidence. `PARTIAL`: it is evidence for the keys that
    rotator sees, and of no others. `SUPPORTING`: it helps whoever answers.
    """

    DIRECT = "direct"
    PARTIAL = "partial"
    SUPPORTING = "supporting"


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """One control.

    Attributes:
        text: What it asks for, in our words.
        part: The section that answers it.
        note: What to know about the answer.
        is_confirmed: Whether the number and the text were checked against what is
            published; if not, check it before an auditor does.
    """

    framework: str
    version: str
    number: str
    text: str
    part: Part
    grade: Grade
    note: str = ""
    is_confirmed: bool = True


_CIS: Final = "CIS AWS Foundations"
_NIST: Final = "NIST SP 800-53"
_AGE: Final = "access keys are replaced every 90 days or sooner"
_UNUSED: Final = "credentials without a use for 45 days are disabled"
_ONE: Final = "a user has one active access key"
_ROOT: Final = "the root user has no access key"
_LIMIT: Final = (
    "the limit is the one of policy's rules; it has to be 90 days or less. The control asks for "
    "reported and unmanaged keys, too: they have sections of their own"
)
_FEW: Final = "of keys whose last use was read lately; console passwords are not looked at"
_OVERLAP: Final = "two keys are active in the grace of a rotation; since when is said"


def _cis(version: str, number: str, text: str, part: Part, grade: Grade, note: str = "") -> Control:
    return Control(
        framework=_CIS, version=version, number=number, text=text, part=part, grade=grade, note=note
    )


CONTROLS: Final = (
    _cis("7.0", "2.12", _AGE, Part.AGE, Grade.DIRECT, _LIMIT),
    _cis("6.0", "2.13", _AGE, Part.AGE, Grade.DIRECT, _LIMIT),
    _cis("5.0", "1.13", _AGE, Part.AGE, Grade.DIRECT, _LIMIT),
    _cis("1.4 to 3.0", "1.14", _AGE, Part.AGE, Grade.DIRECT, _LIMIT),
    _cis("6.0 and 7.0", "2.11", _UNUSED, Part.UNUSED, Grade.PARTIAL, _FEW),
    _cis("5.0", "1.11", _UNUSED, Part.UNUSED, Grade.PARTIAL, _FEW),
    _cis("1.4 to 3.0", "1.12", _UNUSED, Part.UNUSED, Grade.PARTIAL, _FEW),
    _cis("6.0", "2.12", _ONE, Part.TWO_ACTIVE, Grade.PARTIAL, _OVERLAP),
    _cis("5.0", "1.12", _ONE, Part.TWO_ACTIVE, Grade.PARTIAL, _OVERLAP),
    _cis("1.4 to 3.0", "1.13", _ONE, Part.TWO_ACTIVE, Grade.PARTIAL, _OVERLAP),
    _cis("7.0", "2.4", _ROOT, Part.ROOT, Grade.PARTIAL),
    _cis("6.0", "2.3", _ROOT, Part.ROOT, Grade.PARTIAL),
    _cis("5.0", "1.3", _ROOT, Part.ROOT, Grade.PARTIAL),
    _cis("1.4 to 3.0", "1.4", _ROOT, Part.ROOT, Grade.PARTIAL),
    Control(
        framework="AWS Config",
        version="managed rule",
        number="access-keys-rotated",
        text="active access keys are younger than maxAccessKeyAge, 90 days by default",
        part=Part.AGE,
        grade=Grade.DIRECT,
        note=_LIMIT,
    ),
    Control(
        framework="AWS Security Hub",
        version="current",
        number="IAM.3",
        text=_AGE,
        part=Part.AGE,
        grade=Grade.DIRECT,
        note=_LIMIT,
        is_confirmed=False,
    ),
    Control(
        framework="PCI DSS",
        version="4.0.1",
        number="8.6.3",
        text="passwords of applications and systems are changed as often as the entity's own risk "
        "analysis says, and when they may be known to others",
        part=Part.AGE,
        grade=Grade.PARTIAL,
        note="the analysis (12.3.1) is yours; policy's limit has to be what it says. 8.3.9, with "
        "its 90 days, is about people",
    ),
    Control(
        framework=_NIST,
        version="revision 5",
        number="AC-2(3)",
        text="accounts are disabled that are unused, or break policy",
        part=Part.UNUSED,
        grade=Grade.SUPPORTING,
    ),
    Control(
        framework=_NIST,
        version="revision 5",
        number="IA-5",
        text="authenticators are changed at set times and upon events",
        part=Part.AGE,
        grade=Grade.PARTIAL,
        is_confirmed=False,
    ),
    Control(
        framework="SOC 2",
        version="trust services criteria",
        number="CC6.1",
        text="access to assets is restricted; no number of days is named",
        part=Part.AGE,
        grade=Grade.SUPPORTING,
        is_confirmed=False,
    ),
)
"""Every control that a report is mapped to."""
