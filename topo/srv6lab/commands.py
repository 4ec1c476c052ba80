# SPDX-License-Identifier: Apache-2.0
"""What the verbs of ``srv6 lab`` do; each takes the parsed words (`srv6lab.cli`) and returns an exit code.

Without ``--netns`` a network lives as long as the command; with it, it stays until ``srv6 lab down``.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from urllib.parse import quote

import yaml

from srv6cp.cli import session
from srv6cp.cli.exitcodes import CHECK_FAILED, CONFIG, INTERRUPTED, OK, CliError, UsageError
from srv6cp.sync.launch import SWITCHES, choose
from srv6lab import graph as pictures
from srv6lab import record
from srv6lab.configuration import config_of
from srv6lab.errors import LabError
from srv6lab.intent import read_words
from srv6lab.lab import Lab
from srv6lab.loader import NAME, check_changes, load_topology, read_changes
from srv6lab.scenario import Failed, Player
from srv6lab.shell import Shell
from srv6lab.shell import edit as edit_router
from srv6lab.shipped import shipped
from srv6lab.terminal import wrap
from srv6lab.topology import Topology, TopologyError, UnknownName

DEMONSTRATION = 10_000_000  # bit/s that a cable without a rate counts as for flows that are started unasked


def run(verb: str, args: argparse.Namespace) -> int:
    """Do one; its exit code.

    Raises:
        CliError: with the text for the user.
    """
    try:
        code: int = _VERBS[verb](args)
        return code
    except (TopologyError, LabError, Failed) as error:
        raise _failure(error) from None
    except KeyboardInterrupt:
        raise CliError("interrupted", INTERRUPTED) from None


def _failure(error: TopologyError | LabError | Failed | CliError) -> CliError:
    if isinstance(error, CliError):
        return error
    if isinstance(error, UnknownName):  # what is in a file has been checked: a word of the command line
        return UsageError(str(error))
    return CliError(str(error), CONFIG if isinstance(error, TopologyError) else CHECK_FAILED)


# --- up -----------------------------------------------------------------------------------------------------


def up(args: argparse.Namespace) -> int:
    """Start a network and play its scenario."""
    if args.profile is not None:
        session.profile(args.profile)
    if args.name and not NAME.fullmatch(args.name):
        raise UsageError(f"--name: {args.name!r} is no name; a letter, then up to 30 letters, digits, - and _")
    switch = _switch(args)
    topology = load_topology(args.topology)
    profile = args.profile or topology.profile
    if switch == "auto":
        switch = choose(switch) if args.netns or os.geteuid() == 0 else "softswitch"
    if args.netns or switch == "bmv2":
        return _up_namespaces(args, topology, switch)
    _say_head(args, topology)
    begin = time.perf_counter()
    from srv6lab.network import Network

    with Network(topology, session.profile(profile)) as network:
        if not args.quiet:
            _say_ready(topology, "softswitch, all in this process", begin)
        if args.web:
            return _serve(args, network, args.name or topology.name)
        code = _play(args, network)
    if not (code or args.quiet or args.shell or args.lines):
        rows = [(f"up {args.topology} --shell", "steer packets yourself")]
        rows += [(f"up {args.topology} --netns", "the same with Linux hosts: ping, iperf3, tcpdump (root)")]
        rows += [("list", "other networks")]
        width = max(len(words) for words, _ in rows)
        lines = [wrap(f"  srv6 lab {words:<{width}}   {text}", indent=" " * 8) for words, text in rows]
        print("\nGo on:\n" + "\n".join(lines))
    return code


def _switch(args: argparse.Namespace) -> str:
    """The kind of switch that is asked for."""
    given = args.switch or os.environ.get("SWITCH") or ("auto" if args.netns else "softswitch")
    if given.startswith("softswitch-"):  # as the packet tests call it with one of its engines, or kinds of ports
        return "softswitch"
    if given not in ("auto", *SWITCHES):
        raise UsageError(f"SWITCH={given}: no such switch; one of {', '.join(('auto', *SWITCHES))}")
    return str(given)


def _up_namespaces(args: argparse.Namespace, topology: Topology, switch: str) -> int:
    from srv6lab import control

    name = args.name or topology.name
    control.check_possible(name, switch)
    _say_head(args, topology)
    begin = time.perf_counter()
    with control.termination_as_interrupt() as check:
        lab = control.up(name, args.topology, topology, switch, args.profile or topology.profile)
        keep = args.netns
        try:
            if not args.quiet:
                _say_ready(topology, f"{switch}, a network namespace for each node", begin)
            code = _serve(args, lab, name) if args.web else _play(args, lab, check)
        except (Failed, TopologyError, LabError, CliError) as error:  # kept, to be looked into
            code = _complain(error)
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


def _complain(error: TopologyError | LabError | Failed | CliError) -> int:
    """Print an error of something that goes on; its exit code."""
    sys.stdout.flush()
    failure = _failure(error)
    for line in str(failure).splitlines():
        print(f"srv6: {line}", file=sys.stderr)
    return failure.code


def _say_head(args: argparse.Namespace, topology: Topology) -> None:
    if not args.quiet:
        print(pictures.head(topology), flush=True)


def _say_ready(topology: Topology, what: str, begin: float) -> None:
    seconds = time.perf_counter() - begin
    routers, hosts = _count(len(topology.routers), "P4 router"), _count(len(topology.hosts), "host")
    print(wrap(f"{routers} (switch and controller each) and {hosts}, ready in {seconds:.1f} s: {what}"), flush=True)


def _count(number: int, what: str) -> str:
    return f"{number} {what}" + ("" if number == 1 else "s")


def _play(args: argparse.Namespace, lab: Lab, check: Callable[[], None] = lambda: None) -> int:
    """Scenario or commands, then the shell; ``check`` raises KeyboardInterrupt when one was lost on the way."""
    player = Player(lab, lambda text: print(text, flush=True))
    if args.lines:
        _lines(player, args.lines)
    elif not args.no_scenario:
        player.run(lab.topology.scenario)
    check()
    if args.shell and not args.lines:
        Shell(player).cmdloop()
    return OK


def _serve(args: argparse.Namespace, lab: Lab, name: str) -> int:
    """A page of the lab, until Ctrl-C, or until the shell ends."""
    try:
        from srv6lab.web.serve import served
    except ModuleNotFoundError as error:
        raise LabError(f"the page needs {error.name}: pip install 'srv6-p4[web]'") from None
    source = str(Path(args.topology).absolute()) if Path(getattr(args, "topology", "")).is_file() else ""
    with served(lab, name, args.address, args.port, source or getattr(args, "topology", "")) as (found, view):
        print(f"\nOpen   {found.page}\n", flush=True)
        if not getattr(args, "no_traffic", True):
            _start_traffic(lab, view.events.add)
        if getattr(args, "lines", None):
            _lines(Player(lab, lambda text: print(text, flush=True)), args.lines)
        if getattr(args, "shell", False):
            Shell(Player(lab, lambda text: print(text, flush=True))).cmdloop()
            return OK
        print("Ctrl-C ends it.", flush=True)
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            print()
    return OK


def _start_traffic(lab: Lab, tell: Callable[[str], None]) -> None:
    """Something that moves: a flow from the first host to the last, 40 % of the slowest cable, and half of it back."""
    names = [host.name for host in lab.topology.hosts.values()]
    try:
        traffic = lab.traffic
    except LabError:
        return  # hosts that are Linux have programs of their own
    rate = min([link.impairments.rate or DEMONSTRATION for link in lab.topology.links], default=DEMONSTRATION)
    for source, target, share in ((names[0], names[-1], 0.4), (names[-1], names[0], 0.2)) if len(names) > 1 else ():
        flow = traffic.start(source, target, int(rate * share))
        tell(f"flow {flow.number}: {source} to {target}, {flow.kind}")


def _lines(player: Player, lines: Sequence[str]) -> int:
    shell = Shell(player)
    for line in lines:
        shell.run_line(line)
    return OK


# --- running networks ---------------------------------------------------------------------------------------


def down(args: argparse.Namespace) -> int:
    """Stop networks."""
    from srv6lab import control, state

    if args.all and args.name:
        raise UsageError("down: give a name or --all")
    control.check_root()
    names = state.names() if args.all else [args.name or control.only()]
    for name in names:
        control.down(name)
        print(f"{name} is down")
    return OK


def status(args: argparse.Namespace) -> int:
    """Show networks and their routers."""
    from srv6lab import control, state

    control.check_root()
    found = {name: control.status(name) for name in ([args.name] if args.name else state.names())}
    if args.json:
        print(json.dumps(found, indent=2))
    elif not found:
        print("no network is up; srv6 lab up quickstart --netns starts one")
    else:
        print("\n".join(control.render(name, row) for name, row in found.items()))
    return OK if all(row["well"] for row in found.values()) else CHECK_FAILED


def exec_(args: argparse.Namespace) -> int:
    """Become a command inside."""
    from srv6lab import control

    words = args.words[1:] if args.words[:1] == ["--"] else args.words
    if not words:
        raise UsageError("exec: no command; write: srv6 lab exec NAME NODE -- COMMAND...")
    return control.execute(args.name, args.node, words)


def _player(name: str) -> Player:
    from srv6lab import control

    return Player(control.attach(name), lambda text: print(text, flush=True))


def _run_line(name: str, words: Sequence[str]) -> int:
    """A line of the shell: in the process that serves the lab where there is one, else here."""
    line = " ".join(words)
    if (served := record.find(name)) is None:
        return _lines(_player(name), [line])
    if said := served.run(line):
        print(said)
    return OK


def web(args: argparse.Namespace) -> int:
    """Serve a page."""
    from srv6lab import control

    found = _served(args.name)
    if found is not None:
        print(found.page)
        return OK
    name = args.name or control.only()
    return _serve(args, control.attach(name), name)


def top(args: argparse.Namespace) -> int:
    """Load, flows and routers, each second."""
    from srv6lab import control
    from srv6lab.top import follow
    from srv6lab.view import View

    served = _served(args.name)
    if served is not None:
        topology = served.ask("topology")
        return follow(topology, lambda after: served.ask(f"live?after={after}"), once=args.once, as_json=args.json)
    with View(control.attach(args.name or control.only())) as view:
        return follow(view.topology(), view.live, once=args.once, as_json=args.json)


def _served(name: str | None) -> record.Served | None:
    """The lab of this name that is served; the only one where there is no name."""
    if name:
        return record.find(name)
    here = record.all_served()
    return here[0] if len(here) == 1 else None


def shown(args: argparse.Namespace) -> int:
    """What the switch of a router has: ``srv6 sid show`` and its kind, for that router."""
    from srv6cp.cli import main
    from srv6lab import control

    if (served := record.find(args.name)) is not None:
        row = served.ask(f"router/{quote(args.router, safe='')}")
        file, server = row["file"], row["server"]
    else:
        lab = control.attach(args.name)
        file, server = str(lab.file(args.router)), lab.server(args.router)
    words = ["show", args.verb] if args.verb in ("counters", "drops", "ports") else [args.verb, "show"]
    words += ["-c", file, "--grpc-addr", server, *(["--json"] if args.json else [])]
    while True:
        if args.watch and sys.stdout.isatty():
            print("\x1b[H\x1b[J", end="")
        code = main.main(words)
        if code or not args.watch:
            return code
        sys.stdout.flush()
        time.sleep(1)


def link(args: argparse.Namespace) -> int:
    """Show or change what a cable does."""
    return _run_line(args.name, ["link", args.one, args.other, *args.words])


def flow(args: argparse.Namespace) -> int:
    """Start, stop, show flows."""
    return _run_line(args.name, ["flow", *args.words])


def path(args: argparse.Namespace) -> int:
    """Show the way of one packet."""
    return _run_line(args.name, ["path", args.source, args.target, *(["-4"] if args.ipv4 else [])])


def ping(args: argparse.Namespace) -> int:
    """Ping from a node."""
    return _probe("ping", args)


def traceroute(args: argparse.Namespace) -> int:
    """Traceroute from a node."""
    return _probe("traceroute", args)


def _probe(verb: str, args: argparse.Namespace) -> int:
    from srv6lab import control, probes

    served = record.find(args.name)
    prober = probes.OfLab(control.attach(args.name)) if served is None else probes.OfServed(served)
    return probes.run(prober, verb, args)


def steer(args: argparse.Namespace) -> int:
    """Send what goes to a host along segments."""
    return _run_line(args.name, ["steer", args.router, args.host, *args.segments])


def unsteer(args: argparse.Namespace) -> int:
    """Take that back."""
    return _run_line(args.name, ["unsteer", args.router])


def edit(args: argparse.Namespace) -> int:
    """Change the node file of a router, or show what its switch has."""
    if not args.words or args.words[1:2] != ["show"]:
        read_words(args.words)
    if record.find(args.name) is not None:
        return _run_line(args.name, ["edit", args.router, *map(shlex.quote, args.words)])
    edit_router(_player(args.name), args.router, args.words)
    return OK


def cut(args: argparse.Namespace) -> int:
    """Unplug a cable."""
    return _run_line(args.name, ["cut", args.one, args.other])


def restore(args: argparse.Namespace) -> int:
    """Plug it in again."""
    return _run_line(args.name, ["restore", args.one, args.other])


def show(args: argparse.Namespace) -> int:
    """SIDs by name, or the node file of a router."""
    return _run_line(args.name, ["show", *([args.router] if args.router else [])])


def shell(args: argparse.Namespace) -> int:
    """Take commands."""
    player = _player(args.name)
    if args.lines:
        return _lines(player, args.lines)
    Shell(player).cmdloop()
    return OK


def apply(args: argparse.Namespace) -> int:
    """Add to a router's configuration."""
    changes = read_changes(args.file)
    player = _player(args.name)
    player.network.topology.check_router(args.router)
    topology, network = player.network.topology, player.network
    check_changes(args.file, topology, args.router, {name: network.data(name) for name in topology.routers})
    player.apply({args.router: changes})
    return OK


