# SPDX-License-Identifier: Apache-2.0
"""End.DX2V and its VLAN tables: node file, entries, and the way back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from srv6cp.artifacts import find
from srv6cp.behaviours import REGISTRY, Section
from srv6cp.cli import readback
from srv6cp.cli.edits import add, remove
from srv6cp.cli.kinds import kinds
from srv6cp.cli.main import build_parser
from srv6cp.cli.nodefile import NodeFile
from srv6cp.cli.words import UsageError
from srv6cp.compile import NotInProgram, compile_state
from srv6cp.config import ConfigError, load_node
from srv6cp.config.schema import schema
from srv6cp.p4rt import Action, P4Info, TableEntry

NODE = """\
node: r1
locator: "fcbb:bb00:1::/48"
ports: {1: {addresses: ["2001:db8:1::1/64"]}, 3: {mode: l2, mtu: 1400}}
sids:
  - {sid: "fcbb:bb00:1:1::/64", behavior: End.DX2V, table: wires}
vlan-tables:
  - name: wires
    entries: [{vlan: 0, port: 3}, {vlan: 10, port: 1, rewrite: 20}, {vlan: 11, port: 3, rewrite: pop}]
"""
ENTRIES = NODE[NODE.index("[{vlan") :].rstrip()


def section() -> Section:
    [found] = REGISTRY.endpoint("End.DX2V").sections
    return found


def errors(text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        load_node(text)
    return str(caught.value)


@pytest.mark.parametrize(
    ("entries", "path", "message"),
    [
        ("[]", "", "a VLAN table needs at least one entry"),
        ("7", "", "entries must be a list, not 7"),
        ("[7]", "[0]", "an entry of a VLAN table must be a mapping"),
        ("[{vlan: 10}]", "[0]", "'port' is missing"),
        ("[{port: 3}]", "[0]", "'vlan' is missing"),
        ("[{vlan: 10, port: 4}]", "[0].port", "unknown port 4; valid: 1, 3"),
        ("[{vlan: 4095, port: 3}]", "[0].vlan", "VLAN (0: untagged) must be a number from 0 to 4094, not 4095"),
        ("[{vlan: 10, port: 3, rewrit: 1}]", "[0].rewrit", "unknown key 'rewrit'; did you mean 'rewrite'?"),
        ("[{vlan: 10, port: 3, rewrite: 0}]", "[0].rewrite", "must be a number from 1 to 4094, not 0"),
        ("[{vlan: 10, port: 3, rewrite: push}]", "[0].rewrite", "unless it is 'pop', must be a number"),
        ("[{vlan: 0, port: 3, rewrite: pop}]", "[0].rewrite", "VLAN 0 is that of untagged frames"),
        ("[{vlan: 10, port: 3}, {vlan: 10, port: 1}]", "[1].vlan", "VLAN 10 is given twice"),
    ],
)
def test_mistakes_in_entries(entries: str, path: str, message: str) -> None:
    found = errors(NODE.replace(ENTRIES, entries))
    assert f"vlan-tables[0].entries{path}: " in found
    assert message in found


def test_mistakes_of_a_sid() -> None:
    assert "sids[0]: End.DX2V needs 'table', a VLAN table" in errors(NODE.replace(", table: wires", ""))
    assert "sids[0].table: unknown VLAN table 'wire'; did you mean 'wires'?" in errors(
        NODE.replace("table: wires", "table: wire")
    )


def test_schema() -> None:
    validator = jsonschema.Draft202012Validator(schema())
    for entry, right in (
        ({"vlan": 0, "port": 3}, True),
        ({"vlan": 10, "port": 3, "rewrite": 20}, True),
        ({"vlan": 10, "port": 3, "rewrite": "pop"}, True),
        ({"vlan": 10}, False),
        ({"vlan": 4095, "port": 3}, False),
        ({"vlan": 10, "port": 3, "rewrite": "push"}, False),
        ({"vlan": 10, "port": 3, "mtu": 9}, False),
    ):
        node = {"node": "r1", "vlan-tables": [{"name": "wires", "entries": [entry]}]}
        assert validator.is_valid(node) is right, entry


def test_entries() -> None:
    info = P4Info.from_file(find().p4info)
    found = compile_state(load_node(NODE), info)
    [number] = found.items["vlan-tables"]
    of = [entity for entity in found.entities if isinstance(entity, TableEntry)]
    [sid] = [entry.action for entry in of if entry.table == "my_sid_table"]
    assert isinstance(sid, Action)
    assert (sid.name, sid.params["dx2v_table_id"], sid.params["options"]) == ("end_dx2v", number, 0)
    assert [(entry.match, entry.action) for entry in of if entry.table == "dx2v_table"] == [
        ({"dx2v_table_id": number, "vlan_id": 0}, Action("forward_frame", {"egress_port": 3, "mtu": 1400})),
        (
            {"dx2v_table_id": number, "vlan_id": 10},
            Action("rewrite_vlan", {"egress_port": 1, "mtu": 1500, "vlan_id": 20}),
        ),
        ({"dx2v_table_id": number, "vlan_id": 11}, Action("pop_vlan", {"egress_port": 3, "mtu": 1400})),
    ]


def test_a_profile_without_it() -> None:
    with pytest.raises(NotInProgram) as caught:
        compile_state(load_node(NODE), P4Info.from_file(find("transit").p4info))
    assert str(caught.value.problems[0]).startswith("<string>:5: sids[0]: End.DX2V is not in the loaded program")
    assert "edge, full" in caught.value.problems[0].message


class Switch:
    """As much of a client as reading back needs."""

    def __init__(self, info: P4Info, entities: Iterable[Any]) -> None:
        self.p4info = info
        self._entities = list(entities)

    def read(self, patterns: Any) -> Iterator[Any]:
        if isinstance(patterns, TableEntry):
            yield from (e for e in self._entities if getattr(e, "table", None) == patterns.table)


def test_readback() -> None:
    node, info = load_node(NODE), P4Info.from_file(find().p4info)
    compilation = compile_state(node, info)
    client: Any = Switch(info, map(info.normalize, reversed(compilation.entities)))
    names = readback.Names(node, compilation)
    [sid] = readback.sid_rows(client, names)
    assert (sid["behavior"], sid["operand"]) == ("End.DX2V", "table wires")
    assert readback.section_rows(client, section(), names) == [
        {"table": "wires", "vlan": 0, "port": 3, "rewrite": None},
        {"table": "wires", "vlan": 10, "port": 1, "rewrite": 20},
        {"table": "wires", "vlan": 11, "port": 3, "rewrite": "pop"},
    ]


def test_words(tmp_path: Path) -> None:
    path = tmp_path / "node.yaml"
    path.write_text(NODE)
    file = NodeFile(path)
    words = "vlan-table add more vlan 0 port 3 vlan 10 port 1 rewrite 20 vlan 11 rewrite pop port 3"
    args = build_parser().parse_args(words.split())
    add(file, kinds()[args.kind].parse(args.words), replace=False)
    tables = file.node().sections["vlan-tables"]
    assert tables["more"] == tables["wires"]
    remove(file, "vlan-table", ["more"])
    assert file.text == NODE


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("a port 3", "'vlan V' comes first, not 'port'"),
        ("a vlan", "'vlan' needs a value"),
        ("a vlan 1 prt 3", "unknown word 'prt'; did you mean 'port'?"),
        ("a vlan 1 port 3 port 4", "'port' is given twice"),
    ],
)
def test_wrong_words(words: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        kinds()["vlan-table"].parse(words.split())
    assert message in str(caught.value)
    assert "usage: srv6 vlan-table add NAME vlan V port P [rewrite VID/pop] ..." in str(caught.value)
