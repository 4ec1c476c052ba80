# SPDX-License-Identifier: Apache-2.0
"""End.BM and SR-MPLS policies: node file, entries, and the way back."""

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
from srv6cp.cli.exitcodes import UsageError
from srv6cp.cli.kinds import kinds
from srv6cp.cli.main import build_parser
from srv6cp.cli.nodefile import NodeFile
from srv6cp.compile import NotInProgram, compile_state
from srv6cp.config import ConfigError, load_node
from srv6cp.config.schema import schema
from srv6cp.p4rt import Action, DirectCounterEntry, P4Info, TableEntry
from srv6cp.packets import frame_notation

NODE = """\
node: r1
locator: "fcbb:bb00:1::/48"
ports: {1: {addresses: ["2001:db8:1::1/64", "10.0.1.1/24"]}, 2: {addresses: ["2001:db8:2::1/64"]}}
sids:
  - {sid: "fcbb:bb00:1:f::/64", behavior: End.BM, mpls-policy: core}
mpls-policies:
  - {name: core, labels: [16001, 24002], via: "2001:db8:1::2", ttl: 64, traffic-class: 3}
"""
POLICY = NODE[NODE.index("{name: core") :].rstrip()


def section() -> Section:
    [found] = REGISTRY.endpoint("End.BM").sections
    return found


