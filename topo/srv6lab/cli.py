# SPDX-License-Identifier: Apache-2.0
"""The words of ``srv6 lab``, for the parser of ``srv6``; `commands` has what they do.

Only `argparse` is imported until a command runs: every ``srv6`` reads this file.
"""

from __future__ import annotations

import argparse
from typing import Any

from srv6cp.artifacts import DEFAULT, PROFILES
from srv6cp.cli import probing
from srv6cp.cli.arguments import number
from srv6cp.cli.exitcodes import CHECK_FAILED, CliError
from srv6cp.sync.launch import SWITCHES
from srv6lab.shipped import shipped

_EPILOG = """try:
  srv6 lab up quickstart                      show a small network, in one process
  srv6 lab up quickstart --shell              ... and take commands
  srv6 lab up quickstart --web                watch it in a browser, and steer
  srv6 lab up quickstart --netns              keep it running with Linux hosts (root), then:
  srv6 lab exec quickstart h1 -- ping -c3 h2
  srv6 lab path quickstart h1 h2
  srv6 lab steer quickstart r1 h2 r3 r4/End.DT46
  srv6 lab edit quickstart r1 sid add fcbb:bb00:1:7::/64 End
  srv6 lab cut quickstart r1 r2
  srv6 lab down quickstart"""


def register(subparsers: Any) -> None:
    """Add ``lab`` and its verbs."""
    text = "run a network of SRv6 routers from a topology file"
    top = subparsers.add_parser(
        "lab",
        help=text,
        description=f"{text[0].upper()}{text[1:]}.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.set_defaults(parser=top)
    verbs = _Verbs(top.add_subparsers(dest="verb", metavar="VERB"))
    _add_up(verbs.add("up", "start a network and play the scenario of its file"))
    _add_web(verbs)
    _add_top(verbs)
    down = verbs.add("down", "stop a network of namespaces and clean up after it, even after a crash")
    down.add_argument("name", nargs="?", metavar="LAB", help="name of the lab [the only one]")
    down.add_argument("--all", action="store_true", help="all of them")
    status = verbs.add("status", "networks of namespaces and the state of their routers")
    status.add_argument("name", nargs="?", metavar="LAB", help="name of the lab [all]")
    status.add_argument("--json", action="store_true", help="print JSON")
    _add_running(verbs)
    graph = verbs.add("graph", "print a topology")
    _topology(graph)
    graph.add_argument("--dot", action="store_true", help="as Graphviz source")
    config = verbs.add("config", "print the configuration of a router of a topology, for `srv6 run` or `srv6 apply`")
    _topology(config)
    config.add_argument("router", metavar="ROUTER")
    verbs.add("list", "topologies that come with the package")
    verbs.add("schema", "print the JSON schema of topologies, for editors")
    names = verbs.add("names", "names of the networks that are up, or of the nodes of one or of a topology")
    names.add_argument("name", nargs="?", metavar="LAB", help="name of a lab or topology")
    kinds = names.add_mutually_exclusive_group()
    kinds.add_argument("--routers", action="store_true", help="no hosts")
    kinds.add_argument("--hosts", action="store_true", help="no routers")


def _add_web(verbs: _Verbs) -> None:
    web = verbs.add("web", "serve a page of a network of namespaces that runs; of one that is served, say where")
    web.add_argument("name", nargs="?", metavar="LAB", help="name of the lab [the only one]")
    _web_options(web)


def _add_top(verbs: _Verbs) -> None:
    top = verbs.add(
        "top", "load of the cables, flows and routers of a network that is served or of namespaces, each second"
    )
    top.add_argument("name", nargs="?", metavar="LAB", help="name of the lab [the only one]")
    top.add_argument("--once", action="store_true", help="print it once")
    top.add_argument("--json", action="store_true", help="print JSON, a line each second")


def _web_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--port", type=number(0, 65535), metavar="PORT", help="TCP port of the page; 0: any [8480, or any if taken]"
    )
    parser.add_argument("--address", default="127.0.0.1", metavar="ADDRESS", help="address of the page [127.0.0.1]")


#: What verbs show of a router.
_SHOWN = {
    "sid": "SIDs with their counters",
    "policy": "policies with their lists",
    "route": "routes",
    "neighbor": "neighbours",
    "counters": "counters of SIDs, policies, ports, drops and punts",
    "drops": "dropped packets by reason",
    "ports": "ports",
}


class _Verbs:
    def __init__(self, subparsers: Any) -> None:
        self._subparsers = subparsers

    def add(self, verb: str, text: str) -> argparse.ArgumentParser:
        description = f"{text[0].upper()}{text[1:]}."
        parser: argparse.ArgumentParser = self._subparsers.add_parser(verb, help=text, description=description)
        parser.set_defaults(run=lambda args: _run(verb, args))
        return parser


def _run(verb: str, args: argparse.Namespace) -> int:
    try:
        from srv6lab import commands
    except ModuleNotFoundError as error:
        own = (error.name or "").partition(".")[0] in ("srv6lab", "softswitch", "srv6cp")
        hint = "reinstall the package" if own else f"pip install {error.name}"
        raise CliError(f"srv6 lab needs the module {error.name}: {hint}", CHECK_FAILED) from None
    return commands.run(verb, args)


