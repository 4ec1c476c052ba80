# SPDX-License-Identifier: Apache-2.0
"""``reassembly`` of a node file, and its entries."""

from __future__ import annotations

from typing import Any

import pytest

from srv6cp import artifacts
from srv6cp.compile import compile_state
from srv6cp.config import ConfigError, load_node_dict
from srv6cp.model import Reassembly
from srv6cp.p4rt import P4Info
from srv6cp.p4rt.entities import Action, MeterEntry, TableEntry


def _node(**more: Any) -> Any:
    return load_node_dict({"node": "r1", "ports": {1: {"addresses": ["2001:db8:1::1/64"]}}, **more})


def _entities(profile: str = "transit", **more: Any) -> list[Any]:
    return compile_state(_node(**more), P4Info.from_file(artifacts.find(profile).p4info), {}).entities


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (None, None),
        (False, None),
        (True, Reassembly(9000, 64, 60)),
        ({"size": 1500, "timeout": 5}, Reassembly(1500, 64, 5)),
    ],
)
def test_what_it_says(given: Any, expected: Any) -> None:
    assert _node(reassembly=given).reassembly == expected


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"size": 1280}, "1500"),
        ({"size": 9600}, "9500"),
        ({"packets": 0}, "packets"),
        ({"timeout": 61}, "60"),
        ({"seconds": 3}, "seconds"),
        ("on", "reassembly"),
    ],
)
def test_mistakes_are_told(given: Any, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        _node(reassembly=given)
    (problem,) = caught.value.problems
    assert message in problem.message


def test_fragments_are_an_entry_where_it_is_on_alone() -> None:
    entry = TableEntry("upper_layer_table", {"next_header": 44}, Action("reassemble"))
    assert entry in _entities(reassembly=True)
    assert entry not in _entities()


def test_the_limit_is_a_meter_of_each_port() -> None:
    found = _entities(limits={"reassembly": {"rate": 5, "burst": 7}})
    assert MeterEntry("port_punt_meter", 32 * 1 + 14, 5, 7, 5, 7) in found
    assert not any(isinstance(each, MeterEntry) and each.index == 30 for each in _entities(limits={"reassembly": None}))


@pytest.mark.parametrize(("number", "message"), [(44, "reassembly: true"), (60, "60 is an extension header")])
def test_extension_headers_are_no_upper_layer(number: int, message: str) -> None:
    """Fragments have an entry of their own, which must not be there twice."""
    with pytest.raises(ConfigError, match=message):
        _node(**{"upper-layer": ["udp", number]})
