# SPDX-License-Identifier: Apache-2.0
"""Completion: the scripts are run in their shells, and the words that they offer looked at."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from srv6cp.artifacts import PROFILES
from srv6cp.behaviours import REGISTRY
from srv6cp.cli.candidates import complete as complete_line
from srv6cp.cli.grammar import usage
from srv6cp.cli.kinds import kinds
from srv6cp.cli.main import build_parser, main

BASH = """\
source "$1"; shift
COMP_LINE="$*" COMP_POINT=${#COMP_LINE} COMP_WORDBREAKS=$' \\t\\n"\\'><=;|&(:' COMPREPLY=()
_srv6
printf '%s\\n' "${COMPREPLY[@]}"
"""
# What zsh would offer: its functions are called as in a completion of this line.
ZSH = """\
compdef() { }
compadd() { [[ $1 == -- ]] && shift; print -l -- "$@" }
eval "$(<$1)"
LBUFFER=$2 words=(${(z)2}) CURRENT=$#words
$3
"""
FISH = "source $argv[1]; complete -C $argv[2] | string split -f1 \\t"

NODE = """\
node: r1
source: "fcbb:bb00:1::1"
vrfs: [{name: blue, id: 100}]
ports: {1: {addresses: ["2001:db8:12::1/64"], vlans: {100: {}}}, 2: {mode: l2}}
neighbors: [{address: "2001:db8:12::2", mac: "02:00:00:00:02:01"}]
nexthops: [{id: 7, via: "2001:db8:12::2"}]
routes: [{prefix: "fcbb:bb00::/32", via: "2001:db8:12::2"}]
sids: [{sid: "fcbb:bb00:1:e000::/64", behavior: End}]
policies: [{name: north, segments: ["fcbb:bb00:4::"]}]
steering: [{prefix: "2001:db8:99::/64", policy: north}]
vlan-tables: [{name: wires, entries: [{vlan: 1, port: 2}]}]
"""

Complete = Callable[..., set[str]]


def script(shell: str, capsys: pytest.CaptureFixture[str]) -> str:
    assert main(["completion", shell]) == 0
    return capsys.readouterr().out


def need(shell: str) -> str:
    found = shutil.which(shell)
    if found is None:
        pytest.skip(f"{shell} is not installed")
    return found


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """A place with a node file, other files and a folder, and ``srv6`` on PATH; no lab is up."""
    place = tmp_path / "here"
    (place / "folder").mkdir(parents=True)
    for name in ("capture.pcap", "notes.txt"):
        (place / name).touch()
    (place / "node.yaml").write_text(NODE)
    command = tmp_path / "bin" / "srv6"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m srv6cp.cli.main "$@"\n')
    command.chmod(0o755)
    return {
        **os.environ,
        "PATH": os.pathsep.join((str(command.parent), os.environ["PATH"])),
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        "SRV6LAB_DIR": str(tmp_path / "labs"),
    }


@pytest.fixture
def bash(tmp_path: Path, environment: dict[str, str], capsys: pytest.CaptureFixture[str]) -> Complete:
    """What bash offers behind these words; the last one is being typed."""
    shell = need("bash")
    file = tmp_path / "srv6.bash"
    file.write_text(script("bash", capsys))

    def complete(*words: str) -> set[str]:
        command = [shell, "--norc", "-c", BASH, "bash", str(file), "srv6", *words]
        done = subprocess.run(
            command, env=environment, cwd=tmp_path / "here", capture_output=True, text=True, check=True
        )
        assert done.stderr == ""
        return set(done.stdout.split())

    return complete


def test_verbs(bash: Complete) -> None:
    assert {"apply", "run", "sid", "lab", "show", "completion"} <= bash("")
    assert {"up", "down", "exec", "path", "graph"} <= bash("lab", "")
    assert bash("lab", "un") == {"unsteer"}
    assert bash("-v", "config", "") == {"check", "schema", "history", "show", "diff", "rollback"}


def test_options_and_their_words(bash: Complete) -> None:
    assert "--netns" in bash("lab", "up", "--")
    assert bash("lab", "up", "--switch", "") == {"auto", "softswitch", "bmv2"}
    assert bash("run", "--switch", "n") == {"none"}
    for command in (("run",), ("apply",), ("lab", "up")):
        assert bash(*command, "--profile", "") == set(PROFILES)


def test_topologies_and_nodes(bash: Complete) -> None:
    assert {"quickstart", "vpn", "node.yaml", "folder"} <= bash("lab", "up", "")
    assert "notes.txt" not in bash("lab", "up", "")
    assert bash("lab", "graph", "qu") == {"quickstart"}
    assert bash("lab", "config", "quickstart", "") == {"r1", "r2", "r3", "r4"}
    assert bash("lab", "exec", "quickstart", "") == {"r1", "r2", "r3", "r4", "h1", "h2"}
    assert bash("lab", "path", "-4", "quickstart", "h1", "") == {"h1", "h2"}
    assert bash("lab", "steer", "quickstart", "r1", "h2", "r3", "r4") == {"r4"}
    assert bash("lab", "down", "") == set()


BEHAVIOURS = {record.name for record in REGISTRY.endpoints if not record.csid}
WORDS = [
    # the word in its place, not every word of the grammar
    ("sid add fc00::1 ", BEHAVIOURS),
    ("sid add fc00::1 End.DT4 v", {"vrf"}),
    ("sid add fc00::1 End.DT4 vrf ", {"default", "blue"}),
    ("sid add fc00::1 End.DX2 port ", {"1", "1.100", "2"}),
    ("sid add fc00::1 End.X via ", {"2001:db8:12::2"}),
    ("sid add fc00::1 End.B6.Encaps policy ", {"north"}),
    ("sid add fc00::1 End.DX2V table ", {"wires"}),
    ("sid add fc00::1 End.DT4 ttl ", {"pipe", "uniform"}),
    ("sid add fc00::1 End fl", {"flavors"}),
    (
        "sid add fc00::1 End flavors psp,usp",
        {f"psp,usp{usd}{csid}" for usd in ("", ",usd") for csid in ("", ",next-csid", ",replace-csid")},
    ),
    ("sid add fc00::1 End.B6.Encaps flavors ", {"next-csid", "replace-csid"}),
    ("policy add south mode enc", {"encap", "encap.red"}),
    ("policy add south segs fc00::1 flow-label ", {"hash", "copy", "0"}),
    ("policy add south segs fc00::1 return-to ", {"next-segment", "binding-sid"}),
    ("policy add south segs fc00::1 compress ", {"auto", "next", "off", "replace"}),
    ("ip -6 route add fc00::/16 encap seg6 mode encap segs fc00::1 compress ", {"auto", "next", "off", "replace"}),
    ("steer add ", {"port", "match"}),
    ("steer add port 1 policy ", {"north"}),
    ("steer add match protocol t", {"tcp"}),
    ("route add ", {"blackhole"}),
    ("route add ::/0 via ", {"2001:db8:12::2"}),
    ("route add ::/0 nhid ", {"7"}),
    ("vlan-table add more vlan 1 port 2 rewrite ", {"pop"}),
    # names of the node file
    ("sid show ", {"fcbb:bb00:1:e000::/64"}),
    ("sid replace fcbb:", {"fcbb:bb00:1:e000::/64"}),
    ("sid del fcbb:bb00:1:e000::/64 in-vrf ", {"default", "blue"}),
    ("sid clear-counters ", {"fcbb:bb00:1:e000::/64"}),
    ("policy show ", {"north"}),
    ("neigh del ", {"2001:db8:12::2"}),
    ("neigh del 2001:db8:12::2 ", {"port", "vrf"}),
    ("neigh add 2001:db8::9 vrf ", {"default", "blue"}),
    ("route del ", {"fcbb:bb00::/32"}),
    ("steer del ", {"2001:db8:99::/64", "port", "match"}),
    ("nexthop del ", {"7"}),
    ("vrf del ", {"blue"}),
    ("-v sid show -c nowhere.yaml ", set()),
    # ports
    ("trace -p ", {"1", "1.100", "2"}),
    # other people's words
    ("ip ", {"route", "neigh", "nexthop", "rule", "link", "vrf", "sr"}),
    ("ip link set dev ", {"1", "1.100", "2", "blue"}),
    ("ip link set dev 1 master ", {"blue"}),
    ("ip -6 route ", {"add", "append", "replace", "change", "del", "show", "get", "flush"}),
    ("ip -6 route add fc00::1 encap ", {"seg6", "seg6local"}),
    ("ip -6 route add fc00::1 encap seg6local action ", BEHAVIOURS),
    ("ip -6 route add fc00::1 encap seg6local action End.DX4 n", {"nh4", "nh6", "nexthop", "nflen"}),
    ("ip -6 route add fc00::1 encap seg6local action End.T table ", {"main", "blue"}),
    ("ip -6 route add fc00::1 encap seg6 mode ", {"encap", "encap.red", "inline"}),
    ("ip -6 route add fc00::1 encap seg6 mode encap segs fc00::2 dev ", {"1", "1.100", "2"}),
    ("ip -6 route add ::/0 nhid ", {"7"}),
    ("ip -6 route show root ", {"fcbb:bb00::/32", "fcbb:bb00:1:e000::/64", "2001:db8:99::/64"}),
    ("ip neigh replace ", {"2001:db8:12::2"}),
    ("ip neigh replace 2001:db8:12::2 nud ", {"permanent"}),
    ("ip nexthop add id 8 group ", {"7"}),
    ("ip rule add iif 1 lookup ", {"main", "blue"}),
    ("ip sr tunsrc ", {"set", "show"}),
    ("srconf ", {"localsid"}),
    ("srconf localsid ", {"add", "del", "show", "flush", "clear-counters"}),
    ("srconf localsid add fc00::1 end.dx", {"end.dx2", "end.dx2v", "end.dx4", "end.dx6"}),
    ("srconf localsid add fc00::1 end.dx2 ", {"1", "1.100", "2"}),
    ("sysctl net.ipv6.seg", {"net.ipv6.seg6_flowlabel"}),
]


@pytest.mark.parametrize(("line", "offered"), WORDS, ids=[line for line, _ in WORDS])
def test_the_right_word_in_its_place(
    line: str, offered: set[str], environment: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.delenv("SRV6_NODE", raising=False)
    assert set(complete_line(f"srv6 {line}", build_parser())) == offered


@pytest.mark.parametrize("kind", sorted(kinds()))
def test_what_is_offered_is_understood(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Words behind a name are those of the usage of the command."""
    monkeypatch.chdir(tmp_path)
    known = set(re.findall(r"[a-z][a-z-]*", usage(kind)))
    lines = [f"fc00::1 {name}" for name in BEHAVIOURS] if kind == "sid" else ["name"]
    for line in lines:
        offered = set(complete_line(f"srv6 {kind} add {line} ", build_parser()))
        assert offered and offered <= known | {"allow-outside-locator"}, line


def test_what_stands_in_front_of_the_command_is_not_looked_at(environment: dict[str, str]) -> None:
    assert complete_line("cd /tmp; FOO=1 ./bin/srv6 srconf ", build_parser()) == ["localsid"]


def test_bash_asks_for_words_and_keeps_addresses_together(bash: Complete) -> None:
    """A colon ends a word in bash, which then replaces what is behind the last one."""
    assert bash("sid", "add", "fc00::1", "End.DT4", "vrf", "") == {"default", "blue"}
    assert bash("sid", "show", "fcbb:bb00:1") == {"1:e000::/64"}
    assert bash("route", "del", "fc") == {"fcbb:bb00::/32"}
    assert bash("ip", "-6", "route", "add", "fc00::1", "encap", "") == {"seg6", "seg6local"}
    assert bash("trace", "--port", "") == {"1", "1.100", "2"}


def test_zsh_asks_for_words_and_nodes(
    tmp_path: Path, environment: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    shell = need("zsh")
    file = tmp_path / "srv6.zsh"
    file.write_text(script("zsh", capsys))

    def complete(line: str, function: str) -> set[str]:
        command = [shell, "-f", "-c", ZSH, "zsh", str(file), line, function]
        done = subprocess.run(command, env=environment, cwd=tmp_path / "here", capture_output=True, text=True)
        return set(done.stdout.split())

    assert complete("srv6 sid add fc00::1 End.DT4 vrf ", "_srv6_ask") == {"default", "blue"}
    assert complete("srv6 ip -6 route add fc00::1 encap ", "_srv6_ask") == {"seg6", "seg6local"}
    assert "_srv6_ask" in file.read_text() and "compdef _shtab_srv6" in file.read_text()


def test_tables(bash: Complete) -> None:
    assert bash("show", "tables", "my") == {"my_sid_table"}


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (("apply", ""), {"node.yaml", "folder"}),
        (("run", "--pcap", ""), {"folder"}),
        (("sid", "show", "-c", ""), {"node.yaml", "folder"}),
        (("trace", ""), {"node.yaml", "capture.pcap", "notes.txt", "folder"}),
        (("show", "drops", ""), set()),
        (("sid", "show", ""), {"fcbb:bb00:1:e000::/64"}),
        (("apply", "--device-id", ""), set()),
        (("lab", "exec", "quickstart", "h1", "--", "node.y"), set()),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_files_where_files_are_meant(bash: Complete, words: tuple[str, ...], offered: set[str]) -> None:
    assert bash(*words) == offered


def test_fish(tmp_path: Path, environment: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    shell = need("fish")
    file = tmp_path / "srv6.fish"
    file.write_text(script("fish", capsys))

    def complete(line: str) -> set[str]:
        command = [shell, "--no-config", "-c", FISH, str(file), line]
        done = subprocess.run(command, env=environment, cwd=tmp_path / "here", capture_output=True, text=True)
        return set(done.stdout.split())

    assert {"up", "down", "exec"} <= complete("srv6 lab ")
    assert complete("srv6 lab steer quickstart r1 ") == {"h1", "h2"}
    assert complete("srv6 show tables my") == {"my_sid_table"}
    assert complete("srv6 sid add fc00::1 End.DT4 vrf ") == {"default", "blue"}
    assert complete("srv6 trace --port ") == {"1", "1.100", "2"}
    offered = complete("srv6 lab up ")
    assert {"quickstart", "node.yaml", "folder/"} <= offered and "notes.txt" not in offered


@pytest.mark.parametrize("shell", ["zsh", "tcsh"])
def test_script_is_read(shell: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    program = need(shell)
    file = tmp_path / "srv6"
    file.write_text(script(shell, capsys))
    flags = ["-f", "-n", str(file)] if shell == "zsh" else ["-f", "-c", f"source {file}"]
    done = subprocess.run([program, *flags], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_every_word_of_a_grammar_in_zsh(capsys: pytest.CaptureFixture[str]) -> None:
    """Not only the first."""
    text = script("zsh", capsys)
    assert '"*:WORD:_srv6_ask"' in text and '"(*):' not in text


def test_unknown_shell(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", "csh"]) == 2
    assert "invalid choice: 'csh'" in capsys.readouterr().err
