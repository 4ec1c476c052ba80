# SPDX-License-Identifier: Apache-2.0
"""The ``action`` of a table entry: a direct action, a member, a group, or a one-shot action set."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from p4rtlib.objects import ProfileInfo, TableInfo
from p4rtlib.protos import p4runtime_pb2
from p4rtlib.values import canonical
from softswitch.p4runtime.codec import BoundAction, decode_action, encode_action, port_of
from softswitch.p4runtime.errors import invalid, unimplemented
from softswitch.p4runtime.schema import Schema, action_choices

__all__ = [
    "ActionSet",
    "Choice",
    "GroupId",
    "MemberId",
    "TableAction",
    "Watch",
    "bound_actions",
    "check_weights",
    "decode_table_action",
    "decode_watch",
    "encode_table_action",
    "encode_watch",
]


class Watch(NamedTuple):
    """The port a choice depends on: ``port`` is 0 when there is none; ``deprecated`` keeps the old field."""

    port: int
    deprecated: bool = False


class MemberId(NamedTuple):
    """Reference to a member of the table's profile."""

    member: int


class GroupId(NamedTuple):
    """Reference to a group of the table's selector."""

    group: int


class Choice(NamedTuple):
    """One action of a one-shot action set."""

    action: BoundAction
    weight: int
    watch: Watch


@dataclass(slots=True, eq=False)
class ActionSet:
    """A one-shot action set; ``group`` and ``members`` are the ids it has in the device once it is
    installed."""

    choices: tuple[Choice, ...]
    mode: int
    semantics: int
    group: int = -1
    members: tuple[int, ...] = ()


TableAction = BoundAction | MemberId | GroupId | ActionSet

_NO_WATCH = Watch(0)


def bound_actions(action: TableAction) -> Iterator[BoundAction]:
    """The actions spelled out in ``action`` (none for references to members and groups)."""
    if isinstance(action, BoundAction):
        yield action
    elif isinstance(action, ActionSet):
        for choice in action.choices:
            yield choice.action


def decode_watch(message: Any, where: str) -> Watch:
    """``watch_port`` or the deprecated ``watch`` of a member or action of a set."""
    kind = message.WhichOneof("watch_kind")
    if kind is None:
        return _NO_WATCH
    if kind == "watch":
        if not 0 <= message.watch < 512:
            raise invalid(f"{where}: watch {message.watch} is not a port (0..511)")
        return Watch(message.watch, True) if message.watch else _NO_WATCH
    if not message.watch_port:
        return _NO_WATCH
    port = port_of(message.watch_port, f"{where}, watch_port")
    if port == 0:
        raise invalid(f"{where}: watch_port 0 is not a port; leave it out for no watch")
    return Watch(port)


def encode_watch(watch: Watch, message: Any) -> None:
    if watch.port:
        if watch.deprecated:
            message.watch = watch.port
        else:
            message.watch_port = canonical(watch.port)


def check_weights(profile: ProfileInfo, weights: Iterable[int], limit: int, where: str) -> None:
    """Weights of a group or action set against the profile; ``limit`` 0 means any size (9.2.2, 9.2.3)."""
    total = count = 0
    for weight in weights:
        if profile.weights_disallowed:
            if weight:
                raise invalid(f"{where}: weight {weight}, but selector {profile.name} disallows weights")
        elif weight <= 0:
            raise invalid(f"{where}: weight {weight}; a weight is at least 1")
        elif profile.max_member_weight and weight > profile.max_member_weight:
            raise invalid(f"{where}: weight {weight} exceeds max_member_weight {profile.max_member_weight}")
        total += weight
        count += 1
    size = count if profile.sum_of_members or profile.weights_disallowed else total
    if limit and size > limit:
        unit = "members" if profile.sum_of_members else "the sum of weights"
        raise invalid(f"{where}: {unit} is {size}, at most {limit} allowed by selector {profile.name}")


def decode_table_action(schema: Schema, table: TableInfo, message: Any, where: str) -> TableAction:
    """Check a ``TableAction`` message; ``INVALID_ARGUMENT`` unless it fits the implementation of the
    table."""
    kind = message.WhichOneof("type")
    profile = table.profile
    if profile is None:
        if kind != "action":
            raise invalid(
                f"{where}: {kind or 'an empty action'} given, but the table has no action profile and takes"
                f" an action; valid: {action_choices(table)}"
            )
        return decode_action(schema, message.action, table.actions_by_id, where)
    if kind == "action_profile_member_id":
        if not message.action_profile_member_id:
            raise invalid(f"{where}: member id 0 is not valid")
        return MemberId(message.action_profile_member_id)
    if kind == "action_profile_group_id" and profile.selector:
        if not message.action_profile_group_id:
            raise invalid(f"{where}: group id 0 is not valid")
        return GroupId(message.action_profile_group_id)
    if kind == "action_profile_action_set" and profile.selector:
        return _decode_set(schema, table, profile, message.action_profile_action_set, where)
    valid = "action_profile_member_id" + (
        ", action_profile_group_id, action_profile_action_set" if profile.selector else ""
    )
    raise invalid(
        f"{where}: {kind or 'an empty action'} given, but the table is implemented by {profile.name}; valid: {valid}"
    )


def _decode_set(schema: Schema, table: TableInfo, profile: ProfileInfo, message: Any, where: str) -> ActionSet:
    if message.HasField("group_action"):
        raise unimplemented(f"{where}: group_action is not supported by this target")
    modes, sizes = p4runtime_pb2.ActionProfileActionSet, p4runtime_pb2.ActionProfileActionSet
    if message.action_selection_mode not in (modes.DEFAULT_MODE_DETERMINED_BY_ACTION_SELECTOR, modes.HASH):
        raise unimplemented(f"{where}: action_selection_mode {message.action_selection_mode}; selectors hash")
    own = sizes.SUM_OF_MEMBERS if profile.sum_of_members else sizes.SUM_OF_WEIGHTS
    if message.size_semantics not in (sizes.DEFAULT_SIZE_DETERMINED_BY_ACTION_SELECTOR, own):
        raise unimplemented(
            f"{where}: size_semantics {message.size_semantics} differs from that of selector {profile.name}"
        )
    if not message.action_profile_actions:
        raise invalid(f"{where}: the action set is empty")
    found = []
    for place, part in enumerate(message.action_profile_actions):
        label = f"{where}, action {place + 1} of the set"
        found.append(
            Choice(
                decode_action(schema, part.action, table.actions_by_id, label),
                part.weight,
                decode_watch(part, label),
            )
        )
    check_weights(profile, (choice.weight for choice in found), profile.max_group_size, where)
    return ActionSet(tuple(found), message.action_selection_mode, message.size_semantics)


def encode_table_action(action: TableAction, message: Any) -> None:
    """Write ``action`` into a ``TableAction`` message, one-shot sets as they were written."""
    if isinstance(action, BoundAction):
        encode_action(action, message.action)
    elif isinstance(action, MemberId):
        message.action_profile_member_id = action.member
    elif isinstance(action, GroupId):
        message.action_profile_group_id = action.group
    else:
        whole = message.action_profile_action_set
        whole.action_selection_mode = action.mode
        whole.size_semantics = action.semantics
        for choice in action.choices:
            part = whole.action_profile_actions.add()
            encode_action(choice.action, part.action)
            part.weight = choice.weight
            encode_watch(choice.watch, part)
