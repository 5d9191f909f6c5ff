"""What the three notations of a spec have in common: templates, JMESPath, regular expressions."""

from __future__ import annotations


class NotationError(Exception):
    """A text is not written as its notation wants it.

    Attributes:
        problem: What is wrong with it.
        remedy: What to write instead.
    """

    def __init__(self, problem: str, remedy: str) -> None:
        """Keep both parts for a fault."""
        super().__init__(problem)
        self.problem = problem
        self.remedy = remedy
