# SPDX-License-Identifier: Apache-2.0
"""Action profiles and selectors: members and groups."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import NamedTuple

from softswitch.bmv2json.model import Action, ActionProfile
from softswitch.state.changes import ChangeFeed
from softswitch.state.errors import (
    DuplicateEntry,
    InvalidArgument,
    NoSuchEntry,
    StillReferenced,
    TableFull,
)
from softswitch.state.rows import Group, Member
from softswitch.state.values import ActionSpec, GroupRef, MemberRef


class GroupValue(NamedTuple):
    """A group as written: (member id, weight) in order, and the declared maximum size (0: none)."""

    members: tuple[tuple[int, int], ...]
    max_size: int


class ProfileState:
    """Members and groups of one action profile.

    Selection in a group takes ``hash % sum(weights)`` as an index into the members in the order given, each
    repeated ``weight`` times consecutively.  BMv2 orders a group by its internal member handles, which grow
    in order of creation: passing members in creation order makes both switches choose alike.
    """

    def __init__(
        self,
        spec: ActionProfile,
        actions: dict[str, Action],
        lock: threading.RLock,
        check_action: Callable[[str, dict[str, Action], ActionSpec], Action],
        feed: ChangeFeed,
    ) -> None:
        self.spec = spec
        self.name = spec.name
        self.with_selector = spec.selector is not None
        self._actions = actions
        #: values of ``Member.action_id``: places in ``Program.profile_actions``
        self.ordinals: dict[str, int] = {action: i for i, action in enumerate(actions)}
        self._lock = lock
        self._feed = feed
        self._check_action = check_action
        self._members: dict[int, Member] = {}
        self._groups: dict[int, Group] = {}

    # -- members

    def add_member(self, member_id: int, action: ActionSpec) -> None:
        """Add a member.  Raises DuplicateEntry, TableFull (size of the profile), InvalidArgument."""
        self._check_action(f"action profile {self.name}", self._actions, action)
        with self._lock:
            if member_id in self._members:
                raise DuplicateEntry(f"action profile {self.name}: member {member_id} exists already")
            if self.spec.size and len(self._members) >= self.spec.size:
                raise TableFull(f"action profile {self.name} is full ({self.spec.size} members)")
            self._members[member_id] = Member(member_id, action, self.ordinals[action.name])
            self._feed.announce("profile", self.name, "insert", MemberRef(member_id))

    def modify_member(self, member_id: int, action: ActionSpec) -> None:
        """Change the action of a member; entries and groups that use it follow at once."""
        self._check_action(f"action profile {self.name}", self._actions, action)
        with self._lock:
            member = self.member(member_id)
            member.spec, member.action_id, member.args = action, self.ordinals[action.name], action.args
            self._feed.announce("profile", self.name, "modify", MemberRef(member_id))

    def delete_member(self, member_id: int) -> None:
        """Delete a member that no entry and no group uses (else StillReferenced)."""
        with self._lock:
            member = self.member(member_id)
            if member.refs:
                raise StillReferenced(f"action profile {self.name}: member {member_id} is in use ({member.refs} times)")
            del self._members[member_id]
            self._feed.announce("profile", self.name, "delete", MemberRef(member_id))

    def member(self, member_id: int) -> Member:
        """The run-time member; NoSuchEntry when there is none."""
        member = self._members.get(member_id)
        if member is None:
            raise NoSuchEntry(f"action profile {self.name}: member {member_id} does not exist")
        return member

    def members(self) -> dict[int, ActionSpec]:
        """Action of each member by id."""
        with self._lock:
            return {member_id: member.spec for member_id, member in self._members.items()}

    # -- groups

    def add_group(self, group_id: int, max_size: int = 0) -> None:
        """Add an empty group.  An entry that selects from an empty group runs no action."""
        if not self.with_selector:
            raise InvalidArgument(f"action profile {self.name} has no selector and takes no groups")
        with self._lock:
            if group_id in self._groups:
                raise DuplicateEntry(f"action profile {self.name}: group {group_id} exists already")
            self._groups[group_id] = Group(group_id, max_size)
            self._feed.announce("profile", self.name, "insert", GroupRef(group_id))

    def set_group_members(self, group_id: int, members: Sequence[tuple[int, int]]) -> None:
        """Replace the members of a group with (member id, weight) pairs, weights >= 1, ids distinct."""
        with self._lock:
            group = self.group(group_id)
            where = f"action profile {self.name}, group {group_id}"
            chosen: list[tuple[Member, int]] = []
            seen: set[int] = set()
            for member_id, weight in members:
                if weight < 1:
                    raise InvalidArgument(f"{where}: weight {weight} of member {member_id} is below 1")
                if member_id in seen:
                    raise InvalidArgument(f"{where}: member {member_id} is given twice")
                seen.add(member_id)
                chosen.append((self.member(member_id), weight))
            total = sum(weight for _, weight in chosen)
            if group.max_size and total > group.max_size:
                raise InvalidArgument(f"{where}: weights add up to {total}, more than its size {group.max_size}")
            self._release(group)
            for member, _ in chosen:
                member.refs += 1
            group.members = tuple((member.id, weight) for member, weight in chosen)
            group.slots = [member for member, weight in chosen for _ in range(weight)]
            self._feed.announce("profile", self.name, "modify", GroupRef(group_id))

    def delete_group(self, group_id: int) -> None:
        """Delete a group that no entry uses (else StillReferenced)."""
        with self._lock:
            group = self.group(group_id)
            if group.refs:
                raise StillReferenced(f"action profile {self.name}: group {group_id} is used by {group.refs} entries")
            self._release(group)
            del self._groups[group_id]
            self._feed.announce("profile", self.name, "delete", GroupRef(group_id))

    def _release(self, group: Group) -> None:
        for member_id, _ in group.members:
            self._members[member_id].refs -= 1

    def group(self, group_id: int) -> Group:
        """The run-time group; NoSuchEntry when there is none."""
        group = self._groups.get(group_id)
        if group is None:
            raise NoSuchEntry(f"action profile {self.name}: group {group_id} does not exist")
        return group

    def groups(self) -> dict[int, GroupValue]:
        """Members and size of each group by id."""
        with self._lock:
            return {g.id: GroupValue(g.members, g.max_size) for g in self._groups.values()}

    def clear(self) -> None:
        """Forget everything; the caller has cleared the tables that refer to it."""
        with self._lock:
            self._members.clear()
            self._groups.clear()
            self._feed.announce("profile", self.name, "clear")
