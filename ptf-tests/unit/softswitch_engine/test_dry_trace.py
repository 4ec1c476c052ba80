# SPDX-License-Identifier: Apache-2.0
"""A dry trace tells what would happen to a packet, and nothing does: any client of the switch may ask for one."""

from __future__ import annotations

import logging
import random
from typing import Any

import pytest

from softswitch.device import ActionSpec, Device, Entry, Exact

from .conftest import Bench
from .test_engine import NAMES, Load, prepared, samples
from .test_programs import data_packet


def state(device: Device) -> dict[str, Any]:
    """What packets change of a device."""
    return {
        "counters": {name: (sum(array.packets), sum(array.bytes)) for name, array in device.counters.items()},
        "registers": {name: array.read_all() for name, array in device.registers.items()},
        "rows": {
            name: [(row.packets, row.bytes, row.last_hit_ns) for row in table._rows.values()]
            for name, table in device.tables.items()
        },
        "stats": device.stats.as_dict(),
    }


@pytest.mark.parametrize("name", NAMES)
def test_dry_trace_changes_nothing_and_tells_the_same(bench: Load, name: str) -> None:
    device = prepared(bench, name)
    for frame in samples(name, random.Random(7), 30):
        if name == "externs" and frame[5:6] == b"\x05":
            continue  # a random number, another one each time
        device.sent.clear()
        before = state(device)
        dry = device.trace(1, frame, dry=True)
        assert state(device) == before
        assert device.sent == []
        assert dry.to_text() == device.trace(1, frame).to_text()
        assert dry.outputs == device.sent


def metered(load: Load) -> Bench:
    """externs.p4 with meters that let one packet pass."""
    device = load("externs")
    rates = ((1e-9, 1), (1e-9, 1))
    device.meters["ingress.indirect_meter"].set_rates(3, rates)
    table = device.tables["ingress.aged"]
    table.insert(Entry((Exact(3),), ActionSpec("ingress.metered", ()), idle_timeout_ns=10**9))
    table.set_meter((Exact(3),), rates)
    return device


def colors(device: Bench, dry: bool) -> set[str]:
    """Colours that a packet is given, as the trace shows them."""
    found = device.trace(1, data_packet(0, 3), dry=dry).to_text()
    return {line.split("=")[-1].strip() for line in found.splitlines() if "color" in line and "=" in line}


def test_dry_trace_takes_no_token(bench: Load) -> None:
    device = metered(bench)
    first = [colors(device, dry=True) for _ in range(3)]
    assert first[0] == first[1] == first[2] == colors(device, dry=False)
    assert colors(device, dry=True) == colors(device, dry=False) != first[0]


def test_dry_trace_reports_no_digest_and_logs_nothing(bench: Load, caplog: pytest.LogCaptureFixture) -> None:
    device = bench("externs")
    digests: list[Any] = []
    device.on_digest(lambda name, values: digests.append(values))
    caplog.set_level(logging.INFO)
    for op in (4, 5, 6):
        device.trace(1, data_packet(op, 66), dry=True)
    assert digests == []
    assert caplog.records == []
    device.trace(1, data_packet(4, 66))
    assert len(digests) == 1


def test_what_a_packet_writes_it_reads_again(bench: Load) -> None:
    """Within one trace, in the registers of later passes too; not in the next trace."""
    device = bench("externs")
    device.registers["ingress.cells"].write(3, 5)
    texts = {device.trace(1, data_packet(0, 3), dry=True).to_text() for _ in range(2)}
    assert len(texts) == 1
    assert device.registers["ingress.cells"].read(3) == 5
