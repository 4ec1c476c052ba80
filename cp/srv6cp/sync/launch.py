# SPDX-License-Identifier: Apache-2.0
"""Start a switch as a child process: ``softswitch``, or BMv2's ``simple_switch_grpc``, which takes the same flags.

    with Switch(Launch("softswitch", free_address(), device_id=1)) as switch:
        switch.wait_until_ready()

It starts without a program; whoever controls it brings one (`srv6cp.sync.update`, `srv6cp.controller`). Flags in
``BMV2_ARGS`` and ``SOFTSWITCH_ARGS`` of the environment are added, whoever starts it.
"""

from __future__ import annotations

import itertools
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import IO, TYPE_CHECKING

from p4rtlib import unixsockets
from p4rtlib.rights import invoking_user, is_privileged
from p4rtlib.tls import TlsFileError, check_authority, check_identity
from srv6cp import rundir
from srv6cp.sync import preflight
from srv6cp.sync.preflight import LaunchError

if TYPE_CHECKING:
    from srv6cp.p4rt import TLS

__all__ = [
    "BMV2",
    "DROP_PORT",
    "SWITCHES",
    "Launch",
    "LaunchError",
    "NotInstalled",
    "ServerTls",
    "Switch",
    "choose",
    "free_address",
    "missing",
    "private_address",
    "python_environment",
]

BMV2 = "simple_switch_grpc"
SWITCHES = ("softswitch", "bmv2")
DROP_PORT = 511
START_LIMIT = 30.0  # s to answer
_COUNT = itertools.count(1)
STOP_LIMIT = 5.0  # s to end when asked
_NEWS = 65536  # bytes

# Between fork and exec, in a Python of its own: gRPC does not survive every `preexec_fn` of a process with threads,
# and `setpriv --pdeathsig` is not everywhere.
_TIED = """\
import ctypes, os, signal, sys
prctl = getattr(ctypes.CDLL(None), "prctl", None)
if prctl is not None:
    prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG
    if os.getppid() != int(sys.argv[1]):
        sys.exit("the starter has gone")
os.execv(sys.argv[2], sys.argv[2:])
"""


class NotInstalled(LaunchError):
    """There is no such switch here."""


def missing(kind: str) -> str | None:
    """Why a ``kind`` of switch cannot be started here, None when it can."""
    if kind == "bmv2":
        return None if shutil.which(BMV2) else f"{BMV2} is not on PATH"
    return None if _python_has("softswitch") or shutil.which("softswitch") else "softswitch is not installed"


def choose(name: str) -> str:
    """``auto`` as the switch that it means here: BMv2 where it is on PATH."""
    if name == "auto":
        return "softswitch" if missing("bmv2") else "bmv2"
    return name


def free_address() -> str:
    """``HOST:PORT`` of the loopback interface where nobody listens."""
    return f"127.0.0.1:{_free_port()}"


def private_address(name: str, otherwise: str) -> str:
    """Where a switch that is started here is to listen when nobody says it.

    What is started with privileges is for who started it alone: a unix socket, called after the node. Else
    ``otherwise``, of the loopback interface. Raises LaunchError where there is no folder for the socket.
    """
    if not is_privileged():
        return otherwise
    try:
        address = rundir.socket_address(name)
        preflight.sweep(unixsockets.path_of(address).parent)
        return address
    except OSError as error:
        raise LaunchError(f"no directory for the socket of the switch: {error}; say where: --grpc-addr") from None


@dataclass(frozen=True)
class ServerTls:
    """PEM files of a switch: its certificate and key, and the CA whose certificates its clients must have, if any."""

    certificate: str
    key: str
    clients: str | None = None

    def words(self) -> list[str]:
        """Flags of a switch."""
        words = ["--grpc-server-ssl", "--grpc-server-cert", self.certificate, "--grpc-server-key", self.key]
        if self.clients:
            words += ["--grpc-server-with-client-auth", "--grpc-server-cacert", self.clients]
        return words

    def check(self) -> None:
        """Raises LaunchError when the files cannot be used."""
        try:
            check_identity(Path(self.certificate), Path(self.key))
            if self.clients:
                check_authority(Path(self.clients))
        except TlsFileError as error:
            raise LaunchError(str(error)) from None