def restart(args: argparse.Namespace) -> int:
    """Start a switch anew."""
    from srv6lab import control

    if args.name and record.find(args.name) is not None:
        return _run_line(args.name, ["restart", args.router])
    print(control.restart(args.name or control.only(), args.router))
    return OK


# --- topologies ---------------------------------------------------------------------------------------------


def graph(args: argparse.Namespace) -> int:
    """Print a topology."""
    topology = load_topology(args.topology)
    print(pictures.dot(topology) if args.dot else pictures.text(topology))
    return OK


def config(args: argparse.Namespace) -> int:
    """Print a node file."""
    topology = load_topology(args.topology)
    topology.check_router(args.router)
    config = config_of(topology, args.router)
    print(yaml.safe_dump(config, sort_keys=False, default_flow_style=None, width=120), end="")
    return OK


def schema(args: argparse.Namespace) -> int:
    """Print the JSON schema of topologies."""
    from srv6lab.schema import schema_text

    print(schema_text(), end="")
    return OK


def list_(args: argparse.Namespace) -> int:
    """Print the topologies that come with the package."""
    width = max(map(len, shipped())) + 2
    for name, path in shipped().items():
        print(wrap(f"{name:<{width}}{load_topology(path, check=False).about}", indent=" " * width))
    return OK


