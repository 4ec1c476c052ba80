# SPDX-License-Identifier: Apache-2.0
"""Programs of other profiles: what they lack is refused by name, and never written."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any

import pytest
from unit.config.example import FULL

from srv6cp import artifacts
from srv6cp.cli import readback
from srv6cp.compile import NotInProgram, compile_state, needs, tables
from srv6cp.compile.capabilities import Capabilities
from srv6cp.config import load_node, load_node_dict
from srv6cp.config.source import Source
from srv6cp.model import Node
from srv6cp.p4rt import Action, MeterEntry, P4Info, TableEntry

COMMITTED = P4Info.from_file(artifacts.find().p4info)
ENDS = frozenset(("end", "end_x", "end_t"))
OF_TRANSIT = frozenset((tables.PORT, tables.MY_SID, *tables.ROUTES.values(), tables.NEXTHOP, tables.NEXTHOP_GROUP))


def without(names: Collection[str], parameters: Collection[str] = (), description: str = "") -> P4Info:
    """The committed program without these tables, actions, meters and counters, and action parameters."""
    proto = type(COMMITTED.proto)()
    proto.CopyFrom(COMMITTED.proto)
    gone = {each.preamble.id for each in (*proto.actions, *proto.tables) if each.preamble.alias in names}
    for kind in (proto.actions, proto.tables, proto.meters, proto.counters):
        kept = [each for each in kind if each.preamble.alias not in names]
        del kind[:]
        kind.extend(kept)
    for table in proto.tables:
        refs = [ref for ref in table.action_refs if ref.id not in gone]
        del table.action_refs[:]
        table.action_refs.extend(refs)
    for action in proto.actions:
        params = [param for param in action.params if param.name not in parameters]
        del action.params[:]
        action.params.extend(params)
    proto.pkg_info.doc.description = description
    return P4Info(proto)


def of(table: str) -> set[str]:
    program = Capabilities(COMMITTED)
    return {name for name in COMMITTED.actions if program.has(table, name)}


TRANSIT = without(
    {*(set(COMMITTED.tables) - OF_TRANSIT), *(of(tables.MY_SID) - ENDS), "set_l2_port", "steer", "classify_steer"}
    | {tables.PUNT_METER, tables.PASS_METER, tables.OAM_METER, tables.COPY_METER, tables.POLICY_COUNTER},
    parameters=("policy_id",),
)
EDGE = without(("end_dx2",))


@pytest.fixture(autouse=True)
def shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three profiles, the committed one as `full`."""
    for name, info in (("transit", TRANSIT), ("edge", EDGE), ("full", COMMITTED)):
        (tmp_path / f"{name}.p4info.txtpb").write_text(str(info.proto))
        (tmp_path / f"{name}.json").write_text("{}")
    monkeypatch.setattr(artifacts, "directories", lambda: (tmp_path,))


PLAIN = """\
node: r1
locator: "fcbb:bb00:1::/48"
source: "fcbb:bb00:1::1"
vrfs: [blue]
ports: {1: {addresses: ["2001:db8:1::1/64", "10.0.1.1/24"]}, 2: {addresses: ["2001:db8:2::1/64"], vrf: blue}}
routes:
  - {prefix: "2001:db8:9::/48", via: ["2001:db8:1::2", "2001:db8:1::3"]}
sids:
  - {sid: "fcbb:bb00:1:1::/64", behavior: End, flavors: [psp]}
  - {sid: "fcbb:bb00:1:2::/64", behavior: End.X, via: "2001:db8:1::2"}
  - {sid: "fcbb:bb00:1:3::/64", behavior: End.T, vrf: blue}
"""


def refused(node: Node, info: P4Info) -> list[str]:
    with pytest.raises(NotInProgram) as caught:
        compile_state(node, info)
    return str(caught.value).splitlines()


def plus(**sections: Any) -> Node:
    data = Source(PLAIN).load()
    return load_node_dict({**data, **{key.replace("_", "-"): value for key, value in sections.items()}})


