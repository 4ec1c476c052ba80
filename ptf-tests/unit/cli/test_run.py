# SPDX-License-Identifier: Apache-2.0
"""``srv6 run``: a switch, a controller, a watched file, and nothing left behind; options that cannot be meant."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest
from unit.cli.running import NODE, TIMEOUT, Router, wait_for

from srv6cp.cli.main import main


def test_a_router_follows_its_file_and_leaves_nothing(router: Router) -> None:
    wait_for(lambda: router.said("Ctrl-C stops"))
    assert router.sids() == {"fcbb:bb00:1:1::/128"}
    router.node.write_text(NODE + '  - {sid: "fcbb:bb00:1:2::", behavior: End}\n')
    wait_for(lambda: router.sids() == {"fcbb:bb00:1:1::/128", "fcbb:bb00:1:2::/128"})
    router.node.write_text(NODE + "  - {sid: nonsense, behavior: End}\n")
    wait_for(lambda: router.said("not applied; the switch keeps what it has"))
    assert "node.yaml:7: sids[1].sid: SID must be an IPv6 prefix" in router.log.read_text()
    router.node.write_text(NODE)
    code, said = router.edit("sid", "add", "fcbb:bb00:1:3::", "End", "-c", str(router.node))
    assert (code, f"the controller that follows it (process {router.process.pid}) applies it" in said) == (0, True)
    wait_for(lambda: "fcbb:bb00:1:3::/128" in router.sids())
    other = router.node.with_name("other.yaml")
    other.write_text(NODE)
    code, said = router.edit("sid", "add", "fcbb:bb00:1:4::", "End", "-c", str(other))
    assert (code, f"it follows {router.node} (process {router.process.pid})" in said) == (5, True)
    assert other.read_text() == NODE
    router.process.send_signal(signal.SIGINT)
    assert router.process.wait(TIMEOUT) == 0
    assert not router.answers()


def test_a_killed_run_takes_its_switch_along(router: Router) -> None:
    wait_for(lambda: router.said("Ctrl-C stops"))
    router.process.kill()
    router.process.wait()
    wait_for(lambda: not router.answers())


NEEDS_A_PAIR = "with TLS the switch needs a certificate and its key: --server-cert FILE --server-key FILE"
OPEN_TO_ALL = (
    "0.0.0.0:9559: whoever reaches it would be controller of the switch; use TLS (--server-cert, --server-key), "
    "an address of this machine alone such as 127.0.0.1:9559, or say --insecure"
)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("-i veth0", "-i veth0: write PORT@IFACE, such as 1@veth1"),
        ("-i 99@veth0", "-i 99@veth0: r1 has no port 99; its ports: 1, 2"),
        ("-i 1@a -i 1@b", "-i 1@b: port 1 is given twice"),
        ("-i 1@a -i 2@a", "interface a is that of port 1 and of port 2"),
        ("-i 2@lan", "interface lan is that of port 1 and of port 2"),
        ("--switch none --pcap x", "--pcap is for a switch that is started here; it cannot go with --switch none"),
        ("--wait", "--wait is for a switch that is started elsewhere: it needs --switch none"),
        ("--ssl", "with TLS the switch needs a certificate and its key: --server-cert FILE --server-key FILE"),
        (
            "--server-cert x",
            "with TLS the switch needs a certificate and its key: --server-cert FILE --server-key FILE",
        ),
        ("--cert x", "--cert and --private-key belong together: a client certificate and its key"),
        (
            "--server-cert x --server-key x --cert x --private-key x",
            "--cert needs --cacert: the CA by which the switch knows its clients",
        ),
        (
            "--server-cert x --server-key x --insecure",
            "--insecure means no TLS; it cannot go with --ssl or certificates",
        ),
        (
            "--grpc-addr 0.0.0.0:9559",
            OPEN_TO_ALL,
        ),
        (
            "--switch none --insecure",
            "--insecure is for a switch that is started here; it cannot go with --switch none",
        ),
        ("--profile tiny", "no profile 'tiny'; there are: transit, edge, full, hmac, mobile, telemetry, services"),
    ],
)
def test_options_of_run_that_cannot_be_meant(
    tmp_path: Path, words: str, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    node = tmp_path / "node.yaml"
    node.write_text(NODE.replace("1: {addr", "1: {interface: lan, addr").replace('/64"]}}', '/64"]}, 2: {}}'))
    assert main(["run", str(node), "--switch", "softswitch", *words.split()]) == 2
    assert capsys.readouterr().err == f"srv6: {says}\n"


def test_an_unknown_switch_in_the_environment_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    node = tmp_path / "node.yaml"
    node.write_text(NODE)
    monkeypatch.setenv("SWITCH", "foo")
    assert main(["run", str(node)]) == 2
    assert capsys.readouterr().err == "srv6: SWITCH=foo: no such switch; one of auto, softswitch, bmv2, none\n"


@pytest.mark.parametrize(
    "words",
    ["run n.yaml --device-id -1", "run n.yaml --election-id 0", f"run n.yaml --election-id {1 << 128}",
     "trace --vlan 9999 x", "trace --vlan 0 x", "trace --port 512 x", "apply n.yaml --device-id " + "9" * 5000],
)  # fmt: skip
def test_numbers_out_of_range_are_refused(words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words.split()) == 2
    assert "must be a number from" in capsys.readouterr().err
