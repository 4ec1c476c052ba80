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
            "nexthop_id": "7",
        }
        for name, value in values.items():
            action[name] = value
        item.oneshot.add(action, weight=weight)
    return item


def work(result):
    """Write, change, read back, delete; what the test checks goes into ``result``."""
    # What is referred to comes first: softswitch enforces @refers_to.
    adjacency = {
        "egress_port": "1",
        "vlan_id": "0",
        "src_mac": "02:00:00:00:01:01",
        "dst_mac": "02:00:00:00:02:01",
    }
    for number in ("7", "9"):
        entry("nexthop_table", {"nexthop_id": number}, ("set_adjacency", {**adjacency, "mtu": "1500"})).insert()
    entry("srv6_sidlist_1_4_table", {"sidlist_id": "1"}, ("segments_1", {"segment_list_0": "fcbb:bb00:9::"})).insert()
    destination = {"vrf_id": "0", "ipv6_dst": "2001:db8::/32"}
    route = entry("ipv6_table", destination, ("set_nexthop", {"nexthop_id": "7"}))
    route.insert()
    blackhole = entry("ipv4_table", {"vrf_id": "3", "ipv4_dst": "10.1.0.0/16"}, ("blackhole", {}))
    blackhole.insert()
    match = {"ipv6_src": "2001:db8::&&&ffff:ffff::", "l4_dst_port": "53&&&0xffff"}
    entry("classifier_ipv6_table", match, ("no_steering", {}), priority=10).insert()
    weighted("5", (3, 1)).insert()
    for table in ("ipv6_table", "classifier_ipv6_table", "sr_policy_table"):
        result[table] = read(table)
    entry("ipv6_table", destination, ("set_nexthop", {"nexthop_id": "9"})).modify()
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
    sh.CounterEntry("drop_counter")(index=3).read(lambda item: counts.append([item.packet_count, item.byte_count]))
    result["counts"] = counts
    blackhole.delete()
    result["ipv4_table"] = read("ipv4_table")


def main(address, device_id, p4info, config):
    """Load the program, work, print the result."""
    program = sh.FwdPipeConfig(p4info, config)
    sh.setup(device_id=int(device_id), grpc_addr=address, election_id=(0, 1), config=program, verbose=False)
    try:
        result = {"version": str(sh.APIVersion())}
        work(result)
        print(json.dumps(result))
    finally:
        sh.teardown()  # or its threads keep the interpreter alive


if __name__ == "__main__":
    main(*sys.argv[1:])
