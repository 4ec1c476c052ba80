# SPDX-License-Identifier: Apache-2.0
"""``telemetry`` of a node file and of a policy, and the entries."""

from __future__ import annotations

from typing import Any

import pytest

from srv6cp import artifacts
from srv6cp.compile import NotInProgram, compile_state
from srv6cp.config import ConfigError, load_node_dict
from srv6cp.model import InterfaceId, MarkedFlow, TracedInterface
from srv6cp.p4rt import P4Info
from srv6cp.p4rt.entities import Action, TableEntry


def _node(telemetry: Any, **more: Any) -> Any:
    return load_node_dict(
        {
            "node": "r1",
            "source": "fcbb:bb00:1::1",
            "ports": {
                1: {"addresses": ["2001:db8:1::1/64"]},
                2: {"vlans": {20: {"addresses": ["2001:db8:2::1/64"]}}},
                3: {"mode": "l2"},
            },
            "telemetry": telemetry,
            **more,
        }
    )


def _entries(node: Any, table: str) -> list[tuple[Any, Any]]:
    info = P4Info.from_file(artifacts.find("telemetry").p4info)
    return [
        (dict(entry.match), dict(entry.action.params))
        for entry in compile_state(node, info).entities
        if isinstance(entry, TableEntry) and entry.table == table and isinstance(entry.action, Action)
    ]


def test_path_tracing() -> None:
    node = _node(
        {"path-tracing": [{"interface": 1, "id": 9}, {"interface": "2.20", "id": 4095, "load": 15, "template": 3}]}
    )
    assert node.telemetry.traced == (
        TracedInterface(InterfaceId(1, 0), 9),
        TracedInterface(InterfaceId(2, 20), 4095, 15, 3),
    )
    assert _entries(node, "path_tracing_table") == [
        ({"egress_port": 1, "vlan_id": 0}, {"interface_id": 9, "load": 0, "shift": 16}),
        ({"egress_port": 2, "vlan_id": 20}, {"interface_id": 4095, "load": 15, "shift": 20}),
    ]


def test_alternate_marking() -> None:
    node = _node({"alternate-marking": [{"flow": 5}, {"flow": 0xFFFFF, "ports": [2]}]})
    assert node.telemetry.flows == (MarkedFlow(5, (1, 2, 3)), MarkedFlow(0xFFFFF, (2,)))
    found = _entries(node, "alternate_marking_table")
    assert len(found) == 4 * (3 + 1)
    assert ({"ingress_port": 2, "flow_mon_id": 0xFFFFF, "loss": 1, "delay": 0}, {}) in found


def test_source_of_path_tracing() -> None:
    """A list without an SRH has one for the TLV; an insertion by the same policy is not traced."""
    node = _node(
        None,
        locator="fcbb:bb00:1::/48",
        policies=[{"name": "p", "encap": {"mode": "encap.red", "path-tracing": 65535}, "segments": ["2001:db8:1::9"]}],
        sids=[{"sid": "fcbb:bb00:1:1::/64", "behavior": "End.B6.Insert", "policy": "p"}],
        steering=[{"prefix": "2001:db8:9::/48", "policy": "p"}],
    )
    ((match, params),) = _entries(node, "path_tracing_policy_table")
    assert params == {"session_id": 65535}
    counts = {match["policy_id"]: params for match, params in _entries(node, "sr_policy_table")}
    assert match["policy_id"] in counts or counts == {}


@pytest.mark.parametrize(
    ("telemetry", "message"),
    [
        ({"path-tracing": [{"interface": 1}]}, "telemetry.path-tracing[0]: 'id' is missing"),
        (
            {"path-tracing": [{"interface": 1, "id": 0}]},
            "telemetry.path-tracing[0].id: id must be a number from 1 to 4095, not 0",
        ),
        ({"path-tracing": [{"interface": 1, "id": 4096}]}, "telemetry.path-tracing[0].id: "),
        ({"path-tracing": [{"interface": 1, "id": 1, "load": 16}]}, "telemetry.path-tracing[0].load: "),
        ({"path-tracing": [{"interface": 1, "id": 1, "template": 4}]}, "telemetry.path-tracing[0].template: "),
        ({"path-tracing": [{"interface": 9, "id": 1}]}, "telemetry.path-tracing[0].interface: unknown port 9"),
        (
            {"path-tracing": [{"interface": 3, "id": 1}]},
            "telemetry.path-tracing[0].interface: port 3 is a layer 2 port",
        ),
        (
            {"path-tracing": [{"interface": 1, "id": 1}] * 2},
            "telemetry.path-tracing[1].interface: interface 1 is given twice",
        ),
        (
            {"path-tracing": [{"interface": 1, "id": 1}, {"interface": "2.20", "id": 1}]},
            "telemetry.path-tracing[1].id: id 1 is that of another interface",
        ),
        ({"alternate-marking": [{"flow": 1 << 20}]}, "telemetry.alternate-marking[0].flow: "),
        ({"alternate-marking": [{"flow": 1}] * 2}, "telemetry.alternate-marking[1].flow: flow 1 is given twice"),
        ({"alternate-marking": [{"flow": 1, "ports": [9]}]}, "telemetry.alternate-marking[0].ports[0]: unknown port 9"),
        (
            {"alternate-marking": [{"flow": 1, "ports": [1, 1]}]},
            "telemetry.alternate-marking[0].ports[1]: port 1 is given twice",
        ),
        ({"marking": []}, "telemetry.marking: unknown key 'marking'"),
        ([], "telemetry: "),
    ],
)
def test_mistakes(telemetry: Any, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        _node(telemetry)
    assert message in str(caught.value)


@pytest.mark.parametrize("mode", ["inline", "inline.red"])
def test_an_insertion_is_no_source(mode: str) -> None:
    with pytest.raises(ConfigError, match="takes no 'path-tracing'"):
        _node(None, policies=[{"name": "p", "encap": {"mode": mode, "path-tracing": 1}, "segments": ["2001:db8:1::9"]}])


def test_other_profiles_have_none() -> None:
    info = P4Info.from_file(artifacts.find("full").p4info)
    for telemetry in ({"path-tracing": [{"interface": 1, "id": 1}]}, {"alternate-marking": [{"flow": 1}]}):
        with pytest.raises(NotInProgram, match="profiles that have it: telemetry"):
            compile_state(_node(telemetry), info)
