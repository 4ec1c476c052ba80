# SPDX-License-Identifier: Apache-2.0
"""``srv6 lab``: run a topology.

Exit codes are those of ``srv6``: 0 done, 1 a step of the scenario failed, 2 usage, 3 the topology is not valid, 130
interrupted.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from srv6lab import graph, shell
from srv6lab.loader import load_topology, shipped
from srv6lab.topology import Topology, TopologyError

OK, FAILED, USAGE, CONFIG, INTERRUPTED = 0, 1, 2, 3, 130


def parser() -> argparse.ArgumentParser:
    """The command line."""
    top = argparse.ArgumentParser(
        prog="srv6 lab", description="Run a network of SRv6 routers from a topology file."
    )
    verbs = top.add_subparsers(dest="verb", required=True, metavar="VERB")

    def verb(name: str, text: str) -> argparse.ArgumentParser:
        made = verbs.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
        made.add_argument("topology", help=f"a file, or one of: {', '.join(shipped())}")
        return made

    up = verb("up", "start the network in this process (no root) and play the scenario of its file")
    up.add_argument(
        "--shell",
        action="store_true",
        help="then take commands: ping, path, steer, show ... (help lists them)",
    )
    up.add_argument("--no-scenario", action="store_true", help="do not play the scenario")
    up.add_argument("-q", "--quiet", action="store_true", help="say only what the scenario says")
    run = verb("exec", "start the network, run one command of its shell, stop it")
    run.add_argument("command", nargs=argparse.REMAINDER, help="for example: ping h1 h2")
    picture = verb("graph", "print the topology")
    picture.add_argument("--dot", action="store_true", help="as Graphviz source")
    verbs.add_parser("list", help="topologies that come with the package")
    return top


def main(argv: Sequence[str] | None = None) -> int:
    """Run; the exit code."""
    args = parser().parse_args(argv)
    try:
        if args.verb == "list":
            for name, path in shipped().items():
                print(f"{name:<16}{load_topology(path).about}")
            return OK
        topology = load_topology(args.topology)
        if args.verb == "graph":
            print(graph.dot(topology) if args.dot else graph.text(topology))
            return OK
        return _play(topology, args)
    except TopologyError as error:
        print(f"srv6 lab: {error}", file=sys.stderr)
        return CONFIG
    except KeyboardInterrupt:
        print("srv6 lab: interrupted", file=sys.stderr)
        return INTERRUPTED


def _play(topology: Topology, args: argparse.Namespace) -> int:
    from srv6lab.network import Network
    from srv6lab.scenario import Failed, Player

    quiet = args.verb == "exec" or args.quiet
    if not quiet:
        print(graph.text(topology) + "\n")
    with Network(topology, (lambda _: None) if quiet else print) as network:
        player = Player(network, lambda text: print(text, flush=True))
        try:
            if args.verb == "exec":
                return OK if shell.Shell(player).run_line(" ".join(args.command)) else USAGE
            if not args.no_scenario:
                player.run(topology.scenario)
        except Failed as error:
            print(f"srv6 lab: {error}", file=sys.stderr)
            return FAILED
        if args.shell:
            shell.Shell(player).cmdloop()
    return OK
