# SPDX-License-Identifier: Apache-2.0
"""The engines and BMv2 behind one interface: a small program, entries through P4Runtime, frames in and out."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Protocol

from harness import testbed
from harness.dataplane import Bmv2
from softswitch.switch import SoftSwitch
from srv6cp.p4rt import (
    Client,
    CounterData,
    CounterEntry,
    DigestEntry,
    DigestList,
    Entity,
    P4Info,
    RegisterEntry,
    TableEntry,
    Update,
    insert,
)

PROGRAMS = Path(__file__).parent / "programs"
NAMES = tuple(sorted(path.stem for path in PROGRAMS.glob("*.p4")))
#: Programs and variants that one kind of switch cannot run, and why.
EXCEPT = {
    "native": {
        "beyond": "saturation at 128 bits is refused by name",
        "one number an input": "the hash round_robin_consistent is refused by name",
    },
    "bmv2": {
        "shared": "BMv2 stops when tables share an action profile, or an action that is called directly as well",
        "state in conditions": "BMv2 crashes on a register in a condition",
        "unions": "BMv2 crashes on the validity of a union that is an element of a stack",
    },
}
#: A table of the p4info that the compiler left out of the program: no packet can reach it.
LEFT_OUT = "unreached"
#: Tables that BMv2's P4Runtime server fails to read: keys with bits outside the mask of the program, no table at all.
UNREADABLE = ("masked_table", LEFT_OUT)
PORTS = range(505)
PATIENCE = 20.0  # s until a digest must have arrived
Outputs = list[dict[int, list[bytes]]]  # for each frame in, the frames that left by port, in their order


class Carrier(Protocol):
    """Takes frames in and tells what came out because of each."""

    def exchange(self, frames: Iterable[tuple[int, bytes]]) -> list[list[tuple[int, bytes]]]:
        """(port, frame) pairs in; for each the (port, frame) pairs that left."""


class _Inside:
    """The device of a softswitch in this process."""

    def __init__(self, switch: SoftSwitch) -> None:
        self.device = switch.device
        self._left: list[tuple[int, bytes]] = []
        self.device.set_output(lambda port, frame: self._left.append((port, frame)))

    def exchange(self, frames: Iterable[tuple[int, bytes]]) -> list[list[tuple[int, bytes]]]:
        found = []
        for port, frame in frames:
            self.device.process(port, frame)
            found.append(list(self._left))
            self._left.clear()
        return found


class Rig:
    """One switch that runs a small program, with a controller."""

    def __init__(self, kind: str, program: str, code: bytes) -> None:
        """``kind``: python, native or bmv2; ``program``: whose p4info; ``code``: its JSON."""
        self.kind = kind
        self._switch: SoftSwitch | Bmv2
        self.carrier: Carrier
        if kind == "bmv2":
            self._switch = Bmv2()
            self.carrier = self._switch.frames
        else:
            self._switch = SoftSwitch(ports=PORTS, device_id=1, address="127.0.0.1:0", engine=kind)
            self.carrier = _Inside(self._switch)
        self.info = P4Info.from_file(PROGRAMS / f"{program}.p4info.txtpb")
        self.client = Client(self._switch.address, device_id=1)
        self.digests: set[tuple[str, object]] = set()
        try:
            self.client.connect(PATIENCE, wait=True)
            self.client.become_primary()
            self.client.set_pipeline(self.info, code)
            self.client.on_digest(self._digest)
            self.client.write(insert(DigestEntry(name, 0, 1, 10**9)) for name in self.info.digests)
        except BaseException:
            self.close()
            raise

    def _digest(self, digest: DigestList) -> None:
        self.digests.update((digest.digest, repr(data)) for data in digest.data)

    def write(self, updates: Sequence[Update]) -> None:
        """Program the switch."""
        self.client.write(updates)

    def run(self, frames: Sequence[tuple[int, bytes]]) -> Outputs:
        """Send frames and sort what leaves because of each by port."""
        found: Outputs = []
        for outputs in self.carrier.exchange(frames):
            by_port: dict[int, list[bytes]] = {}
            for port, frame in outputs:
                by_port.setdefault(port, []).append(frame)
            found.append(by_port)
        return found

    def state(self, registers: bool = False) -> dict[str, Entity]:
        """Counters, direct counters and entries that are not the program's, and where wanted registers (BMv2 does not
        tell them).
        """
        patterns: list[Entity] = [CounterEntry(name) for name in self.info.counters]
        tables = [t for t in self.info.tables.values() if not t.is_const and (registers or t.alias not in UNREADABLE)]
        patterns += [TableEntry(table.alias, counter=CounterData() if table.counter else None) for table in tables]
        if registers:
            patterns += [RegisterEntry(name) for name in self.info.registers]
        found: dict[str, Entity] = {}
        for pattern in patterns:
            for entity in self.client.read(pattern):
                found[f"{type(entity).__name__} {self.info.key(entity).hex()}"] = entity
        return found

    def wait_for_digests(self, other: Rig) -> None:
        """Digests arrive late: until both switches have told the same for a while, or time is up."""
        end, settled = time.monotonic() + PATIENCE, 0
        while settled < 5 and time.monotonic() < end:
            before = len(self.digests)
            time.sleep(0.01)
            settled = settled + 1 if self.digests == other.digests and len(self.digests) == before else 0

    def close(self) -> None:
        """End the session and the switch."""
        self.client.close()
        self._switch.close()


def missing(kind: str) -> str | None:
    """Why a switch of this kind cannot run here, or None."""
    checks = {"native": testbed.native_missing, "bmv2": testbed.bmv2_grpc_missing}
    if kind == "native" and sys.byteorder != "little":
        return "native code is for little-endian machines"
    return checks[kind]() if kind in checks else None