@dataclass(frozen=True)
class Launch:
    """What to start. ``interfaces``: port to network interface; ``log_file``: the switch writes a full log there."""

    kind: str
    address: str
    """Where P4Runtime is to listen: ``HOST:PORT`` or ``unix:PATH``."""
    device_id: int = 1
    interfaces: Mapping[int, str] = field(default_factory=dict)
    pcap: str | None = None
    """Folder in which every port is recorded."""
    log_file: str | None = None
    flags: Sequence[str] = ()
    """More flags of the switch."""
    user: str | None = None
    """``NAME[:GROUP]`` that softswitch becomes when all is open; None: what it does by itself."""
    target_flags: Sequence[str] = ()
    """More flags behind ``--``."""
    tls: ServerTls | None = None

    def words(self) -> list[str]:
        """The command line. Raises NotInstalled."""
        from srv6cp.model.numbers import CPU_PORT

        words = [*_program(self.kind), *self.flags, *self._logging()]  # those of the environment win
        if self.user is not None:
            words += ["--user", self.user]
        for port, interface in self.interfaces.items():
            words += ["-i", f"{port}@{interface}"]
        if self.pcap:
            words.append(f"--pcap={self.pcap}")
        words += ["--no-p4", "--device-id", str(self.device_id), "--", "--grpc-server-addr", self.address]
        words += ["--cpu-port", str(CPU_PORT), "--drop-port", str(DROP_PORT)]
        return [*words, *(self.tls.words() if self.tls else ()), *self.target_flags]

    def check(self) -> None:
        """Make the folder of the recordings, and see whether all else is there, in the namespace of the caller.

        Raises:
            LaunchError: it would not start, or not as it should.
        """
        preflight.address_is_free(self.address)
        preflight.interfaces_are_there(self.interfaces)
        if self.tls:
            self.tls.check()
        if self.pcap:
            preflight.folder_for_recordings(self.pcap)
        if self.log_file and not Path(self.log_file).absolute().parent.is_dir():
            raise LaunchError(f"the log {self.log_file}: there is no such directory")

    def _logging(self) -> list[str]:
        """Flags for the log, and those of the environment. A log that nobody reads costs time per packet."""
        if self.kind == "softswitch":
            words = ["--log-file", self.log_file] if self.log_file else ["--log-level", "warn"]
            return [*words, *shlex.split(os.environ.get("SOFTSWITCH_ARGS", ""))]
        given = os.environ.get("BMV2_ARGS")
        asked = shlex.split(given or "")
        if self.log_file:
            # It appends .txt by itself.
            words = ["--log-file", self.log_file.removesuffix(".txt")]
        else:
            # It takes no flag twice: what is given replaces what would be there.
            words = ["--log-level", "off"] if given is None else []
        # Built with Thrift it listens on port 9090, where a second one fails; without, it does not know the flag.
        program, chosen = _program("bmv2")[0], {word.partition("=")[0] for word in asked}
        if "--thrift-port" not in chosen and _knows(program, "--thrift-port"):
            words += ["--thrift-port", str(_free_port())]
        if "--notifications-addr" not in chosen and _knows(program, "--notifications-addr") and is_privileged():
            # Its default is a name in /tmp that anybody could take first.
            words += ["--notifications-addr", f"ipc://{rundir.own()}/bmv2-{os.getpid()}-{next(_COUNT)}.ipc"]
        return [*words, *asked]


