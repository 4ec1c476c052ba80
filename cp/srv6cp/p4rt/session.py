# SPDX-License-Identifier: Apache-2.0
"""A session with one switch: connection, the program it runs, arbitration, and what arrives on the stream.

:class:`Session` is the half of a client that waits and listens; ``client.Client`` adds what it asks of the
switch: loading a program, writing and reading.
"""

from __future__ import annotations

import atexit
import itertools
import logging
import threading
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, TypeVar

import grpc

from p4rtlib import barrier
from p4rtlib.protos import p4runtime_pb2

from .channel import Service, open_channel
from .debug import PortWatch, ports
from .diagnosis import not_for_this_user, why_closed
from .errors import (
    ArbitrationFailed,
    Code,
    ConnectionFailed,
    ElectionIdTaken,
    NoPipeline,
    NotPrimary,
    P4InfoError,
    P4RuntimeError,
    RpcFailed,
    StreamClosed,
)
from .messages import (
    TLS,
    Arbitration,
    Capabilities,
    DigestList,
    Disconnected,
    IdleTimeout,
    PacketIn,
    Pipeline,
    Primacy,
    StreamError,
)
from .packetio import PacketCodec
from .program import P4Info
from .status import CLOSED, RESET, code_of, failed, reason
from .stream import Heartbeat, Listeners, Stream, Subscription

__all__ = ["MAX_ELECTION_ID", "NOT_TO_BE_OUTBID", "Session"]

log = logging.getLogger(__name__)

MAX_ELECTION_ID = (1 << 128) - 1
NOT_TO_BE_OUTBID = (
    "a controller has the highest election id that there is (2**128-1), so no other one can become primary: stop that"
    " controller, or restart the switch, which forgets election ids"
)
_MASK64 = (1 << 64) - 1
Self = TypeVar("Self", bound="Session")


