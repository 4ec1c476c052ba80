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

import atexit
import logging
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import TYPE_CHECKING, Any, NamedTuple

import grpc

from p4rtlib import unixsockets
from p4rtlib.errors import P4InfoError
from p4rtlib.p4info import parse_p4info
from p4rtlib.tls import TlsFileError, check_authority, check_identity
from softswitch.bmv2json import ProgramError, load_program
from softswitch.device import Device
from softswitch.io.switchboard import Switchboard
from softswitch.p4runtime.arbitration import MAX_STREAMS
from softswitch.p4runtime.dataplane import DataplaneService
from softswitch.p4runtime.debug import MAX_WATCHERS, PortFeed, debug_handler
from softswitch.p4runtime.errors import Fault
from softswitch.p4runtime.intake import MAX_MESSAGE, Intake
from softswitch.p4runtime.pool import DaemonPool
from softswitch.p4runtime.reads import MAX_READS
from softswitch.p4runtime.server import P4RuntimeServer

if TYPE_CHECKING:
    from softswitch.trace import Trace

__all__ = ["VERSION", "File", "SoftSwitch", "SwitchError", "Tls", "read", "read_p4info"]

VERSION = "0.1.0"

_log = logging.getLogger(__name__)

#: Requests at a time, each in a thread: streams, reads, watchers of ports, and others. gRPC refuses what is more.
_MAX_REQUESTS = MAX_STREAMS + MAX_READS + MAX_WATCHERS + 32

#: Seconds after which a client that does not answer is given up, so that a backup takes its place.
KEEPALIVE = 4.0


class File(NamedTuple):
    """What was read of a file, before it can be read no more."""

    where: str
    data: bytes


Source = str | Path | bytes | File

#: A stream of frames takes a thread, one that is refused another.
_DATAPLANE_THREADS = 8
#: Bytes of a message with one frame.
_MAX_FRAME_MESSAGE = 1 << 20
#: Seconds that calls under way have when a switch is closed.
_GRACE = 0.2


class SwitchError(Exception):
    """The switch cannot start; the text says what is wrong, where, and what would be valid."""


class Tls:
    """Server credentials: PEM bytes of certificate chain and key, and of the CA that clients must have
    (mutual authentication) when ``client_auth`` is true.  ``SwitchError`` when they cannot be used."""

    def __init__(self, certificate: bytes, key: bytes, ca: bytes | None = None, *, client_auth: bool = False) -> None:
        if client_auth and ca is None:
            raise SwitchError("client authentication needs a CA certificate")
        with TemporaryDirectory() as folder:  # mode 0700
            files = [Path(folder, name) for name in ("certificate", "key", "ca")]
            for path, data in zip(files, (certificate, key, ca), strict=True):
                path.write_bytes(data or b"")
            _check_files(files[0], files[1], files[2] if client_auth else None)
        self.credentials = grpc.ssl_server_credentials([(key, certificate)], ca if client_auth else None, client_auth)

    @classmethod
    def of_files(cls, certificate: Path, key: Path, ca: Path | None = None, *, client_auth: bool = False) -> Tls:
        """The same from files, which are read again when they have changed: a renewed certificate needs no restart."""
        made = cls.__new__(cls)
        files = _TlsFiles(certificate, key, ca if client_auth else None)
        renewed: Any = files.renewed  # may say None, whatever the types of gRPC say
        made.credentials = grpc.dynamic_ssl_server_credentials(files.read(), renewed, client_auth)
        return made


class _TlsFiles:
    """Certificate, key and CA on disk."""

    def __init__(self, certificate: Path, key: Path, ca: Path | None) -> None:
        self._certificate, self._key, self._ca = certificate, key, ca
        self._seen = self._state()

    def read(self) -> grpc.ServerCertificateConfiguration:
        """What the files say now; ``SwitchError`` when they cannot be used."""
        _check_files(self._certificate, self._key, self._ca)
        pair = self._key.read_bytes(), self._certificate.read_bytes()
        return grpc.ssl_server_certificate_configuration([pair], self._ca.read_bytes() if self._ca else None)

    def renewed(self) -> grpc.ServerCertificateConfiguration | None:
        """For every connection: what the files say if they have changed, else None.  Files that cannot be used change
        nothing, and are told once."""
        state = self._state()
        if state == self._seen:
            return None
        self._seen = state
        try:
            found = self.read()
        except (SwitchError, OSError) as error:
            _log.warning("TLS goes on with the certificate that it has: %s", error)
            return None
        _log.info("TLS uses the renewed certificate in %s", self._certificate)
        return found

    def _state(self) -> list[tuple[int, int, int] | None]:
        return [_identity(path) for path in (self._certificate, self._key, self._ca) if path is not None]


