# SPDX-License-Identifier: Apache-2.0
"""A session of p4runtime-shell, run by its own Python: loads the program, writes, reads, prints what it saw.

    python session.py HOST:PORT DEVICE_ID P4INFO JSON

Prints one JSON object. It must not import anything of this project.
"""

import json
import sys

import p4runtime_sh.shell as sh


def entry(table, match, action=None, priority=None):
    """An entry with its match and action set in the syntax of the shell."""
    item = sh.TableEntry(table)(action=action[0]) if action else sh.TableEntry(table)
    for name, value in match.items():
        item.match[name] = value
    if action:
        for name, value in action[1].items():
            item.action[name] = value
    if priority is not None:
        item.priority = priority
    return item


def read(table):
    """The entries of a table, as text."""
    found = []
    sh.TableEntry(table).read(lambda item: found.append(str(item)))
    return found


def weighted(policy, weights):
    """An entry of the policy table with one member for each weight."""
    item = sh.TableEntry("sr_policy_table")
    item.match["policy_id"] = policy
    item.oneshot = sh.Oneshot("sr_policy_table")
    for number, weight in enumerate(weights, 1):
        action = sh.Action("h_insert_red")
        values = {
            "first_segment": f"fcbb:bb00:{number}::",
            "sidlist_id": "1",
            "segment_count": "1",
            "nexthop_id": "1",
        }
        for name, value in values.items():
            action[name] = value
        item.oneshot.add(action, weight=weight)
    return item


def main(address, device_id, p4info, config):
    """Do it all; what the test checks goes into the result."""
    sh.setup(
        device_id=int(device_id),
        grpc_addr=address,
        election_id=(0, 1),
        config=sh.FwdPipeConfig(p4info, config),
        verbose=False,
    )
    result = {"version": str(sh.APIVersion())}
    route = entry(
        "ipv6_table", {"vrf_id": "0", "ipv6_dst": "2001:db8::/32"}, ("set_nexthop", {"nexthop_id": "7"})
    )
    route.insert()
    entry("ipv4_table", {"vrf_id": "3", "ipv4_dst": "10.1.0.0/16"}, ("blackhole", {})).insert()
    entry(
        "classifier_ipv6_table",
        {"ipv6_src": "2001:db8::&&&ffff:ffff::", "l4_dst_port": "53&&&0xffff"},
        ("no_steering", {}),
        priority=10,
    ).insert()
    entry(
        "nexthop_table",
        {"nexthop_id": "7"},
        (
            "set_adjacency",
            {
                "egress_port": "1",
                "vlan_id": "0",
                "src_mac": "02:00:00:00:01:01",
                "dst_mac": "02:00:00:00:02:01",
                "mtu": "1500",
            },
        ),
    ).insert()
    weighted("5", (3, 1)).insert()
    result["ipv6_table"] = read("ipv6_table")
    result["classifier_ipv6_table"] = read("classifier_ipv6_table")
    result["sr_policy_table"] = read("sr_policy_table")
    changed = entry(
        "ipv6_table", {"vrf_id": "0", "ipv6_dst": "2001:db8::/32"}, ("set_nexthop", {"nexthop_id": "9"})
    )
    changed.modify()
    result["modified"] = read("ipv6_table")
    try:
        route.insert()
        result["twice"] = "accepted"
    except Exception as error:
        result["twice"] = str(error)
    session = sh.CloneSessionEntry(1)
    session.add(510, 1)
    session.insert()
    cell = sh.CounterEntry("drop_counter")
    cell.index = 3
    cell.packet_count, cell.byte_count = 5, 500
    cell.modify()
    counts = []
    sh.CounterEntry("drop_counter")(index=3).read(
        lambda item: counts.append([item.packet_count, item.byte_count])
    )
    result["counts"] = counts
    entry("ipv4_table", {"vrf_id": "3", "ipv4_dst": "10.1.0.0/16"}).delete()
    result["ipv4_table"] = read("ipv4_table")
    sh.teardown()
    print(json.dumps(result))


if __name__ == "__main__":
    main(*sys.argv[1:])