def test_one_line_that_names_the_place_and_the_profiles(tmp_path: Path) -> None:
    path = tmp_path / "r1.yaml"
    more = '  - {sid: "fcbb:bb00:1:4::/64", behavior: End.DT46, vrf: blue}\n'
    path.write_text(PLAIN + more + more.replace("1:4:", "1:5:") + more.replace("1:4:", "1:6:").replace("DT46", "DT4"))
    have = "is not in the loaded program (profile transit); profiles that have it: edge, full"
    assert refused(load_node(path), TRANSIT) == [
        f"{path}:12: sids[3]: End.DT46 {have}",
        f"{path}:14: sids[5]: End.DT4 {have}",
    ]


def test_a_program_that_has_all_of_it() -> None:
    found = compile_state(load_node(PLAIN), TRANSIT)
    assert {entity.table for entity in found.entities if isinstance(entity, TableEntry)} <= OF_TRANSIT
    assert not any(isinstance(entity, MeterEntry) for entity in found.entities)
    for entity in found.entities:
        assert TRANSIT.normalize(entity) is not None
    more = compile_state(load_node(PLAIN), COMMITTED).entities
    assert any(isinstance(entity, MeterEntry) for entity in more)
    assert tables.UPPER_LAYER in {entity.table for entity in more if isinstance(entity, TableEntry)}


def test_a_route_inside_a_sid_of_a_program_that_cannot_tell_them_apart() -> None:
    """Refused with its place in the node file, since packets for it would be the SID's."""
    data = {
        "node": "r1",
        "locator": "fcbb:bb00:1::/48",
        "sids": [{"sid": "fcbb:bb00:1:1::/64", "behavior": "End"}],
        "routes": [{"prefix": "fd00::/64", "blackhole": True}, {"prefix": "fcbb:bb00:1:1:5::/80", "blackhole": True}],
    }
    node = load_node_dict(data)
    assert compile_state(node, COMMITTED)
    with pytest.raises(NotInProgram, match=r"a route inside the prefix of a SID is not in the loaded") as caught:
        compile_state(node, without(("not_a_sid",)))
    assert [problem.path for problem in caught.value.problems] == [("routes", 1)]


def test_options_are_0_where_an_action_has_them() -> None:
    info = without(())
    for action in info.proto.actions:
        if action.preamble.alias in of(tables.MY_SID):
            action.params.add(id=15, name="options", bitwidth=8)
    found = compile_state(load_node(FULL), P4Info(info.proto))
    actions = [e.action for e in found.entities if isinstance(e, TableEntry) and e.table == tables.MY_SID]
    assert len(actions) == 13
    given = {action.name: action.params["options"] for action in actions if isinstance(action, Action)}
    assert given.pop("end_dt46") == 0x70  # the only one that asks for some
    assert not any(given.values())


def test_a_parameter_that_nothing_gives() -> None:
    info = without(())
    next(a for a in info.proto.actions if a.preamble.alias == "end_t").params.add(id=15, name="colour", bitwidth=8)
    with pytest.raises(LookupError, match=r"End\.T: no operand gives parameter 'colour' of action 'end_t'"):
        compile_state(load_node(PLAIN), P4Info(info.proto))


POLICY = {"name": "p", "segments": ["fcbb:bb00:4::"]}


