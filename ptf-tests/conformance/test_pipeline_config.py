# SPDX-License-Identifier: Apache-2.0
"""Set- and GetForwardingPipelineConfig, Capabilities (P4Runtime 1.5 sections 14, 15, 17)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from conformance.raw import IDS, INSERT, MODIFY, Code, RawClient, Refused, action, config, entry, pb
from conformance.requirement import requirement

from softswitch.switch import SoftSwitch, read_p4info

ROUTE = {"ipv6_dst": (0x2001 << 112, 16)}


def refused(call: Callable[[], Any]) -> Refused:
    with pytest.raises(Refused) as refusal:
        call()
    return refusal.value


@requirement("14", "Before a pipeline is set, Read and Write answer FAILED_PRECONDITION")
def test_no_pipeline(bare: SoftSwitch) -> None:
    with RawClient(bare.address) as client:
        client.primary()
        assert refused(lambda: client.read(pb.TableEntry())).code == Code.FAILED_PRECONDITION
        assert refused(lambda: client.insert(entry("route_table", ROUTE, action("drop")))).code == (
            Code.FAILED_PRECONDITION
        )
        assert not client.get_pipeline().HasField("config")


@requirement("14", "VERIFY checks a config and changes nothing")
def test_verify(bare: SoftSwitch) -> None:
    with RawClient(bare.address) as client:
        client.primary()
        client.set_pipeline("VERIFY", config())
        assert not client.get_pipeline().HasField("config")
        broken = config()
        broken.p4_device_config = b"{}"
        assert refused(lambda: client.set_pipeline("VERIFY", broken)).code == Code.INVALID_ARGUMENT


@requirement("14", "VERIFY_AND_COMMIT realises the config and clears the state")
def test_verify_and_commit(client: RawClient) -> None:
    client.insert(entry("route_table", ROUTE, action("drop")))
    client.set_pipeline("VERIFY_AND_COMMIT", config())
    assert client.read_tables(table_id=IDS["route_table"]) == []


@requirement(
    "14",
    "VERIFY_AND_SAVE, writes, COMMIT: the saved config is realised with the writes since",
    bmv2="writes between save and commit go to the running program",
)
def test_save_and_commit(client: RawClient, switch: SoftSwitch) -> None:
    client.insert(entry("route_table", ROUTE, action("drop")))
    client.set_pipeline("VERIFY_AND_SAVE", config(cookie=8))
    assert client.read_tables(table_id=IDS["route_table"]) == []
    client.insert(entry("nexthop_table", {"nexthop_id": 1}, action("drop")))
    client.insert(entry("route_table", ROUTE, action("set_nexthop", nexthop_id=1)))
    # The data plane still runs the old program with its entries.
    assert len(switch.device.tables["nexthop_table"]) == 0
    client.set_pipeline("COMMIT")
    assert len(switch.device.tables["nexthop_table"]) == 1
    found = client.read_tables(table_id=IDS["route_table"])
    assert [e.action.action.action_id for e in found] == [IDS["set_nexthop"]]
    assert client.get_pipeline("COOKIE_ONLY").config.cookie.cookie == 8


@requirement("14", "COMMIT without a saved config: NOT_FOUND; with a config: INVALID_ARGUMENT")
def test_commit_errors(client: RawClient) -> None:
    assert refused(lambda: client.set_pipeline("COMMIT")).code == Code.NOT_FOUND
    assert refused(lambda: client.set_pipeline("COMMIT", config())).code == Code.INVALID_ARGUMENT


@requirement("14", "RECONCILE_AND_COMMIT realises a config and keeps the forwarding state")
def test_reconcile(client: RawClient, switch: SoftSwitch) -> None:
    client.insert(entry("nexthop_table", {"nexthop_id": 1}, action("drop")))
    client.insert(entry("route_table", ROUTE, action("set_nexthop", nexthop_id=1), metadata=b"mine"))
    client.insert(
        pb.MulticastGroupEntry(multicast_group_id=3, replicas=[pb.Replica(port=b"\2", instance=1)]),
        pb.ActionProfileMember(
            action_profile_id=IDS["plain_profile"], member_id=4, action=action("forward", port=1, dst_addr=2)
        ),
    )
    client.modify(
        entry("acl_table", do=action("drop"), is_default_action=True),
        pb.CounterEntry(counter_id=IDS["port_counter"], index=pb.Index(index=2), data=pb.CounterData(packet_count=9)),
    )
    before = client.everything()
    changed = config(cookie=9)
    program = json.loads(changed.p4_device_config)
    program["program"] = "another.p4"
    changed.p4_device_config = json.dumps(program).encode()
    client.set_pipeline("RECONCILE_AND_COMMIT", changed)
    assert switch.device.program is not None
    assert switch.device.program.name == "another.p4"
    assert client.everything() == before
    assert len(switch.device.tables["route_table"]) == 1


@requirement(
    "14",
    "RECONCILE_AND_COMMIT with a program the state does not fit: INVALID_ARGUMENT, nothing changes",
    bmv2="the state that does not fit is lost",
)
def test_reconcile_impossible(client: RawClient) -> None:
    client.insert(entry("route_table", ROUTE, action("drop")))
    before = client.everything()
    changed = config()
    table = next(t for t in changed.p4info.tables if t.preamble.name == "route_table")
    table.preamble.id = 0x02ABCDEF
    error = refused(lambda: client.set_pipeline("RECONCILE_AND_COMMIT", changed))
    assert error.code == Code.INVALID_ARGUMENT
    assert "does not fit" in error.message
    assert client.everything() == before


@requirement("14", "VERIFY*, RECONCILE* without a config: INVALID_ARGUMENT")
@pytest.mark.parametrize("verb", ["VERIFY", "VERIFY_AND_SAVE", "VERIFY_AND_COMMIT", "RECONCILE_AND_COMMIT"])
def test_config_missing(client: RawClient, verb: str) -> None:
    assert refused(lambda: client.set_pipeline(verb)).code == Code.INVALID_ARGUMENT


@requirement("14", "An unspecified action: INVALID_ARGUMENT")
def test_action_unspecified(client: RawClient) -> None:
    assert refused(lambda: client.set_pipeline("UNSPECIFIED", config())).code == Code.INVALID_ARGUMENT


@requirement("14", "Only the primary sets a config: PERMISSION_DENIED; unknown device: NOT_FOUND")
def test_rights(client: RawClient) -> None:
    client.election = 99
    assert refused(lambda: client.set_pipeline("VERIFY", config())).code == Code.PERMISSION_DENIED
    request = client.request(pb.SetForwardingPipelineConfigRequest)
    request.device_id = 2
    assert refused(lambda: client.call(client._set, request)).code == Code.NOT_FOUND


def _other_name(info: Any) -> None:
    info.tables[0].preamble.name = "renamed"


def _other_width(info: Any) -> None:
    info.tables[0].match_fields[0].bitwidth = 47


def _other_param(info: Any) -> None:
    next(a for a in info.actions if a.params).params[0].bitwidth = 8


def _same_id(info: Any) -> None:
    info.tables[1].preamble.id = info.tables[0].preamble.id


def _zero_id(info: Any) -> None:
    info.tables[1].preamble.id = 0


def _unknown_action(info: Any) -> None:
    info.tables[0].action_refs[0].id = 0x01FFFFFF


def _bad_restriction(info: Any) -> None:
    info.tables[0].preamble.annotations.append('@entry_restriction("no_such_key == 1")')


def _bad_reference(info: Any) -> None:
    info.tables[0].match_fields[0].annotations.append("@refers_to(no_such_table, key)")


def _other_match(info: Any) -> None:
    info.tables[0].match_fields[0].other_match_type = "best"


def _no_width(info: Any) -> None:
    next(a for a in info.actions if a.params).params[0].ClearField("bitwidth")


def _same_field_id(info: Any) -> None:
    fields = info.tables[0].match_fields
    fields[1].id = fields[0].id


def _unknown_default(info: Any) -> None:
    info.tables[0].const_default_action_id = 0x01FFFFFF


def _foreign_profile(info: Any) -> None:
    profile = next(p for p in info.action_profiles if p.preamble.name == "plain_profile")
    profile.table_ids[0] = info.tables[0].preamble.id


def _no_table_of_profile(info: Any) -> None:
    info.action_profiles[0].table_ids.append(0x02FFFFFF)


def _no_table_of_counter(info: Any) -> None:
    info.direct_counters[0].direct_table_id = 0x02FFFFFF


@requirement(
    "6.4",
    "A p4info that contradicts itself or the device config is refused: INVALID_ARGUMENT, by name",
    bmv2="not checked",
)
@pytest.mark.parametrize(
    ("change", "named"),
    [
        (_other_name, "renamed"),
        (_other_width, "dst_addr"),
        (_other_param, "forward"),
        (_same_id, "lpm_table"),
        (_zero_id, "lpm_table"),
        (_unknown_action, "exact_table"),
        (_other_match, "best"),
        (_no_width, "forward, parameter port: its width is not known"),
        (_same_field_id, "exact_table: match field ids must be unique"),
        (_unknown_default, "exact_table: unknown action id"),
        (_foreign_profile, "profile_table: implementation"),
        (_no_table_of_profile, "nexthop_selector: unknown table id"),
        (_no_table_of_counter, "exact_counter: unknown table id"),
        (_bad_restriction, "no_such_key"),
        (_bad_reference, "no_such_table"),
    ],
)
def test_inconsistent_p4info(client: RawClient, change: Callable[[Any], None], named: str) -> None:
    client.insert(entry("route_table", ROUTE, action("drop")))
    before = client.everything()
    changed = config()
    change(changed.p4info)
    for verb in ("VERIFY", "VERIFY_AND_SAVE", "VERIFY_AND_COMMIT", "RECONCILE_AND_COMMIT"):
        error = refused(lambda verb=verb: client.set_pipeline(verb, changed))  # type: ignore[misc]
        assert error.code == Code.INVALID_ARGUMENT
        assert named in error.message
        assert client.everything() == before


#: Programs of the engine's tests: kinds.p4 has a key of type error, and a table that the compiler left out.
KINDS = Path(__file__).parents[1] / "unit/softswitch_engine/programs/kinds"


@pytest.fixture
def kinds() -> Iterator[tuple[RawClient, dict[str, Any]]]:
    """The primary of a switch that runs kinds.p4, and the tables of its p4info by alias."""
    info = read_p4info(KINDS.with_suffix(".p4info.txtpb"))
    with (
        SoftSwitch(KINDS.with_suffix(".json"), KINDS.with_suffix(".p4info.txtpb")) as made,
        RawClient(made.address) as client,
    ):
        client.primary()
        yield client, {table.preamble.alias: table for table in info.tables}


@requirement(
    "6.4",
    "A table that the compiler left out of the device config: read as empty, written FAILED_PRECONDITION",
    bmv2="UNKNOWN",
)
def test_table_left_out_by_the_compiler(kinds: tuple[RawClient, dict[str, Any]]) -> None:
    client, tables = kinds
    table = tables["unreached"]
    assert client.get_pipeline().config.p4info.tables[-1] == table
    assert client.read_tables(table_id=table.preamble.id) == []
    assert client.read_tables() != []
    for counter in (False, True):
        made = pb.TableEntry(table_id=table.preamble.id)
        made.match.add(field_id=1).exact.value = b"\1"
        made.action.action.action_id = table.action_refs[0].id
        written = pb.DirectCounterEntry(table_entry=made) if counter else made
        error = client.refused(MODIFY, written)
        assert error.canonical_code == Code.FAILED_PRECONDITION
        assert "ingress.unreached: the compiler left it out" in error.message


@requirement("6.4", "An action profile of no table, which the compiler leaves out of the device config, is accepted")
def test_profile_left_out_by_the_compiler(client: RawClient) -> None:
    changed = config()
    profile = changed.p4info.action_profiles.add(with_selector=True, size=16)
    profile.preamble.id, profile.preamble.name = 0x11ABCDEF, "unused_selector"
    client.set_pipeline("VERIFY_AND_COMMIT", changed)
    member = pb.ActionProfileMember(action_profile_id=0x11ABCDEF, member_id=1, action=action("drop"))
    assert client.refused(INSERT, member).canonical_code == Code.INVALID_ARGUMENT


@requirement("8.4.6", "Numbers of a translated type go to the data plane as they are, and must fit there")
def test_translated_type_of_another_width(client: RawClient) -> None:
    changed = config()
    kind = changed.p4info.type_info.new_types["port_id_t"].translated_type
    kind.uri, kind.sdn_bitwidth = "", 32
    table = next(t for t in changed.p4info.tables if t.preamble.name == "exact_table")
    forward = next(a for a in changed.p4info.actions if a.preamble.name == "forward")
    for part in (table.match_fields[1], forward.params[0]):
        assert part.name in ("ingress_port", "port") and part.bitwidth == 9
        part.bitwidth, part.type_name.name = 32, "port_id_t"
    client.set_pipeline("VERIFY_AND_COMMIT", changed)
    made = entry("exact_table", {"dst_addr": 1, "ingress_port": 3}, action("forward", port=2, dst_addr=2))
    client.insert(made)
    assert client.read_tables(table_id=IDS["exact_table"]) == [made]
    made.match[1].exact.value = b"\0\0\2\0"
    assert client.refused(INSERT, made).canonical_code == Code.OUT_OF_RANGE
    assert client.get_pipeline().config.p4info == changed.p4info


@requirement(
    "9.1.1",
    "A match field of type error, of which the p4info has no width, takes that of the device config",
    bmv2="the field has no width: no value fits",
)
def test_key_of_type_error(kinds: tuple[RawClient, dict[str, Any]]) -> None:
    client, tables = kinds
    table = tables["by_error"]
    assert table.match_fields[0].bitwidth == 0
    made = pb.TableEntry(table_id=table.preamble.id)
    made.match.add(field_id=1).exact.value = b"\1"
    made.action.action.action_id = table.action_refs[0].id
    client.insert(made)
    assert client.read_tables(table_id=table.preamble.id) == [made]
    made.match[0].exact.value = b"\1\0\0\0\0"
    error = client.refused(INSERT, made)
    assert error.canonical_code == Code.OUT_OF_RANGE
    assert "md.reason" in error.message


@requirement("15", "GetForwardingPipelineConfig: all response types, with the cookie that was set")
@pytest.mark.parametrize(
    ("kind", "p4info", "device"),
    [("ALL", True, True), ("COOKIE_ONLY", False, False), ("P4INFO_AND_COOKIE", True, False),
     ("DEVICE_CONFIG_AND_COOKIE", False, True)],
)  # fmt: skip
def test_get(client: RawClient, kind: str, p4info: bool, device: bool) -> None:
    client.set_pipeline("VERIFY_AND_COMMIT", config(cookie=0xFFFFFFFFFFFFFFFF))
    found = client.get_pipeline(kind).config
    assert found.cookie.cookie == 0xFFFFFFFFFFFFFFFF
    assert found.HasField("p4info") == p4info
    assert bool(found.p4_device_config) == device
    if p4info and device:
        assert found == config(cookie=0xFFFFFFFFFFFFFFFF)


@requirement("15", "A config set without cookie is read without; unknown device: NOT_FOUND")
def test_get_errors(client: RawClient) -> None:
    client.set_pipeline("VERIFY_AND_COMMIT", config(cookie=None))
    assert not client.get_pipeline().config.HasField("cookie")
    assert refused(lambda: client.get_pipeline(device_id=2)).code == Code.NOT_FOUND


@requirement("17", "Capabilities names the version of the API; unknown device: NOT_FOUND")
def test_capabilities(client: RawClient) -> None:
    assert client.capabilities().p4runtime_api_version == "1.5.0"
    assert client.capabilities(1).p4runtime_api_version == "1.5.0"
    assert refused(lambda: client.capabilities(2)).code == Code.NOT_FOUND


@requirement("14", "A device config in the old P4DeviceConfig wrapping of PI is understood")
def test_wrapped_config(client: RawClient) -> None:
    wrapped = config()
    data = wrapped.p4_device_config
    length = len(data)
    varint = b""
    while length > 127:
        varint += bytes([length & 127 | 128])
        length >>= 7
    wrapped.p4_device_config = b"\x08\x01\x1a" + varint + bytes([length]) + data
    client.set_pipeline("VERIFY_AND_COMMIT", wrapped)
    assert client.read_tables(table_id=IDS["const_table"])