def errors(text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        load_node(text)
    return str(caught.value)


def with_policy(policy: str) -> str:
    return NODE.replace(POLICY, policy)


@pytest.mark.parametrize(
    ("policy", "path", "message"),
    [
        ("{name: core, via: '2001:db8:1::2'}", "", "'labels' is missing"),
        ("{name: core, labels: 16001}", "", "'via' is missing"),
        ("{name: core, labels: [], via: '2001:db8:1::2'}", ".labels", "an SR-MPLS policy needs 1 to 8 labels"),
        ("{name: core, labels: [1048576], via: '2001:db8:1::2'}", ".labels[0]", "must be a number from 0 to 1048575"),
        ("{name: core, labels: [lsp], via: '2001:db8:1::2'}", ".labels[0]", "router-alert, explicit-null, implicit-"),
        (
            "{name: core, labels: [16, 3], via: '2001:db8:1::2'}",
            ".labels[1]",
            "implicit null (3) can only be the first",
        ),
        ("{name: core, labels: [2, 16], via: '2001:db8:1::2'}", ".labels[0]", "explicit null (2) can only be the last"),
        ("{name: core, labels: [16, 1], via: '2001:db8:1::2'}", ".labels[1]", "router alert (1) cannot be the last"),
        ("{name: core, labels: [0], via: '2001:db8:1::2'}", ".labels[0]", "label 0 is a special one (RFC 7274); valid"),
        ("{name: core, labels: [13], via: '2001:db8:1::2'}", ".labels[0]", "label 13 is a special one (RFC 7274); va"),
        (f"{{name: core, labels: {[*range(16, 25)]}, via: '2001:db8:1::2'}}", ".labels", "at most 8 labels, this one"),
        ("{name: core, labels: [16], via: {port: 1}}", ".via", "needs the address of its next hop"),
        ("{name: core, labels: [16], via: '2001:db8:9::2'}", ".via", "2001:db8:9::2"),
        ("{name: core, labels: [16], via: '2001:db8:1::2', ttl: 0}", ".ttl", "from 1 to 255, or uniform, not 0"),
        (
            "{name: core, labels: [16], via: '2001:db8:1::2', traffic-class: 8}",
            ".traffic-class",
            "7, or inherit, not 8",
        ),
        ("{name: core, labels: [16], via: '2001:db8:1::2', exp: 8}", ".exp", "unknown key 'exp'"),
    ],
)
def test_mistakes(policy: str, path: str, message: str) -> None:
    found = errors(with_policy(policy))
    assert f"mpls-policies[0]{path}: " in found
    assert message in found


def test_mistakes_of_a_sid() -> None:
    assert "sids[0]: End.BM needs 'mpls-policy', a label stack" in errors(NODE.replace(", mpls-policy: core", ""))
    assert "sids[0].mpls-policy: unknown label stack 'cor'; did you mean 'core'?" in errors(
        NODE.replace("mpls-policy: core}", "mpls-policy: cor}")
    )


def test_schema() -> None:
    validator = jsonschema.Draft202012Validator(schema())
    for fields, right in (
        ({"labels": [16001, "explicit-null"], "via": "fe80::1"}, True),
        ({"labels": "16001/24002", "via": "fe80::1", "ttl": "uniform", "traffic-class": "inherit"}, True),
        ({"labels": 16001, "via": [{"address": "fe80::1", "port": 1}], "ttl": 1, "traffic-class": 0}, True),
        ({"labels": [16001]}, False),
        ({"labels": [], "via": "fe80::1"}, False),
        ({"labels": [1 << 20], "via": "fe80::1"}, False),
        ({"labels": [16001], "via": "fe80::1", "ttl": 0}, False),
        ({"labels": [16001], "via": "fe80::1", "traffic-class": 8}, False),
    ):
        node = {"node": "r1", "mpls-policies": [{"name": "core", **fields}]}
        assert validator.is_valid(node) is right, fields


@pytest.mark.parametrize(
    ("policy", "action", "params"),
    [
        (POLICY, "push_labels_2",
         {"traffic_class": 3, "ttl": 64, "inherit": 0, "label_0": 16001, "label_1": 24002}),
        ("{name: core, labels: 16001/2, via: '10.0.1.2'}", "push_labels_2",
         {"traffic_class": 0, "ttl": 0, "inherit": 0xEFF, "label_0": 16001, "label_1": 2}),
        ("{name: core, labels: [implicit-null, 16001], via: '2001:db8:1::2', ttl: 9}", "push_labels_1",
         {"traffic_class": 0, "ttl": 9, "inherit": 0xE00, "label_0": 16001}),
        ("{name: core, labels: '16001,router-alert,16002', via: '2001:db8:1::2', traffic-class: 5}", "push_labels_3",
         {"traffic_class": 5, "ttl": 0, "inherit": 0x0FF, "label_0": 16001, "label_1": 1, "label_2": 16002}),
        ("{name: core, labels: 3, via: '2001:db8:1::2'}", "push_no_label", {}),
    ],
)  # fmt: skip
def test_entries(policy: str, action: str, params: dict[str, int]) -> None:
    found = compile_state(load_node(with_policy(policy)), P4Info.from_file(find().p4info))
    [number] = found.items["mpls-policies"]
    of = [entity for entity in found.entities if isinstance(entity, TableEntry)]
    [sid] = [entry.action for entry in of if entry.table == "my_sid_table"]
    assert isinstance(sid, Action)
    assert (sid.name, sid.params["mpls_policy_id"]) == ("end_bm", number)
    [entry] = [entry for entry in of if entry.table == "mpls_policy_table"]
    assert entry.match == {"mpls_policy_id": number}
    assert isinstance(entry.action, Action)
    nexthop = entry.action.params["nexthop_id"]
    assert nexthop in [each.match["nexthop_id"] for each in of if each.table == "nexthop_table"]
    assert entry.action == Action(action, {"nexthop_id": nexthop, **params})


def test_a_profile_without_it() -> None:
    with pytest.raises(NotInProgram) as caught:
        compile_state(load_node(NODE), P4Info.from_file(find("edge").p4info))
    assert str(caught.value.problems[0]).startswith("<string>:5: sids[0]: End.BM is not in the loaded program")
    assert "full" in caught.value.problems[0].message


class Switch:
    """As much of a client as reading back needs."""

    def __init__(self, info: P4Info, entities: Iterable[Any]) -> None:
        self.p4info = info
        self._entities = list(entities)

    def read(self, patterns: Any) -> Iterator[Any]:
        if isinstance(patterns, TableEntry):
            yield from (e for e in self._entities if getattr(e, "table", None) == patterns.table)
        elif isinstance(patterns, DirectCounterEntry):
            for entry in self.read(TableEntry(patterns.table)):
                yield DirectCounterEntry(entry.table, entry.match, entry.priority, packets=7)


@pytest.mark.parametrize(
    ("policy", "row"),
    [
        (POLICY, {"labels": "16001/24002", "ttl": 64, "traffic-class": 3}),
        (
            "{name: core, labels: 16, via: '2001:db8:1::2'}",
            {"labels": "16", "ttl": "uniform", "traffic-class": "inherit"},
        ),
        (
            "{name: core, labels: 3, via: '2001:db8:1::2'}",
            {"labels": "implicit-null", "ttl": None, "traffic-class": None},
        ),
    ],
)
def test_readback(policy: str, row: dict[str, Any]) -> None:
    node, info = load_node(with_policy(policy)), P4Info.from_file(find().p4info)
    compilation = compile_state(node, info)
    client: Any = Switch(info, map(info.normalize, reversed(compilation.entities)))
    names = readback.Names(node, compilation)
    [sid] = readback.sid_rows(client, names)
    assert (sid["behavior"], sid["operand"]) == ("End.BM", "mpls-policy core")
    assert readback.section_rows(client, section(), names) == [
        {"policy": "core", "via": "2001:db8:1::2 port 1", "packets": 7, **row}
    ]


@pytest.mark.parametrize(
    ("words", "policy"),
    [
        ("labels 16001/24002 via 2001:db8:1::2 ttl 64 traffic-class 3", POLICY),
        (
            "labels 16001 via 2001:db8:1::2 port 1 weight 2 via 2001:db8:2::2 ttl uniform traffic-class inherit",
            "{name: core, labels: [16001], via: [{address: '2001:db8:1::2', weight: 2}, '2001:db8:2::2']}",
        ),
        ("labels implicit-null via 10.0.1.2", "{name: core, labels: implicit-null, via: 10.0.1.2}"),
    ],
)
def test_words(tmp_path: Path, words: str, policy: str) -> None:
    path = tmp_path / "node.yaml"
    path.write_text(with_policy(policy))
    file = NodeFile(path)
    args = build_parser().parse_args(f"mpls-policy add more {words}".split())
    add(file, kinds()[args.kind].parse(args.words), replace=False)
    found = file.node().sections["mpls-policies"]
    assert found["more"] == found["core"]
    remove(file, "mpls-policy", ["more"])
    assert file.text == with_policy(policy)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("a labels 16 port 1", "'via A' comes first, not 'port'"),
        ("a labels", "'labels' needs a value"),
        ("a labels 16 vi fe80::1", "unknown word 'vi'; did you mean 'via'?"),
        ("a labels 16 labels 17", "'labels' is given twice"),
        ("a labels 16 via fe80::1 port 1 port 2", "'port' is given twice"),
    ],
)
def test_wrong_words(words: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        kinds()["mpls-policy"].parse(words.split())
    assert message in str(caught.value)
    assert "usage: srv6 mpls-policy add NAME labels L[/L...] via A [port P]" in str(caught.value)


@pytest.mark.parametrize(
    ("stack", "text"),
    [
        ("03e8103f05dc213f", "MPLS 16001/24002 TTL 63 TC 0 (::1,::2) no next header"),
        ("03e81b40", "MPLS 16001 TTL 64 TC 5 (::1,::2) no next header"),
    ],
)
def test_labels_in_the_notation_of_packets(stack: str, text: str) -> None:
    packet = bytes.fromhex("6000000000003b40" + "00" * 15 + "01" + "00" * 15 + "02")
    assert frame_notation(bytes(12) + bytes.fromhex("8847" + stack) + packet) == text


@pytest.mark.parametrize(
    ("stack", "text"),
    [
        ("", "MPLS [0 bytes]"),
        ("03e810", "MPLS [3 bytes]"),
        ("03e8103f", "MPLS [0 bytes]"),
        ("03e8113f", "MPLS 16001 TTL 63 TC 0 [0 bytes]"),
        ("03e8113f00", "MPLS 16001 TTL 63 TC 0 [1 bytes]"),
    ],
)
def test_label_stacks_that_end_too_early(stack: str, text: str) -> None:
    assert frame_notation(bytes(12) + bytes.fromhex("8847" + stack)) == text