class Session:
    """One controller's session with one switch.

    ``address`` is ``host:port`` or ``unix:path``; ``device_id`` the switch's (BMv2 and softswitch: 0 unless told
    otherwise);
    ``role`` a P4Runtime role name; ``election_id`` a positive number below 2**128, the highest of a role's
    clients being primary; ``tls`` PEM files; ``p4info`` the program, fetched from the switch when first
    needed if left out. ``connect_timeout`` and ``rpc_timeout`` are seconds.
    """

    def __init__(
        self,
        address: str = "127.0.0.1:9559",
        device_id: int = 0,
        *,
        role: str | None = None,
        election_id: int | tuple[int, int] = 1,
        tls: TLS | None = None,
        p4info: P4Info | None = None,
        connect_timeout: float = 5.0,
        rpc_timeout: float = 60.0,
    ) -> None:
        self.address = address
        self.device_id = device_id
        self.role = role or ""
        self.election_id = _election(election_id)
        self.connect_timeout = connect_timeout
        self.rpc_timeout = rpc_timeout
        self._tls = tls
        self._info = p4info
        self._packets: PacketCodec | None = None
        self._channel: grpc.Channel | None = None
        self._service: Service | None = None
        self._stream: Stream | None = None
        self._port_watch: PortWatch | None = None
        self._heartbeat: Heartbeat | None = None
        self._stream_error: Disconnected | None = None
        self._sent_election = 0  # on the present stream
        self._takes_part = False  # in arbitration, and so again after a reconnect
        self._arbitration: Arbitration | None = None
        self._answered = threading.Condition()
        self._barriers = itertools.count(1)
        self._passed = 0  # the last barrier that the switch has answered
        self._on_packet: Listeners[PacketIn] = Listeners("packet-in")
        self._on_digest: Listeners[DigestList] = Listeners("digest")
        self._on_idle: Listeners[IdleTimeout] = Listeners("idle-timeout")
        self._on_status: Listeners[Arbitration] = Listeners("arbitration")
        self._on_error: Listeners[StreamError] = Listeners("stream-error")
        self._on_disconnect: Listeners[Disconnected] = Listeners("disconnect")

    def __repr__(self) -> str:
        return f"<Client {self.address} device-id {self.device_id}>"

    # --- connection -------------------------------------------------------------------------------

    def connect(self, timeout: float | None = None, wait: bool = False) -> Capabilities:
        """Reach the switch, or raise :class:`ConnectionFailed`.

        A refused connection fails at once, unless ``wait``: then it is tried until ``timeout`` (default
        ``connect_timeout``) seconds have passed, for a switch that is starting.
        """
        if self._channel is None:
            self._channel = open_channel(self.address, self._tls)
            self._service = Service(self._channel)
        limit = self.connect_timeout if timeout is None else timeout
        try:
            answer = self._service_now.capabilities(
                p4runtime_pb2.CapabilitiesRequest(device_id=self.device_id), timeout=limit, wait_for_ready=wait
            )
        except grpc.RpcError as error:
            code = code_of(error)
            if code is Code.UNIMPLEMENTED:  # servers of P4Runtime before 1.1
                return Capabilities("")
            if code is Code.DEADLINE_EXCEEDED:
                raise ConnectionFailed(self.address, self.device_id, f"no answer within {limit:g} s") from None
            if code is Code.UNAVAILABLE:
                text = reason(error.details() or "")
                if text in (CLOSED, RESET):
                    text = why_closed(self.address, self._tls) or text
                text = not_for_this_user(self.address) or text
                raise ConnectionFailed(self.address, self.device_id, text) from None
            raise failed("Capabilities", error, self.address, self.device_id) from None
        return Capabilities(answer.p4runtime_api_version)

    def close(self) -> None:
        """End the stream and the connection; the client can connect again."""
        atexit.unregister(self.close)
        if self._heartbeat is not None:
            self._heartbeat.stop()
            self._heartbeat = None
        if self._port_watch is not None:
            self._port_watch.close()
            self._port_watch = None
        self._takes_part = False
        self._close_stream()
        if self._channel is not None:
            self._channel.close()
            self._channel = self._service = None

    def __enter__(self: Self) -> Self:
        try:
            self.connect()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, tb: TracebackType | None) -> None:
        self.close()

    def reconnect(self, timeout: float | None = None) -> Arbitration | None:
        """Find the switch again after it was lost, waiting up to ``timeout`` s, and repeat arbitration if
        there was.

        Returns the answer to arbitration, or None when this client never arbitrated. The switch may have
        restarted empty: compare :meth:`get_pipeline_cookie` and reconcile. Raises :class:`ConnectionFailed`.
        """
        self._close_stream()
        if self._channel is not None:
            # A fresh channel tries at once; the old one may be in its backoff.
            self._channel.close()
            self._channel = self._service = None
        self.connect(timeout, wait=True)
        return self.arbitrate() if self._takes_part else None

    def capabilities(self) -> Capabilities:
        """What the server says of itself."""
        return self.connect()

    def keep_alive(self, seconds: float) -> None:
        """Give the switch up, as if the stream had ended, when it does not answer for so long.

        It is asked for its capabilities after a third of the time; a ping of HTTP/2 would be less, but BMv2 ends the
        connection of whoever sends more than one in five minutes.
        """
        if self._heartbeat is not None:
            self._heartbeat.stop()
        self._heartbeat = Heartbeat(self._beat, seconds / 3, f"p4rt-heartbeat-{self.address}-{self.device_id}")

    def _beat(self, interval: float) -> None:
        stream = self._stream
        service = self._service
        if stream is None or service is None or not stream.open:
            return  # lost already, and looked for by whoever wants it
        request = p4runtime_pb2.CapabilitiesRequest(device_id=self.device_id)
        try:
            service.capabilities(request, timeout=2 * interval)
        except grpc.RpcError as error:
            if code_of(error) is Code.DEADLINE_EXCEEDED:
                stream.give_up(f"no answer for {3 * interval:g} s")
        except ValueError:
            pass  # the channel was closed meanwhile

    # --- arbitration ------------------------------------------------------------------------------

    def arbitrate(self, election_id: int | tuple[int, int] | None = None, timeout: float = 5.0) -> Arbitration:
        """Open the stream if need be, send the election id (new one if given), return the switch's answer.

        Raises :class:`ArbitrationFailed` when the switch ends the stream (:class:`ElectionIdTaken`: for an
        election id that another client uses) or does not answer in time.
        """
        if election_id is not None:
            self.election_id = _election(election_id)
        stream = self._stream
        if stream is not None and stream.on_own_thread:
            raise StreamClosed("arbitrate() waits for the stream and so cannot be called from a stream callback")
        if stream is None or not stream.open:
            stream = self._open_stream()
        self._takes_part = True
        known = self.arbitration if self._sent_election == self.election_id else None
        if known is not None and known.is_primary:
            return known
        if known is not None:
            timeout = min(timeout, 1.0)  # BMv2 does not answer when the election id is the same as before
        self._sent_election = self.election_id
        request = p4runtime_pb2.StreamMessageRequest()
        request.arbitration.device_id = self.device_id
        request.arbitration.election_id.high = self.election_id >> 64
        request.arbitration.election_id.low = self.election_id & _MASK64
        if self.role:
            request.arbitration.role.name = self.role
        with self._answered:
            self._arbitration = None
            stream.send(request)
            self._answered.wait_for(self._settled, timeout)
            error = self._stream_error
            if error is None and self._arbitration is None:
                self._arbitration = known
            answer = self.arbitration
        if answer is not None:
            return answer
        where = f"{self.address} device-id {self.device_id} election id {self.election_id}"
        if error is None:
            raise ArbitrationFailed(f"{where}: the switch did not answer arbitration within {timeout:g} s")
        if error.code is Code.UNAVAILABLE:
            raise ConnectionFailed(self.address, self.device_id, reason(error.reason))
        kind = ElectionIdTaken if error.code is Code.INVALID_ARGUMENT else ArbitrationFailed
        raise kind(f"{where}: the switch refused arbitration: {error.code.name}: {error.reason}")

    def become_primary(self, timeout: float = 5.0, force: bool = False) -> Arbitration:
        """Arbitrate and insist on being primary, else :class:`NotPrimary`.

        With ``force`` an election id above the highest that the switch knows is taken instead. Needed also
        after a primary with a higher id has left, except on BMv2, which promotes the next one by itself
        (P4Runtime 5.3: the highest id ever seen counts).
        """
        answer = self.arbitrate(timeout=timeout)
        if not answer.is_primary and force:
            answer = self.outbid(max(answer.election_id, self.election_id), timeout)
        if not answer.is_primary:
            rival = "the last primary had" if answer.primacy is Primacy.NO_PRIMARY else "the primary has"
            raise NotPrimary(
                "StreamChannel",
                Code.ALREADY_EXISTS,
                f"election id {self.election_id} is not the highest, {rival} {answer.election_id}",
                f"{self.address} device-id {self.device_id}",
            )
        return answer

    def outbid(self, highest: int, timeout: float = 5.0) -> Arbitration:
        """Arbitrate with an election id above ``highest``, or with the highest that there is, which is as good once
        the client that had it has left.

        Raises :class:`NotPrimary` when that client is there still: nobody can take its place then.
        """
        if highest < MAX_ELECTION_ID:
            return self.arbitrate(highest + 1, timeout)
        own = self.election_id
        self._close_stream()  # on a stream of its own: BMv2 dies when one changes to an election id that is in use
        try:
            return self.arbitrate(MAX_ELECTION_ID, timeout)
        except ArbitrationFailed:
            self.arbitrate(own, timeout)  # as before
            raise NotPrimary(
                "StreamChannel",
                Code.ALREADY_EXISTS,
                NOT_TO_BE_OUTBID,
                f"{self.address} device-id {self.device_id}",
            ) from None

    @property
    def arbitration(self) -> Arbitration | None:
        """The latest word of the switch on who is primary; None before the first and after a disconnect."""
        return self._arbitration

    @property
    def is_primary(self) -> bool:
        """Whether this client is primary as far as it knows."""
        return self._arbitration is not None and self._arbitration.is_primary

    @property
    def connected(self) -> bool:
        """Whether the stream is open."""
        return self._stream is not None and self._stream.open

    # --- program ----------------------------------------------------------------------------------

    @property
    def p4info(self) -> P4Info:
        """The program in use: the one given or set, or else the switch's."""
        if self._info is None:
            info = self.get_pipeline(config=False).p4info
            if info is None:
                raise P4InfoError(f"{self.address} device-id {self.device_id}: the switch returned no p4info")
            self._info = info
        return self._info

    def get_pipeline(self, p4info: bool = True, config: bool = True) -> Pipeline:
        """The program on the switch. Raises :class:`NoPipeline` when there is none."""
        kind = {
            (True, True): "ALL",
            (True, False): "P4INFO_AND_COOKIE",
            (False, True): "DEVICE_CONFIG_AND_COOKIE",
            (False, False): "COOKIE_ONLY",
        }[p4info, config]
        request = p4runtime_pb2.GetForwardingPipelineConfigRequest(
            device_id=self.device_id,
            response_type=p4runtime_pb2.GetForwardingPipelineConfigRequest.ResponseType.Value(kind),
        )
        try:
            answer = self._service_now.get_pipeline(request, timeout=self.rpc_timeout)
        except grpc.RpcError as error:
            raise failed("GetForwardingPipelineConfig", error, self.address, self.device_id) from None
        if not answer.HasField("config"):
            where = f"{self.address} device-id {self.device_id}"
            method = "GetForwardingPipelineConfig"
            raise NoPipeline(method, Code.FAILED_PRECONDITION, "the switch runs no program", where)
        found = answer.config
        info = None
        if p4info and found.HasField("p4info"):
            info = P4Info(found.p4info, f"the p4info of {self.address}")
        return Pipeline(info, found.p4_device_config, found.cookie.cookie)

    def get_pipeline_cookie(self) -> int | None:
        """The cookie of the program on the switch, None when it runs none."""
        try:
            return self.get_pipeline(p4info=False, config=False).cookie
        except NoPipeline:
            return None
        except RpcFailed as error:
            if error.code in (Code.NOT_FOUND, Code.FAILED_PRECONDITION):
                return None
            raise

    # --- packets, digests, notifications ----------------------------------------------------------

    def packet_out(self, payload: bytes, **metadata: int) -> None:
        """Send a packet to the data plane, with the fields of the ``packet_out`` header by name (others 0).

        Raises :class:`EntityError` for a field that does not exist or a value too wide,
        :class:`StreamClosed`.
        """
        stream = self._stream
        if stream is None:
            raise StreamClosed(f"{self.address}: packet_out() needs the stream: call become_primary() first")
        stream.send(self._packet_codec.encode(payload, metadata))

    def barrier(self, timeout: float = 5.0) -> None:
        """Return when the switch has taken everything that was sent on the stream before, and everything that it had
        sent has reached the listeners.

        softswitch answers, other switches do not. Raises TimeoutError, :class:`StreamClosed`.
        """
        stream = self._stream
        if stream is None or stream.on_own_thread:
            raise StreamClosed(f"{self.address}: barrier() needs the stream, and cannot be called from its callbacks")
        with self._answered:
            count = next(self._barriers)
            stream.send(barrier.request(count))
            self._answered.wait_for(lambda: self._passed >= count or not stream.open, timeout)
            if self._passed >= count:
                return
        if not stream.open:
            raise StreamClosed("the stream to the switch is closed")
        raise TimeoutError(f"{self.address}: the switch did not answer a barrier within {timeout:g} s")

    def on_packet_in(self, call: Callable[[PacketIn], object]) -> Callable[[], None]:
        """Have ``call`` get every packet-in; the result unregisters it. Likewise the methods below."""
        return self._on_packet.add(call)

    def packets(self, maxsize: int = 4096) -> Subscription[PacketIn]:
        """A queue of packet-ins: iterate it, or ``get(timeout)``; close it when done (``with``)."""
        return Subscription(self._on_packet, maxsize)

    def on_digest(self, call: Callable[[DigestList], object], ack: bool = True) -> Callable[[], None]:
        """Have ``call`` get every digest list, which is acknowledged after it returns unless ``ack`` is
        False.
        """
        if not ack:
            return self._on_digest.add(call)

        def acknowledged(digest: DigestList) -> None:
            call(digest)
            self.ack_digest(digest)

        return self._on_digest.add(acknowledged)

    def digests(self, maxsize: int = 1024) -> Subscription[DigestList]:
        """A queue of digest lists, to be acknowledged with :meth:`ack_digest`."""
        return Subscription(self._on_digest, maxsize)

    def ack_digest(self, digest: DigestList) -> None:
        """Tell the switch that a digest list has been dealt with."""
        stream = self._stream
        if stream is None:
            raise StreamClosed(f"{self.address}: no stream to acknowledge a digest on")
        request = p4runtime_pb2.StreamMessageRequest()
        request.digest_ack.digest_id = self.p4info.digests.find(digest.digest).id
        request.digest_ack.list_id = digest.list_id
        stream.send(request)

    def on_idle_timeout(self, call: Callable[[IdleTimeout], object]) -> Callable[[], None]:
        """Have ``call`` get the entries whose idle timeout passed."""
        return self._on_idle.add(call)

    def on_status(self, call: Callable[[Arbitration], object]) -> Callable[[], None]:
        """Have ``call`` get every arbitration message: primary, no longer primary, another primary."""
        return self._on_status.add(call)

    def on_stream_error(self, call: Callable[[StreamError], object]) -> Callable[[], None]:
        """Have ``call`` get the stream messages that the switch refused."""
        return self._on_error.add(call)

    def on_disconnect(self, call: Callable[[Disconnected], object]) -> Callable[[], None]:
        """Have ``call`` know when the stream ends unasked; it must leave reconnecting to another thread."""
        return self._on_disconnect.add(call)

    def port_states(self) -> dict[int, bool] | None:
        """Port -> up; None from a switch that cannot tell, which is any but softswitch."""
        self._service_now  # noqa: B018  # connects
        assert self._channel is not None
        return ports(self._channel, self.address, self.device_id)

    def watch_ports(self, call: Callable[[Mapping[int, bool]], object]) -> None:
        """Have ``call`` get what ``port_states`` gives, at once and when a port changes, as long as this connection
        lasts; nothing from a switch that cannot tell.
        """
        self._service_now  # noqa: B018  # connects
        if self._port_watch is not None:
            self._port_watch.close()
        assert self._channel is not None
        self._port_watch = PortWatch(self._channel, call, f"{self.address} device-id {self.device_id}")

    # --- inside -----------------------------------------------------------------------------------

    @property
    def _service_now(self) -> Service:
        service = self._service
        if service is None:
            self.connect()
            service = self._service
            assert service is not None
        return service

    @property
    def _packet_codec(self) -> PacketCodec:
        if self._packets is None:
            self._packets = PacketCodec(self.p4info)
        return self._packets

    def _use(self, info: P4Info) -> None:
        self._info = info
        self._packets = PacketCodec(info)

    def _sign(self, request: Any) -> None:
        request.election_id.high = self.election_id >> 64
        request.election_id.low = self.election_id & _MASK64

    def _settled(self) -> bool:
        """Whether the switch has answered arbitration, as opposed to telling of an earlier change."""
        if self._stream_error is not None:
            return True
        answer = self._arbitration
        if answer is None:
            return False
        return answer.primacy is not Primacy.BACKUP or answer.election_id > self.election_id

    def _open_stream(self) -> Stream:
        self._close_stream()
        # a stream whose switch goes away while the interpreter ends would be looked for
        atexit.unregister(self.close)
        atexit.register(self.close)
        with self._answered:
            self._stream_error = None
            self._arbitration = None
        self._sent_election = 0
        name = f"p4rt-stream-{self.address}-{self.device_id}"
        self._stream = Stream(self._service_now.stream, self._received, self._ended, name)
        return self._stream

    def _close_stream(self) -> None:
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.close()
        self._arbitration = None

    def _ended(self, stream: Stream, error: grpc.RpcError | None) -> None:
        if stream.closing:
            return
        if stream.given_up:
            code, text = Code.UNAVAILABLE, stream.given_up
        elif error is None:
            code, text = Code.UNAVAILABLE, "the switch ended the stream"
        else:
            code, text = code_of(error), error.details() or ""
        event = Disconnected(code, " ".join(text.split()))
        with self._answered:
            self._stream_error = event
            self._arbitration = None
            self._answered.notify_all()
        log.info("%s device-id %d: stream ended: %s: %s", self.address, self.device_id, code.name, event.reason)
        self._on_disconnect(event)

    def _received(self, message: Any) -> None:
        kind = message.WhichOneof("update")
        try:
            if kind == "packet":
                if self._on_packet:
                    self._on_packet(self._packet_codec.decode(message.packet))
            elif kind == "arbitration":
                self._arbitrated(message.arbitration)
            elif kind == "other":
                with self._answered:
                    self._passed = barrier.number(message) or self._passed
                    self._answered.notify_all()
            elif kind == "digest":
                self._on_digest(self._packet_codec.decode_digest(message.digest))
            elif kind == "idle_timeout_notification":
                notice = message.idle_timeout_notification
                entries = tuple(map(self.p4info.codec.table_entry, notice.table_entry))
                self._on_idle(IdleTimeout(entries, notice.timestamp))
            elif kind == "error":
                about = {"packet_out": "packet-out", "digest_list_ack": "digest-ack"}.get(
                    message.error.WhichOneof("details") or "", "other"
                )
                error = StreamError(Code.of(message.error.canonical_code), message.error.message, about)
                log.warning(
                    "%s device-id %d refused a %s: %s: %s",
                    self.address,
                    self.device_id,
                    about,
                    error.code.name,
                    error.message,
                )
                self._on_error(error)
        except P4RuntimeError as error:
            log.warning("%s device-id %d: %s", self.address, self.device_id, error)

    def _arbitrated(self, message: Any) -> None:
        code = Code.of(message.status.code)
        primacy = {Code.OK: Primacy.PRIMARY, Code.NOT_FOUND: Primacy.NO_PRIMARY}.get(code, Primacy.BACKUP)
        highest = message.election_id.high << 64 | message.election_id.low
        answer = Arbitration(primacy, highest, message.status.message)
        with self._answered:
            self._arbitration = answer
            self._answered.notify_all()
        self._on_status(answer)


def _election(value: int | tuple[int, int]) -> int:
    number = value if isinstance(value, int) else value[0] << 64 | value[1]
    if not 0 < number < 1 << 128:
        raise ValueError(f"election id {number} is outside 1..2**128-1")
    return number
