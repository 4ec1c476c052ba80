# SPDX-License-Identifier: Apache-2.0
"""``srv6 lab``: run a topology.

Without ``--netns`` a network lives as long as the command; with it, it stays until ``srv6 lab down``.

Exit codes are those of ``srv6``: 0 done, 1 a step of the scenario or something about the lab failed, 2 usage, 3 the
topology or a configuration is not valid, 130 interrupted. ``exec`` has the exit code of the command it runs.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

import yaml

from srv6lab import graph
from srv6lab.errors import LabError
from srv6lab.lab import Lab
from srv6lab.loader import load_topology, read_changes, shipped
from srv6lab.scenario import Failed, Player
from srv6lab.shell import Shell
from srv6lab.topology import Topology, TopologyError

OK, FAILED, USAGE, CONFIG, INTERRUPTED = 0, 1, 2, 3, 130
SWITCHES = ("auto", "softswitch", "bmv2")

_EPILOG = """try:
  srv6 lab up quickstart                      show a small network, in one process
  srv6 lab up quickstart --shell              ... and take commands
  srv6 lab up quickstart --netns              keep it running with Linux hosts (root), then:
  srv6 lab exec quickstart h1 -- ping -c3 h2
  srv6 lab path quickstart h1 h2
  srv6 lab steer quickstart r1 h2 r3 r4/End.DT46
  srv6 lab down quickstart

