# SPDX-License-Identifier: Apache-2.0
"""Commands for a network that runs in this process."""

from __future__ import annotations

import cmd
import contextlib
from collections.abc import Callable

from srv6lab import graph
from srv6lab.scenario import Failed, Player
from srv6lab.topology import TopologyError


class Shell(cmd.Cmd):
    """A prompt; every command is a method ``do_...`` whose text is its help."""

    intro = "Commands: ping, path, steer, unsteer, show, graph, quit (help COMMAND tells more)."
    prompt = "lab> "

    def __init__(self, player: Player) -> None:
        super().__init__()
        self._player = player
        self._network = player.network

    def run_line(self, line: str) -> bool:
        """Run one command; whether there is such a command. Errors are raised."""
        word = line.split(" ", 1)[0]
        action: Callable[[str], object] | None = getattr(self, f"do_{word}", None)
        if action is None:
            known = ", ".join(sorted(name[3:] for name in dir(self) if name.startswith("do_")))
            print(f"srv6 lab: no command {word!r}; there are {known}")
            return False
        action(line[len(word) :].strip())
        return True

    def onecmd(self, line: str) -> bool:
        with contextlib.suppress(KeyboardInterrupt):
            try:
                return bool(super().onecmd(line))
            except (TopologyError, Failed) as error:
                print(error)
        return False

    def emptyline(self) -> bool:
        return False

    def _two(self, line: str, usage: str) -> dict[str, str]:
        words = line.split()
        if len(words) not in (2, 3):
            raise TopologyError(f"usage: {usage}")
        return {"from": words[0], "to": words[1], **({"count": words[2]} if len(words) == 3 else {})}

    def do_ping(self, line: str) -> None:
        """ping HOST HOST-OR-ADDRESS [COUNT]: echo requests"""
        self._player.ping(self._two(line, "ping HOST HOST-OR-ADDRESS [COUNT]"))

    def do_path(self, line: str) -> None:
        """path HOST HOST: the way of one packet, hop by hop"""
        self._player.path(self._two(line, "path HOST HOST"))

    def do_steer(self, line: str) -> None:
        """steer ROUTER HOST SEGMENT...: packets to the host take these (r3, r4/End.DT46, r2/End.X/r3, an address)"""
        words = line.split()
        hosts = self._network.topology.hosts
        if len(words) < 3 or words[1] not in hosts:
            raise TopologyError(f"usage: steer ROUTER HOST SEGMENT...; hosts are {', '.join(hosts)}")
        policy = {"name": "steer", "encap": {"mode": "encap"}, "segment-lists": [{"segments": words[2:]}]}
        steering = [{"prefix": prefix, "policy": "steer"} for prefix in hosts[words[1]].prefixes]
        self._player.apply({words[0]: {"policies": [policy], "steering": steering}})

    def do_unsteer(self, line: str) -> None:
        """unsteer ROUTER: back to the router's own configuration"""
        self._player.apply({line.strip(): {}})

    def do_show(self, line: str) -> None:
        """show: SIDs of every router, with the address of its P4Runtime server"""
        for name, node in self._network.nodes.items():
            print(f"{name}  P4Runtime {self._network.switches[name].address}, device id {node.device_id}")
            for sid in node.sids:
                print(f"    {sid.prefix!s:<28}{sid.behavior.value}")

    def do_graph(self, line: str) -> None:
        """graph: nodes and cables"""
        print(graph.text(self._network.topology))

    def do_quit(self, line: str) -> bool:
        """quit: stop the network"""
        return True

    def do_EOF(self, line: str) -> bool:  # noqa: N802  (the name cmd.Cmd looks for)
        """End of input: stop the network"""
        print()
        return True
