"""Conditions of policy statements, as far as the simulated AWS knows what they ask for.

What it does not know it does not guess: such a condition is never met, and a
statement that denies by one is refused when it is read.

Source:
    "IAM JSON policy elements: Condition operators" in the IAM User Guide.
"""

from __future__ import annotations

import operator
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_ARN_PARTS = 6
_KNOWN_KEYS = frozenset(
    {
        "aws:principalaccount",
        "aws:principalarn",
        "aws:requestedregion",
        "aws:tagkeys",
        "secretsmanager:versionid",
        "secretsmanager:versionstage",
    }
)
_KNOWN_FAMILIES = (
    "aws:requesttag/",
    "aws:resourcetag/",
    "iam:resourcetag/",
    "secretsmanager:resourcetag/",
)


@lru_cache(maxsize=4096)
def glob(pattern: str) -> re.Pattern[str]:
    """Compile a pattern in which ``*`` is any text and ``?`` any one character."""
    escaped = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    return re.compile(escaped, re.DOTALL)


def is_like(pattern: str, value: str) -> bool:
    """Say whether the whole value matches the pattern, case included."""
    return glob(pattern).fullmatch(value) is not None


def _is_arn_like(pattern: str, value: str) -> bool:
    # Each part by itself: a star does not reach over a colon into the account.
    wanted, given = pattern.split(":", _ARN_PARTS - 1), value.split(":", _ARN_PARTS - 1)
    return len(wanted) == len(given) == _ARN_PARTS and all(map(is_like, wanted, given))


def _is_same_word(wanted: str, value: str) -> bool:
    return wanted.lower() == value.lower()


def _numeric(compare: Callable[[float, float], bool]) -> Callable[[str, str], bool]:
    def test(wanted: str, value: str) -> bool:
        try:
            return compare(float(value), float(wanted))
        except ValueError:
            return False

    return test


_NULL = "Null"
_QUANTIFIERS = ("", "ForAnyValue", "ForAllValues")
# Of each operator: the test of one wanted and one given value, and whether it is negated.
_OPERATORS: dict[str, tuple[Callable[[str, str], bool], bool]] = {
    "StringEquals": (operator.eq, False),
    "StringNotEquals": (operator.eq, True),
    "StringEqualsIgnoreCase": (_is_same_word, False),
    "StringNotEqualsIgnoreCase": (_is_same_word, True),
    "StringLike": (is_like, False),
    "StringNotLike": (is_like, True),
    "ArnEquals": (_is_arn_like, False),
    "ArnLike": (_is_arn_like, False),
    "ArnNotEquals": (_is_arn_like, True),
    "ArnNotLike": (_is_arn_like, True),
    "Bool": (_is_same_word, False),
    "NumericEquals": (_numeric(operator.eq), False),
    "NumericNotEquals": (_numeric(operator.eq), True),
    "NumericLessThan": (_numeric(operator.lt), False),
    "NumericLessThanEquals": (_numeric(operator.le), False),
    "NumericGreaterThan": (_numeric(operator.gt), False),
    "NumericGreaterThanEquals": (_numeric(operator.ge), False),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One key under one operator.

    Attributes:
        operator: Without its prefix and suffix, such as ``StringEquals``.
        quantifier: ``ForAnyValue``, ``ForAllValues`` or empty.
        is_optional: It ended in ``IfExists``.
        key: As the policy spells it; keys are compared without case.
        values: Any of them will do.
    """

    operator: str
    quantifier: str
    is_optional: bool
    key: str
    values: tuple[str, ...]

    @property
    def is_known(self) -> bool:
        """Say whether the simulator knows both the operator and the key."""
        key = self.key.lower()
        return (self.operator == _NULL or self.operator in _OPERATORS) and (
            key in _KNOWN_KEYS or key.startswith(_KNOWN_FAMILIES)
        )

    def is_met(self, context: Mapping[str, tuple[str, ...]]) -> bool:
        """Evaluate against what is known of a call.

        Args:
            context: Values by key in lower case; a key without a value is absent.
        """
        given = context.get(self.key.lower())
        if given is None and not self.is_known:
            return False
        if self.operator == _NULL:
            return (given is None) == (self.values == ("true",))
        if self.operator not in _OPERATORS:
            return False
        test, is_negated = _OPERATORS[self.operator]
        if given is None:
            return self._holds_without_a_value(is_negated=is_negated)
        found = [any(test(value, one) for value in self.values) != is_negated for one in given]
        is_each = self.quantifier == "ForAllValues" or (is_negated and not self.quantifier)
        return all(found) if is_each else any(found)

    def _holds_without_a_value(self, *, is_negated: bool) -> bool:
        if self.is_optional or self.quantifier == "ForAllValues":
            return True
        return is_negated and self.quantifier != "ForAnyValue"


def read_conditions(block: Mapping[str, Mapping[str, tuple[str, ...]]]) -> Iterator[Condition]:
    """Take a statement's Condition apart; all of the conditions must be met."""
    for word, keys in block.items():
        quantifier, _, rest = word.rpartition(":")
        name = rest.removesuffix("IfExists")
        # A combination that AWS does not have stays whole, and so unknown.
        is_sound = quantifier in _QUANTIFIERS and (name == rest or name != _NULL)
        for key, values in keys.items():
            yield Condition(
                operator=name if is_sound else word,
                quantifier=quantifier,
                is_optional=name != rest,
                key=key,
                values=values,
            )
