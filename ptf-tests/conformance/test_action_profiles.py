# SPDX-License-Identifier: Apache-2.0
"""Members, groups and one-shot action sets (P4Runtime 1.5 section 9.2)."""

from __future__ import annotations

from typing import Any

import pytest
from conformance.raw import (
    DELETE,
    IDS,
    INSERT,
    MODIFY,
    Code,
    RawClient,
    Refused,
    action,
    action_set,
    entry,
    pb,
)
from conformance.requirement import requirement

from softswitch.switch import SoftSwitch


def to(port: int) -> Any:
    return action("forward", port=port, dst_addr=1)


def member(number: int, port: int = 1, profile: str = "manual_selector") -> Any:
    return pb.ActionProfileMember(action_profile_id=IDS[profile], member_id=number, action=to(port))


def group(number: int, *members: tuple[int, int], profile: str = "manual_selector", **fields: Any) -> Any:
    message = pb.ActionProfileGroup(action_profile_id=IDS[profile], group_id=number, **fields)
    for identity, weight in members:
        message.members.add(member_id=identity, weight=weight)
    return message


def slots(switch: SoftSwitch, profile: str) -> list[list[int]]:
    """The ports that the slots of each group choose, by order of the group's creation."""
    state = switch.device.profiles[profile]
    return [[slot.args[0] for slot in state.group(number).slots] for number in sorted(state.groups())]


@requirement("9.2.1", "Members: insert, modify, read, delete")
def test_members(client: RawClient) -> None:
    client.insert(member(7, 3), member(8, 4))
    client.modify(member(7, 5))
    everything = pb.ActionProfileMember(action_profile_id=IDS["manual_selector"])
    assert [e.action_profile_member for e in client.read(everything)] == [member(7, 5), member(8, 4)]
    assert [e.action_profile_member for e in client.read(pb.ActionProfileMember())] == [
        member(7, 5),
        member(8, 4),
    ]
    client.delete(member(7))
    assert [e.action_profile_member for e in client.read(everything)] == [member(8, 4)]


@requirement("9.2.1", "Errors of members: ALREADY_EXISTS, NOT_FOUND, INVALID_ARGUMENT, RESOURCE_EXHAUSTED")
def test_member_errors(client: RawClient) -> None:
    client.insert(member(7))
    assert client.refused(INSERT, member(7)).canonical_code == Code.ALREADY_EXISTS
    assert client.refused(MODIFY, member(9)).canonical_code == Code.NOT_FOUND
    assert client.refused(DELETE, member(9)).canonical_code == Code.NOT_FOUND
    assert client.refused(INSERT, member(0)).canonical_code == Code.INVALID_ARGUMENT
    bare = pb.ActionProfileMember(action_profile_id=IDS["manual_selector"], member_id=9)
    assert client.refused(INSERT, bare).canonical_code == Code.INVALID_ARGUMENT
    client.insert(*(member(number, profile="plain_profile") for number in range(1, 17)))
    assert client.refused(INSERT, member(17, profile="plain_profile")).canonical_code == Code.RESOURCE_EXHAUSTED


@requirement("9.2.1", "A member in a group or used by an entry cannot be deleted: FAILED_PRECONDITION", bmv2="UNKNOWN")
def test_member_in_use(client: RawClient) -> None:
    client.insert(member(1), member(2))
    client.insert(group(1, (1, 1)))
    client.insert(entry("manual_table", {"group_id": 1}, pb.TableAction(action_profile_member_id=2)))
    assert client.refused(DELETE, member(1)).canonical_code == Code.FAILED_PRECONDITION
    assert client.refused(DELETE, member(2)).canonical_code == Code.FAILED_PRECONDITION


@requirement("9.2.2", "Groups: insert, modify, read, delete")
def test_groups(client: RawClient) -> None:
    client.insert(member(1), member(2))
    client.insert(group(5, (2, 3), (1, 1), max_size=8))
    ask = pb.ActionProfileGroup()
    assert [e.action_profile_group for e in client.read(ask)] == [group(5, (2, 3), (1, 1), max_size=8)]
    client.modify(group(5, (1, 2), max_size=8))
    assert [e.action_profile_group for e in client.read(ask)] == [group(5, (1, 2), max_size=8)]
    client.delete(group(5))
    assert client.read(ask) == []
    client.delete(member(1), member(2))


