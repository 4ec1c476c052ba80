# SPDX-License-Identifier: Apache-2.0
"""Everything here is skipped where there is no C compiler."""

from __future__ import annotations

import pytest

from harness import testbed


@pytest.fixture(autouse=True)
def compiler() -> None:
    """A C compiler is there."""
    if (reason := testbed.native_missing()) is not None:
        pytest.skip(reason)
