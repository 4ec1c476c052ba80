# SPDX-License-Identifier: Apache-2.0
"""Whatever stands on the command line, and wherever its output goes: an exit code and a line, never a traceback."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from srv6cp.cli import exitcodes
from srv6cp.cli.main import main
from srv6cp.p4rt import Client, ConnectionFailed

NODE = """\
node: r1
locator: "fcbb:bb00:1::/48"
source: "fcbb:bb00:1::1"
vrfs: [blue]
ports:
  1: {mac: "02:00:00:00:01:01", addresses: ["2001:db8:12::1/64"]}
  2: {mode: l2}
policies:
  - {name: north, segments: ["2001:db8:12::2"]}
steering:
  - {match: {protocol: udp}, policy: north}
sids:
  - {sid: "fcbb:bb00:1:1::/64", behavior: End}
"""
CODES = {value for name, value in vars(exitcodes).items() if name.isupper() and isinstance(value, int)}


@pytest.fixture(scope="module", autouse=True)
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with a node file, and no switch anywhere."""
    path = tmp_path_factory.mktemp("arguments")
    (path / "node.yaml").write_text(NODE)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(path)
        for name in ("SRV6_NODE", "SRV6_GRPC_ADDR"):
            patch.delenv(name, raising=False)

        def refused(self: Client, *_: object, **__: object) -> None:
            raise ConnectionFailed(self.address, self.device_id, "connection refused")

        patch.setattr(Client, "connect", refused)
        yield path


# Words that commands know, and words to choke on.
_KNOWN = """
add replace del show match port prefix policy vrf via dev nexthop weight blackhole mac lladdr id segs mode source
hop-limit traffic-class flow-label invalid forward drop none inherit encap seg6 seg6local action End End.X End.DX4
End.AD End.DT46 End.B6.Encaps srh nh4 nh6 oif table in-vrf flavors psp,usd src dst protocol udp src-port priority
-6 route neigh sr tunsrc set localsid end.dx2 north blue default main count metric hmac sha1 sha256 1 2 1.100
2001:db8:12::2 2001:db8:9::/64 10.0.0.1 fcbb:bb00:1:9::/64 fcbb:bb00:1:1::/64 ::/0 02:00:00:00:00:07
-- -n --no-apply --json
"""
KNOWN = _KNOWN.split()
HOSTILE = [
    *("", " ", "-1", "0", "256", "65536", "9" * 30, "9" * 5000, "1e9", "0x", "\N{FULLWIDTH DIGIT ONE}", "1_0", "+1"),
    *("zz", "zz:zz", "::::", "fe80::1%eth0", "fcbb::/129", "10.0.0.1/99", "ff02::1", "1.4095", "1.", "x" * 5000),
    *(
        "\xf1and\xfa",
        "\udcff",
        "\u2028",
        "'",
        '"',
        "{",
        "}",
        "[",
        "&a",
        "*a",
        "!!x",
        "#",
        "a: b",
        "- a",
        "null",
        "true",
        "~",
    ),
    *(",", "fc00::1,", ",".join(["fc00::1"] * 130), "@", "%", "--nope", "-c", "--device-id", "--grpc-addr=unix:"),
]
WORDS = st.lists(
    st.sampled_from(KNOWN) | st.sampled_from(HOSTILE) | st.text(max_size=6).filter(lambda word: "\0" not in word),
    max_size=8,
)
KINDS = ("sid", "policy", "steer", "route", "neighbor", "vrf", "vlan-table")
COMMANDS = [
    *((kind, verb) for kind in KINDS for verb in ("add", "replace", "del", "show")),
    *(("ip",), ("ip", "-6", "route", "add"), ("ip", "route", "del"), ("ip", "neigh", "add"), ("ip", "sr")),
    *(("srconf", "localsid", "add"), ("srconf",), ("sid", "clear-counters"), ("sid", "flush")),
    *(("apply", "node.yaml"), ("config", "check"), ("show", "tables"), ("show", "drops"), ("trace",), ("completion",)),
    (),
]


def run(*words: str) -> int:
    """A command line; what it edits is put back."""
    try:
        code = main(words)
    finally:
        Path("node.yaml").write_text(NODE)
    assert code in CODES, words
    return code


