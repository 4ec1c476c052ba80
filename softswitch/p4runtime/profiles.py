# SPDX-License-Identifier: Apache-2.0
"""Action profile members, groups and one-shot action sets (P4Runtime 1.5 section 9.2).

Equal choices on BMv2 and here.  BMv2 orders a group by internal member handles; a new member takes the lowest
free handle of its profile, and PI gives a member of weight *w* in a group *w* handles, the further ones made
when the first group needs them and freed when no group does.  ``_Handles`` and ``ManualMembers`` keep the
same books, so the n-th slot of a group holds the same action on both.  The actions of a one-shot set get
ascending handles by construction: their order is that of the message, each repeated by its weight.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from p4rtlib.objects import ActionRef, ProfileInfo
from p4rtlib.protos import p4runtime_pb2
from softswitch.device import EntryAction, GroupRef, MemberRef
from softswitch.p4runtime.actions import (
    ActionSet,
    GroupId,
    MemberId,
    TableAction,
    Watch,
    check_weights,
    decode_watch,
    encode_watch,
)
from softswitch.p4runtime.codec import BoundAction, decode_action, encode_action
from softswitch.p4runtime.context import Context, device_errors
from softswitch.p4runtime.errors import (
    already_exists,
    choices,
    failed_precondition,
    invalid,
    not_found,
    resource_exhausted,
)
from softswitch.p4runtime.references import Reference
from softswitch.p4runtime.schema import by_id

__all__ = ["ProfileManager"]

_INSERT, _MODIFY = p4runtime_pb2.Update.INSERT, p4runtime_pb2.Update.MODIFY


class _Handles:
    """Numbers given out lowest first."""

    def __init__(self) -> None:
        self._free: list[int] = []
        self._next = 0

    def take(self) -> int:
        if self._free:
            return heapq.heappop(self._free)
        self._next += 1
        return self._next - 1

    def give_back(self, handle: int) -> None:
        heapq.heappush(self._free, handle)


@dataclass(slots=True)
class _Member:
    """A member as written, and its handles in the device; ``groups`` are the ids of the groups that hold
    it."""

    action: BoundAction
    handles: list[int]
    references: list[Reference]
    groups: dict[int, int] = field(default_factory=dict)
    entries: int = 0


@dataclass(slots=True)
class _Group:
    """A group as written: member id -> (weight, watch), in the order of the message."""

    handle: int
    max_size: int
    members: dict[int, tuple[int, Watch]]
    entries: int = 0


@dataclass(slots=True)
class _Profile:
    info: ProfileInfo
    actions: dict[int, ActionRef]
    handles: _Handles = field(default_factory=_Handles)
    group_handles: _Handles = field(default_factory=_Handles)
    members: dict[int, _Member] = field(default_factory=dict)
    groups: dict[int, _Group] = field(default_factory=dict)
    sets: list[ActionSet] = field(default_factory=list)


class ProfileManager:
    """Writes and reads members and groups, and installs the one-shot sets of table entries."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._profiles: dict[int, _Profile] = {}
        schema = context.schema
        for info in schema.profiles.values():
            actions: dict[int, ActionRef] = {}
            for table_id in info.table_ids:
                actions.update(schema.tables[table_id].actions_by_id)
            self._profiles[info.id] = _Profile(info, actions)

    # -- entry points of Write and Read

    def write_member(self, kind: int, message: Any) -> None:
        """INSERT, MODIFY or DELETE of an ``ActionProfileMember``."""
        profile = self._profile(message.action_profile_id)
        where = f"action profile {profile.info.name}, member {message.member_id}"
        if not message.member_id:
            raise invalid(f"{where}: member id 0 is not valid")
        if kind == _INSERT:
            self._insert_member(profile, message, where)
        elif kind == _MODIFY:
            self._modify_member(profile, message, where)
        else:
            self._delete_member(profile, message.member_id, where)

    def write_group(self, kind: int, message: Any) -> None:
        """INSERT, MODIFY or DELETE of an ``ActionProfileGroup``."""
        profile = self._profile(message.action_profile_id)
        where = f"action profile {profile.info.name}, group {message.group_id}"
        if not profile.info.selector:
            raise invalid(f"{where}: the profile has no selector and takes no groups")
        if not message.group_id:
            raise invalid(f"{where}: group id 0 is not valid")
        if kind == _INSERT:
            self._insert_group(profile, message, where)
        elif kind == _MODIFY:
            self._modify_group(profile, message, where)
        else:
            self._delete_group(profile, message.group_id, where)

    def read_members(self, message: Any) -> Iterator[Any]:
        """Members; id 0 of profile or member is a wildcard."""
        for profile in self._selected(message.action_profile_id):
            for number in [message.member_id] if message.member_id else list(profile.members):
                if number not in profile.members:
                    continue
                entity = p4runtime_pb2.Entity()
                entity.action_profile_member.action_profile_id = profile.info.id
                entity.action_profile_member.member_id = number
                encode_action(profile.members[number].action, entity.action_profile_member.action)
                yield entity

    def read_groups(self, message: Any) -> Iterator[Any]:
        """Groups; id 0 of profile or group is a wildcard."""
        for profile in self._selected(message.action_profile_id):
            for number in [message.group_id] if message.group_id else list(profile.groups):
                group = profile.groups.get(number)
                if group is None:
                    continue
                entity = p4runtime_pb2.Entity()
                entity.action_profile_group.action_profile_id = profile.info.id
                entity.action_profile_group.group_id = number
                entity.action_profile_group.max_size = group.max_size
                for member_id, (weight, watch) in group.members.items():
                    part = entity.action_profile_group.members.add()
                    part.member_id = member_id
                    part.weight = weight
                    encode_watch(watch, part)
                yield entity

    # -- actions of table entries

    def acquire(self, profile_id: int, action: TableAction, where: str) -> EntryAction:
        """What the device gets for ``action`` of an entry; installs a one-shot set."""
        profile = self._profiles[profile_id]
        if isinstance(action, ActionSet):
            if profile.members or profile.groups:
                raise invalid(
                    f"{where}: {profile.info.name} is programmed with members and groups; one-shot action"
                    " sets cannot be mixed with them (9.2.3)"
                )
            return self._install_set(profile, action)
        if profile.sets:
            raise invalid(
                f"{where}: {profile.info.name} is programmed with one-shot action sets; members and groups"
                " cannot be mixed with them (9.2.3)"
            )
        if isinstance(action, MemberId):
            member = profile.members.get(action.member)
            if member is None:
                raise not_found(f"{where}: no member {action.member} in {profile.info.name}")
            member.entries += 1
            return MemberRef(member.handles[0])
        assert isinstance(action, GroupId)
        group = profile.groups.get(action.group)
        if group is None:
            raise not_found(f"{where}: no group {action.group} in {profile.info.name}")
        group.entries += 1
        return GroupRef(group.handle)

    def release(self, profile_id: int, action: TableAction) -> None:
        """The entry that held ``action`` is gone from the device."""
        profile = self._profiles[profile_id]
        if isinstance(action, ActionSet):
            state = self._context.device.profiles[profile.info.name]
            state.delete_group(action.group)
            profile.group_handles.give_back(action.group)
            for handle in action.members:
                state.delete_member(handle)
                profile.handles.give_back(handle)
            profile.sets.remove(action)
        elif isinstance(action, MemberId):
            profile.members[action.member].entries -= 1
        elif isinstance(action, GroupId):
            profile.groups[action.group].entries -= 1

    def port_changed(self) -> None:
        """The state of some port changed: take watched choices out of their groups, or put them back."""
        for profile in self._profiles.values():
            for action_set in profile.sets:
                self._set_choices(profile, action_set)
            for group in profile.groups.values():
                self._set_slots(profile, group)

    # -- one-shot sets

    def _install_set(self, profile: _Profile, action: ActionSet) -> EntryAction:
        state = self._context.device.profiles[profile.info.name]
        made: list[int] = []
        try:
            with device_errors():
                for choice in action.choices:
                    handle = profile.handles.take()
                    made.append(handle)
                    state.add_member(handle, choice.action.spec)
        except Exception:
            for handle in made[:-1]:
                state.delete_member(handle)
            for handle in made:
                profile.handles.give_back(handle)
            raise
        action.members = tuple(made)
        action.group = profile.group_handles.take()
        state.add_group(action.group)
        self._set_choices(profile, action)
        profile.sets.append(action)
        return GroupRef(action.group)

    def _set_choices(self, profile: _Profile, action: ActionSet) -> None:
        members = [
            (handle, choice.weight or 1)
            for handle, choice in zip(action.members, action.choices, strict=False)
            if not choice.watch.port or self._context.port_is_up(choice.watch.port)
        ]
        self._context.device.profiles[profile.info.name].set_group_members(action.group, members)

    # -- members

    def _insert_member(self, profile: _Profile, message: Any, where: str) -> None:
        number = message.member_id
        if number in profile.members:
            raise already_exists(f"{where} exists")
        self._not_one_shot(profile, where)
        action = self._action(profile, message, where)
        if profile.info.size and len(profile.members) >= profile.info.size:
            raise resource_exhausted(f"{where}: the profile is full ({profile.info.size} members)")
        references = self._context.references.of_action(action)
        self._context.references.check(references, where)
        handle = profile.handles.take()
        try:
            with device_errors(where):
                self._context.device.profiles[profile.info.name].add_member(handle, action.spec)
        except Exception:
            profile.handles.give_back(handle)
            raise
        self._context.references.use(references, 1)
        profile.members[number] = _Member(action, [handle], references)
        self._context.on_undo(lambda: self._delete_member(profile, number, where))

    def _modify_member(self, profile: _Profile, message: Any, where: str) -> None:
        member = profile.members.get(message.member_id)
        if member is None:
            raise not_found(f"{where} does not exist")
        action = self._action(profile, message, where)
        references = self._context.references.of_action(action)
        self._context.references.check(references, where)
        before, old = member.action, member.references
        self._change_member(profile, member, action, references)
        self._context.on_undo(lambda: self._change_member(profile, member, before, old))

    def _change_member(
        self, profile: _Profile, member: _Member, action: BoundAction, references: list[Reference]
    ) -> None:
        state = self._context.device.profiles[profile.info.name]
        with device_errors():
            for handle in member.handles:
                state.modify_member(handle, action.spec)
        self._context.references.use(member.references, -1)
        self._context.references.use(references, 1)
        member.action, member.references = action, references

    def _delete_member(self, profile: _Profile, number: int, where: str) -> None:
        member = profile.members.get(number)
        if member is None:
            raise not_found(f"{where} does not exist")
        if member.groups:
            raise failed_precondition(f"{where} is in group {choices(map(str, member.groups))}")
        if member.entries:
            raise failed_precondition(f"{where} is used by {member.entries} table entries")
        handle = member.handles[0]
        self._context.device.profiles[profile.info.name].delete_member(handle)
        profile.handles.give_back(handle)
        self._context.references.use(member.references, -1)
        del profile.members[number]
        self._context.on_undo(lambda: self._restore_member(profile, number, member))

    def _restore_member(self, profile: _Profile, number: int, member: _Member) -> None:
        # The newest change is undone first, so the lowest free handle is the one that was given back.
        member.handles = [profile.handles.take()]
        self._context.device.profiles[profile.info.name].add_member(member.handles[0], member.action.spec)
        self._context.references.use(member.references, 1)
        profile.members[number] = member

    # -- groups

    def _insert_group(self, profile: _Profile, message: Any, where: str) -> None:
        number = message.group_id
        if number in profile.groups:
            raise already_exists(f"{where} exists")
        self._not_one_shot(profile, where)
        limit = profile.info.max_group_size
        if message.max_size < 0 or (limit and message.max_size > limit):
            raise invalid(f"{where}: max_size {message.max_size} is not in 0..{limit or 'any'}")
        members = self._membership(profile, message, message.max_size or limit, where)
        group = _Group(profile.group_handles.take(), message.max_size, {})
        self._context.device.profiles[profile.info.name].add_group(group.handle)
        profile.groups[number] = group
        try:
            self._set_membership(profile, number, group, members, where)
        except Exception:
            self._drop_group(profile, number)
            raise
        self._context.on_undo(lambda: self._drop_group(profile, number))

    def _modify_group(self, profile: _Profile, message: Any, where: str) -> None:
        number = message.group_id
        group = profile.groups.get(number)
        if group is None:
            raise not_found(f"{where} does not exist")
        if message.max_size and message.max_size != group.max_size:
            raise invalid(f"{where}: max_size {message.max_size} differs from {group.max_size} given at its creation")
        members = self._membership(profile, message, group.max_size or profile.info.max_group_size, where)
        before = group.members
        self._set_membership(profile, number, group, members, where)
        self._context.on_undo(lambda: self._set_membership(profile, number, group, before, where))

    def _delete_group(self, profile: _Profile, number: int, where: str) -> None:
        group = profile.groups.get(number)
        if group is None:
            raise not_found(f"{where} does not exist")
        if group.entries:
            raise failed_precondition(f"{where} is used by {group.entries} table entries")
        members = group.members
        self._drop_group(profile, number)

        def restore() -> None:
            # The same object again: earlier steps of the batch to be undone refer to it.
            group.handle = profile.group_handles.take()
            self._context.device.profiles[profile.info.name].add_group(group.handle)
            profile.groups[number] = group
            self._set_membership(profile, number, group, members, where)

        self._context.on_undo(restore)

    def _drop_group(self, profile: _Profile, number: int) -> None:
        group = profile.groups[number]
        self._set_membership(profile, number, group, {}, "")
        self._context.device.profiles[profile.info.name].delete_group(group.handle)
        profile.group_handles.give_back(group.handle)
        del profile.groups[number]

    def _membership(self, profile: _Profile, message: Any, limit: int, where: str) -> dict[int, tuple[int, Watch]]:
        members: dict[int, tuple[int, Watch]] = {}
        for part in message.members:
            label = f"{where}, member {part.member_id}"
            if part.member_id in members:
                raise invalid(f"{label} is given twice; use its weight")
            if part.member_id not in profile.members:
                raise not_found(f"{label} does not exist")
            members[part.member_id] = (part.weight, decode_watch(part, label))
        check_weights(profile.info, (weight for weight, _ in members.values()), 0, where)
        total = sum(weight or 1 for weight, _ in members.values())
        size = len(members) if profile.info.sum_of_members else total
        if limit and size > limit:
            raise resource_exhausted(f"{where}: its size would be {size}, at most {limit}")
        return members

    def _set_membership(
        self, profile: _Profile, number: int, group: _Group, members: dict[int, tuple[int, Watch]], where: str
    ) -> None:
        """Change the members of a group: further handles first, then the slots, then handles nobody needs."""
        state = self._context.device.profiles[profile.info.name]
        touched = sorted({*group.members, *members})
        with device_errors(where):
            for member_id in sorted(members):
                member = profile.members[member_id]
                while len(member.handles) < (members[member_id][0] or 1):
                    handle = profile.handles.take()
                    try:
                        state.add_member(handle, member.action.spec)
                    except Exception:
                        profile.handles.give_back(handle)
                        self._purge(profile, touched)
                        raise
                    member.handles.append(handle)
        for member_id in group.members:
            profile.members[member_id].groups.pop(number, None)
        for member_id, (weight, _) in members.items():
            profile.members[member_id].groups[number] = weight or 1
        group.members = members
        self._set_slots(profile, group)
        self._purge(profile, touched)

    def _set_slots(self, profile: _Profile, group: _Group) -> None:
        handles = []
        for member_id, (weight, watch) in group.members.items():
            if not watch.port or self._context.port_is_up(watch.port):
                handles += profile.members[member_id].handles[: weight or 1]
        self._context.device.profiles[profile.info.name].set_group_members(
            group.handle, [(handle, 1) for handle in sorted(handles)]
        )

    def _purge(self, profile: _Profile, member_ids: list[int]) -> None:
        """Free the handles beyond the greatest weight that any group gives a member."""
        state = self._context.device.profiles[profile.info.name]
        for member_id in member_ids:
            member = profile.members[member_id]
            needed = max(member.groups.values(), default=1)
            while len(member.handles) > needed:
                handle = member.handles.pop()
                state.delete_member(handle)
                profile.handles.give_back(handle)

    # -- helpers

    def _profile(self, number: int) -> _Profile:
        by_id("action profile", self._context.schema.profiles, number)
        return self._profiles[number]

    def _selected(self, number: int) -> list[_Profile]:
        return [self._profile(number)] if number else list(self._profiles.values())

    def _action(self, profile: _Profile, message: Any, where: str) -> BoundAction:
        if not message.HasField("action"):
            raise invalid(f"{where}: no action given")
        return decode_action(self._context.schema, message.action, profile.actions, where)

    @staticmethod
    def _not_one_shot(profile: _Profile, where: str) -> None:
        if profile.sets:
            raise invalid(
                f"{where}: {profile.info.name} is programmed with one-shot action sets; members and groups"
                " cannot be mixed with them (9.2.3)"
            )
