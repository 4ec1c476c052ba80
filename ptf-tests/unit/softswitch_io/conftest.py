# SPDX-License-Identifier: Apache-2.0
"""Everything here is skipped where there is no C compiler."""

from __future__ import annotations

import pytest

from softswitch.native.compiler import NoCompiler, find_compiler


@pytest.fixture(autouse=True)
def compiler() -> None:
    """A C compiler is there."""
    try:
        find_compiler()
    except NoCompiler as error:
        pytest.skip(str(error))
