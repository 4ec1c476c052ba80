# SPDX-License-Identifier: Apache-2.0
"""Run-time records that compiled pipelines read: table rows, members and groups of action profiles."""

from __future__ import annotations

from softswitch.state.meters import Meter
from softswitch.state.values import ActionSpec, Entry


class Member:
    """A member of an action profile; rows and groups hold the object, so that a change is seen at once."""

    __slots__ = ("action_id", "args", "id", "refs", "spec")

    def __init__(self, member_id: int, spec: ActionSpec, action_id: int) -> None:
        self.id = member_id
        self.spec = spec
        self.action_id = action_id
        self.args: tuple[int, ...] = spec.args
        #: number of rows and groups that use the member
        self.refs = 0


class Group:
    """A group of an action profile.

    ``members`` is what the controller wrote, ``slots`` the same with each member repeated ``weight`` times:
    the packet's hash modulo ``len(slots)`` selects.
    """

    __slots__ = ("id", "max_size", "members", "refs", "slots")

    def __init__(self, group_id: int, max_size: int) -> None:
        self.id = group_id
        self.max_size = max_size
        self.members: tuple[tuple[int, int], ...] = ()
        self.slots: list[Member] = []
        self.refs = 0


class Row:
    """A table entry as the pipeline sees it.

    ``action_id`` and ``args`` describe the action of a plain table.  In a table with an action profile they
    are unused and exactly one of ``member`` and ``group`` is set.
    """

    __slots__ = (
        "action_id",
        "args",
        "bytes",
        "entry",
        "expired",
        "group",
        "handle",
        "last_hit_ns",
        "member",
        "meter",
        "packets",
        "rank",
    )

    def __init__(self, entry: Entry, handle: int, rank: int) -> None:
        self.entry = entry
        self.handle = handle
        self.rank = rank
        self.action_id = -1
        self.args: tuple[int, ...] = ()
        self.member: Member | None = None
        self.group: Group | None = None
        self.packets = 0
        self.bytes = 0
        self.last_hit_ns = 0
        #: an idle timeout was reported and the row was not hit since
        self.expired = False
        self.meter: Meter | None = None
