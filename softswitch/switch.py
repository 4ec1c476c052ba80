# SPDX-License-Identifier: Apache-2.0
"""A whole switch in the process: device, P4Runtime server and ports.

    with SoftSwitch("full.json", "full.p4info.txtpb", ports=[1, 2]) as switch:
        switch.attach(2, received.append)
        switch.inject(1, frame)
        switch.flush()
        controller.connect(switch.address, device_id=switch.device_id)

The same class is behind the command ``softswitch``.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

import grpc

from p4rtlib.errors import P4InfoError
from p4rtlib.p4info import parse_p4info
from softswitch.bmv2json import ProgramError, load_program
from softswitch.device import Device
from softswitch.io.switchboard import Switchboard
from softswitch.p4runtime.arbitration import MAX_STREAMS
from softswitch.p4runtime.debug import debug_handler
from softswitch.p4runtime.errors import Fault
from softswitch.p4runtime.reads import MAX_READS
from softswitch.p4runtime.server import P4RuntimeServer

if TYPE_CHECKING:
    from softswitch.trace import Trace

__all__ = ["VERSION", "SoftSwitch", "SwitchError", "Tls", "read_p4info"]

VERSION = "0.1.0"

_log = logging.getLogger(__name__)

#: Longest request: a batch of some hundred thousand entries.
_MAX_MESSAGE = 64 << 20
#: Requests at a time, each in a thread: the streams, the reads, and others. gRPC refuses what is more.
_MAX_REQUESTS = MAX_STREAMS + MAX_READS + 32

Source = str | Path | bytes


class SwitchError(Exception):
    """The switch cannot start; the text says what is wrong, where, and what would be valid."""


class Tls:
    """Server credentials: PEM bytes of certificate chain and key, and of the CA that clients must have
    (mutual authentication) when ``client_auth`` is true."""

    def __init__(self, certificate: bytes, key: bytes, ca: bytes | None = None, *, client_auth: bool = False) -> None:
        if client_auth and ca is None:
            raise SwitchError("client authentication needs a CA certificate")
        self.credentials = grpc.ssl_server_credentials([(key, certificate)], ca if client_auth else None, client_auth)


def read_p4info(source: Source) -> Any:
    """A ``P4Info`` from a file or from bytes, as text, JSON or binary protobuf; ``SwitchError`` when it is none."""
    where, data = _read(source, "p4info")
    try:
        return parse_p4info(data, where)
    except P4InfoError as error:
        raise SwitchError(str(error)) from None


def _read(source: Source, what: str) -> tuple[str, bytes]:
    if isinstance(source, bytes):
        return what, source
    path = Path(source)
    try:
        return str(path), path.read_bytes()
    except OSError as error:
        raise SwitchError(f"{what} {path}: {error.strerror}") from None


class SoftSwitch:
    """A running switch.

    ``json``: the program (path or bytes), or ``None`` to wait for a controller to bring it.  With ``p4info``
    the P4Runtime server is ready at once; without it clients must set the pipeline first, as with BMv2.
    ``ports``: numbers, or number -> name; ``None`` takes any number.  ``address``: where gRPC listens; port 0
    is an ephemeral one (see :attr:`address`), ``None`` starts no server.  ``engine``: see
    :mod:`softswitch.engine`.  ``SwitchError`` when anything of it is not usable.
    """

    def __init__(
        self,
        json: Source | None = None,
        p4info: Source | None = None,
        ports: Iterable[int] | Mapping[int, str] | None = None,
        *,
        device_id: int = 1,
        cpu_port: int | None = 510,
        drop_port: int = 511,
        address: str | None = "127.0.0.1:0",
        tls: Tls | None = None,
        pcap_dir: Path | None = None,
        engine: str = "auto",
    ) -> None:
        names = dict(ports) if isinstance(ports, Mapping) else dict.fromkeys(ports or (), "")
        known = None if ports is None else list(names)

        def make_device() -> Device:
            return Device(ports=known, cpu_port=cpu_port, drop_port=drop_port, engine=engine)

        self.device_id = device_id
        self.device = make_device()
        self.server = P4RuntimeServer(
            self.device, device_id, make_device=make_device, port_is_up=lambda port: self.board.is_up(port)
        )
        self.board = Switchboard(
            self.device, self.server.packet_in, pcap_dir=pcap_dir, on_state=self.server.port_changed
        )
        for number, name in names.items():
            self.board.add(number, name)
        self._grpc: grpc.Server | None = None
        self._address = ""
        self._closed = False
        try:
            self._load(json, p4info)
            if address is not None:
                self.listen(address, tls)
            self.server.start()
        except BaseException:
            self.close()
            raise

    def _load(self, json: Source | None, p4info: Source | None) -> None:
        if json is None:
            if p4info is not None:
                raise SwitchError("a p4info without a program")
            return
        where, config = _read(json, "program")
        try:
            if p4info is None:
                self.device.load(load_program(config))
            else:
                self.server.load(read_p4info(p4info), config)
        except (ProgramError, Fault) as error:
            raise SwitchError(f"{where}: {error}") from None

    def listen(self, address: str, tls: Tls | None = None) -> None:
        """Start the gRPC server (for switches made with ``address=None``)."""
        pool = ThreadPoolExecutor(max_workers=_MAX_REQUESTS, thread_name_prefix="grpc")
        server = grpc.server(
            pool,
            maximum_concurrent_rpcs=_MAX_REQUESTS,
            options=[
                ("grpc.so_reuseport", 0),
                ("grpc.max_receive_message_length", _MAX_MESSAGE),
                ("grpc.max_send_message_length", -1),
            ],
        )
        server.add_generic_rpc_handlers(
            (
                self.server.handler(),
                debug_handler(self.device, self.stats, self.info),
            )
        )
        host, colon, port = address.rpartition(":")
        local = address.startswith("unix:")
        if not local and (not colon or not port.isdigit() or int(port) > 65535):
            raise SwitchError(
                f"gRPC address {address!r}: HOST:PORT is needed, for example 127.0.0.1:9559, or unix:PATH"
            )
        try:
            if tls:
                bound = server.add_secure_port(address, tls.credentials)
            else:
                bound = server.add_insecure_port(address)
        except RuntimeError:
            bound = 0
        if bound == 0:
            pool.shutdown(wait=False)
            raise SwitchError(f"gRPC address {address}: cannot listen there; is another switch running?")
        server.start()
        self._grpc = server
        if local:
            self._address = address
        else:
            reachable = {"0.0.0.0": "127.0.0.1", "[::]": "[::1]", "": "127.0.0.1"}.get(host, host)
            self._address = f"{reachable}:{bound}"
        _log.info("P4Runtime on %s, device id %d", self._address, self.device_id)

    # -- use

    @property
    def address(self) -> str:
        """``HOST:PORT`` or ``unix:PATH`` of the P4Runtime server, as a client on this machine reaches it."""
        return self._address

    def inject(self, port: int, frame: bytes) -> bool:
        """A frame arrives on ``port``; false when it was dropped (queue full, port down).  See
        :meth:`flush`."""
        return self.board.inject(port, frame)

    def attach(self, port: int, callback: Callable[[bytes], None]) -> Callable[[], None]:
        """Call ``callback`` with every frame that leaves by ``port``, in the thread that processed it;
        returns the function that ends this."""
        return self.board.attach(port, callback)

    def flush(self, timeout: float = 5.0) -> bool:
        """Wait until every injected frame has been processed; false after ``timeout`` seconds."""
        return self.board.flush(timeout)

    def trace(self, port: int, frame: bytes, dry: bool = False) -> Trace:
        """Process a frame now, in this thread, and tell what happened to it; ``dry``: what would, and nothing does."""
        return self.device.trace(port, frame, dry)

    def set_port_up(self, port: int, up: bool) -> None:
        """Take a port down or up."""
        self.board.set_up(port, up)

    def stats(self) -> dict[str, Any]:
        """Counts of ports and device (the answer of ``Stats`` of the debug service)."""
        lost = self.board.lost()
        return {
            "ports": {
                str(port.number): {"name": port.name, "up": port.up, **port.counts().as_dict()}
                for port in list(self.board.ports.values())
            },
            "device": self.device.stats.as_dict(),
            "packet_ins_dropped": self.server.dropped_packet_ins + lost.punts_dropped,
            "events_dropped": lost.events_dropped,
            "unattached": lost.unattached,
        }

    def info(self) -> dict[str, Any]:
        """What runs here (the answer of ``Info`` of the debug service)."""
        program = self.device.program
        return {
            "program": None if program is None else program.name,
            "device_id": self.device_id,
            "cpu_port": self.device.cpu_port,
            "drop_port": self.device.drop_port,
            "engine": self.device.engine.name if program is not None else self.device.engine_name,
            "version": VERSION,
        }

    def close(self) -> None:
        """Stop everything; may be called again."""
        if self._closed:
            return
        self._closed = True
        self.server.stop()
        if self._grpc is not None:
            self._grpc.stop(grace=0.2).wait()
        self.board.close()

    def __enter__(self) -> SoftSwitch:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