@requirement("9.2.2", "Errors of groups: duplicate or missing members, weights, max_size, use by an entry")
def test_group_errors(client: RawClient) -> None:
    client.insert(member(1), member(2))
    client.insert(group(5, (1, 1), max_size=4))
    client.insert(entry("manual_table", {"group_id": 1}, pb.TableAction(action_profile_group_id=5)))
    for kind, message, code in (
        (INSERT, group(5), Code.ALREADY_EXISTS),
        (INSERT, group(6, (9, 1)), Code.NOT_FOUND),
        (INSERT, group(6, (1, 1), (1, 2)), Code.INVALID_ARGUMENT),
        (INSERT, group(6, (1, 0)), Code.INVALID_ARGUMENT),
        (INSERT, group(6, (1, -1)), Code.INVALID_ARGUMENT),
        (INSERT, group(6, max_size=-1), Code.INVALID_ARGUMENT),
        (INSERT, group(0), Code.INVALID_ARGUMENT),
        (INSERT, group(1, profile="plain_profile"), Code.INVALID_ARGUMENT),
        (MODIFY, group(6), Code.NOT_FOUND),
        (MODIFY, group(5, (1, 1), max_size=5), Code.INVALID_ARGUMENT),
        (MODIFY, group(5, (1, 5), max_size=4), Code.RESOURCE_EXHAUSTED),
        (DELETE, group(5), Code.FAILED_PRECONDITION),
        (DELETE, group(6), Code.NOT_FOUND),
    ):
        assert client.refused(kind, message).canonical_code == code, message


@requirement("9.1.2", "An entry that names a member or group that does not exist: NOT_FOUND")
def test_missing_reference(client: RawClient) -> None:
    for do in (pb.TableAction(action_profile_member_id=1), pb.TableAction(action_profile_group_id=1)):
        assert client.refused(INSERT, entry("manual_table", {"group_id": 1}, do)).canonical_code == Code.NOT_FOUND
    client.insert(member(1))
    client.insert(entry("manual_table", {"group_id": 1}, pb.TableAction(action_profile_member_id=1)))


@requirement("9.1.2", "The kind of action must fit the implementation of the table: INVALID_ARGUMENT")
def test_wrong_kind_of_action(client: RawClient) -> None:
    for table, key, do in (
        ("manual_table", {"group_id": 1}, to(1)),
        ("profile_table", {"src_addr": 1}, pb.TableAction(action_profile_group_id=1)),
        ("profile_table", {"src_addr": 1}, action_set((to(1), 1))),
        ("route_table", {}, action_set((action("drop"), 1))),
        ("manual_table", {"group_id": 1}, pb.TableAction()),
    ):
        assert client.refused(INSERT, entry(table, key, do)).canonical_code == Code.INVALID_ARGUMENT


@requirement("9.2.3", "One-shot sets and members/groups cannot be mixed in one selector: INVALID_ARGUMENT")
def test_no_mixing(client: RawClient) -> None:
    client.insert(entry("group_table", {"group_id": 1}, action_set((to(1), 1))))
    error = client.refused(INSERT, member(1, profile="nexthop_selector"))
    assert error.canonical_code == Code.INVALID_ARGUMENT
    client.insert(member(1))
    error = client.refused(INSERT, entry("manual_table", {"group_id": 1}, action_set((to(1), 1))))
    assert error.canonical_code == Code.INVALID_ARGUMENT


@requirement(
    "9.2.3",
    "One-shot sets: weights below 1, an empty set, actions of other tables: INVALID_ARGUMENT",
    bmv2="an empty set is UNIMPLEMENTED",
)
def test_bad_sets(client: RawClient) -> None:
    for do in (
        action_set((to(1), 0)),
        action_set((to(1), -1)),
        action_set((action("learn"), 1)),
        action_set((to(1), 1), watch=b"\2\0"),
    ):
        error = client.refused(INSERT, entry("group_table", {"group_id": 1}, do))
        assert error.canonical_code == Code.INVALID_ARGUMENT
    empty = entry("group_table", {"group_id": 1})
    empty.action.action_profile_action_set.SetInParent()
    assert client.refused(INSERT, empty).canonical_code == Code.INVALID_ARGUMENT
    random = entry("group_table", {"group_id": 1}, action_set((to(1), 1)))
    random.action.action_profile_action_set.action_selection_mode = pb.ActionProfileActionSet.RANDOM
    assert client.refused(INSERT, random).canonical_code == Code.UNIMPLEMENTED


@requirement("9.2.3", "A refused one-shot set leaves nothing behind")
def test_set_is_atomic(client: RawClient, switch: SoftSwitch) -> None:
    choices = tuple((to(n % 500), 1) for n in range(65))
    error = client.refused(INSERT, entry("group_table", {"group_id": 1}, action_set(*choices)))
    assert error.canonical_code == Code.RESOURCE_EXHAUSTED
    state = switch.device.profiles["nexthop_selector"]
    assert not state.members()
    assert not state.groups()
    client.insert(entry("group_table", {"group_id": 1}, action_set(*choices[:64])))
    client.delete(entry("group_table", {"group_id": 1}))
    assert not state.members()
    assert not state.groups()


