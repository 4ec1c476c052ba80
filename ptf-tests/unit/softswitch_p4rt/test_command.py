# SPDX-License-Identifier: Apache-2.0
"""The command ``softswitch``: flags, start, stop, exit codes, TLS."""

from __future__ import annotations

import ctypes
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import grpc
import pytest
from conformance.raw import JSON, P4INFO, RawClient, action, entry, pb

from harness.dataplane import FrameService
from p4rtlib.pcap import PcapWriter, read_pcap
from softswitch.main import _admitted
from softswitch.native.compiler import has_compiler
from softswitch.options import Options, UsageError, parse

ROOT = Path(__file__).parents[3]


def options(*words: str) -> Options:
    return parse(words, "0")


def test_flags_of_simple_switch_grpc(tmp_path: Path) -> None:
    found = options(
        "-i", "1@veth0", "--interface", "2@veth2", "--device-id", "7", "--thrift-port", "9090",
        "--nanolog", "ipc:///x", f"--pcap={tmp_path}", "--log-console", "-L", "debug", "p.json", "--",
        "--grpc-server-addr", "0.0.0.0:50051", "--insecure", "--cpu-port", "255", "--drop-port", "511",
    )  # fmt: skip
    assert found.interfaces == {1: "veth0", 2: "veth2"}
    assert (found.device_id, found.pcap, found.log_console, found.log_level) == (7, tmp_path, True, "debug")
    assert (found.address, found.cpu_port, found.drop_port) == ("0.0.0.0:50051", 255, 511)
    assert found.program == Path("p.json")
    assert [note.split(" ")[0] for note in found.notes] == ["--thrift-port", "--nanolog"]


def test_defaults() -> None:
    found = options("p.json")
    assert (found.address, found.device_id, found.cpu_port, found.drop_port) == (
        "127.0.0.1:9559",
        0,
        None,
        511,
    )
    assert options("--no-p4").program is None
    assert options("--no-p4", "--use-files", "-3").use_files == 0


TLS = ["--no-p4", "--grpc-server-ssl", "--grpc-server-cert", "c", "--grpc-server-key", "k"]


def test_plaintext_beyond_this_machine_is_asked_for() -> None:
    assert options("--no-p4", "--grpc-server-addr", "0.0.0.0:1", "--insecure").insecure
    assert options(*TLS, "--grpc-server-addr", "0.0.0.0:1").tls
    for address in ("unix:/s", "localhost:1", "[::1]:1", "127.0.0.2:1"):
        assert options("--no-p4", "--grpc-server-addr", address).address == address


@pytest.mark.parametrize(
    ("words", "named"),
    [
        ([], "no program"),
        (["a.json", "b.json"], "b.json"),
        (["--no-such-flag", "a.json"], "--no-such-flag"),
        (["-i", "veth0", "a.json"], "PORT@INTERFACE"),
        (["-i", "600@veth0", "a.json"], "PORT@INTERFACE"),
        (["-i", "1@a", "-i", "1@b", "a.json"], "twice"),
        (["-i", "511@a", "a.json"], "drop port"),
        (["-i", "510@a", "a.json", "--cpu-port", "510"], "CPU"),
        (["--cpu-port", "0", "a.json"], "1..511"),
        (["--cpu-port", "511", "a.json"], "drop port"),
        (["--device-id", "x", "a.json"], "device id"),
        (["--packet-in", "ipc:///x", "a.json"], "nanomsg"),
        (["-i", "1@veth0", "a.json", "--", "--dp-grpc-server-addr", "127.0.0.1:0"], "-i"),
        (["--use-files", "0", "a.json", "--", "--dp-grpc-server-addr", "127.0.0.1:0"], "--use-files"),
        (["--log-console", "--log-file", "x", "a.json"], "exclude"),
        (["--log-level", "loud", "a.json"], "loud"),
        ([f"--pcap={__file__}", "a.json"], "directory"),
        (["--pcap", "--use-files", "0", "--no-p4"], "same files"),
        (["--grpc-server-ssl", "a.json"], "--grpc-server-cert"),
        (["--no-p4", "--p4info", "x"], "--p4info"),
        (["--no-p4", "--keepalive", "0"], "number of seconds"),
        # who can be controller
        (["--no-p4", "--grpc-server-addr", "0.0.0.0:9559"], "say --insecure"),
        (["--no-p4", "--grpc-server-addr", "[::]:9559"], "say --insecure"),
        (["--no-p4", "--grpc-server-addr", "192.0.2.1:9559"], "say --insecure"),
        # who can send frames
        (["--no-p4", "--dp-grpc-server-addr", "0.0.0.0:50052"], "say --insecure"),
        ([*TLS, "--dp-grpc-server-addr", "0.0.0.0:50052"], "would send frames into every port"),
        (["--no-p4", "--grpc-server-cert", "x"], "--grpc-server-cert means nothing without --grpc-server-ssl"),
        (["--no-p4", "--grpc-server-key", "x"], "--grpc-server-key means nothing without"),
        (["--no-p4", "--grpc-server-cacert", "x"], "--grpc-server-cacert means nothing without"),
        (["--no-p4", "--grpc-server-with-client-auth"], "--grpc-server-with-client-auth means nothing without"),
        ([*TLS, "--insecure"], "--insecure means no TLS"),
        ([*TLS, "--grpc-server-cacert", "x"], "keeps nobody out without --grpc-server-with-client-auth"),
        ([*TLS, "--grpc-server-with-client-auth"], "needs --grpc-server-cacert"),
    ],
)
def test_wrong_command_lines(words: list[str], named: str) -> None:
    with pytest.raises(UsageError) as error:
        options(*words)
    assert named in str(error.value)
    assert "\n" not in str(error.value)


