# SPDX-License-Identifier: Apache-2.0
"""pytest configuration of every test below this folder."""

from __future__ import annotations

from harness.collect import (
    pytest_collection_modifyitems,
    pytest_configure,
    pytest_pycollect_makeitem,
    pytest_report_header,
    pytest_sessionfinish,
    pytest_unconfigure,
)

__all__ = [
    "pytest_collection_modifyitems",
    "pytest_configure",
    "pytest_pycollect_makeitem",
    "pytest_report_header",
    "pytest_sessionfinish",
    "pytest_unconfigure",
]