def _identity(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns


def _check_files(certificate: Path, key: Path, ca: Path | None) -> None:
    try:
        check_identity(certificate, key)
        if ca is not None:
            check_authority(ca)
    except TlsFileError as error:
        raise SwitchError(str(error)) from None


def _keepalive_options(seconds: float) -> list[tuple[str, int]]:
    """A client with a call that says nothing is pinged after a third of the time, and has the rest to answer."""
    return [
        ("grpc.keepalive_time_ms", int(seconds * 1000 / 3)),
        ("grpc.keepalive_timeout_ms", int(seconds * 2000 / 3)),
        ("grpc.http2.ping_timeout_ms", int(seconds * 2000 / 3)),  # what newer gRPC waits for an answer
        # An idle stream is pinged for ever, not twice; and clients may do as much.
        ("grpc.http2.max_pings_without_data", 0),
        ("grpc.http2.min_ping_interval_without_data_ms", 500),
        ("grpc.http2.max_ping_strikes", 0),
    ]


def read_p4info(source: Source) -> Any:
    """A ``P4Info`` from a file or from bytes, as text, JSON or binary protobuf; ``SwitchError`` when it is none."""
    where, data = read(source, "p4info")
    try:
        return parse_p4info(data, where)
    except P4InfoError as error:
        raise SwitchError(str(error)) from None


def read(source: Source, what: str) -> File:
    """What a source holds; ``SwitchError`` when it cannot be read."""
    if isinstance(source, File):
        return source
    if isinstance(source, bytes):
        return File(what, source)
    path = Path(source)
    try:
        return File(str(path), path.read_bytes())
    except OSError as error:
        raise SwitchError(f"{what} {path}: {error.strerror}") from None


class SoftSwitch:
    """A running switch.

    ``json``: the program (path or bytes), or ``None`` to wait for a controller to bring it.  With ``p4info``
    the P4Runtime server is ready at once; without it clients must set the pipeline first, as with BMv2.
    ``ports``: numbers, or number -> name; ``None`` takes any number.  ``address``: where gRPC listens; port 0
    is an ephemeral one (see :attr:`address`), ``None`` starts no server.  ``pcap_dir``: where every port is recorded;
    it is made.  ``engine``: see :mod:`softswitch.engine`.  ``keepalive``: seconds after which a client that does not
    answer has left.  ``max_message``: bytes of the longest message that clients may send.  ``start``: false where
    something comes between opening and serving (:meth:`listen`, :meth:`load`, :meth:`start`).  ``SwitchError`` when
    anything of it is not usable.
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
        keepalive: float = KEEPALIVE,
        max_message: int = MAX_MESSAGE,
        start: bool = True,
    ) -> None:
        names = dict(ports) if isinstance(ports, Mapping) else dict.fromkeys(ports or (), "")
        known = None if ports is None else list(names)

        def make_device() -> Device:
            return Device(ports=known, cpu_port=cpu_port, drop_port=drop_port, engine=engine)

        if pcap_dir is not None:
            try:
                pcap_dir.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise SwitchError(f"recordings in {pcap_dir}: {error.strerror}") from None
        self.device_id = device_id
        self._keepalive = keepalive
        self._max_message = max_message
        self.device = make_device()
        self.server = P4RuntimeServer(
            self.device,
            device_id,
            make_device=make_device,
            port_is_up=lambda port: self.board.is_up(port),
            intake=Intake(max_message),
        )
        self.board = Switchboard(
            self.device, self.server.packet_in, pcap_dir=pcap_dir, on_state=self.server.port_changed
        )
        self._feed = PortFeed(self._port_states)
        self.board.watchers.append(self._feed.changed)
        for number, name in names.items():
            self.board.add(number, name)
        self._grpc: list[grpc.Server] = []
        self._address = ""
        self._closed = False
        atexit.register(self.close)
        try:
            self.load(json, p4info)
            if address is not None:
                self.listen(address, tls)
            if start:
                self.start()
        except BaseException:
            self.close()
            raise

    def load(self, json: Source | None, p4info: Source | None = None) -> None:
        """Load a program before any controller does; ``SwitchError`` when it is not usable."""
        if json is None:
            if p4info is not None:
                raise SwitchError("a p4info without a program")
            return
        where, config = read(json, "program")
        try:
            if p4info is None:
                self.device.load(load_program(config))
            else:
                self.server.load(read_p4info(p4info), config)
        except (ProgramError, Fault) as error:
            raise SwitchError(f"{where}: {error}") from None

    def listen(self, address: str, tls: Tls | None = None) -> None:
        """Open the address of P4Runtime (for switches made with ``address=None``); :meth:`start` serves it."""
        handlers = (
            self.server.handler(),
            debug_handler(self.device, self.stats, self.info, self._feed, self.server.intake),
        )
        self._address = self._open(address, _MAX_REQUESTS, self._max_message, handlers, tls)

    def listen_dataplane(self, address: str) -> str:
        """Open an address for the frames of all ports over gRPC, as BMv2 does with ``--dp-grpc-server-addr``; where it
        is.

        The switch must have been made for any ports.
        """
        handler = DataplaneService(self.board, self.device_id).handler()
        return self._open(address, _DATAPLANE_THREADS, _MAX_FRAME_MESSAGE, (handler,), None)

    def start(self) -> None:
        """Serve what is open."""
        self.board.running = True
        self.server.start()
        for server in self._grpc:
            server.start()
        if self._address:
            _log.info("P4Runtime on %s, device id %d", self._address, self.device_id)

    def _open(
        self,
        address: str,
        threads: int,
        max_message: int,
        handlers: Sequence[grpc.GenericRpcHandler[Any, Any]],
        tls: Tls | None,
    ) -> str:
        """Make a gRPC server; its address as a client on this machine reaches it."""
        pool = DaemonPool(threads, "grpc")
        server = grpc.server(
            pool,
            maximum_concurrent_rpcs=threads,
            options=[
                ("grpc.so_reuseport", 0),
                ("grpc.max_receive_message_length", max_message),
                ("grpc.max_send_message_length", -1),
                ("grpc.http2.bdp_probe", 0),
                *_keepalive_options(self._keepalive),
            ],
        )
        server.add_generic_rpc_handlers(handlers)
        host, colon, port = address.rpartition(":")
        local = unixsockets.is_unix(address)
        if not local and (not colon or not port.isdigit() or int(port) > 65535):
            raise SwitchError(
                f"gRPC address {address!r}: HOST:PORT is needed, for example 127.0.0.1:9559, or unix:PATH"
            )
        try:
            if local:
                unixsockets.clear(address)
            with unixsockets.only_for_owner(address) if local else nullcontext():
                if tls:
                    bound = server.add_secure_port(address, tls.credentials)
                else:
                    bound = server.add_insecure_port(address)
        except RuntimeError:
            bound = 0
        except unixsockets.Unusable as error:
            pool.shutdown(wait=False)
            raise SwitchError(f"gRPC address {address}: {error}") from None
        if bound == 0:
            pool.shutdown(wait=False)
            raise SwitchError(f"gRPC address {address}: cannot listen there; is another switch running?")
        self._grpc.append(server)
        if self.board.running:
            server.start()
        if local:
            return address
        reachable = {"0.0.0.0": "127.0.0.1", "[::]": "[::1]", "": "127.0.0.1"}.get(host, host)
        return f"{reachable}:{bound}"

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
        """Cut the cable of a port, or mend it: it neither receives nor sends while down, members of groups that watch
        it leave, and controllers are told."""
        self.board.set_up(port, up)

    def _port_states(self) -> dict[str, Any]:
        return {str(port.number): {"name": port.name, "up": port.up} for port in list(self.board.ports.values())}

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
        """Stop everything; may be called again.  What is left open at the end of the process is closed then."""
        if self._closed:
            return
        self._closed = True
        atexit.unregister(self.close)
        self.server.stop()
        # gRPC waits in a thread of its own, and a process that ends makes no threads
        grace = _GRACE if threading.main_thread().is_alive() else None
        for stopped in [server.stop(grace) for server in self._grpc]:
            stopped.wait()
        self.board.close()

    def __enter__(self) -> SoftSwitch:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
