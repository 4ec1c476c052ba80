# SPDX-License-Identifier: Apache-2.0
"""End.VNF in a node file: its prefix leaves room for a function, its next hop is the proxy, its profile is services."""

from __future__ import annotations

import pytest

from srv6cp.artifacts import find
from srv6cp.behaviours import vnf
from srv6cp.cli.readback import Names
from srv6cp.compile import compile_state
from srv6cp.compile.capabilities import Capabilities
from srv6cp.compile.needs import check
from srv6cp.config import ConfigError, load_node_dict
from srv6cp.model import Node, Sid
from srv6cp.p4rt import Action, P4Info, TableEntry

SID = {"sid": "fcbb:bb00:2:f0::/80", "behavior": "End.VNF", "via": "2001:db8:2::2"}


def node(**changes: object) -> Node:
    """A node with the SID, and what is different of it; None: not there."""
    item = {key: value for key, value in {**SID, **changes}.items() if value is not None}
    return load_node_dict(
        {
            "node": "r2",
            "source": "fcbb:bb00:2::1",
            "locator": "fcbb:bb00:2::/48",
            "ports": {1: {"mac": "02:00:00:00:02:01", "addresses": ["2001:db8:2::1/64"]}},
            "sids": [item],
        }
    )


@pytest.mark.parametrize("prefix", ["fcbb:bb00:2:f0::/80", "fcbb:bb00:2:f0::/64", "fcbb:bb00:2:f0:0:aaaa:0:80/128"])
def test_its_next_hop_is_the_proxy(prefix: str) -> None:
    (found,) = node(sid=prefix, behavior="end.vnf").sids
    assert isinstance(found, Sid) and found.behaviour == "End.VNF"
    (hop,) = found.operands["via"]
    assert str(hop.address) == "2001:db8:2::2"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"sid": "fcbb:bb00:2:f0::/96"}, "has at most 80 bits, or 128 for one function, not 96"),
        ({"via": None}, "End.VNF needs 'via', the address of the next hop"),
        ({"via": {"address": "10.0.2.2", "port": 1}}, "must be an IPv6 address, not 10.0.2.2"),
        ({"flavors": ["psp"]}, "End.VNF takes no flavours"),
    ],
)
def test_mistakes(changes: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        node(**changes)


def test_read_back_in_the_words_that_make_it() -> None:
    made = node()
    compilation = compile_state(made, P4Info.from_file(find("services").p4info))
    (entry,) = [
        each
        for each in compilation.entities
        if isinstance(each, TableEntry) and isinstance(each.action, Action) and each.action.name == "end_vnf"
    ]
    assert isinstance(entry.action, Action)
    (operand,) = vnf.END_VNF.operands
    assert operand.told(entry.action.params, Names(made, compilation)) == "2001:db8:2::2 port 1"


def test_another_profile_names_the_one_that_has_it() -> None:
    with pytest.raises(ConfigError, match=r"End\.VNF is not in the loaded program.*profiles that have it: .*services"):
        check(node(), Capabilities(P4Info.from_file(find("full").p4info)))
