# SPDX-License-Identifier: Apache-2.0
"""Functions on byte streams, and the relay around them: results do not depend on where pieces begin and end."""

from __future__ import annotations

import ssl
import subprocess
import zlib
from collections.abc import Sequence
from ipaddress import IPv6Address
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from srv6host import functions
from srv6host.__main__ import main
from srv6host.functions import Function, FunctionError, of_sid, sid_of
from srv6host.relay import LIMIT, Relay, Side

PREFIX = "fcbb:bb00:2:f0::"


def function(name: str, parameters: int = 0) -> Function:
    return of_sid(sid_of(PREFIX, name, parameters))


def exchange(
    asked: Sequence[Function], side: Side, data: bytes, cuts: Sequence[int] = (), most: int = 1 << 16
) -> bytes:
    """What the other side gets when one sends ``data`` in pieces, and ends."""
    relay, got, at = Relay(asked), bytearray(), 0
    for cut in (*sorted(cut % (len(data) + 1) for cut in cuts), len(data)):
        relay.received(side, data[at:cut])
        at = cut
        while part := relay.take(side.other, most):
            got += part
    relay.ended(side)
    while part := relay.take(side.other, most):
        got += part
    assert relay.error is None, relay.error
    assert relay.finished(side.other) and not relay.finished(side)
    return bytes(got)


def test_opcode_and_parameters_are_in_the_sid() -> None:
    """SRv6Pipes: octets 10 and 11, and 12 to 15."""
    assert sid_of(PREFIX, "xor", 0x80) == IPv6Address("fcbb:bb00:2:f0:0:aaaa:0:80")
    assert type(of_sid(IPv6Address("fcbb:bb00:2:f0:0:1337:0:2"))) is functions.Leet
    with pytest.raises(FunctionError, match=r"^fcbb::: no function with opcode 0000; there are 1337 \(leet\), 7150"):
        of_sid(IPv6Address("fcbb::"))
    with pytest.raises(
        FunctionError, match="no function 'rot13'; there are compress, decompress, leet, pass, tls, xor"
    ):
        sid_of(PREFIX, "rot13")
    with pytest.raises(FunctionError, match="32 bits"):
        sid_of(PREFIX, "xor", 1 << 32)
    with pytest.raises(FunctionError, match="taken"):
        functions.register(0xAAAA, "another")(type("Another", (Function,), {}))


def test_xor() -> None:
    assert exchange([function("xor")], Side.CLIENT, b"abc") == bytes(octet ^ 0x80 for octet in b"abc")
    key = bytes((1, 2, 3, 4)) * 3
    data = b"twelve bytes"
    wanted = bytes(one ^ other for one, other in zip(data, key, strict=True))
    for side in Side:
        assert exchange([function("xor", 0x01020304)], side, data, [1, 2, 7]) == wanted


def test_leet_says_which_side() -> None:
    for parameters, sides in ((0, (True, True)), (1, (True, False)), (2, (False, True))):
        for side in Side:
            got = exchange([function("leet", parameters)], side, b"Leet Goats")
            assert got == (b"1337 90475" if sides[side] else b"Leet Goats")


@settings(max_examples=60, deadline=None)
@given(
    st.binary(max_size=5000), st.lists(st.integers(0, 5000), max_size=12), st.integers(1, 3000), st.sampled_from(Side)
)
def test_any_segmentation_gives_the_same(data: bytes, cuts: list[int], most: int, side: Side) -> None:
    """Each chain that undoes itself gives back what went in, however it is cut."""
    for names in (("compress", "decompress"), ("xor", "compress", "decompress", "xor"), ("pass", "leet", "pass")):
        chain = [function(name, 0x01020304 if name == "xor" else 0) for name in names]
        wanted = exchange([function("leet")], side, data) if "leet" in names else data
        assert exchange(chain, side, data, cuts, most) == wanted


def test_compressed_is_zlib() -> None:
    text = b"again and " * 1000
    there = exchange([function("compress", 9)], Side.CLIENT, text, [100, 5000])
    assert zlib.decompress(there) == text and len(there) < 300
    assert exchange([function("compress")], Side.SERVER, zlib.compress(text)) == text
    assert exchange([function("decompress")], Side.CLIENT, zlib.compress(text)) == text


def test_an_answer_does_not_wait_for_the_next_question() -> None:
    relay = Relay([function("compress"), function("decompress")])
    relay.received(Side.CLIENT, b"question")
    assert relay.take(Side.SERVER, 100) == b"question"


@pytest.mark.parametrize(
    ("name", "data", "why"),
    [
        ("decompress", b"no zlib at all", "not a stream of zlib: "),
        ("decompress", zlib.compress(b"text")[:-3], "the stream ends before its last block"),
        ("decompress", zlib.compress(b"text") + b"more", "octets behind the end of a stream of zlib"),
    ],
)
def test_a_stream_that_is_none_is_reset(name: str, data: bytes, why: str) -> None:
    relay = Relay([function(name)])
    relay.received(Side.CLIENT, data)
    relay.ended(Side.CLIENT)
    assert relay.error is not None and relay.error.startswith(why)
    assert relay.done and not relay.wants(Side.CLIENT) and not relay.wants(Side.SERVER)
    assert relay.take(Side.SERVER, 100) == b""


