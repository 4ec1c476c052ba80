# SPDX-License-Identifier: Apache-2.0
"""The in-process switch: ports, queues, recordings, files, debug service, start-up errors."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import grpc
import pytest
from conformance.raw import JSON, P4INFO, RawClient, action, entry

from p4rtlib.pcap import PcapWriter, read_pcap
from softswitch.io.files import FilePorts
from softswitch.io.switchboard import PORT_QUEUE
from softswitch.switch import SoftSwitch, SwitchError, read_p4info

FRAME = bytes(5) + b"\1" + bytes(6) + b"\x12\x34" + bytes(46)


def forwarding(switch: SoftSwitch) -> RawClient:
    """Frames to address 1 from ports 0-3 leave by port 2."""
    client = RawClient(switch.address)
    client.primary()
    forward = action("forward", port=2, dst_addr=0xAA)
    client.insert(*(entry("exact_table", {"dst_addr": 1, "ingress_port": port}, forward) for port in range(4)))
    return client


def test_inject_and_attach() -> None:
    with SoftSwitch(JSON, P4INFO, ports={0: "left", 2: "right"}) as switch, forwarding(switch):
        out: list[bytes] = []
        detach = switch.attach(2, out.append)
        assert switch.inject(0, FRAME)
        assert switch.flush()
        assert out == [bytes(5) + b"\xaa" + FRAME[6:]]
        detach()
        switch.inject(0, FRAME)
        assert switch.flush()
        assert len(out) == 1
        ports = switch.stats()["ports"]
        assert ports["0"] == {
            "name": "left", "up": True, "rx_packets": 2, "rx_bytes": 2 * len(FRAME), "rx_dropped": 0,
            "tx_packets": 0, "tx_bytes": 0, "tx_dropped": 0, "oversized": 0,
        }  # fmt: skip
        assert ports["2"]["tx_packets"] == 2
    switch.close()  # a second time


def test_overload_drops_and_counts() -> None:
    with SoftSwitch(JSON, P4INFO, ports=range(4)) as switch, forwarding(switch):
        go = threading.Event()
        switch.attach(2, lambda frame: bool(go.wait(5)))
        results = [switch.inject(1, FRAME) for _ in range(PORT_QUEUE + 50)]
        assert 45 <= results.count(False) <= 50
        assert switch.inject(3, FRAME)  # another port has its own share
        assert not switch.flush(timeout=0.05)
        go.set()
        assert switch.flush()
        stats = switch.stats()["ports"]["1"]
        assert stats["rx_dropped"] == results.count(False)
        assert stats["rx_packets"] == results.count(True)


def test_port_down() -> None:
    with SoftSwitch(JSON, P4INFO, ports=range(4)) as switch, forwarding(switch):
        out: list[bytes] = []
        switch.attach(2, out.append)
        switch.set_port_up(2, False)
        assert switch.inject(0, FRAME)
        assert switch.flush()
        assert not switch.inject(2, FRAME)
        assert out == []
        assert switch.stats()["ports"]["2"]["tx_dropped"] == 1


def test_a_failing_receiver_harms_nobody(caplog: pytest.LogCaptureFixture) -> None:
    with SoftSwitch(JSON, P4INFO, ports=range(4)) as switch, forwarding(switch):
        out: list[bytes] = []

        def fail(frame: bytes) -> None:
            raise ValueError("broken receiver")

        switch.attach(2, fail)
        switch.attach(2, out.append)
        switch.inject(0, FRAME)
        assert switch.flush()
        assert len(out) == 1
        assert "broken receiver" in caplog.text


def test_recording(tmp_path: Path) -> None:
    with (
        SoftSwitch(JSON, P4INFO, ports={0: "in0", 2: "out2"}, pcap_dir=tmp_path) as switch,
        forwarding(switch),
    ):
        switch.inject(0, FRAME)
        assert switch.flush()
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "in0_in.pcap", "in0_out.pcap", "out2_in.pcap", "out2_out.pcap",
    ]  # fmt: skip
    assert [frame for _, frame in read_pcap(tmp_path / "in0_in.pcap")] == [FRAME]
    assert [len(frame) for _, frame in read_pcap(tmp_path / "out2_out.pcap")] == [len(FRAME)]
    assert (tmp_path / "in0_in.pcap").read_bytes()[:4] == bytes.fromhex("4d3cb2a1")  # nanoseconds


def test_file_ports(tmp_path: Path) -> None:
    for name, times in (("a", (5, 20)), ("b", (10, 30))):
        with PcapWriter(tmp_path / f"{name}_in.pcap") as writer:
            for time_ns in times:
                writer.write(FRAME + bytes([time_ns]), time_ns)
    with SoftSwitch(JSON, P4INFO, ports=range(4)) as switch, forwarding(switch):
        files = FilePorts(switch.board, [(0, "a"), (1, "b"), (2, "c")], tmp_path)
        files.start()
        assert files.wait(5)
        files.close()
    assert [frame[-1] for _, frame in read_pcap(tmp_path / "c_out.pcap")] == [5, 10, 20, 30]
    assert list(read_pcap(tmp_path / "a_out.pcap")) == []


def debug(switch: SoftSwitch, method: str, request: Any) -> Any:
    with grpc.insecure_channel(switch.address) as channel:
        call = channel.unary_unary(f"/softswitch.v1.Debug/{method}")
        data = request if isinstance(request, bytes) else json.dumps(request).encode()
        return json.loads(call(data, timeout=5))


def test_debug_service() -> None:
    with SoftSwitch(JSON, P4INFO, ports=range(4), device_id=9) as switch, forwarding_as(switch, 9):
        tree = debug(switch, "Trace", {"port": 1, "frame": FRAME.hex()})
        assert tree["port"] == 1
        assert any(step["kind"] == "pass" for step in tree["steps"])
        assert "exact_table" in tree["text"]
        stats = debug(switch, "Stats", b"")
        assert stats["device"]["received"] == 0, "whoever asks injects nothing"
        info = debug(switch, "Info", {})
        assert info["device_id"] == 9
        assert info["cpu_port"] == 510


def forwarding_as(switch: SoftSwitch, device_id: int) -> RawClient:
    """A client without session: the tests of the debug service need no entries."""
    assert switch.device_id == device_id
    return RawClient(switch.address)


@pytest.mark.parametrize(
    "request_",
    [b"\xff", b"[]", b"{", {"port": 1}, {"frame": ""}, {"port": -1, "frame": ""}, {"port": True, "frame": ""},
     {"port": 512, "frame": ""}, {"port": 1, "frame": "0"}, {"port": 1, "frame": 5}],
)  # fmt: skip
def test_debug_errors(request_: Any) -> None:
    with SoftSwitch(JSON, P4INFO) as switch, pytest.raises(grpc.RpcError) as error:
        debug(switch, "Trace", request_)
    assert error.value.code() == grpc.StatusCode.INVALID_ARGUMENT


def test_trace_without_program() -> None:
    with SoftSwitch() as switch, pytest.raises(grpc.RpcError) as error:
        debug(switch, "Trace", {"port": 1, "frame": ""})
    assert error.value.code() == grpc.StatusCode.FAILED_PRECONDITION


def test_start_errors(tmp_path: Path) -> None:
    bad = tmp_path / "bad.json"
    bad.write_text("{")
    cases: list[tuple[dict[str, Any], str]] = [
        ({"json": tmp_path / "none.json"}, "none.json: No such file"),
        ({"json": bad}, "bad.json"),
        ({"json": JSON, "p4info": bad}, "bad.json: not a p4info"),
        ({"json": b'{"x": 1}', "p4info": P4INFO}, "program"),
        ({"p4info": P4INFO}, "without a program"),
        ({"address": "nonsense"}, "HOST:PORT"),
        ({"address": "127.0.0.1:99999"}, "HOST:PORT"),
        ({"address": "192.0.2.1:1"}, "cannot listen"),
    ]
    for arguments, named in cases:
        with pytest.raises(SwitchError, match=named):
            SoftSwitch(**arguments)


def test_address_in_use() -> None:
    with SoftSwitch() as switch, pytest.raises(SwitchError, match="another switch"):
        SoftSwitch(address=switch.address)


def test_binary_p4info() -> None:
    text = read_p4info(P4INFO)
    assert read_p4info(text.SerializeToString()) == text


def test_unix_socket(tmp_path: Path) -> None:
    with (
        SoftSwitch(JSON, P4INFO, address=f"unix:{tmp_path}/socket") as switch,
        RawClient(switch.address) as client,
    ):
        assert client.capabilities().p4runtime_api_version
