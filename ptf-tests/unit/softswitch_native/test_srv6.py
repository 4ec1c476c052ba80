# SPDX-License-Identifier: Apache-2.0
"""The SRv6 program: packets of the differential generator through both engines.

``make diff`` sends 100 000 through BMv2 as well, and every frame of the packet tests.
"""

from __future__ import annotations

import pytest
from diff.generator import ANY
from diff.parallel import Switches, Work, random_blocks

NAMES = ("softswitch", "softswitch-native")


@pytest.mark.slow
def test_random_and_mutated_packets() -> None:
    work = Work(NAMES, NAMES, seed=3, start=0, count=3000, window=64, shortest=ANY)
    switches = Switches(NAMES, NAMES)
    try:
        found = list(random_blocks(work, switches))
    finally:
        switches.close()
    assert sum(report.frames for report in found) == 3000
    assert not any(report.found for report in found), "\n".join(text for report in found for text in report.texts)