def _topology(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("topology", metavar="TOPOLOGY", help=f"a file, or one of: {', '.join(shipped())}")


def _add_up(up: argparse.ArgumentParser) -> None:
    _topology(up)
    up.add_argument(
        "--netns",
        action="store_true",
        help="every node in a network namespace, hosts are Linux; it stays until `srv6 lab down` (root)",
    )
    up.add_argument(
        "--switch",
        choices=("auto", *SWITCHES),
        help="auto: BMv2 if simple_switch_grpc is on PATH and we are root, else softswitch "
        "[$SWITCH; else auto with --netns, softswitch without]",
    )
    up.add_argument(
        "--profile",
        metavar="PROFILE",
        help=f"of the P4 program: {', '.join(PROFILES)} [the topology's, else {DEFAULT}]",
    )
    up.add_argument("--name", help="name of the lab [the topology's]")
    up.add_argument("--web", action="store_true", help="serve a page that shows it and takes commands, until Ctrl-C")
    _web_options(up)
    up.add_argument("--no-traffic", action="store_true", help="with --web: start no flows")
    up.add_argument("--shell", action="store_true", help="then take commands: ping, path, steer, show ...")
    up.add_argument(
        "-c",
        "--command",
        dest="lines",
        action="append",
        metavar="LINE",
        help="run this command of the shell instead of the scenario",
    )
    up.add_argument("--no-scenario", action="store_true", help="do not play the scenario")
    up.add_argument("-q", "--quiet", action="store_true", help="say only what the scenario says")


def _add_running(verbs: _Verbs) -> None:
    """Verbs for a network that is up."""

    def add(name: str, text: str) -> argparse.ArgumentParser:
        parser = verbs.add(name, text)
        parser.add_argument("name", metavar="LAB", help="name of the lab")
        return parser

    execute = add("exec", "run a command in the namespace of a host or router")
    execute.add_argument("node", metavar="NODE", help="a host or router")
    execute.add_argument("words", nargs=argparse.REMAINDER, metavar="-- COMMAND", help="such as ping -c3 h2")
    path = add("path", "the way of one packet through a running network, hop by hop")
    path.add_argument("source", metavar="HOST", help="where it starts")
    path.add_argument("target", metavar="HOST", help="where it goes")
    path.add_argument("-4", "--ipv4", action="store_true", help="an IPv4 packet")
    for verb, text in (
        ("ping", "echo requests from a host or router, along segments if there are any"),
        ("traceroute", "the way from a host or router to an address or SID, hop by hop, with the behaviour of each"),
    ):
        probe = add(verb, text)
        probe.add_argument("node", metavar="NODE", help="where the probes come from: a host or a router")
        probe.add_argument("target", metavar="TARGET", help="an address, a SID, or the name of a node")
        probing.add_options(probe, traceroute=verb == "traceroute")
    steer = add("steer", "a router sends what goes to a host along segments")
    steer.add_argument("router", metavar="ROUTER")
    steer.add_argument("host", metavar="HOST")
    steer.add_argument("segments", nargs="+", metavar="SEGMENT", help="such as r3 r4/End.DT46")
    unsteer = add("unsteer", "take back what steer and apply did at a router")
    unsteer.add_argument("router", metavar="ROUTER")
    edit = add("edit", "add, replace, delete or show SIDs, policies ... of a router, in the words of `srv6 sid add`")
    edit.usage = "srv6 lab edit LAB ROUTER sid|policy|steer|route|neighbor|vrf add|replace|del|show ..."
    edit.add_argument("router", metavar="ROUTER")
    edit.add_argument("words", nargs=argparse.REMAINDER, metavar="WORD", help="sid add SID End ...; segments by name")
    show = add("show", "SIDs of all routers by name; of one: its node file as it is now")
    show.add_argument("router", nargs="?", metavar="ROUTER")
    for kind, text in _SHOWN.items():
        what = add(kind, f"{text} of a router, as its switch has them")
        what.add_argument("router", metavar="ROUTER")
        what.add_argument("--json", action="store_true", help="print JSON")
        what.add_argument("--watch", action="store_true", help="again each second, until Ctrl-C")
    for verb, text in (
        ("cut", "unplug the cable between two nodes: both see the link go down"),
        ("restore", "plug the cable between two nodes in again"),
    ):
        cable = add(verb, text)
        cable.add_argument("one", metavar="NODE")
        cable.add_argument("other", metavar="NODE")
    link = add(
        "link", "what a cable does: down, up, or rate, delay, jitter, loss and queue of a network in one process"
    )
    link.add_argument("one", metavar="NODE")
    link.add_argument("other", metavar="NODE")
    link.add_argument(
        "words",
        nargs="*",
        metavar="WORD",
        help="down | up | ideal | rate 10M | delay 20ms | loss 1% ...".replace("%", "%%"),
    )
    flow = add("flow", "traffic between hosts of a network in one process, and what its receivers see")
    flow.usage = "srv6 lab flow LAB start HOST HOST [rate 5M] | stop NUMBER | stop all | show"
    flow.add_argument("words", nargs="+", metavar="WORD", help="start h1 h2 rate 5M | stop 1 | show")
    shell = add("shell", "take commands for a running network")
    shell.add_argument("-c", "--command", dest="lines", action="append", metavar="LINE", help="run this command only")
    apply = add("apply", "add a file's policies, steering, sids ... to the configuration of a router")
    apply.add_argument("router", metavar="ROUTER")
    apply.add_argument("file", metavar="FILE", help="YAML; takes the place of an earlier apply or steer")
    restart = verbs.add("restart", "start a router's switch (again); its controller fills it")
    restart.add_argument("name", nargs="?", metavar="LAB", help="name of the lab [the only one]")
    restart.add_argument("router", metavar="ROUTER")