Starter = Callable[..., "Running"]


class Running:
    """A ``softswitch`` process."""

    def __init__(self, folder: Path, *words: str) -> None:
        self.port_file = folder / "port"
        self.port_file.unlink(missing_ok=True)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "softswitch", "--port-file", str(self.port_file), *words, "--",
             "--grpc-server-addr", "127.0.0.1:0"],
            cwd=folder, env={**os.environ, "PYTHONPATH": str(ROOT)}, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    @property
    def address(self) -> str:
        deadline = time.monotonic() + 60
        while not self.port_file.exists():
            assert self.process.poll() is None, self.process.communicate()
            assert time.monotonic() < deadline, "no port file"
            time.sleep(0.02)
        return f"127.0.0.1:{int(self.port_file.read_text())}"

    def stop(self, number: int = signal.SIGTERM) -> tuple[int, str, str]:
        self.process.send_signal(number)
        out, err = self.process.communicate(timeout=60)
        return self.process.returncode, out, err


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Starter]:
    started: list[Running] = []

    def run(*words: str) -> Running:
        started.append(Running(tmp_path, *words))
        return started[-1]

    yield run
    for one in started:
        if one.process.poll() is None:
            one.process.kill()
            one.process.communicate()


def test_frames_over_grpc(start: Starter) -> None:
    running = start("--device-id", "1", "--p4info", str(P4INFO), "--dp-grpc-server-addr", "127.0.0.1:0", str(JSON))
    with RawClient(running.address) as client:
        client.primary()
        client.insert(entry("exact_table", {"dst_addr": 1, "ingress_port": 400}, action("forward", port=8, dst_addr=2)))
        assert running.process.stdout is not None
        found = re.search(r"frames on (\S+)", running.process.stdout.readline())
        assert found is not None
        with closing(FrameService(found[1], 1, lambda: running.process.poll() is None)) as frames:
            head = bytes(6) + b"\x12\x34" + bytes(46)
            assert frames.exchange([(400, bytes(5) + b"\1" + head)]) == [[(8, bytes(5) + b"\2" + head)]]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_start_and_stop(start: Starter, number: int) -> None:
    running = start("--device-id", "5", "--p4info", str(P4INFO), str(JSON))
    with grpc.insecure_channel(running.address) as channel:
        read = channel.unary_stream("/p4.v1.P4Runtime/Read")
        request = pb.ReadRequest(device_id=5)
        request.entities.add().table_entry.SetInParent()
        assert list(read(request.SerializeToString(), timeout=5))
    code, out, err = running.stop(number)
    assert code == 0
    fallback = "" if has_compiler() else r".* the Python engine runs this program: no C compiler.*\n"
    assert re.fullmatch(fallback, err)
    assert "(any user of this machine), device id 5" in out
    assert running.address.rpartition(":")[2] in out


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "tgkill"), reason="the C library has no tgkill")
def test_a_signal_that_does_not_interrupt_the_main_thread_stops_the_switch(start: Starter) -> None:
    """As one that lands just before the main thread blocks: another thread takes it."""
    running = start("--p4info", str(P4INFO), str(JSON))
    assert running.process.stdout is not None
    assert "device id" in running.process.stdout.readline()  # all that is left to do is to wait
    pid = running.process.pid
    threads = (int(each.name) for each in Path(f"/proc/{pid}/task").iterdir() if int(each.name) != pid)
    assert (
        ctypes.CDLL(None).tgkill(
            pid, next(each for each in threads if takes(pid, each, signal.SIGTERM)), signal.SIGTERM
        )
        == 0
    )
    assert running.process.wait(timeout=30) == 0


