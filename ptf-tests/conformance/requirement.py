# SPDX-License-Identifier: Apache-2.0
"""The mark that ties a test to a requirement of the P4Runtime specification.

``docs/p4runtime-compliance.md`` is generated from these marks (``matrix.py``).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeVar

__all__ = ["ALL", "Requirement", "requirement"]

Test = TypeVar("Test", bound=Callable[..., None])


class Requirement(NamedTuple):
    """A row of the matrix: section of P4Runtime 1.5, the requirement in our words, what BMv2 does."""

    section: str
    text: str
    test: str
    bmv2: str


ALL: list[Requirement] = []


def requirement(section: str, text: str, *, bmv2: str = "yes") -> Callable[[Test], Test]:
    """Mark a test.  ``bmv2``: "yes", or what BMv2's server does instead (read in PI's source)."""

    def mark(test: Test) -> Test:
        module = test.__module__.rpartition(".")[2]
        ALL.append(Requirement(section, text, f"{module}.py::{test.__name__}", bmv2))
        return test

    return mark