@pytest.mark.parametrize(
    ("sections", "message"),
    [
        ({"policies": [POLICY]}, "policies[0]: H.Encaps is not in"),
        ({"policies": [{**POLICY, "encap": "insert"}]}, "policies[0]: H.Insert is not in"),
        ({"policies": [POLICY], "steering": [{"prefix": "::/0", "policy": "p"}]}, "steering: steering by prefix is"),
        ({"steering": [{"match": {"port": 1}, "policy": None}]}, "steering: steering by classifier is not"),
        ({"ports": {3: {"mode": "l2"}}, "sids": [], "routes": []}, "ports[3]: a layer 2 port is not in"),
        (
            {"ports": {3: {"vlans": {7: {}}}}, "sids": [], "routes": []},
            "ports[3].vlans[7]: a VLAN interface is not in",
        ),
        ({"sr_domain": {"sid-block": "fcbb::/16"}}, "sr-domain.sid-block: the filter of SID blocks is not"),
        ({"sr_domain": {"sources": "fcbb::/16"}}, "sr-domain.sources: the filter of sources is not"),
        ({"upper_layer": ["udp"]}, "upper-layer: delivery of upper layers is not"),
    ],
)
def test_what_is_not_a_sid(sections: dict[str, Any], message: str) -> None:
    lines = refused(plus(**sections), TRANSIT)
    assert [line for line in lines if message in line], lines
    assert all("(profile transit); profiles that have it: edge, full" in line for line in lines)


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (("ipv4_table",), "ports[1]: IPv4 is not in the loaded program"),
        (("set_nexthop_group",), "routes[0]: a set of next hops is not in the loaded program"),
    ],
)
def test_smaller_routers(names: tuple[str, ...], message: str) -> None:
    assert message in refused(load_node(PLAIN), without(names))[0]


def test_long_lists_need_their_tables() -> None:
    segments = [f"fcbb:bb00:5::{index}" for index in range(6)]
    info = without(("srv6_sidlist_5_8_table",))
    lines = refused(plus(policies=[{"name": "p", "encap": "encap", "segments": segments}]), info)
    assert "a segment list of 6 segments is not in the loaded program" in lines[0]
    compile_state(plus(policies=[{"name": "p", "encap": "encap", "segments": segments[:4]}]), info)


def test_a_binding_sid_needs_its_headend() -> None:
    node = plus(policies=[POLICY], sids=[{"sid": "fcbb:bb00:1:1::", "behavior": "End.B6.Insert", "policy": "p"}])
    assert "sids[0]: End.B6.Insert is not in" in refused(node, without(("h_insert",)))[0]


def test_where_no_profile_has_it() -> None:
    node = plus(sids=[{"sid": "fcbb:bb00:1:1::", "behavior": "End.DX2", "port": 1}])
    [line] = refused(node, TRANSIT)
    assert line.endswith("profiles that have it: full")
    (artifacts.directories()[0] / "full.json").unlink()
    [line] = refused(node, TRANSIT)
    assert line.endswith("(profile transit); no profile here has it")


def test_which_profile_a_program_is() -> None:
    assert Capabilities(TRANSIT).profile == "transit"  # by its tables and actions
    assert Capabilities(COMMITTED).profile == "full"
    assert Capabilities(without((), description="Profile edge: headend and VPNs")).profile == "edge"
    other = without(("end_t",))
    other.proto.pkg_info.name = "mine.p4"
    assert Capabilities(other).profile == "mine.p4"


class Empty:
    """A switch with a program and nothing in its tables."""

    def __init__(self, info: P4Info) -> None:
        self.p4info = info

    def read(self, patterns: TableEntry | Iterable[TableEntry]) -> list[Any]:
        for pattern in [patterns] if isinstance(patterns, TableEntry) else patterns:
            self.p4info.table(pattern.table)  # raises where there is none
        return []


def test_a_smaller_program_can_be_looked_into() -> None:
    """`show` with a node file that needs more than the switch can do: fewer names, no error."""
    client: Any = Empty(TRANSIT)
    names = readback.Names.of(load_node(FULL), client)
    assert (names.vrf(7), names.policy(1)) == ("red", "#1")
    assert readback.policy_rows(client, names) == readback.sid_rows(client, names) == []
    assert readback.counters(client, tables.POLICY_COUNTER, (1, 2)) == {}
    assert readback.Names.of(load_node(FULL), Empty(COMMITTED)).policy(1) == "#1"  # type: ignore[arg-type]


def test_everything_that_compiles_is_asked_for() -> None:
    """A node with every key: each table that gets entries from it is one that `needs` names, or always there."""
    named = {need.table for need in needs.needs(load_node(FULL))}
    used = {e.table for e in compile_state(load_node(FULL), COMMITTED).entities if isinstance(e, TableEntry)}
    assert used - named == {tables.PORT, tables.ROUTES[6], tables.NEXTHOP, tables.SID_VISIT_LIMIT} - named