def names(args: argparse.Namespace) -> int:
    """Print labs that are up, or the nodes of one, or of a topology; nothing where there is none (for completion)."""
    from srv6lab import state

    there = state.names()
    if args.name and args.name not in there and (served := record.find(args.name)) is not None:
        args.name = served.topology
    if not args.name:
        found = [*there, *(served.name for served in record.all_served() if served.name not in there)]
    else:
        try:
            topology = (
                state.State(args.name).topology() if args.name in there else load_topology(args.name, check=False)
            )
        except TopologyError:
            return CHECK_FAILED
        found = [*([] if args.hosts else topology.routers), *([] if args.routers else topology.hosts)]
    print(*found, sep="\n", end="\n" if found else "")
    return OK


_VERBS: dict[str, Callable[[argparse.Namespace], int]] = {
    "up": up,
    "down": down,
    "status": status,
    "exec": exec_,
    "path": path,
    "ping": ping,
    "traceroute": traceroute,
    "steer": steer,
    "unsteer": unsteer,
    "edit": edit,
    "cut": cut,
    "restore": restore,
    "show": show,
    **dict.fromkeys(("sid", "policy", "route", "neighbor", "counters", "drops", "ports"), shown),
    "web": web,
    "top": top,
    "link": link,
    "flow": flow,
    "schema": schema,
    "shell": shell,
    "apply": apply,
    "restart": restart,
    "graph": graph,
    "config": config,
    "list": list_,
    "names": names,
}
