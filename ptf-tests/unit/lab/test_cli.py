# SPDX-License-Identifier: Apache-2.0
"""``srv6 lab``: what it prints and its exit codes, as far as no root is needed."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import pytest
import yaml

from srv6cp.artifacts import PROFILES
from srv6cp.cli import exitcodes
from srv6cp.cli.main import main
from srv6cp.config import load_node
from srv6lab import control


def lab(words: list[str]) -> int:
    """``srv6 lab WORDS``; the exit code."""
    return main(["lab", *words])


#: Stands for the file of the fixture ``one``.
ONE_ROUTER = "one.yaml"
ONE = "name: one\nrouters: {r1: {}}\nhosts: {h1: {router: r1}, h2: {router: r1}}\n"


@pytest.fixture(autouse=True)
def softswitch(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Whatever SWITCH says for the packet tests."""
    monkeypatch.setenv("SWITCH", "softswitch")
    monkeypatch.setenv("SRV6LAB_DIR", str(tmp_path / "labs"))


@pytest.fixture
def one(tmp_path: Path) -> Path:
    """A topology of one router and two hosts."""
    path = tmp_path / "one.yaml"
    path.write_text(ONE)
    return path


def test_up_plays_the_scenario_and_says_how_to_go_on(one: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one.write_text(ONE + "scenario: [{ping: {from: h1, to: h2}}, {path: {from: h1, to: h2}}]\n")
    assert lab(["up", str(one)]) == exitcodes.OK
    out = capsys.readouterr().out
    assert out.startswith("one\n1 P4 router (switch and controller each) and 2 hosts, ready in ")
    assert "h1 pings h2 (2001:db8:2::2): 1 of 1 answered" in out
    assert f"  srv6 lab up {one} --shell   steer packets yourself" in out


def test_up_with_commands(one: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert lab(["up", str(one), "-q", "-c", "ping h1 h2 2", "-c", "flows h1 h2 2 -4"]) == exitcodes.OK
    out = capsys.readouterr().out.splitlines()
    assert out[0].startswith("h1 pings h2 (2001:db8:2::2): 2 of 2 answered, after ")
    assert out[1:] == ["2 flows from h1 to h2:", "     2  h1 - r1 - h2"]
    assert lab(["up", str(one), "-q", "-c", "dance"]) == exitcodes.USAGE


def test_up_with_shell(one: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    lines = iter(["graph", "quit"])
    monkeypatch.setattr("builtins.input", lambda prompt: next(lines))
    assert lab(["up", str(one), "-q", "--shell"]) == exitcodes.OK
    out = capsys.readouterr().out
    known = "cut, edit, fetch, flow, flows, graph, help, link, path, ping, quit, receivers, restart, restore, show, "
    known += "steer, traceroute, unsteer"
    assert f"Commands: {known};" in " ".join(out.split())
    assert "  r1  router, locator fcbb:bb00:1::/48" in out


def test_step_that_fails(one: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one.write_text(ONE + "scenario: [{path: {from: h1, to: h2}}, {expect: {path: [h1, h2]}}]\n")
    assert lab(["up", str(one), "-q"]) == exitcodes.CHECK_FAILED
    assert capsys.readouterr().err == "srv6: the packet went h1 - r1 - h2, not h1 - h2\n"


def test_topology_that_is_not_valid(one: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one.write_text("routers: {r1: {sids: [{sid: 'fcbb:bb00:1:7::', behavior: End.Nonsense}]}}\n")
    assert lab(["up", str(one), "-q"]) == exitcodes.CONFIG
    err = capsys.readouterr().err
    assert (
        err.startswith(f"srv6: {one}:1: routers.r1.sids[0].behavior: ")
        and "End.Nonsense" in err
        and "Traceback" not in err
    )
    assert lab(["graph", "nowhere"]) == exitcodes.CONFIG
    assert capsys.readouterr().err.startswith(
        "srv6: nowhere: cannot read: No such file or directory; give a file, or one of: "
    )


def test_interrupt(one: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("srv6lab.scenario.Player.run", interrupt)
    assert lab(["up", str(one), "-q"]) == exitcodes.INTERRUPTED
    assert capsys.readouterr().err == "srv6: interrupted\n"


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["fly"],
        ["up"],
        ["up", "quickstart", "--switch", "asic"],
        ["restart"],
        ["down", "x", "--all"],
        ["up", "quickstart", "--profile", "tiny"],
        ["exec", "x", "h1"],
        ["path", "x", "h1"],
        ["unsteer", "x", "r1", "r2"],
        ["up", "quickstart", "--name", "a b"],
        ["up", ONE_ROUTER, "-q", "-c", "path h1"],
        ["up", ONE_ROUTER, "-q", "-c", "path h1 h9"],
        ["up", ONE_ROUTER, "-q", "-c", "ping h1 h2 many"],
        ["up", ONE_ROUTER, "-q", "-c", "steer r1 h9 r2"],
        ["up", ONE_ROUTER, "-q", "-c", "steer r9 h2 r2"],
        ["up", ONE_ROUTER, "-q", "-c", "steer r1 h2 r9"],
        ["up", ONE_ROUTER, "-q", "-c", "unsteer r9"],
        ["up", ONE_ROUTER, "-q", "-c", "edit r1 sid"],
        ["up", ONE_ROUTER, "-q", "-c", "edit r9 sid add x End"],
        ["up", ONE_ROUTER, "-q", "-c", "cut r1 r4"],
        ["up", ONE_ROUTER, "-q", "-c", "show r9"],
        ["config", "quickstart", "r9"],
        ["edit", "x", "r1"],
        ["edit", "x", "r1", "dance", "add", "y"],
        ["cut", "x", "r1"],
    ],
)
def test_wrong_command_line_is_a_usage_error(words: list[str], one: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Names that do not exist and words too few ended with 3 or 1."""
    assert lab([str(one) if word == ONE_ROUTER else word for word in words]) == exitcodes.USAGE
    err = capsys.readouterr().err
    assert err or not words
    assert "Traceback" not in err


def test_switch_of_the_environment_that_does_not_exist(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SWITCH", "foo")
    assert lab(["up", "quickstart", "-q"]) == exitcodes.USAGE
    assert capsys.readouterr().err == "srv6: SWITCH=foo: no such switch; one of auto, softswitch, bmv2\n"


def test_node_file_given_to_lab_up(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "r1.yaml"
    path.write_text("node: r1\n")
    assert lab(["up", str(path)]) == exitcodes.CONFIG
    assert capsys.readouterr().err == (
        f"srv6: {path}: this is the node file of one router, not a topology; `srv6 run {path}` runs it\n"
    )


def test_mistake_in_a_scenario_starts_nothing(
    one: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was found when the step was played, with the network up and the steps before it done."""
    monkeypatch.setattr("srv6lab.network.Network.__init__", lambda *_: pytest.fail("started"))
    one.write_text(ONE + "scenario:\n- say: hello\n- ping: {from: h1, to: h9}\n- jump: 1\n")
    assert lab(["up", str(one)]) == exitcodes.CONFIG
    out, err = capsys.readouterr()
    assert out == "" and [line.split(": ")[1] for line in err.splitlines()] == [f"{one}:6", f"{one}:7"]


def test_schema_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert lab(["schema"]) == exitcodes.OK
    assert json.loads(capsys.readouterr().out)["title"] == "SRv6 topology"


def test_list(capsys: pytest.CaptureFixture[str]) -> None:
    assert lab(["list"]) == exitcodes.OK
    rows = capsys.readouterr().out.splitlines()
    names = (
        "binding ecmp hmac l2 mobile mpls multicast-tree path-tracing pipes quickstart replace-csid sfc "
        "sosr17 ti-lfa usid vpls vpn"
    )
    assert " ".join(row.split()[0] for row in rows) == names


def test_graph(one: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert lab(["graph", str(one)]) == exitcodes.OK
    assert "  h1 -- r1 port 1" in capsys.readouterr().out
    assert lab(["graph", str(one), "--dot"]) == exitcodes.OK
    assert capsys.readouterr().out.startswith('graph "one" {')


def test_config_is_a_node_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert lab(["config", "vpn", "r3"]) == exitcodes.OK
    text = capsys.readouterr().out
    (tmp_path / "r3.yaml").write_text(text)
    node = load_node(tmp_path / "r3.yaml")
    assert node.name == "r3" and set(node.vrfs) == {"default", "blue", "red"}
    assert yaml.safe_load(text)["source"] == "fcbb:bb00:3::1"
    assert lab(["config", "vpn", "r7"]) == exitcodes.USAGE
    assert capsys.readouterr().err == "srv6: no router 'r7'; there are r1, r2, r3\n"


@pytest.mark.parametrize(
    "words",
    [
        ["up", "quickstart", "--netns"],
        ["up", "quickstart", "--switch", "bmv2"],
        ["status"],
        ["down"],
        ["down", "--all"],
        ["restart", "r1"],
    ],
)
def test_without_root(words: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert lab(words) == exitcodes.CHECK_FAILED
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == (
        "srv6: networks of namespaces need root on Linux; `srv6 lab up` without --netns needs neither\n"
    )


@pytest.mark.parametrize(
    "words",
    [
        ["path", "none", "h1", "h2"],
        ["steer", "none", "r1", "h2", "r3"],
        ["exec", "none", "h1", "--", "true"],
        ["shell", "none"],
        ["restart", "none", "r1"],
        ["edit", "none", "r1", "sid", "add", "fcbb::", "End"],
        ["show", "none"],
        ["cut", "none", "r1", "r2"],
        ["down", "none"],
        ["status", "none"],
    ],
)
def test_no_such_lab(words: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert lab(words) == exitcodes.CHECK_FAILED
    assert capsys.readouterr().err == (
        "srv6: no lab 'none' is up; none is; `srv6 lab up quickstart --netns` starts one\n"
    )


def test_status_of_nothing(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert lab(["status"]) == exitcodes.OK
    assert capsys.readouterr().out == "no network is up; srv6 lab up quickstart --netns starts one\n"
    assert lab(["status", "--json"]) == exitcodes.OK
    assert capsys.readouterr().out == "{}\n"


def test_names_of_labs_and_nodes(one: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert lab(["names"]) == exitcodes.OK
    assert capsys.readouterr().out.split() == []
    assert lab(["names", str(one)]) == exitcodes.OK
    assert capsys.readouterr().out.split() == ["r1", "h1", "h2"]
    assert lab(["names", "nowhere"]) == exitcodes.CHECK_FAILED
    assert capsys.readouterr() == ("", "")


def test_an_unknown_profile_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert lab(["up", "quickstart", "--profile", "tiny"]) == exitcodes.USAGE
    assert capsys.readouterr().err == f"srv6: no profile 'tiny'; there are: {', '.join(PROFILES)}\n"


def test_a_profile_that_is_missing(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("srv6cp.cli.session.PROFILES", ("gone",))
    assert lab(["up", "quickstart", "--profile", "gone"]) == exitcodes.CHECK_FAILED
    assert capsys.readouterr().err.startswith("srv6: compiled program 'gone' not found: ")


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_an_interrupt_that_python_drops_is_kept() -> None:
    """One that arrives in a destructor is printed and forgotten, and the network would stay."""

    class Interrupted:
        def __del__(self) -> None:
            signal.raise_signal(signal.SIGINT)

    with control.termination_as_interrupt() as check:
        check()
        Interrupted()
        with pytest.raises(KeyboardInterrupt):
            check()
