# SPDX-License-Identifier: Apache-2.0
"""C-SIDs in addresses and lists by name."""

from __future__ import annotations

import pytest

from srv6cp.config import load_node
from srv6cp.model import Node
from srv6lab.containers import Containers


def node(name: str, number: int) -> Node:
    return load_node(f"""\
node: {name}
locator: {{prefix: "fcbb:bb00:{number}::/48", block: 32}}
source: "fcbb:bb00:{number}::1"
ports: {{1: {{addresses: ["2001:db8:1::{number}/64"]}}}}
sids:
  - {{sid: "fcbb:bb00:{number}::/48", behavior: uN}}
  - {{sid: "fcbb:bb00:{number}:f1::/64", behavior: uA, via: "2001:db8:1::9"}}
  - {{sid: "fcbb:bb00:{number}:d046::/64", behavior: End.DT46, vrf: default}}
  - {{sid: "fcbb:bb00:f00{number}::/48", behavior: uT, vrf: default}}
""")


NODES = {f"r{number}": node(f"r{number}", number) for number in (1, 2, 3)}


@pytest.mark.parametrize(
    ("address", "label"),
    [
        ("fcbb:bb00:1:2:3::", "r1>r2>r3"),
        ("fcbb:bb00:1:f1:2:3:d046::", "r1 uA>r2>r3 End.DT46"),
        ("fcbb:bb00:3:d046::", "r3 End.DT46"),
        ("fcbb:bb00:3::", "r3"),
        ("fcbb:bb00:1:9::", None),  # r9 is nobody
        ("fcbb:bb00:1:f002::", None),  # of whichever node is asked: not told
        ("2001:db8:1::9", None),
        ("10.0.0.1", None),
        ("02:00:00:ff:00:01", None),
    ],
)
def test_c_sids_of_an_address(address: str, label: str | None) -> None:
    assert Containers(NODES).label(address) == label


def test_a_network_without_c_sids_has_no_containers() -> None:
    plain = load_node('node: r9\nlocator: "fcbb:bb00:9::/48"\nsids: [{sid: "fcbb:bb00:9:1::/64", behavior: End}]\n')
    assert Containers({"r9": plain}).label("fcbb:bb00:9:1::") is None
