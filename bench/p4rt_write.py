#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How fast the P4Runtime client encodes, writes and reads: entries a second for each step.

    python bench/p4rt_write.py                          # encoding and decoding alone, no switch
    python bench/p4rt_write.py --switch softswitch      # starts one; bmv2 likewise, when on PATH
    python bench/p4rt_write.py --address HOST:PORT      # one that runs, whose program is replaced

Half of the entries are routes (exact + LPM, one parameter), half local SIDs (exact + LPM, two parameters).
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from ipaddress import IPv6Network
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "cp"), str(ROOT)]

from p4rtlib.protos import p4runtime_pb2 as pb  # noqa: E402
from srv6cp import artifacts  # noqa: E402
from srv6cp.p4rt import Action, Client, P4Info, TableEntry, insert  # noqa: E402
from srv6cp.p4rt.text import parse_entry  # noqa: E402
from srv6cp.sync.launch import SWITCHES, Launch, LaunchError, Switch, free_address  # noqa: E402

NEXTHOP = "nexthop_table nexthop_id=1 -> glean(egress_port=1, vlan_id=0)"  # what the routes refer to


def entries(count: int) -> list[TableEntry]:
    """``count`` entries with distinct keys."""
    found = []
    for number in range(count):
        prefix = IPv6Network(((0x20010DB8 if number % 2 else 0xFCBBBB00) << 96 | number << 64, 64))
        match: dict[str, Any] = {"vrf_id": 0, "ipv6_dst": prefix}
        if number % 2:
            found.append(TableEntry("ipv6_table", match, Action("set_nexthop", {"nexthop_id": 1})))
        else:
            found.append(TableEntry("my_sid_table", match, Action("end", {"sid_index": number + 1, "flavors": 5})))
    return found


@contextmanager
def running(kind: str) -> Iterator[str]:
    """A switch of this kind on a free port; gives its address."""
    try:
        with Switch(Launch(kind, free_address(), device_id=0)) as switch:
            switch.wait_until_ready()
            yield switch.address
    except LaunchError as error:
        sys.exit(str(error))


def timed(what: str, count: int, call: Callable[[], Any]) -> Any:
    """Run ``call``, print seconds and entries a second, return its result."""
    started = time.perf_counter()
    result = call()
    seconds = time.perf_counter() - started
    print(f"{what:<24} {seconds:8.3f} s  {count / seconds:10,.0f} entries/s")
    return result


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--switch", choices=SWITCHES, help="start this switch and write to it")
    where.add_argument("--address", help="write to the switch at HOST:PORT, device id 0")
    parser.add_argument("--entries", type=int, default=20_000)
    parser.add_argument("--batch", type=int, default=1000, help="updates in a request (default %(default)s)")
    args = parser.parse_args()

    files = artifacts.find()
    info = P4Info.from_file(files.p4info)
    count = args.entries
    wanted = timed("make dataclasses", count, lambda: entries(count))
    updates = [insert(entry) for entry in wanted]
    info.codec.updates(updates[:10], pb.WriteRequest().updates)  # warm up
    request = pb.WriteRequest()
    timed("encode", count, lambda: info.codec.updates(updates, request.updates))
    timed("serialise", count, request.SerializeToString)
    timed("decode", count, lambda: [info.codec.decode(update.entity) for update in request.updates])
    timed("keys", count, lambda: {info.key(entry) for entry in wanted})
    print(f"{'request size':<24} {request.ByteSize() / count:8.0f} bytes an entry")
    if not (args.switch or args.address):
        return
    with (
        running(args.switch) if args.switch else nullcontext(args.address) as address,
        Client(address) as client,
    ):
        client.become_primary(force=True)
        client.set_pipeline(info, files.json)
        client.insert(parse_entry(info, NEXTHOP))
        # Processor time of this process alone: what the client costs, however slow the switch is.
        before = time.process_time()
        timed("write", count, lambda: client.write(updates, batch=args.batch))
        print(f"{'  of it in the client':<24} {time.process_time() - before:8.3f} s of processor time")
        found = timed("read", count, lambda: list(client.read(TableEntry(""))))
        if {info.key(entry) for entry in found} - {info.key(parse_entry(info, NEXTHOP))} != {
            info.key(entry) for entry in wanted
        }:
            sys.exit("the switch did not return what was written")


if __name__ == "__main__":
    main()
