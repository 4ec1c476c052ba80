# SPDX-License-Identifier: Apache-2.0
"""Each small program on the Python engine, the native engine and BMv2, with the same entries and the same frames:
what leaves because of each frame, counters, entries, digests and registers are the same.

Meters have no rates, so that colours depend on packets alone. Random numbers are drawn from ranges of one number.
"""

from __future__ import annotations

import pytest

from softswitch.bmv2json import UnsupportedProgram, load_program
from softswitch.device import Device

from . import variants
from .rigs import EXCEPT, NAMES, Rig, missing
from .stimuli import Stimuli

FRAMES = 700
CASES = [(name, seed) for name in NAMES for seed in (1, 2)] + [(name, 1) for name in variants.VARIANTS]


def agree(program: str, seed: int, kinds: tuple[str, ...], count: int = FRAMES) -> None:
    """Run a program on switches of these kinds and compare them with the first."""
    for kind in kinds:
        if (reason := missing(kind)) is not None:
            pytest.skip(reason)
    base, _ = variants.VARIANTS.get(program, (program, None))
    code = variants.load(program)
    rigs: list[Rig] = []
    try:
        for kind in kinds:
            rigs.append(Rig(kind, base, code))
        first, *others = rigs
        stimuli = Stimuli(base, seed)
        # BMv2's P4Runtime server refuses clone sessions that shorten packets
        updates = stimuli.updates(first.info, 0 if "bmv2" in kinds else 20)
        frames = list(stimuli.frames(count))
        for rig in rigs:
            rig.write(updates)
        expected = first.run(frames)
        assert sum(map(len, expected)) > count // 8
        for rig in others:
            for number, (frame, one, other) in enumerate(zip(frames, expected, rig.run(frames), strict=True)):
                if rig.kind == "bmv2":  # queues a clone in front of its original, where softswitch sends it behind
                    one, other = ({port: sorted(sent) for port, sent in side.items()} for side in (one, other))
                assert one == other, f"{rig.kind}, frame {number} into port {frame[0]}: {frame[1].hex()}"
            assert rig.state() == first.state(), rig.kind
            rig.wait_for_digests(first)
            assert rig.digests == first.digests, rig.kind
            if rig.kind != "bmv2":
                assert rig.state(registers=True) == first.state(registers=True)
    finally:
        for rig in rigs:
            rig.close()


@pytest.mark.parametrize(("program", "seed"), [case for case in CASES if case[0] not in EXCEPT["native"]])
def test_both_engines(program: str, seed: int) -> None:
    agree(program, seed, ("python", "native"))


@pytest.mark.parametrize("program", EXCEPT["native"])
def test_native_engine_refuses_by_name(program: str) -> None:
    if (reason := missing("native")) is not None:
        pytest.skip(reason)
    with pytest.raises(UnsupportedProgram, match=r"variable-length|128 bits|round_robin_consistent"):
        Device(engine="native").load(load_program(variants.load(program)))


@pytest.mark.bmv2
@pytest.mark.diff
@pytest.mark.parametrize(("program", "seed"), [case for case in CASES if case[0] not in EXCEPT["bmv2"]])
def test_python_engine_and_bmv2(program: str, seed: int) -> None:
    agree(program, seed, ("python", "bmv2"))