exit codes: 0 done, 1 something failed, 2 usage, 3 topology or configuration not valid, 130 interrupted"""


def parser() -> argparse.ArgumentParser:
    """The command line."""
    top = argparse.ArgumentParser(
        prog="srv6 lab",
        description="Run a network of SRv6 routers from a topology file.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    verbs = top.add_subparsers(dest="verb", required=True, metavar="VERB")

    def verb(name: str, text: str, run: Callable[[argparse.Namespace], int]) -> argparse.ArgumentParser:
        made = verbs.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
        made.set_defaults(run=run)
        return made

    topology = f"a file, or one of: {', '.join(shipped())}"
    up = verb("up", "start a network and play the scenario of its file", _up)
    up.add_argument("topology", help=topology)
    up.add_argument(
        "--netns",
        action="store_true",
        help="every node in a network namespace, hosts are Linux; it stays until `srv6 lab down` (root)",
    )
    up.add_argument(
        "--switch",
        choices=SWITCHES,
        help="auto: BMv2 if simple_switch_grpc is on PATH and we are root, else softswitch "
        "[$SWITCH; else auto with --netns, softswitch without]",
    )
    up.add_argument("--name", help="name of the lab [the topology's]")
    up.add_argument("--shell", action="store_true", help="then take commands: ping, path, steer, show ...")
    up.add_argument(
        "-c", "--command", action="append", metavar="LINE", help="run this command of the shell instead of the scenario"
    )
    up.add_argument("--no-scenario", action="store_true", help="do not play the scenario")
    up.add_argument("-q", "--quiet", action="store_true", help="say only what the scenario says")

    down = verb("down", "stop a network of namespaces and clean up after it, even after a crash", _down)
    down.add_argument("name", nargs="?", help="name of the lab [the only one]")
    down.add_argument("--all", action="store_true", help="all of them")
    status = verb("status", "networks of namespaces and the state of their routers", _status)
    status.add_argument("name", nargs="?", help="name of the lab [all]")
    status.add_argument("--json", action="store_true", help="as JSON")

    def running(name: str, text: str, run: Callable[[argparse.Namespace], int]) -> argparse.ArgumentParser:
        made = verb(name, text, run)
        made.add_argument("name", help="name of the lab")
        return made

    run = running("exec", "run a command in the namespace of a host or router", _exec)
    run.add_argument("node", help="a host or router")
    run.add_argument("command", nargs=argparse.REMAINDER, metavar="-- COMMAND", help="such as ping -c3 h2")
    path = running("path", "the way of one packet through a running network, hop by hop", _line)
    path.add_argument("words", nargs="+", metavar="HOST", help="from HOST to HOST")
    path.add_argument("-4", "--ipv4", action="store_true", help="an IPv4 packet")
    steer = running("steer", "a router sends what goes to a host along segments", _line)
    steer.add_argument("words", nargs="+", metavar="WORD", help="ROUTER HOST SEGMENT..., such as r1 h2 r3 r4/End.DT46")
    unsteer = running("unsteer", "a router gets back its configuration of the topology", _line)
    unsteer.add_argument("words", nargs=1, metavar="ROUTER")
    shell = running("shell", "take commands for a running network", _shell)
    shell.add_argument("-c", "--command", action="append", metavar="LINE", help="run this command only")
    apply = running("apply", "add a file's policies, steering, sids ... to the configuration of a router", _apply)
    apply.add_argument("router")
    apply.add_argument("file", help="YAML; what an earlier apply or steer added is gone")
    restart = verb("restart", "start a router's switch (again); its controller fills it", _restart)
    restart.add_argument("name", nargs="?", help="name of the lab [the only one]")
    restart.add_argument("router")

    picture = verb("graph", "print a topology", _graph)
    picture.add_argument("topology", help=topology)
    picture.add_argument("--dot", action="store_true", help="as Graphviz source")
    config = verb(
        "config", "print the configuration of a router of a topology, for `srv6 run` or `srv6 apply`", _config
    )
    config.add_argument("topology", help=topology)
    config.add_argument("router")
    verb("list", "topologies that come with the package", _list)
    return top


def main(argv: Sequence[str] | None = None) -> int:
    """Run; the exit code."""
    args = parser().parse_args(argv)
    try:
        run: Callable[[argparse.Namespace], int] = args.run
        return run(args)
    except TopologyError as error:
        return _complain(error, CONFIG)
    except (LabError, Failed) as error:
        return _complain(error, FAILED)
    except KeyboardInterrupt:
        return _complain("interrupted", INTERRUPTED)


def _complain(error: object, code: int) -> int:
    sys.stdout.flush()
    for line in str(error).splitlines():
        print(f"srv6 lab: {line}", file=sys.stderr)
    return code


# --- up -----------------------------------------------------------------------------------------------------


def _up(args: argparse.Namespace) -> int:
    topology = load_topology(args.topology)
    switch = args.switch or os.environ.get("SWITCH", "")
    if switch not in SWITCHES:
        switch = "auto" if args.netns else "softswitch"
    if switch == "auto":
        from srv6cp.sync.launch import choose

        switch = choose(switch) if args.netns or os.geteuid() == 0 else "softswitch"
    if args.netns or switch == "bmv2":
        return _up_namespaces(args, topology, switch)
    _say_head(args, topology)
    begin = time.perf_counter()
    from srv6lab.network import Network

    with Network(topology) as network:
        if not args.quiet:
            _say_ready(topology, "softswitch, all in this process", begin)
        code = _play(args, network)
    if not (code or args.quiet or args.shell or args.command):
        rows = [(f"up {args.topology} --shell", "steer packets yourself")]
        rows += [(f"up {args.topology} --netns", "the same with Linux hosts: ping, iperf3, tcpdump (root)")]
        rows += [("list", "other networks")]
        width = max(len(words) for words, _ in rows)
        print("\nGo on:\n" + "\n".join(f"  srv6 lab {words:<{width}}   {text}" for words, text in rows))
    return code


def _up_namespaces(args: argparse.Namespace, topology: Topology, switch: str) -> int:
    from srv6lab import control

    name = args.name or topology.name
    control.check_possible(name, switch)
    _say_head(args, topology)
    begin = time.perf_counter()
    with control.termination_as_interrupt():
        lab = control.up(name, args.topology, topology, switch)
        keep = args.netns
        try:
            if not args.quiet:
                _say_ready(topology, f"{switch}, a network namespace for each node", begin)
            code = _play(args, lab)
        except (Failed, TopologyError, LabError) as error:  # kept, to be looked into
            code = _complain(error, CONFIG if isinstance(error, TopologyError) else FAILED)
        except BaseException:
            keep = False
            raise
        finally:
            if not keep:
                control.down(name)
    if not keep:
        return code
    if not args.quiet:
        hosts = [*topology.hosts, "NODE", "HOST"]
        print(
            f"\nThe network stays up. Go on:\n"
            f"  srv6 lab exec {name} {hosts[0]} -- ping -c3 {hosts[1]}\n"
            f"  srv6 lab path {name} {hosts[0]} {hosts[1]}\n"
            f"  srv6 lab shell {name}\n"
            f"  srv6 lab status {name}\n"
            f"  srv6 lab down {name}"
        )
    return code


def _say_head(args: argparse.Namespace, topology: Topology) -> None:
    if not args.quiet:
        print(graph.head(topology), flush=True)


def _say_ready(topology: Topology, what: str, begin: float) -> None:
    seconds = time.perf_counter() - begin
    routers, hosts = _count(len(topology.routers), "P4 router"), _count(len(topology.hosts), "host")
    print(f"{routers} (switch and controller each) and {hosts}, ready in {seconds:.1f} s: {what}", flush=True)


def _count(number: int, what: str) -> str:
    return f"{number} {what}" + ("" if number == 1 else "s")


def _play(args: argparse.Namespace, lab: Lab) -> int:
    player = Player(lab, lambda text: print(text, flush=True))
    if args.command:
        return _lines(player, args.command)
    if not args.no_scenario:
        player.run(lab.topology.scenario)
    if args.shell:
        Shell(player).cmdloop()
    return OK


def _lines(player: Player, lines: Sequence[str]) -> int:
    shell = Shell(player)
    for line in lines:
        if not shell.run_line(line):
            return USAGE
    return OK


# --- running networks ---------------------------------------------------------------------------------------


def _down(args: argparse.Namespace) -> int:
    from srv6lab import control, state

    if args.all and args.name:
        return _complain("down: give a name or --all", USAGE)
    control.check_root()
    names = state.names() if args.all else [args.name or control.only()]
    for name in names:
        control.down(name)
        print(f"{name} is down")
    return OK


def _status(args: argparse.Namespace) -> int:
    from srv6lab import control, state

    control.check_root()
    found = {name: control.status(name) for name in ([args.name] if args.name else state.names())}
    if args.json:
        print(json.dumps(found, indent=2))
    elif not found:
        print("no network is up; srv6 lab up quickstart --netns starts one")
    else:
        print("\n".join(control.render(name, row) for name, row in found.items()))
    return OK if all(row["well"] for row in found.values()) else FAILED


def _exec(args: argparse.Namespace) -> int:
    from srv6lab import control

    words = args.command[1:] if args.command[:1] == ["--"] else args.command
    if not words:
        return _complain("exec: no command; write: srv6 lab exec NAME NODE -- COMMAND...", USAGE)
    return control.execute(args.name, args.node, words)


def _player(name: str) -> Player:
    from srv6lab import control

    return Player(control.attach(name), lambda text: print(text, flush=True))


def _line(args: argparse.Namespace) -> int:
    words = [args.verb, *args.words, *(["-4"] if getattr(args, "ipv4", False) else [])]
    return _lines(_player(args.name), [" ".join(words)])


def _shell(args: argparse.Namespace) -> int:
    player = _player(args.name)
    if args.command:
        return _lines(player, args.command)
    Shell(player).cmdloop()
    return OK


def _apply(args: argparse.Namespace) -> int:
    changes = read_changes(args.file)
    _player(args.name).apply({args.router: changes})
    return OK


def _restart(args: argparse.Namespace) -> int:
    from srv6lab import control

    print(control.restart(args.name or control.only(), args.router))
    return OK


# --- topologies ---------------------------------------------------------------------------------------------


def _graph(args: argparse.Namespace) -> int:
    topology = load_topology(args.topology)
    print(graph.dot(topology) if args.dot else graph.text(topology))
    return OK


def _config(args: argparse.Namespace) -> int:
    topology = load_topology(args.topology)
    if args.router not in topology.routers:
        raise TopologyError(f"no router {args.router!r}; there are {', '.join(topology.routers)}")
    config: dict[str, Any] = topology.config(args.router)
    print(yaml.safe_dump(config, sort_keys=False, default_flow_style=None, width=120), end="")
    return OK


def _list(args: argparse.Namespace) -> int:
    for name, path in shipped().items():
        print(f"{name:<12}{load_topology(path).about}")
    return OK
