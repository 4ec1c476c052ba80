# SPDX-License-Identifier: Apache-2.0
"""Commands for a running network."""

from __future__ import annotations

import cmd
import contextlib
import inspect
from collections.abc import Callable

from srv6lab import graph
from srv6lab.errors import LabError
from srv6lab.scenario import Failed, Player
from srv6lab.topology import TopologyError


class Shell(cmd.Cmd):
    """A prompt; every command is a method ``do_...`` whose text is its help."""

    intro = "\nCommands: {0}; `help` explains them. Try:\n  path {1} {2}\n  show"
    prompt = "lab> "

    def __init__(self, player: Player) -> None:
        super().__init__()
        self._player = player
        self._network = player.network
        hosts = [*self._network.topology.hosts, "HOST", "HOST"]
        self.intro = self.intro.format(", ".join(self._known()), *hosts)

    def run_line(self, line: str) -> bool:
        """Run one command; whether there is such a command. Errors are raised."""
        word = line.split(" ", 1)[0]
        action: Callable[[str], object] | None = getattr(self, f"do_{word}", None)
        if action is None:
            print(f"srv6 lab: no command {word!r}; there are {', '.join(self._known())}")
            return False
        action(line[len(word) :].strip())
        return True

    def _known(self) -> list[str]:
        return sorted(name[3:] for name in dir(self) if name.startswith("do_") and name != "do_EOF")

    def onecmd(self, line: str) -> bool:
        with contextlib.suppress(KeyboardInterrupt):
            try:
                return bool(super().onecmd(line))
            except (TopologyError, Failed, LabError) as error:
                print(error)
        return False

    def default(self, line: str) -> None:
        self.run_line(line)

    def emptyline(self) -> bool:
        return False

    @staticmethod
    def _ends(line: str, usage: str, most: int) -> dict[str, str]:
        words = line.split()
        family = {"family": words.pop()[1:]} if words and words[-1] in ("-4", "-6") else {}
        if not 2 <= len(words) <= most:
            raise TopologyError(f"usage: {usage}")
        return {"from": words[0], "to": words[1], **({"count": words[2]} if len(words) == 3 else {}), **family}

    def do_ping(self, line: str) -> None:
        """ping HOST HOST-OR-ADDRESS [COUNT] [-4]: echo requests"""
        self._player.ping(self._ends(line, "ping HOST HOST-OR-ADDRESS [COUNT] [-4]", 3))

    def do_path(self, line: str) -> None:
        """path HOST HOST [-4]: the way of one packet, hop by hop"""
        self._player.path(self._ends(line, "path HOST HOST [-4]", 2))

    def do_flows(self, line: str) -> None:
        """flows HOST HOST [COUNT] [-4]: the ways of many packets that differ in the source port"""
        self._player.flows(self._ends(line, "flows HOST HOST [COUNT] [-4]", 3))

    def do_steer(self, line: str) -> None:
        """steer ROUTER HOST SEGMENT...: the router sends what goes to the host along these segments

        A segment is a router (its End), ROUTER/End.DT46, ROUTER/End.X/NEIGHBOUR, another SID of `show`, or an address.
        The last one has to decapsulate:   steer r1 h2 r3 r4/End.DT46
        """
        words = line.split()
        topology = self._network.topology
        if len(words) < 3:
            raise TopologyError("usage: steer ROUTER HOST SEGMENT..., such as: steer r1 h2 r3 r4/End.DT46")
        host = topology.hosts.get(words[1])
        if host is None:
            raise TopologyError(f"no host {words[1]!r}; there are {', '.join(topology.hosts)}")
        if host.l2:
            raise TopologyError(f"{host.name} is reached by a layer 2 tunnel, not by a route that could be steered")
        policy = {"name": "steer", "encap": {"mode": "encap"}, "segment-lists": [{"segments": words[2:]}]}
        steering = [{"prefix": prefix, "vrf": host.vrf, "policy": "steer"} for prefix in host.prefixes]
        self._player.apply({words[0]: {"policies": [policy], "steering": steering}})

    def do_unsteer(self, line: str) -> None:
        """unsteer ROUTER: back to the router's configuration in the topology"""
        if len(line.split()) != 1:
            raise TopologyError("usage: unsteer ROUTER")
        self._player.apply({line: {}})

    def do_show(self, line: str) -> None:
        """show: SIDs of every router by the names that `steer` takes, and where its P4Runtime server is"""
        topology = self._network.topology
        for name, node in self._network.nodes.items():
            print(f"{name}  P4Runtime {self._network.server(name)}, device id {node.device_id}")
            for words, address in topology.sid_names(name).items():
                print(f"    {name}/{words:<20} {address}")

    def do_graph(self, line: str) -> None:
        """graph: nodes and cables"""
        print(graph.text(self._network.topology))

    def do_help(self, arg: str) -> None:
        """help [COMMAND]: what there is, or more about one command"""
        if arg in self._known():
            print(inspect.getdoc(getattr(self, f"do_{arg}")))
        else:
            print("\n".join((getattr(self, f"do_{name}").__doc__ or name).splitlines()[0] for name in self._known()))

    def do_quit(self, line: str) -> bool:
        """quit: leave"""
        return True

    def do_EOF(self, line: str) -> bool:  # noqa: N802  (the name cmd.Cmd looks for)
        """End of input: leave"""
        print()
        return True