def takes(pid: int, thread: int, number: int) -> bool:
    """Whether a thread does not block a signal."""
    found = re.search(r"^SigBlk:\s*(\w+)$", Path(f"/proc/{pid}/task/{thread}/status").read_text(), re.MULTILINE)
    return found is not None and not int(found[1], 16) >> (number - 1) & 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--grpc-server-addr", "127.0.0.1:1"], "any user of this machine"),
        (["--grpc-server-addr", "unix:/"], "user root alone"),
        (["--grpc-server-addr", "0.0.0.0:1", "--insecure"], "anybody, in plaintext"),
        (TLS[1:], "TLS, any client"),
        ([*TLS[1:], "--grpc-server-cacert", "x", "--grpc-server-with-client-auth"], "TLS, clients of the CA"),
    ],
)
def test_who_can_be_controller_is_said(words: list[str], said: str) -> None:
    found = options("--no-p4", *words)
    assert _admitted(found.address, found) == said


@pytest.mark.parametrize(
    ("words", "code", "named"),
    [
        (["nothing.json"], 1, "nothing.json: No such file or directory"),
        (["--no-p4", "-i", "1@nosuchif0"], 1, "nosuchif0"),
        (["--no-p4", "--bad"], 2, "--bad"),
        (["--version"], 0, ""),
        (["--help"], 0, ""),
    ],
)
def test_exit_codes(start: Starter, words: list[str], code: int, named: str) -> None:
    running = start(*words)
    out, err = running.process.communicate(timeout=15)
    assert running.process.returncode == code
    assert named in err
    assert len(err.splitlines()) == (1 if code else 0)
    if code == 0:
        assert "softswitch" in out


def until_logged(log: Path, text: str) -> None:
    """Wait for a line of the log."""
    deadline = time.monotonic() + 10
    while text not in log.read_text():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_use_files_and_trace(start: Starter, tmp_path: Path) -> None:
    with PcapWriter(tmp_path / "left_in.pcap") as writer:
        writer.write(bytes(12) + b"\x88\xcc" + bytes(46))  # const_table punts this type
    running = start("-i", "1@left", "-i", "2@right", "--use-files", "0", "--trace", "--log-file", "log",
                    "--p4info", str(P4INFO), str(JSON))  # fmt: skip
    assert running.address
    until_logged(tmp_path / "log", "const_table")
    assert running.stop()[0] == 0
    assert list(read_pcap(tmp_path / "right_out.pcap")) == []
    assert len(list(read_pcap(tmp_path / "left_in.pcap"))) == 1


@pytest.mark.parametrize("engine", ["auto", "python"])
def test_use_files(start: Starter, tmp_path: Path, engine: str) -> None:
    for number in range(3):
        with PcapWriter(tmp_path / f"p{number}_in.pcap") as writer:
            writer.write(bytes(60), number)
    running = start(*(word for n in range(4) for word in ("-i", f"{n}@p{n}")), "--use-files", "0", "--engine", engine,
                    "--log-level", "info", "--log-file", "log", "--p4info", str(P4INFO), str(JSON))  # fmt: skip
    assert running.address
    until_logged(tmp_path / "log", "all input files are played: 3 frames")
    assert running.stop()[0] == 0
    assert list(read_pcap(tmp_path / "p3_out.pcap")) == []


def openssl(folder: Path, *words: str) -> None:
    subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl")
def test_mutual_tls(start: Starter, tmp_path: Path) -> None:
    openssl(tmp_path, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "key.pem",
            "-out", "cert.pem", "-days", "2", "-subj", "/CN=localhost",
            "-addext", "subjectAltName=DNS:localhost")  # fmt: skip
    running = start(
        "--no-p4", "--grpc-server-ssl", "--grpc-server-cert", "cert.pem", "--grpc-server-key", "key.pem",
        "--grpc-server-cacert", "cert.pem", "--grpc-server-with-client-auth",
    )  # fmt: skip
    address = running.address.replace("127.0.0.1", "localhost")
    cert, key = (tmp_path / "cert.pem").read_bytes(), (tmp_path / "key.pem").read_bytes()
    request = pb.CapabilitiesRequest().SerializeToString()
    with grpc.secure_channel(address, grpc.ssl_channel_credentials(cert, key, cert)) as channel:
        assert channel.unary_unary("/p4.v1.P4Runtime/Capabilities")(request, timeout=5)
    for channel in (
        grpc.secure_channel(address, grpc.ssl_channel_credentials(cert)),  # no client certificate
        grpc.insecure_channel(address),
    ):
        with channel, pytest.raises(grpc.RpcError) as error:
            channel.unary_unary("/p4.v1.P4Runtime/Capabilities")(request, timeout=5)
        assert error.value.code() == grpc.StatusCode.UNAVAILABLE
