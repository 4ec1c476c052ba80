# SPDX-License-Identifier: Apache-2.0
"""Functions on byte streams in a network of this process: the scenario, the way of the packets, and what goes wrong."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from ipaddress import IPv6Address, IPv6Network

import pytest

from harness import wire
from srv6cp.artifacts import find
from srv6cp.cli.exitcodes import UsageError
from srv6cp.packets import raw
from srv6host import functions
from srv6host.functions import Function, sid_of
from srv6host.srh import RETURN_PATH, Srh
from srv6lab import pipes
from srv6lab.fetching import Fetched, Reader, answer, request, text
from srv6lab.impairments import Impairments
from srv6lab.lab import Passage
from srv6lab.loader import load_topology
from srv6lab.network import Network
from srv6lab.path import behavior
from srv6lab.scenario import Player
from srv6lab.shell import Shell
from srv6lab.steps import Fetch
from srv6lab.tcp import ACK, SYN
from srv6lab.tcpstack import Handler, Key, Stream
from srv6lab.topology import TopologyError

PROFILE = "services"
LIMIT = 60.0  # s, on a busy machine


@pytest.fixture(scope="module")
def network() -> Iterator[Network]:
    with Network(load_topology("pipes"), find(PROFILE)) as made:
        yield made


def sid(host: str, name: str, parameters: int = 0) -> IPv6Address:
    number = {"vnf1": 2, "vnf2": 3}[host]
    return sid_of(f"fcbb:bb00:{number}:f0::", name, parameters)


def fetch(network: Network, *via: IPv6Address, size: int = 5000, back: tuple[IPv6Address, ...] = ()) -> Fetched:
    return network.fetch(Fetch("client", "server", via, back, size=size), LIMIT)


def connect(network: Network, srh: Srh, handler: Handler) -> None:
    """A connection of the client to the server."""
    stack = network.hosts["client"].tcp

    def begin() -> None:
        stack.connect(Key(stack.own, 0, network.hosts["server"].ipv6, 80), srh, handler)

    stack.call(begin)


def in_thread(network: Network, host: str, function: Callable[[], int]) -> int:
    """What a function says in the thread of a host."""
    said: list[int] = []
    done = threading.Event()

    def ask() -> None:
        said.append(function())
        done.set()

    network.hosts[host].tcp.call(ask)
    assert done.wait(LIMIT)
    return said[0]


def most_sent(network: Network) -> int:
    """Octets that the server has sent on its busiest connection that is open."""
    streams = network.hosts["server"].tcp._streams.values()
    return max((each.tcp.octets_sent for each in streams if not each.tcp.closed), default=0)


def settled(network: Network) -> None:
    """Wait until all that the hosts have begun is over."""
    for host in network.hosts.values():
        done = threading.Event()
        host.tcp.call(done.set)
        assert done.wait(LIMIT)


def test_scenario(network: Network) -> None:
    said: list[str] = []
    Player(network, said.append).run(network.topology.scenario)
    out = "\n".join(said)
    assert "200000 octets, as they were sent" in out and "By735 90 7hr0u9h pip35" in out
    assert out.count("of a direct connection") == 2


def test_both_directions_go_the_way_of_the_list(network: Network) -> None:
    """Nothing by the shortest path, r1 - r4; between the functions nobody reads the text; SRHs as PIPE-1 has them."""
    seen: list[Passage] = []
    end = network.watch(seen.append)
    via = sid("vnf1", "xor"), sid("vnf2", "xor")
    try:
        assert fetch(network, *via, back=via).same
    finally:
        end()
    frames = [each for each in seen if each.frame[12:14] == b"\x86\xdd" and _tcp(each.frame) is not None]
    ways = {(each.sender, each.receiver) for each in frames}
    assert ("r1", "r4") not in ways and ("r4", "r1") not in ways
    assert {("r2", "r3"), ("r3", "r2"), ("r2", "vnf1"), ("vnf1", "r2"), ("r3", "vnf2"), ("vnf2", "r3")} <= ways
    plain = b"Bytes go through pipes"
    assert any(plain in each.frame for each in frames if each.sender == "server")
    assert not any(plain in each.frame for each in frames if {each.sender, each.receiver} == {"r2", "r3"})
    client, server = (IPv6Address(network.topology.hosts[name].ipv6) for name in ("client", "server"))
    syn = next(view for view in map(_ipv6, frames) if view.dst == server.packed and _flags(view) == SYN)
    path = Srh.parse(syn.data[syn.srhs[0].offset :])
    assert (path.segments, path.segments_left) == ((server, via[1], via[0]), 0)
    ((kind, value),) = path.tlvs
    assert kind == RETURN_PATH and value == bytes(6) + client.packed + via[0].packed + via[1].packed
    first = next(
        view for view in (_ipv6(each) for each in frames if each.sender == "server") if _flags(view) == SYN | ACK
    )
    answer_srh = Srh.parse(first.data[first.srhs[0].offset :])
    assert (answer_srh.segments, answer_srh.segments_left) == ((client, *via), 2)  # of the SYN/ACK already
    assert first.dst == via[1].packed


def _tcp(frame: bytes) -> raw.Ipv6View | None:
    view = raw.parse_ip(frame[14:])
    return view if isinstance(view, raw.Ipv6View) and view.upper_protocol == raw.TCP else None


def _ipv6(passage: Passage) -> raw.Ipv6View:
    found = _tcp(passage.frame)
    assert found is not None
    return found


def _flags(view: raw.Ipv6View) -> int:
    return view.data[view.upper + 13]


def test_segments_between_functions(network: Network) -> None:
    """An End of a router in the list: on the way there and, without a return path, on the way back."""
    end = IPv6Address("fcbb:bb00:4:e000::")
    before = network.switches["r4"].stats()["ports"]
    assert fetch(network, end, sid("vnf1", "xor"), end, sid("vnf2", "xor")).same
    after = network.switches["r4"].stats()["ports"]
    ports = {link.other("r4").node: str(link.at("r4").port) for link in network.topology.links_of("r4")}
    grown = {node: after[port]["rx_packets"] - before[port]["rx_packets"] for node, port in ports.items()}
    assert all(grown.values()) and grown["r1"] >= 2 and grown["r3"] >= 2, grown  # from the client, and from vnf2


def test_loss_and_delay(network: Network) -> None:
    """Each of the three connections repairs what its own part of the way has lost."""
    ideal = network.impairments("r2", "r3")
    network.impair("r2", "r3", Impairments(delay=0.002, loss=0.02))
    try:
        assert fetch(network, sid("vnf1", "compress"), sid("vnf2", "decompress"), size=60_000).same
    finally:
        network.impair("r2", "r3", ideal)


def test_no_server_is_told_to_the_client(network: Network) -> None:
    """Nobody listens: the reset comes back through both proxies, and counts at each."""
    before = {name: proxy.counts["reset"] for name, proxy in network.proxies.items()}
    target = network.hosts["server"].ipv6
    srh = Srh.by_way_of([sid("vnf1", "xor"), sid("vnf2", "xor")], target)
    got = pipes.get(network.hosts["client"].tcp, target, srh, 100, LIMIT, port=81)
    assert got.error is not None and got.octets == 0
    settled(network)
    assert {name: proxy.counts["reset"] - before[name] for name, proxy in network.proxies.items()} == {
        "vnf1": 1, "vnf2": 1,
    }  # fmt: skip
    assert network.proxies["vnf2"].last_error == "server: refused by the other side"


@pytest.mark.parametrize(
    ("name", "why"),
    [(0xDEAD << 32, "no function with opcode dead"), (0xC0C0 << 32 | 10, "a level from 0")],
)
def test_a_function_that_there_is_not_is_refused(network: Network, name: int, why: str) -> None:
    """At the second proxy: the reset takes the way back to the first."""
    unknown = IPv6Address(int(IPv6Address("fcbb:bb00:3:f0::")) | name)
    before = network.proxies["vnf2"].counts["refused"]
    got = fetch(network, sid("vnf1", "xor"), unknown)
    assert got.error == "reset by the other side"
    assert network.proxies["vnf2"].counts["refused"] == before + 1
    assert why in network.proxies["vnf2"].last_error


def test_a_list_that_comes_back_to_a_proxy(network: Network) -> None:
    got = fetch(network, sid("vnf1", "xor"), sid("vnf2", "xor"), sid("vnf1", "xor"))
    assert got.error == "refused by the other side"
    assert "comes back to this proxy" in network.proxies["vnf1"].last_error


class _Broken(Function):
    def backward(self, data: bytes, end: bool) -> bytes:
        raise ValueError("not this")


def test_a_function_that_raises_resets_both(network: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(functions.REGISTRY, 0xB0B0, _Broken)
    broken = IPv6Address(int(IPv6Address("fcbb:bb00:2:f0::")) | 0xB0B0 << 32)
    got = fetch(network, broken)
    assert got.error == "reset by the other side"
    settled(network)
    assert network.proxies["vnf1"].last_error == "ValueError in a function: not this"
    assert fetch(network, sid("vnf1", "xor"), sid("vnf2", "xor")).same  # the proxy goes on


class _Stalls:
    """A client that asks for much and reads nothing, until it is told to."""

    def __init__(self) -> None:
        self.stream: Stream | None = None
        self.reader = Reader(2_000_000)
        self.reads = self.asked = False
        self.done = threading.Event()

    def changed(self, stream: Stream) -> None:
        self.stream = stream
        if stream.tcp.established and not self.asked:
            self.asked = True
            stream.write(request(self.reader.size))
        while self.reads and (data := stream.read()):
            self.reader.received += data
        if stream.tcp.closed or (self.reads and stream.tcp.ended):
            self.done.set()


def test_a_client_that_does_not_read_holds_bounded_memory(network: Network) -> None:
    """Back-pressure goes from proxy to proxy to the server; then all of it arrives."""
    stack, target = network.hosts["client"].tcp, network.hosts["server"].ipv6
    client = _Stalls()
    srh = Srh.by_way_of([sid("vnf1", "xor"), sid("vnf2", "xor")], target)
    connect(network, srh, client)
    # When the window of the client is full and nothing more comes the server has not sent all: 2 MB do not fit.
    sent, waiting = -1, threading.Event()
    while True:
        waiting.wait(0.5)
        now = in_thread(network, "server", lambda: most_sent(network))
        if now == sent and now:
            break
        sent = now
    assert 0 < sent < 1_900_000

    def go() -> None:
        client.reads = True
        assert client.stream is not None
        client.changed(client.stream)
        stack.touch(client.stream)

    stack.call(go)
    assert client.done.wait(LIMIT)
    assert bytes(client.reader.received) == answer(request(2_000_000))
    stack.call(lambda: client.stream.shutdown() if client.stream is not None else None)


def test_a_client_that_resets_ends_what_it_began(network: Network) -> None:
    before = network.proxies["vnf1"].counts["reset"]
    ready = threading.Event()

    class Resets:
        def changed(self, stream: Stream) -> None:
            if stream.tcp.established and not stream.tcp.closed:
                stream.abort("changed its mind")
                ready.set()

    handler: Handler = Resets()
    srh = Srh.by_way_of([sid("vnf1", "xor")], network.hosts["server"].ipv6)
    connect(network, srh, handler)
    assert ready.wait(LIMIT)
    while network.proxies["vnf1"].counts["reset"] == before:
        settled(network)
    assert network.proxies["vnf1"].last_error == "client: reset by the other side"


def test_hosts_refuse_hostile_srhs(network: Network) -> None:
    """A SYN with a TLV that runs out of its SRH: a reset, counted, and no connection."""
    server, client = network.hosts["server"], network.hosts["client"]
    before = server.tcp.counts["hostile SRH"]
    between = (str(client.ipv6), str(server.ipv6))
    syn = wire.tcp(b"", between=between, sport=7, dport=80, flags=2)
    srh = wire.srh([between[1]], sl=0, payload=syn, tlvs=bytes((6, 200)) + bytes(6))
    server.tcp.arrived(bytes(wire.ip6(*between, srh)))
    settled(network)
    assert server.tcp.counts["hostile SRH"] == before + 1


def test_what_a_topology_says_of_functions() -> None:
    def problems(host: str, step: str = "{say: x}") -> str:
        import tempfile

        with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
            file.write(f"routers: {{r1: {{}}}}\nhosts: {{a: {{router: r1}}, b: {host}}}\nscenario: [{step}]\n")
            file.flush()
            try:
                load_topology(file.name)
            except TopologyError as error:
                return str(error)
        return ""

    right = '{router: r1, functions: "fcbb:bb00:1:f0::/80"}'
    assert problems(right, "{fetch: {from: a, to: b, via: [b/xor/0x80, r1]}}") == ""
    assert "follow a prefix of at most 80 bits" in problems('{router: r1, functions: "fcbb::/96"}')
    for via, why in (
        ("b/rot13", "no function 'rot13'; there are compress"),
        ("b/xor/x", "'x' is no number of 32 bits"),
        ("b", "write b/FUNCTION or b/FUNCTION/PARAMETERS, not 'b'"),
        ("a/xor", "a has no functions"),
        ("c/xor", "no router 'c'"),
    ):
        assert why in problems(right, f"{{fetch: {{from: a, to: b, via: [{via}]}}}}"), via
    assert "unknown key" in problems(right, "{fetch: {from: a, to: b, by: []}}")


def test_answers_of_the_server() -> None:
    assert answer(b"GET /3 HTT") is None
    assert answer(b"GET /3 HTTP/1.0\r\n\r\n") == (
        b"HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 3\r\n\r\nByt"
    )
    for wrong in (
        b"\xc7\xc5\xd4\r\n\r\n",
        b"GET /x HTTP/1.0\r\n\r\n",
        b"GET /9999999999 HTTP/1.0\r\n\r\n",
        bytes(5000),
    ):
        assert (answer(wrong) or b"").startswith(b"HTTP/1.0 400 ")
    assert len(text(12345)) == 12345
    assert IPv6Network("fcbb:bb00:2:f0::/80").supernet_of(IPv6Network(sid("vnf1", "xor")))


def test_fetch_of_the_shell(network: Network) -> None:
    said: list[str] = []
    shell = Shell(Player(network, said.append))
    shell.run_line("fetch client server size 20000")
    shell.run_line("fetch client server via vnf1/leet/2,r3,vnf2/pass size 20000")
    assert "20000 octets, as they were sent; " in said[0]
    assert "by vnf1/leet/2, r3, vnf2/pass: 20000 octets, beginning 'By735 " in said[1] and "of a direct" in said[1]
    for words in ("client", "client server by r1", "client server via", "client server via r1 via r2"):
        with pytest.raises(UsageError, match=r"^usage: fetch HOST HOST \[via SEG,SEG...\] \[size N\]$"):
            shell.run_line(f"fetch {words}")
    for words, why in (("client nobody", "no host 'nobody'"), ("client server via vnf1/rot", "no function 'rot'")):
        with pytest.raises(UsageError, match=why):
            shell.run_line(f"fetch {words}")


def test_the_way_of_a_packet_says_what_end_vnf_did(network: Network) -> None:
    """Of the frames on the cables, as `path` tells them of packets that get there."""
    client, server = network.hosts["client"], network.hosts["server"]
    between = (str(client.ipv6), str(sid("vnf1", "xor")))
    srh = wire.srh([str(server.ipv6), str(sid("vnf2", "xor")), between[1]], sl=2, payload=wire.tcp(b"", flags=4))
    seen: list[Passage] = []
    end = network.watch(lambda passage: seen.append(passage) if passage.sender in ("r1", "r2") else None)
    try:
        client.send_ip(bytes(wire.ip6(*between, srh)))
        settled(network)
        while {each.sender for each in seen} != {"r1", "r2"}:
            settled(network)
    finally:
        end()
    before, after = (next(each.frame for each in seen if each.sender == name) for name in ("r1", "r2"))
    assert behavior(network.nodes["r2"], before, after) == "End.VNF"
