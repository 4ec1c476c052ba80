# SPDX-License-Identifier: Apache-2.0
"""Many clients and packets at a time: nothing blocks, nothing is lost (P4Runtime 1.5 sections 12.1, 13.4)."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from conformance.raw import DELETE, IDS, INSERT, RawClient, Refused, StreamEnd, action, entry, pb
from conformance.requirement import requirement

from softswitch.switch import SoftSwitch


def route(number: int) -> Any:
    return entry("route_table", {"ipv6_dst": (number << 64, 64)}, action("drop"))


@requirement("13.4", "A read sees every write as a whole; writers, readers, elections and packets do not block")
def test_everything_at_once(client: RawClient, switch: SoftSwitch) -> None:
    stop = time.monotonic() + 1.0
    problems: list[BaseException] = []
    counts = dict.fromkeys(("writes", "reads", "elections", "packets", "loads"), 0)
    lock = threading.Lock()
    client.insert(entry("acl_table", {}, action("punt"), 1))

    def repeat(name: str, step: Callable[[RawClient], None]) -> threading.Thread:
        def run() -> None:
            try:
                with RawClient(switch.address) as own:
                    while time.monotonic() < stop:
                        step(own)
                        with lock:
                            counts[name] += 1
            except BaseException as error:
                problems.append(error)

        return threading.Thread(target=run, daemon=True)

    def write(own: RawClient) -> None:
        own.write(*((INSERT, route(n)) for n in range(1, 21)))
        own.write(*((DELETE, route(n)) for n in range(1, 21)))

    def read(own: RawClient) -> None:
        assert len(own.read_tables(table_id=IDS["route_table"])) in (0, 20)

    def elect(own: RawClient) -> None:
        stream = own.stream()
        try:
            stream.arbitrate(0)
        except StreamEnd as end:  # the server has not yet seen the end of the stream before
            assert "election id 0 is in use" in str(end)
        stream.close()

    def packet(own: RawClient) -> None:
        switch.inject(1, bytes(60))
        time.sleep(0.001)

    def verify(own: RawClient) -> None:
        try:
            own.write((INSERT, pb.TableEntry()))
        except Refused:
            pass
        time.sleep(0.005)

    threads = [repeat("writes", write), repeat("elections", elect), repeat("packets", packet),
               repeat("loads", verify), *(repeat("reads", read) for _ in range(3))]  # fmt: skip
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(15)
        assert not thread.is_alive(), "a client is blocked"
    assert not problems, problems
    assert min(counts.values()) > 0, counts
    client.streams[0].next("packet")
