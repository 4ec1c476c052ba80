# SPDX-License-Identifier: Apache-2.0
"""pytest configuration of every test below this folder."""

from __future__ import annotations

import os
from collections.abc import Iterator

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


@pytest.fixture(scope="session", autouse=True)
def _state_of_tests(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Revisions of the node files of tests are no business of the user who runs them. And argparse asks gettext for
    each of its words, which looks for files in the languages of the locale, a sixth of the time of an ``srv6`` in the
    process: there are none in C.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", os.fspath(tmp_path_factory.mktemp("state")))
        patch.setenv("LANGUAGE", "C")
        yield


def pytest_configure(config: pytest.Config) -> None:
    collect.pytest_configure(config)
    times.pytest_configure(config)
