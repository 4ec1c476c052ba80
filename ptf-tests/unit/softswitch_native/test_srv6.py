# SPDX-License-Identifier: Apache-2.0
"""The SRv6 program: packets of the differential generator through both engines.

``make diff ARGS='--second softswitch-native'`` sends 100 000, and every frame of the packet tests.
"""

from __future__ import annotations

import pytest
from diff.run import Run, random_packets


@pytest.mark.slow
def test_random_and_mutated_packets(capsys: pytest.CaptureFixture[str]) -> None:
    run = Run("softswitch", "softswitch-native")
    try:
        random_packets(run, seed=3, count=3000, window=64)
    finally:
        run.close()
    assert run.found == 0, capsys.readouterr().out
    assert run.frames == 3000