@settings(
    max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(st.sampled_from(COMMANDS), WORDS)
def test_no_argument_gives_a_traceback(
    capsys: pytest.CaptureFixture[str], command: tuple[str, ...], words: list[str]
) -> None:
    code = run(*command, *words)
    out, err = capsys.readouterr()
    assert out or err, "it failed and said nothing" if code else "it says nothing"


OPTIONS = [
    *(("--device-id", bad) for bad in ("-1", "x", "", "1e3", "9" * 5000, str(2**64))),
    *(("--election-id", bad) for bad in ("0", "-1", str(2**128), "\N{FULLWIDTH DIGIT ONE}")),
    *(("--grpc-addr", bad) for bad in ("\xf1:1", "\udcff:1", "\n")),
]


@pytest.mark.parametrize(("option", "value"), OPTIONS)
@pytest.mark.parametrize("command", ["show drops", "apply node.yaml", "vrf add red", "show ports"])
def test_options_out_of_range(command: str, option: str, value: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(*command.split(), f"{option}={value}") == 2
    said = capsys.readouterr().err.splitlines()[-1]
    assert ("must be a number from" in said or "is no address of a switch" in said, len(said) < 400) == (True, True)


PAIR = "(2001:db8::1,fcbb:bb00:1:1::)"
PACKETS = [
    (PAIR + "(fc00::1; SL=256)", "SL is one octet, 0 to 255"),
    (PAIR + "(fc00::1; SL=" + "9" * 5000 + ")", "SL is one octet, 0 to 255"),
    (PAIR + "(" + ",".join(["fc00::1"] * 130) + "; SL=1)", "an SRH holds at most 127 segments, this one has 130"),
    (PAIR * 2000, "a packet holds at most 65535 octets"),
    (PAIR + "UDP 1>" + "9" * 5000, "a port is at most 65535"),
    (PAIR + "UDP 1>65536", "a port is at most 65535"),
    (PAIR + "\xf1" * 5000, "is not understood; valid: UDP a>b"),
    ("(" + "a" * 5000 + ")", "is not (SOURCE,DESTINATION)"),
    ("x" * 5000, "is neither a file, nor a frame"),
    ("00" * 13 + "0", "is neither a file, nor a frame"),
]


@pytest.mark.parametrize(("packet", "message"), PACKETS)
def test_packets_that_are_none(packet: str, message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("trace", packet) == 2
    err = capsys.readouterr().err
    assert (message in err, err.count("\n"), len(err) < 400) == (True, 1, True)


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("--mac=zz", "bad MAC address 'zz'"),
        ("--mac=ff:ff:ff:ff:ff:ff", "is not a unicast address"),
        ("--vlan=4095", "must be a number from 1 to 4094, not '4095'"),
        ("--vlan=-1", "must be a number from 1 to 4094, not '-1'"),
        ("--port=511", "must be a number from 0 to 508, not '511'"),
        ("--port=-1", "must be a number from 0 to 508, not '-1'"),
    ],
)
def test_options_of_trace(option: str, message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("trace", PAIR, option) == 2
    assert message in capsys.readouterr().err


def srv6(line: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    """A shell line with `srv6` in it, in a process of its own."""
    search = os.pathsep.join(filter(None, sys.path))
    script = f'srv6() {{ "{sys.executable}" -m srv6cp.cli.main "$@"; }}; {line}'
    return subprocess.run(
        ["sh", "-c", script], capture_output=True, env={**os.environ, "PYTHONPATH": search, **environment}
    )


@pytest.mark.parametrize(
    "command", ["--help", "config schema", "config check node.yaml", "vrf show", "completion bash"]
)
def test_output_that_nobody_reads(command: str) -> None:
    """A pipe whose reader has gone, a closed descriptor, a full disk."""
    done = srv6(f"srv6 {command} | head -c 1")
    assert done.stderr == b""
    closed = srv6(f"srv6 {command} >&-")
    assert (closed.returncode, closed.stderr) == (0, b"")
    full = srv6(f"srv6 {command} >/dev/full")
    assert full.stderr.count(b"\n") <= 1
    assert b"Traceback" not in full.stderr and b"Exception ignored" not in full.stderr
    assert srv6(f"srv6 {command} >/dev/null 2>&-").returncode == 0


def test_an_error_that_nobody_reads() -> None:
    assert srv6("srv6 nonsense 2>&-").returncode == 2


@pytest.mark.parametrize(
    "environment",
    [
        {"LC_ALL": "C"},
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        {"LC_ALL": "POSIX", "PYTHONIOENCODING": "ascii"},
    ],
)
def test_names_beyond_ascii_in_a_plain_locale(environment: dict[str, str], folder: Path) -> None:
    (folder / "\xf1.yaml").write_text("node: r1\nvrfs: [\xf1and\xfa]\n", encoding="utf-8")
    lines = (
        "srv6 config check \xf1.yaml",
        "srv6 vrf show -c \xf1.yaml",
        "srv6 sid add --no-apply \xf1::1 End",
        "srv6 policy add --no-apply \xf1 segs fc00::1",
        "srv6 steer del match vrf \xf1",
        "srv6 trace \xf1",
        "srv6 show drops --grpc-addr \xf1:1",
        "srv6 vrf add --no-apply $(printf '\\377')",
    )
    for line in lines:
        done = srv6(line, **environment)
        said = done.stdout + done.stderr
        assert done.returncode in (2, 3), (line, said)
        assert (b"Traceback" in said, said.count(b"\n")) == (False, 1), (line, said)
