# SPDX-License-Identifier: Apache-2.0
"""Commands for a running network."""

from __future__ import annotations

import cmd
import inspect
import shlex
from collections.abc import Callable
from dataclasses import replace
from ipaddress import ip_address, ip_network
from typing import Any

from srv6cp.behaviours import REGISTRY
from srv6cp.cli.exitcodes import CliError, UsageError
from srv6cp.cli.output import table
from srv6cp.problems import InvalidError
from srv6lab import graph, probes, steps
from srv6lab.errors import LabError, Terminated
from srv6lab.impairments import read_rate, read_words
from srv6lab.mistakes import Mistakes
from srv6lab.scenario import Failed, Player
from srv6lab.script import read_step
from srv6lab.terminal import wrap
from srv6lab.topology import TopologyError, UnknownName
from srv6lab.traffic import COLUMNS, rows

_FLOW_USAGE = "usage: flow start HOST HOST [rate 5M] [-4|-6], flow stop NUMBER, flow stop all, or flow show"
_MISTAKES = (TopologyError, Failed, LabError, CliError)


class Shell(cmd.Cmd):
    """A prompt; every command is a method ``do_...`` whose text is its help.

    Ctrl-C clears the line, or ends what a command waits for; the network stays.
    """

    intro = "\nCommands: {0}; `help` explains them. Try:\n  path {1} {2}\n  show"
    prompt = "lab> "

    def __init__(self, player: Player) -> None:
        super().__init__()
        self._player = player
        self._network = player.network
        hosts = [*self._network.topology.hosts, "HOST", "HOST"]
        self.intro = wrap(self.intro.format(", ".join(self._known()), *hosts))

    def cmdloop(self, intro: Any = None) -> None:
        """Take commands until `quit` or the end of input."""
        while True:
            try:
                super().cmdloop(intro)
                return
            except KeyboardInterrupt as interrupt:
                if isinstance(interrupt, Terminated):
                    raise
                print("\n(`quit` or Ctrl-D leaves)")
                intro = ""

    def run_line(self, line: str) -> None:
        """Run one command. Raises what it raises, UsageError for one that does not exist."""
        word = line.split(" ", 1)[0]
        action: Callable[[str], object] | None = getattr(self, f"do_{word}", None)
        if action is None:
            raise UsageError(f"no command {word!r}; there are {', '.join(self._known())}")
        try:
            action(line[len(word) :].strip())
        except UnknownName as error:  # the line names it
            raise UsageError(str(error)) from None

    def _known(self) -> list[str]:
        return sorted(name[3:] for name in dir(self) if name.startswith("do_") and name != "do_EOF")

    def onecmd(self, line: str) -> bool:
        try:
            return bool(super().onecmd(line))
        except Terminated:
            raise
        except KeyboardInterrupt:
            print()
        except _MISTAKES as error:
            print(wrap(str(error)))
        return False

    def default(self, line: str) -> None:
        self.run_line(line)

    def emptyline(self) -> bool:
        return False

    def _probe(self, verb: str, line: str, usage: str, most: int) -> None:
        words = line.split()
        item: dict[str, Any] = {"family": words.pop()[1:]} if words and words[-1] in ("-4", "-6") else {}
        if not 2 <= len(words) <= most:
            raise UsageError(f"usage: {usage}")
        item |= {"from": words[0], "to": words[1], **({"count": words[2]} if len(words) == 3 else {})}
        mistakes = Mistakes()
        step = read_step({verb: item}, self._network.topology, mistakes)
        if step is None:
            raise UsageError("; ".join(problem.message for problem in mistakes.found))
        self._player.play(step)

    def do_ping(self, line: str) -> None:
        """ping HOST HOST-OR-ADDRESS [COUNT] [-4|-6]: echo requests; ping NODE TARGET --via SEGMENT,...: along segments

        The second from a router, too, or with any option of `srv6 lab ping` (-c, --packed, --json ...):
            ping r1 r4 --via r2,r3/End.X/r4
        """
        words = line.split()
        options = any(word.startswith("-") and word not in ("-4", "-6") for word in words)
        if options or (words and words[0] in self._network.topology.routers):
            self._along("ping", words)
            return
        self._probe("ping", line, "ping HOST HOST-OR-ADDRESS [COUNT] [-4|-6]", 3)

    def do_traceroute(self, line: str) -> None:
        """traceroute NODE TARGET [--via SEGMENT,...] [--packed]: the way hop by hop, with behaviours

        From a host or a router to an address, a node or a SID; the options are those of `srv6 lab traceroute`:
            traceroute h1 r4/End --via r2,r3
        """
        self._along("traceroute", line.split())

    def _along(self, verb: str, words: list[str]) -> None:
        if probes.run_words(self._network, verb, words, self._player.say):
            raise Failed(f"{verb}: the target did not answer")

    def do_path(self, line: str) -> None:
        """path HOST HOST [-4|-6]: the way of one packet, hop by hop"""
        self._probe("path", line, "path HOST HOST [-4|-6]", 2)

    def do_flows(self, line: str) -> None:
        """flows HOST HOST [COUNT] [-4|-6]: the ways of many packets that differ in the source port"""
        self._probe("flows", line, "flows HOST HOST [COUNT] [-4|-6]", 3)

    def do_receivers(self, line: str) -> None:
        """receivers HOST HOST-OR-ADDRESS: which hosts get one packet"""
        self._probe("receivers", line, "receivers HOST HOST-OR-ADDRESS", 2)

    def do_steer(self, line: str) -> None:
        """steer ROUTER HOST SEGMENT...: the router sends what goes to the host along these segments

        IPv6, IPv4 or both, as the last segment takes; it takes the place of what the router did with it.
        A segment is a router (its End), ROUTER/End.DT46, ROUTER/End.X/NEIGHBOUR, another SID of `show`, or an address.
        The last one has to decapsulate:   steer r1 h2 r3 r4/End.DT46
        """
        words = line.split()
        topology = self._network.topology
        if len(words) < 3:
            raise UsageError("usage: steer ROUTER HOST SEGMENT..., such as: steer r1 h2 r3 r4/End.DT46")
        host = topology.hosts.get(words[1])
        if host is None:
            raise UsageError(f"no host {words[1]!r}; there are {', '.join(topology.hosts)}")
        if host.l2:
            raise UsageError(f"{host.name} is reached by a layer 2 tunnel, not by a route that could be steered")
        topology.check_router(words[0])
        present = {name: self._network.data(name) for name in topology.routers}
        segments = [topology.segment(segment, present) for segment in words[2:]]
        policy = {"name": "steer", "encap": {"mode": "encap"}, "segment-lists": [{"segments": segments}]}
        prefixes = [prefix for prefix in host.prefixes if _version(prefix) in self._families(segments[-1])]
        steering = [{"prefix": prefix, "vrf": host.vrf, "policy": "steer"} for prefix in prefixes]
        self._player.apply({words[0]: {"policies": [policy], "steering": steering}})

    def _families(self, segment: str) -> set[int]:
        """Versions of IP that the last segment takes inside: of End.DT4 4 alone. Both where it is no SID of the lab."""
        try:
            address = ip_address(segment)
        except ValueError:  # for the loader to refuse
            return {6, 4}
        sids = [sid for node in self._network.nodes.values() for sid in node.sids if address in sid.prefix]
        sid = max(sids, key=lambda sid: sid.prefix.prefixlen, default=None)
        takes = REGISTRY.endpoint(sid.behaviour).takes if sid is not None else ()
        return {version for version, name in ((6, "ipv6"), (4, "ipv4")) if name in takes} or {6, 4}

    def do_unsteer(self, line: str) -> None:
        """unsteer ROUTER: takes back what `steer` did at a router"""
        if len(line.split()) != 1:
            raise UsageError("usage: unsteer ROUTER")
        self._player.apply({line: {}})

    def do_edit(self, line: str) -> None:
        """edit ROUTER sid|policy|steer|route|neighbor|vrf add|replace|del|show ...: as `srv6 sid add ...`, for a router

        Segments may be names:   edit r1 policy add p segs r3,r4/End.DT46
        """
        words = shlex.split(line)
        if not words:
            raise UsageError("usage: edit ROUTER sid|policy|steer|route|neighbor|vrf add|replace|del|show ...")
        edit(self._player, words[0], words[1:])

    def do_cut(self, line: str) -> None:
        """cut NODE NODE: unplugs the cable between them; both ends see the link go down"""
        self._cable(line, "cut", whole=False)

    def do_restore(self, line: str) -> None:
        """restore NODE NODE: plugs the cable in again"""
        self._cable(line, "restore", whole=True)

    def _cable(self, line: str, verb: str, *, whole: bool) -> None:
        words = line.split()
        if len(words) != 2:
            raise UsageError(f"usage: {verb} NODE NODE, such as: {verb} r1 r2")
        self._player.play(steps.Cable((words[0], words[1]), whole))

    def do_link(self, line: str) -> None:
        """link NODE NODE [down|up|ideal|rate 10M|delay 20ms|jitter 5ms|loss 1%|queue 100 ...]: what a cable does

        Without more, what it does now. `down` and `up` are `cut` and `restore`, `rate none` takes the rate away and
        `ideal` all. Several may be given:   link r1 r2 rate 10M delay 20ms
        """
        words = line.split()
        if len(words) < 2:
            raise UsageError("usage: link NODE NODE [down|up|ideal|rate 10M|delay 20ms|loss 1% ...]")
        one, other, *rest = words
        if rest in (["down"], ["up"]):
            self._player.play(steps.Cable((one, other), rest == ["up"]))
            return
        now = self._network.impairments(one, other)
        if rest:
            try:
                now = read_words(rest, now)
            except InvalidError as error:
                raise UsageError(error.message) from None
            self._network.impair(one, other, now)
        self._player.say(f"{one} -- {other}: {now.words()}")

    def do_flow(self, line: str) -> None:
        """flow start HOST HOST [rate 5M] [-4|-6] | stop NUMBER | stop all | show: traffic between hosts

        With a rate UDP at that rate; without, as much as there is room for, in the way of TCP.
        """
        words = line.split()
        traffic = self._network.traffic
        match words:
            case ["start", source, target, *rest]:
                family = int(rest.pop()[1:]) if rest and rest[-1] in ("-4", "-6") else None
                if rest and (rest[0] != "rate" or len(rest) != 2):
                    raise UsageError(_FLOW_USAGE)
                try:
                    rate = read_rate(rest[1]) if rest else None
                except InvalidError as error:
                    raise UsageError(error.message) from None
                flow = traffic.start(source, target, rate, family)
                self._player.say(f"flow {flow.number}: {source} to {target}, {flow.kind}")
            case ["stop", "all"]:
                for number in traffic.flows:
                    traffic.stop(number)
                self._player.say("no flow runs")
            case ["stop", number] if number.isdecimal():
                self._player.say(table(rows([traffic.stop(int(number))]), COLUMNS))
            case ["show"]:
                self._player.say(table(rows(traffic.reports()), COLUMNS, "no flow runs"))
            case _:
                raise UsageError(_FLOW_USAGE)

    def do_fetch(self, line: str) -> None:
        """fetch HOST HOST [via SEG,SEG...] [size N]: gets a text from the second host by TCP

        Segments of its SRH in order of travel: HOST/FUNCTION[/PARAMETERS] of a proxy, a router, an address.
        """
        hosts, rest = line.split()[:2], line.split()[2:]
        given: dict[str, Any] = dict(zip(rest[::2], rest[1::2], strict=False))
        if len(hosts) < 2 or 2 * len(given) != len(rest) or given.keys() - {"via", "size"}:
            raise UsageError("usage: fetch HOST HOST [via SEG,SEG...] [size N]")
        if "via" in given:
            given["via"] = given["via"].split(",")
        mistakes = Mistakes()
        item = {"from": hosts[0], "to": hosts[1], **given}
        step = read_step({"fetch": item}, self._network.topology, mistakes)
        if not isinstance(step, steps.Fetch):
            raise UsageError(mistakes.found[0].message)
        self._player.play(replace(step, changed=None))

    def do_restart(self, line: str) -> None:
        """restart ROUTER: starts its switch anew; its controller fills it"""
        if len(line.split()) != 1:
            raise UsageError("usage: restart ROUTER")
        self._player.say(self._network.restart(line))

    def do_show(self, line: str) -> None:
        """show [ROUTER]: SIDs of every router by the names that `steer` takes, and its ports; one router's node file

        The SIDs are those of the node files as they are now, and so is the node file of one router.
        """
        topology = self._network.topology
        if line:
            topology.check_router(line)
            self._player.say(self._network.file(line).read_text("utf-8").rstrip("\n"))
            return
        present = {name: self._network.data(name) for name in topology.routers}
        for name, router in topology.routers.items():
            self._player.say(
                wrap(f"{name}  P4Runtime {self._network.server(name)}, device id {router.number}", indent="    ")
            )
            ports = ", ".join(f"{number} {port}" for number, port in self._network.ports(name).items())
            self._player.say(wrap(f"    ports: {ports}", indent="      "))
            names = topology.sid_names(name, present)
            widest = max(map(len, names))
            for words, address in names.items():
                self._player.say(wrap(f"    {name}/{words:<{widest}}  {address}", indent=" " * 8))

    def do_graph(self, line: str) -> None:
        """graph: nodes and cables"""
        self._player.say(graph.text(self._network.topology))

    def do_help(self, arg: str) -> None:
        """help [COMMAND]: what there is, or more about one command"""
        if arg in self._known():
            self._player.say(wrap(inspect.getdoc(getattr(self, f"do_{arg}")) or arg))
        else:
            texts = [(getattr(self, f"do_{name}").__doc__ or name).splitlines()[0] for name in self._known()]
            self._player.say("\n".join(wrap(text, indent="    ") for text in texts))

    def do_quit(self, line: str) -> bool:
        """quit: leave"""
        return True

    def do_EOF(self, line: str) -> bool:  # noqa: N802  (the name cmd.Cmd looks for)
        """End of input: leave"""
        print()
        return True


def _version(prefix: str) -> int:
    return ip_network(prefix).version


def edit(player: Player, router: str, words: list[str]) -> None:
    """``sid add ...`` of one router, or ``sid show``. Raises UnknownName, TopologyError or CliError."""
    from srv6cp.cli import main

    network = player.network
    file = network.file(router)
    if words[1:2] == ["show"]:
        code = main.main([words[0], *words[1:], "-c", str(file), "--grpc-addr", network.server(router)])
        if code:
            raise CliError("", code)
        return
    player.say(f"{router}: {network.edit(router, words)}")