@requirement("9.2", "One-shot sets choose as on BMv2: actions in order, each as often as its weight")
def test_one_shot_order(client: RawClient, switch: SoftSwitch) -> None:
    client.insert(entry("group_table", {"group_id": 1}, action_set((to(5), 2), (to(3), 1), (to(5), 1))))
    client.insert(entry("group_table", {"group_id": 2}, action_set((to(9), 1), (to(8), 3))))
    assert slots(switch, "nexthop_selector") == [[5, 5, 3, 5], [9, 8, 8, 8]]
    client.modify(entry("group_table", {"group_id": 1}, action_set((to(7), 1), (to(6), 1))))
    assert [7, 6] in slots(switch, "nexthop_selector")


@requirement("9.2", "Weighted members of groups choose as on BMv2: by member handle, further handles at the end")
def test_group_order(client: RawClient, switch: SoftSwitch) -> None:
    # BMv2 gives members the lowest free handle; PI makes weight copies when a group first needs them.
    client.insert(member(30, 3), member(10, 1), member(20, 2))  # handles 0, 1, 2
    client.insert(group(1, (10, 2), (20, 1), (30, 2)))  # 10 gets handle 3, then 30 gets 4
    assert slots(switch, "manual_selector") == [[3, 1, 2, 1, 3]]
    client.modify(group(1, (20, 3)))  # copies of 10 and 30 are freed after 20 got 5 and 6
    assert slots(switch, "manual_selector") == [[2, 2, 2]]
    client.insert(member(40, 4))  # the lowest free handle is 3
    client.modify(group(1, (20, 3), (40, 1)))  # 2, 3, 5, 6
    assert slots(switch, "manual_selector") == [[2, 4, 2, 2]]
    client.delete(member(10))
    client.insert(member(50, 5))  # handle 1
    client.modify(group(1, (50, 1), (30, 1), (20, 1)))
    assert slots(switch, "manual_selector") == [[3, 5, 2]]


@requirement("9.2.2", "A choice whose watch_port is down is not selected, and comes back with the port")
def test_watch_port(client: RawClient, switch: SoftSwitch) -> None:
    sets = action_set((to(1), 1), (to(2), 2))
    sets.action_profile_action_set.action_profile_actions[1].watch_port = b"\2"
    client.insert(entry("group_table", {"group_id": 1}, sets))
    client.insert(member(1, 1), member(2, 2))
    watched = group(1, (1, 1), (2, 1))
    watched.members[0].watch_port = b"\2"
    client.insert(watched)
    switch.set_port_up(2, False)
    assert slots(switch, "nexthop_selector") == [[1]]
    assert slots(switch, "manual_selector") == [[2]]
    switch.set_port_up(2, True)
    assert slots(switch, "nexthop_selector") == [[1, 2, 2]]
    assert slots(switch, "manual_selector") == [[1, 2]]
    # The configuration that a client reads does not change with the port.
    assert client.read_tables(table_id=IDS["group_table"])[0].action == sets


@requirement("9.2.1", "A modified member changes every group that holds it")
def test_modified_member(client: RawClient, switch: SoftSwitch) -> None:
    client.insert(member(1, 1), member(2, 2))
    client.insert(group(1, (1, 2)), group(2, (1, 1), (2, 1)))
    client.modify(member(1, 9))
    assert slots(switch, "manual_selector") == [[9, 9], [9, 2]]


@requirement("9.2.3", "A failed batch of members and groups is taken back", bmv2="only CONTINUE_ON_ERROR is known")
@pytest.mark.parametrize("atomicity", [pb.WriteRequest.ROLLBACK_ON_ERROR, pb.WriteRequest.DATAPLANE_ATOMIC])
def test_rollback(client: RawClient, switch: SoftSwitch, atomicity: int) -> None:
    client.insert(member(1, 1), member(2, 2))
    client.insert(group(1, (1, 2), (2, 1)))
    client.insert(entry("manual_table", {"group_id": 1}, pb.TableAction(action_profile_group_id=1)))
    before, order = client.everything(), slots(switch, "manual_selector")
    with pytest.raises(Refused) as refusal:
        client.write(
            (DELETE, entry("manual_table", {"group_id": 1})),
            (MODIFY, group(1, (2, 3))),
            (MODIFY, member(1, 7)),
            (DELETE, group(1)),
            (INSERT, member(3, 3)),
            (DELETE, member(1)),
            (INSERT, group(2, (2, 4), (3, 1))),
            (INSERT, entry("manual_table", {"group_id": 9}, pb.TableAction(action_profile_group_id=2))),
            (INSERT, member(2)),
            atomicity=atomicity,
        )
    codes = [error.canonical_code for error in refusal.value.errors]
    assert codes == [Code.ABORTED] * 8 + [Code.ALREADY_EXISTS]
    assert client.everything() == before
    assert slots(switch, "manual_selector") == order
