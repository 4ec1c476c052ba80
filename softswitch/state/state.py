# SPDX-License-Identifier: Apache-2.0
"""All state that a controller writes and a packet reads, built from a program.

Engines get this object.  They may keep references to its tables, arrays and rows: their identity does not
change while the program is loaded.
"""

from __future__ import annotations

import threading
import time

from softswitch.bmv2json.model import Program
from softswitch.state.arrays import CounterArray, RegisterArray, ValueSet
from softswitch.state.changes import ChangeFeed
from softswitch.state.meters import MeterArray
from softswitch.state.pre import Pre
from softswitch.state.profiles import ProfileState
from softswitch.state.tables import TableState, check_action


class State:
    """Tables, profiles, counters, meters, registers, value sets and the replication engine by name.

    ``started_ns`` is the origin of the timestamps that packets carry.
    """

    def __init__(self, program: Program, pre: Pre, lock: threading.RLock, started_ns: int, feed: ChangeFeed) -> None:
        self.program = program
        self.lock = lock
        self.pre = pre
        self.started_ns = started_ns
        self.feed = feed
        self.profiles: dict[str, ProfileState] = {}
        for name, profile in program.profiles.items():
            self.profiles[name] = ProfileState(profile, program.profile_actions(name), lock, check_action, feed)
        self.tables: dict[str, TableState] = {}
        for name, table in program.tables.items():
            meter = program.meters.get(table.direct_meter) if table.direct_meter else None
            self.tables[name] = TableState(
                table, self.profiles.get(table.profile), meter, lock, time.monotonic_ns, feed
            )
        self.counters = {n: CounterArray(n, c.size, feed) for n, c in program.counters.items() if not c.table}
        self.meters = {
            n: MeterArray(n, m.size, m.unit_packets, m.rates, lambda: time.monotonic_ns() // 1000, feed)
            for n, m in program.meters.items()
            if not m.table
        }
        self.registers = {n: RegisterArray(n, r.size, r.width, feed) for n, r in program.registers.items()}
        self.value_sets = {n: ValueSet(n, v.width, feed) for n, v in program.value_sets.items()}

    def clear(self) -> None:
        """Back to the state just after loading."""
        with self.lock:
            for table in self.tables.values():
                table.clear()
            for profile in self.profiles.values():
                profile.clear()
            for counter in self.counters.values():
                counter.clear()
            for meter in self.meters.values():
                meter.clear()
            for register in self.registers.values():
                register.clear()
            for value_set in self.value_sets.values():
                value_set.set(())
            self.pre.clear()