class Switch:
    """A running switch; a context manager.

    What it prints is added to the file ``output``, or kept for `tail`. ``inside`` calls a function in a network
    namespace. With ``tied`` it ends when the thread that starts it does, whatever ends that (Linux).

    Raises:
        NotInstalled: there is no such switch here.
        LaunchError: somebody listens at its address already, an interface is not there, ... (`preflight`).
    """

    def __init__(
        self,
        launch: Launch,
        output: Path | None = None,
        *,
        inside: Callable[[Callable[[], subprocess.Popen[bytes]]], subprocess.Popen[bytes]] | None = None,
        tied: bool = True,
    ) -> None:
        self.launch = launch
        self.kind = launch.kind
        self.address = launch.address
        words = launch.words()
        try:
            self._claim = preflight.Claim(launch.address)
        except LaunchError as error:
            raise LaunchError(f"{self.kind} does not start: {error}") from None
        self._notifications = _notifications(words)
        thrift = _value(words, "--thrift-port") if launch.kind == "bmv2" else None
        self.thrift = None if thrift is None else int(thrift)
        """The TCP port at which BMv2 serves Thrift, which knows no passwords; None where it does not."""
        if tied:
            words = [sys.executable, "-I", "-S", "-c", _TIED, str(os.getpid()), *words]
        self._told = 0
        self._removed = False
        self._output: IO[bytes] = tempfile.TemporaryFile() if output is None else output.open("a+b")  # noqa: SIM115
        environment = python_environment("srv6cp", "softswitch")

        def start() -> subprocess.Popen[bytes]:
            try:
                launch.check()
            except LaunchError as error:
                raise LaunchError(f"{self.kind} does not start: {error}") from None
            return subprocess.Popen(
                words,
                stdin=subprocess.DEVNULL,
                stdout=self._output,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C is for us, and we stop the switch when its controller is done
                env=environment,
                # BMv2 makes socket and recordings with the mode that this leaves; softswitch sees to it itself.
                umask=0o077 if self.kind == "bmv2" and is_privileged() else -1,
            )

        try:
            self._process = inside(start) if inside else start()
        except BaseException:
            self._close()
            raise

    def _close(self) -> None:
        self._output.close()
        if unixsockets.is_unix(self.address) and not self._removed:
            # A switch that has given up its privileges cannot.
            self._removed = True
            with suppress(LaunchError, OSError):
                preflight.address_is_free(self.address)
        if self._notifications is not None:
            self._notifications.unlink(missing_ok=True)
        self._claim.close()

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """True while the process runs."""
        return self._process.poll() is None

    @property
    def ending(self) -> str | None:
        """How the process ended: ``exit status 1``, ``signal SIGKILL``; None while it runs."""
        code = self._process.poll()
        if code is None or code >= 0:
            return None if code is None else f"exit status {code}"
        return f"signal {signal.Signals(-code).name}"

    def tail(self, limit: int = 2000) -> str:
        """The end of what it printed."""
        if self._output.closed:
            return ""
        # Not by seeking: the position of the file is the switch's, too.
        end = os.fstat(self._output.fileno()).st_size
        return os.pread(self._output.fileno(), limit, max(0, end - limit)).decode(errors="replace")

    def news(self) -> list[str]:
        """The whole lines that it printed since the last time; what it printed before it was ready is none."""
        if self._output.closed:
            return []
        end = os.fstat(self._output.fileno()).st_size
        text = os.pread(self._output.fileno(), min(end - self._told, _NEWS), self._told)
        whole = text.rfind(b"\n") + 1
        self._told += whole or (len(text) if len(text) == _NEWS else 0)
        return text[:whole].decode(errors="replace").splitlines()

    def last_words(self) -> str:
        """The last line that it printed, behind how it ended."""
        lines = [line.strip() for line in self.tail().splitlines() if line.strip()]
        said = lines[-1] if lines else "it said nothing"
        return f"{self.ending}: {said}" if self.ending else said

    def wait_until_ready(self, timeout: float = START_LIMIT, tls: TLS | None = None) -> None:
        """Wait until its P4Runtime server answers. Raises LaunchError when it ends, or does not in time, and when a
        client with these files of ``tls`` will never be answered."""
        from srv6cp.p4rt import ConnectionFailed, wait_for_switch

        end = time.monotonic() + timeout
        while True:
            try:
                wait_for_switch(self.address, self.launch.device_id, timeout=0.5, tls=tls)
            except ConnectionFailed as error:
                if self.alive and time.monotonic() > end:
                    raise LaunchError(f"{self.kind}: {error}") from None
                if tls is not None and (reason := self._tls_failure(tls)):
                    raise LaunchError(f"{self.kind} at {self.address}: {reason}") from None
            else:
                if self.alive:  # else somebody else answers
                    if unixsockets.is_unix(self.address) and self.kind == "bmv2":
                        unixsockets.hand_over(unixsockets.path_of(self.address), invoking_user())
                    self._told = os.fstat(self._output.fileno()).st_size
                    return
            if not self.alive:
                raise LaunchError(f"{self.kind} does not start ({self.last_words()})")

    def _tls_failure(self, tls: TLS) -> str | None:
        """What is wrong with the certificates, which patience does not mend. Waiting for a connection does not tell."""
        from srv6cp.p4rt import Client, ConnectionFailed

        client = Client(self.address, self.launch.device_id, tls=tls)
        try:
            client.connect(timeout=0.5)
        except ConnectionFailed as error:
            return error.reason if "TLS" in error.reason else None
        finally:
            client.close()
        return None

    def terminate(self) -> None:
        """Ask it to end, without waiting."""
        if self.alive:
            self._process.terminate()

    def stop(self) -> None:
        """End it; a stubborn one is killed. Does nothing the second time."""
        self.terminate()
        try:
            self._process.wait(STOP_LIMIT)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._close()

    def __enter__(self) -> Switch:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def python_environment(*packages: str) -> dict[str, str]:
    """The environment with which a Python child finds these packages where this process has them."""
    found = [folder for folder in map(_python_has, packages) if folder]
    folders = [folder for folder in found if Path(folder).name not in ("site-packages", "dist-packages")]
    if before := os.environ.get("PYTHONPATH"):
        folders.append(before)
    return {**os.environ, "PYTHONPATH": os.pathsep.join(dict.fromkeys(folders))} if folders else dict(os.environ)


