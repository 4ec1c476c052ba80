# SPDX-License-Identifier: Apache-2.0
"""The switch core: a device, its state by P4 name, and the values and errors of its API.

    device = Device(cpu_port=510)
    device.load(load_program(json_bytes))
    device.set_output(lambda port, frame: ...)
    table = device.tables["ipv6_table"]
    table.insert(Entry((Exact(0), Lpm(0xfcbb << 112, 16)), ActionSpec("set_nexthop", (7,))))
    device.process(1, frame)

Names are those of the p4info.  Every refused call raises a :class:`DeviceError` with one line that says what,
where and what would be valid, and changes nothing.
"""

from softswitch.device.device import Device
from softswitch.engine.api import Stats
from softswitch.state.arrays import CounterArray, RegisterArray, ValueSet
from softswitch.state.changes import Change
from softswitch.state.errors import (
    DeviceError,
    DuplicateEntry,
    ImmutableEntry,
    InvalidArgument,
    NoSuchEntry,
    NotLoaded,
    StillReferenced,
    TableFull,
)
from softswitch.state.meters import Meter, MeterArray, Rate
from softswitch.state.pre import CloneSession, Pre
from softswitch.state.profiles import GroupValue, ProfileState
from softswitch.state.state import State
from softswitch.state.tables import MAX_PRIORITY, TableState
from softswitch.state.values import (
    ActionSpec,
    CounterValue,
    Entry,
    EntryAction,
    Exact,
    GroupRef,
    Key,
    Lpm,
    MatchKey,
    MemberRef,
    Range,
    Replica,
    Ternary,
)

__all__ = [
    "MAX_PRIORITY",
    "ActionSpec",
    "Change",
    "CloneSession",
    "CounterArray",
    "CounterValue",
    "Device",
    "DeviceError",
    "DuplicateEntry",
    "Entry",
    "EntryAction",
    "Exact",
    "GroupRef",
    "GroupValue",
    "ImmutableEntry",
    "InvalidArgument",
    "Key",
    "Lpm",
    "MatchKey",
    "MemberRef",
    "Meter",
    "MeterArray",
    "NoSuchEntry",
    "NotLoaded",
    "Pre",
    "ProfileState",
    "Range",
    "Rate",
    "RegisterArray",
    "Replica",
    "State",
    "Stats",
    "StillReferenced",
    "TableFull",
    "TableState",
    "Ternary",
    "ValueSet",
]
