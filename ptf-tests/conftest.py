# SPDX-License-Identifier: Apache-2.0
"""pytest configuration of every test below this folder."""

from __future__ import annotations

import pytest

from harness import collect, times
from harness.collect import (
    pytest_collection_finish,
    pytest_collection_modifyitems,
    pytest_pycollect_makeitem,
    pytest_report_header,
    pytest_sessionfinish,
    pytest_unconfigure,
)
from harness.times import pytest_addoption

__all__ = [
    "pytest_addoption",
    "pytest_collection_finish",
    "pytest_collection_modifyitems",
    "pytest_configure",
    "pytest_pycollect_makeitem",
    "pytest_report_header",
    "pytest_sessionfinish",
    "pytest_unconfigure",
]


def pytest_configure(config: pytest.Config) -> None:
    collect.pytest_configure(config)
    times.pytest_configure(config)
