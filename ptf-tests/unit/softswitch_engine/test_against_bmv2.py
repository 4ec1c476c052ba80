# SPDX-License-Identifier: Apache-2.0
"""The small programs on simple_switch_grpc and here: the same frames from the same ports.

BMv2 reads and writes pcap files (``--use-files``), so no interface and no privilege is needed.  Under load it
loses packets in its queues; what it does send must be what we send, in our order.
"""

from __future__ import annotations

import random
import shutil
import socket
import struct
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from softswitch.device import ActionSpec, Entry, Exact, GroupRef, MemberRef

from .conftest import PROGRAMS, Bench
from .test_engine import samples
from .test_programs import data_packet, key_packet

SWITCH = shutil.which("simple_switch_grpc")
PORTS = range(5)
Load = Callable[[str], Bench]

pytestmark = [
    pytest.mark.bmv2,
    pytest.mark.diff,
    pytest.mark.skipif(SWITCH is None, reason="simple_switch_grpc is not on PATH"),
]


def write_pcap(path: Path, frames: list[bytes]) -> None:
    """Frames 4 ms apart: BMv2 replays them at that pace."""
    with path.open("wb") as out:
        out.write(struct.pack("<IHHIIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
        for i, frame in enumerate(frames):
            out.write(struct.pack("<IIII", 1 + i // 250, i % 250 * 4000, len(frame), len(frame)) + frame)


def read_pcap(path: Path) -> list[bytes]:
    data = path.read_bytes()
    frames = []
    position = 24
    while position < len(data):
        length = struct.unpack_from("<I", data, position + 8)[0]
        frames.append(data[position + 16 : position + 16 + length])
        position += 16 + length
    return frames


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def on_bmv2(folder: Path, name: str, frames: list[bytes], updates: str = "") -> dict[int, list[bytes]]:
    """Run the frames through BMv2, all arriving on port 0; ``updates`` is a WriteRequest in text format."""
    import grpc
    from google.protobuf import text_format

    from softswitch.p4runtime.protos import p4runtime_pb2 as p4

    for port in PORTS:
        write_pcap(folder / f"p{port}_in.pcap", frames if port == 0 else [])
    address = f"127.0.0.1:{free_port()}"
    interfaces = [arg for port in PORTS for arg in ("-i", f"{port}@p{port}")]
    assert SWITCH is not None
    switch = subprocess.Popen(
        [SWITCH, "--no-p4", "--use-files", "3", *interfaces, "--", "--grpc-server-addr", address],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        with grpc.insecure_channel(address) as channel:
            grpc.channel_ready_future(channel).result(10)
            service = "/p4.v1.P4Runtime/"
            stream = channel.stream_stream(
                service + "StreamChannel",
                p4.StreamMessageRequest.SerializeToString,
                p4.StreamMessageResponse.FromString,
            )
            hello = p4.StreamMessageRequest(arbitration={"device_id": 0, "election_id": {"low": 1}})
            done = []

            def requests() -> object:
                yield hello
                while not done:
                    time.sleep(0.1)

            call = stream(requests())  # kept: losing it ends the session
            next(call)
            config = p4.SetForwardingPipelineConfigRequest(
                device_id=0,
                election_id={"low": 1},
                action=p4.SetForwardingPipelineConfigRequest.VERIFY_AND_COMMIT,
            )
            text_format.Parse((PROGRAMS / f"{name}.p4info.txtpb").read_text(), config.config.p4info)
            config.config.p4_device_config = (PROGRAMS / f"{name}.json").read_bytes()
            channel.unary_unary(
                service + "SetForwardingPipelineConfig",
                p4.SetForwardingPipelineConfigRequest.SerializeToString,
                p4.SetForwardingPipelineConfigResponse.FromString,
            )(config, timeout=10)
            if updates:
                request = text_format.Parse(updates, p4.WriteRequest(device_id=0, election_id={"low": 1}))
                channel.unary_unary(service + "Write", p4.WriteRequest.SerializeToString, p4.WriteResponse.FromString)(
                    request, timeout=10
                )
            time.sleep(3.5 + len(frames) * 0.004)
            before = -1
            while before != (size := sum((folder / f"p{p}_out.pcap").stat().st_size for p in PORTS)):
                before = size
                time.sleep(1)
            done.append(True)
            assert switch.poll() is None, "simple_switch_grpc stopped"
    finally:
        switch.terminate()
        switch.wait(10)
    return {port: read_pcap(folder / f"p{port}_out.pcap") for port in PORTS}


def compare(ours: dict[int, list[bytes]], theirs: dict[int, list[bytes]], ordered: bool) -> None:
    """All of theirs is in ours; losses of up to a fifth are BMv2's queues."""
    for port in PORTS:
        if ordered:
            mine = iter(ours[port])
            for frame in theirs[port]:
                assert any(frame == other for other in mine), f"port {port}: BMv2 sent {frame.hex()}"
        else:
            extra = Counter(theirs[port]) - Counter(ours[port])
            assert not extra, f"port {port}: BMv2 sent {next(iter(extra)).hex()}"
    sent, received = (sum(map(len, side.values())) for side in (ours, theirs))
    assert received >= 0.8 * sent


def run_ours(device: Bench, frames: list[bytes]) -> dict[int, list[bytes]]:
    result: dict[int, list[bytes]] = {port: [] for port in PORTS}
    for frame in frames:
        for port, out in device.run(frame):
            if port in result:
                result[port].append(out)
    return result


@pytest.mark.parametrize("name", ["arithmetic", "parsing", "tables"])
def test_language(tmp_path: Path, bench: Load, name: str) -> None:
    rng = random.Random(11)
    frames = [f for f in samples(name, rng, 400) if f]  # an interface has no empty frames
    if name == "tables":
        prefixes = [0x20010DB8 << 32, 0x20010DB80001 << 16, 0x20010DB80001 << 16 | 1, 0]
        frames += [
            key_packet(
                rng.choice([1, 2, 3, 0x81, 0x82, 0x11]),
                rng.choice([0, 1, 2, 5, 6, 0x100, 0x8000]),
                rng.choice([0x0A000000, 0x0A000001, 7, 1, 9, 0]),
                rng.choice(prefixes) ^ rng.choice([0, 1, 1 << 20]),
                rng.choice([0, 1, 0xFF, 0xFB]),
                rng.choice(["", "07", "02"]),
            )
            for _ in range(400)
        ]
    compare(run_ours(bench(name), frames), on_bmv2(tmp_path, name, frames), ordered=True)


def test_replication(tmp_path: Path, bench: Load) -> None:
    # whole frames only: a program that reads a header that was not extracted sees old packets on BMv2
    frames = [f for f in samples("replication", random.Random(12), 500) if len(f) >= 4]
    device = bench("replication")
    device.pre.set_multicast_group(1, [(1, 7), (2, 7), (3, 9)])
    device.pre.set_clone_session(5, [(4, 11)])
    device.pre.set_clone_session(6, [(3, 1), (4, 2)])
    entry = "updates {{ type: INSERT entity {{ packet_replication_engine_entry {{ {} }} }} }}"
    replica = "replicas {{ egress_port: {} instance: {} }}"
    group = "multicast_group_entry { multicast_group_id: 1 " + " ".join(
        replica.format(*r) for r in [(1, 7), (2, 7), (3, 9)]
    )
    sessions = [
        f"clone_session_entry {{ session_id: {i} " + " ".join(replica.format(*r) for r in replicas)
        for i, replicas in ((5, [(4, 11)]), (6, [(3, 1), (4, 2)]))
    ]
    updates = "\n".join(entry.format(text + " }") for text in [group, *sessions])
    theirs = on_bmv2(tmp_path, "replication", frames, updates)
    compare(run_ours(device, frames), theirs, ordered=False)


def test_externs(tmp_path: Path, bench: Load) -> None:
    """Hashes, checksums and the choice of members by a weighted selector (registers depend on losses: z is 0)."""
    rng = random.Random(13)
    frames = [
        data_packet(
            rng.choice([1, 2, 3, 7, 8, 9]),
            rng.randrange(256),
            rng.getrandbits(16),
            0,
            rng.getrandbits(8),
            rng.randbytes(rng.randrange(9)),
            rng.random() < 0.7,
        )
        + rng.randbytes(rng.randrange(9))
        for _ in range(400)
    ]
    device = bench("externs")
    profile = device.profiles["ingress.selector_"]
    for i in (1, 2, 3):
        profile.add_member(i, ActionSpec("ingress.set_member", (i,)))
    profile.add_group(1)
    profile.set_group_members(1, [(1, 1), (2, 3), (3, 2)])
    device.tables["ingress.selected"].insert(Entry((Exact(7),), GroupRef(1)))
    device.profiles["ingress.profile_"].add_member(5, ActionSpec("ingress.add_member", (0x20,)))
    device.tables["ingress.profiled"].insert(Entry((Exact(8),), MemberRef(5)))
    ids = _ids("externs")

    def action(name: str, value: int) -> str:
        return f'action_id: {ids[name]} params {{ param_id: 1 value: "\\{value:03o}" }}'

    members = " ".join(
        f"action_profile_actions {{ weight: {weight} action {{ {action('ingress.set_member', value)} }} }}"
        for value, weight in ((1, 1), (2, 3), (3, 2))
    )
    updates = f"""
        updates {{ type: INSERT entity {{ table_entry {{ table_id: {ids["ingress.selected"]}
            match {{ field_id: 1 exact {{ value: "\\007" }} }}
            action {{ action_profile_action_set {{ {members} }} }} }} }} }}
        updates {{ type: INSERT entity {{ action_profile_member {{ action_profile_id: {ids["ingress.profile_"]}
            member_id: 5 action {{ {action("ingress.add_member", 0x20)} }} }} }} }}
        updates {{ type: INSERT entity {{ table_entry {{ table_id: {ids["ingress.profiled"]}
            match {{ field_id: 1 exact {{ value: "\\010" }} }}
            action {{ action_profile_member_id: 5 }} }} }} }}
    """
    compare(run_ours(device, frames), on_bmv2(tmp_path, "externs", frames, updates), ordered=True)


def _ids(name: str) -> dict[str, int]:
    from google.protobuf import text_format

    from softswitch.p4runtime.protos import p4info_pb2

    info = text_format.Parse((PROGRAMS / f"{name}.p4info.txtpb").read_text(), p4info_pb2.P4Info())
    return {
        item.preamble.name: item.preamble.id
        for group in (info.tables, info.actions, info.action_profiles)
        for item in group
    }