def _python_has(package: str) -> str | None:
    """The folder of a package that Python finds, or that lies beside this one in a source tree; None without."""
    spec = find_spec(package)
    if spec is not None and spec.origin is not None:
        return str(Path(spec.origin).absolute().parents[1])
    root = Path(__file__).resolve().parents[3]
    return str(root) if (root / package / "__init__.py").is_file() else None


def _program(kind: str) -> list[str]:
    if (reason := missing(kind)) is not None:
        hint = "install BMv2, or use --switch softswitch" if kind == "bmv2" else "reinstall the package"
        raise NotInstalled(f"{reason}; {hint}")
    if kind == "bmv2":
        return [str(shutil.which(BMV2))]
    if _python_has("softswitch"):
        return [sys.executable, "-m", "softswitch"]
    return [str(shutil.which("softswitch"))]


def _value(words: Sequence[str], flag: str) -> str | None:
    """What follows ``flag`` in a command line, None without it."""
    for word, following in zip(words, [*words[1:], ""], strict=True):
        name, equals, value = word.partition("=")
        if name == flag:
            return value if equals else following
    return None


def _notifications(words: Sequence[str]) -> Path | None:
    """The socket that BMv2 makes for its notifications, where it is one of ours."""
    path = Path((_value(words, "--notifications-addr") or "").removeprefix("ipc://"))
    return path if path.parent in rundir.folders() else None


@cache
def _knows(program: str, flag: str) -> bool:
    """Whether this build of BMv2 has the flag: those of Thrift and nanomsg are known to builds with them only."""
    try:
        done = subprocess.run([program, "--help"], capture_output=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return flag.encode() in done.stdout + done.stderr


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