def test_a_bomb_waits_in_its_compressed_form() -> None:
    """100 MiB of zeros in 100 kB: what waits is the limit and the results of one piece."""
    bomb = zlib.compress(bytes(100 << 20), 9)
    relay = Relay([function("decompress")])
    at = 0
    while at < len(bomb) and relay.wants(Side.CLIENT):
        relay.received(Side.CLIENT, bomb[at : at + 65536])
        at += 65536
    assert relay.error is None
    assert LIMIT <= relay.waiting(Side.SERVER) <= LIMIT + (2 << 20)
    assert not relay.wants(Side.CLIENT)
    total = 0
    while part := relay.take(Side.SERVER, 1 << 20):
        total += len(part)
        if relay.wants(Side.CLIENT) and at < len(bomb):
            relay.received(Side.CLIENT, bomb[at : at + 65536])
            at += 65536
    assert total == 100 << 20


def test_a_slow_side_stops_the_other() -> None:
    relay = Relay([function("xor")])
    sent = 0
    while relay.wants(Side.SERVER):
        relay.received(Side.SERVER, bytes(10000))
        sent += 10000
    assert LIMIT <= sent < LIMIT + 20000
    assert relay.wants(Side.CLIENT)  # the other direction goes on
    relay.take(Side.CLIENT, LIMIT)
    assert relay.wants(Side.SERVER)


class Broken(Function):
    def backward(self, data: bytes, end: bool) -> bytes:
        raise KeyError("a mistake")


def test_a_function_that_raises_ends_its_connection() -> None:
    relay = Relay([Broken(0)])
    relay.received(Side.CLIENT, b"fine")
    assert relay.take(Side.SERVER, 9) == b"fine"
    relay.received(Side.SERVER, b"answer")
    assert relay.error == "KeyError in a function: 'a mistake'"


def test_each_direction_ends_on_its_own() -> None:
    relay = Relay([function("pass")])
    relay.received(Side.CLIENT, b"all")
    relay.ended(Side.CLIENT)
    assert not relay.finished(Side.SERVER)  # three octets are still to be sent
    assert relay.take(Side.SERVER, 9) == b"all"
    assert relay.finished(Side.SERVER) and not relay.done
    relay.received(Side.SERVER, b"late")
    relay.ended(Side.SERVER)
    assert relay.take(Side.CLIENT, 9) == b"late" and relay.done


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tls")
    try:
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
             "-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem"), "-subj", "/CN=server.test",
             "-addext", "subjectAltName=DNS:server.test"],
            check=True, capture_output=True,
        )  # fmt: skip
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"no certificate: {error}")
    return folder


def test_tls_ends_at_the_proxy(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The client speaks TLS, the server does not; what is in front of the function sees TLS, too."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate / "cert.pem", certificate / "key.pem")
    monkeypatch.setattr(functions.TlsTermination, "context", context)
    into, out = ssl.MemoryBIO(), ssl.MemoryBIO()
    trusted = ssl.create_default_context(cafile=str(certificate / "cert.pem"))
    client = trusted.wrap_bio(into, out, server_hostname="server.test")
    relay = Relay([function("pass"), function("tls"), function("leet", 1)])

    def carry() -> None:
        relay.received(Side.CLIENT, out.read())
        into.write(relay.take(Side.CLIENT, 1 << 16))

    for _ in range(5):
        try:
            client.do_handshake()
        except ssl.SSLWantReadError:
            carry()
    client.write(b"Hello")
    carry()
    assert relay.take(Side.SERVER, 100) == b"H3110"
    relay.received(Side.SERVER, b"World")
    into.write(relay.take(Side.CLIENT, 1 << 16))
    assert client.read(100) == b"World"
    relay.ended(Side.SERVER)
    into.write(relay.take(Side.CLIENT, 1 << 16))
    assert client.read(100) == b""  # a closure alert
    assert relay.error is None


def test_tls_of_somebody_else_is_reset(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate / "cert.pem", certificate / "key.pem")
    monkeypatch.setattr(functions.TlsTermination, "context", context)
    relay = Relay([function("tls")])
    relay.received(Side.CLIENT, b"GET / HTTP/1.0\r\n\r\n")
    assert relay.error is not None and relay.error.startswith("TLS: ")


def test_command(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["sid", f"{PREFIX}/80", "xor", "0x80"]) == 0
    assert capsys.readouterr().out == "fcbb:bb00:2:f0:0:aaaa:0:80\n"
    assert main(["sid", PREFIX, "nothing"]) == 1
    assert capsys.readouterr().err.startswith("srv6host: no function 'nothing'; there are ")
    (tmp_path / "mine.py").write_text("raise ValueError('oh')\n")
    assert main(["proxy", PREFIX, "--load", str(tmp_path / "mine.py")]) == 1
    assert capsys.readouterr().err == f"srv6host: {tmp_path / 'mine.py'}: ValueError: oh\n"
