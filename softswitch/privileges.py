# SPDX-License-Identifier: Apache-2.0
"""Privileges of the command ``softswitch``: used to open ports, sockets and files, then given up for good.

    confine()               first of all, before there is a second thread: nothing that is run later can gain anything
    account = choose(name)  the user to become
    shed(...)               before gRPC makes threads, where the user stays the same
    account.become()        when all is open

glibc changes the user of all threads, and with it the kernel takes away all their capabilities; the rest is a matter of
each thread, and inherited by those that it starts.
"""

from __future__ import annotations

import ctypes
import grp
import os
import pwd
import signal
import stat
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["Account", "PrivilegeError", "choose", "confine", "shed"]

#: Whom root becomes unless told otherwise: the first of them that there is.
DEFAULT_USERS = ("softswitch", "nobody")
#: ``nobody`` where the system has no list of users.
_OVERFLOW = 65534

CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_NET_BIND_SERVICE, CAP_NET_ADMIN, CAP_NET_RAW = 0, 1, 10, 12, 13

_PR_SET_PDEATHSIG, _PR_GET_PDEATHSIG = 1, 2
_PR_CAPBSET_DROP = 24
_PR_SET_NO_NEW_PRIVS = 38
_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL = 47, 4
_LAST_CAP = 63
_CAPABILITY_VERSION = 0x20080522


class PrivilegeError(Exception):
    """Privileges cannot be given up as asked; the text says what and why."""


class _Header(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _Sets(ctypes.Structure):
    """Half of the capability sets of a thread; the kernel takes two of them."""

    _fields_ = (("effective", ctypes.c_uint32), ("permitted", ctypes.c_uint32), ("inheritable", ctypes.c_uint32))


def _libc() -> Any:
    return ctypes.CDLL(None, use_errno=True)


def _prctl(*numbers: int) -> bool:
    words = [ctypes.c_ulong(number) for number in (*numbers, 0, 0, 0, 0)[1:5]]
    return int(_libc().prctl(ctypes.c_int(numbers[0]), *words)) == 0


def confine() -> None:
    """No new privileges by running programs; no capabilities for them; none beyond those that this process has.

    What this process may do itself stays. For a process of one thread; the kernel refuses some of it to a process
    without privileges, which has nothing to lose.
    """
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)
    _prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL)
    _keep(None)
    for capability in range(_LAST_CAP + 1):
        _prctl(_PR_CAPBSET_DROP, capability)


def shed(*, low_port: bool = False) -> None:
    """Give up the capabilities of this thread, and of those that it starts, when its user stays the same.

    ``low_port``: a TCP port below 1024 is still to be opened. Root keeps what its sockets and files may need.
    """
    kept = [CAP_CHOWN, CAP_DAC_OVERRIDE] if os.geteuid() == 0 else []
    _keep([*kept, CAP_NET_BIND_SERVICE] if low_port else kept)


def _keep(capabilities: Iterable[int] | None) -> None:
    """Keep of the permitted and effective capabilities of this thread only these (None: all); inherit none."""
    libc, header, sets = _libc(), _Header(_CAPABILITY_VERSION, 0), (_Sets * 2)()
    if not hasattr(libc, "capset") or libc.capget(ctypes.byref(header), sets) != 0:
        return
    kept = -1 if capabilities is None else sum(1 << number for number in capabilities)
    for half, part in enumerate(sets):
        part.permitted &= kept >> 32 * half & 0xFFFFFFFF
        part.effective &= part.permitted
        part.inheritable = 0
    libc.capset(ctypes.byref(header), sets)


@dataclass(frozen=True)
class Account:
    """A user to become. ``asked``: somebody named it, so that anything else would be a mistake."""

    name: str
    user: int
    group: int
    groups: tuple[int, ...]
    home: str
    asked: bool

    def prepare(self, cache: str | None) -> list[Path]:
        """Folders for compiled code that this user alone can write, made while there are privileges: in ``cache``
        (``$XDG_CACHE_HOME``) if it is root's, and in ``/var/cache``."""
        bases = [Path(text) for text in (cache or "", "/var/cache") if text.startswith("/")]
        return [folder for base in bases if (folder := self._folder_in(base)) is not None]

    def _folder_in(self, base: Path) -> Path | None:
        folder = base / f"softswitch-{self.name}"
        try:
            above = base.stat()
            if above.st_uid != 0 or above.st_mode & 0o022:
                return None
            folder.mkdir(mode=0o700, exist_ok=True)
            handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError:
            return None
        try:
            found = os.fstat(handle)
            if found.st_uid == 0 and stat.S_IMODE(found.st_mode) == 0o700:
                os.fchown(handle, self.user, self.group)
            return folder if found.st_uid in (0, self.user) else None
        except OSError:
            return None
        finally:
            os.close(handle)

    def become(self, caches: Iterable[Path] = ()) -> None:
        """Become this user, in all threads, without any capability. ``caches``: of :meth:`prepare`.

        Raises PrivilegeError: the kernel does not let this process, or something is left.
        """
        death = ctypes.c_int(0)
        _libc().prctl(_PR_GET_PDEATHSIG, ctypes.byref(death), 0, 0, 0)
        parent = os.getppid()
        try:
            if _may_set_groups():
                os.setgroups(self.groups)
            os.setresgid(self.group, self.group, self.group)
            os.setresuid(self.user, self.user, self.user)
        except OSError as error:
            raise PrivilegeError(f"cannot become user {self.name} ({self.user}): {error.strerror}") from None
        self._check()
        if death.value:
            # The kernel forgets it when the user changes.
            _prctl(_PR_SET_PDEATHSIG, death.value)
            if os.getppid() != parent:
                signal.raise_signal(death.value)
        os.environ["HOME"] = self.home
        for variable in ("XDG_CACHE_HOME", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "SUDO_UID", "SUDO_GID"):
            os.environ.pop(variable, None)
        usable = [folder for folder in caches if os.access(folder, os.R_OK | os.W_OK | os.X_OK)]
        if usable:
            os.environ["XDG_CACHE_HOME"] = str(usable[0])

    def _check(self) -> None:
        """No thread may have kept anything."""
        for status in Path("/proc/self/task").glob("*/status"):
            with suppress(FileNotFoundError, ProcessLookupError):
                lines = [line.split() for line in status.read_text(encoding="utf-8", errors="replace").splitlines()]
                fields = {words[0]: words[1:] for words in lines if words}
                if set(fields["Uid:"]) != {str(self.user)} or int(fields["CapPrm:"][0], 16):
                    raise PrivilegeError(f"thread {status.parent.name} has kept privileges of user {fields['Uid:'][0]}")


def choose(asked: str | None) -> Account | None:
    """The user to become: ``NAME[:GROUP]``, names or numbers, else the default one; None to stay.

    Root stays where it is told to, and where the default user does not exist in its user namespace. Raises
    PrivilegeError.
    """
    if os.geteuid() != 0:
        if asked is not None:
            raise PrivilegeError(f"--user {asked}: only root becomes another user; start it as that user instead")
        return None
    if asked is None:
        account = next((found for name in DEFAULT_USERS if (found := _named(name, None)) is not None), None)
        account = account or Account("nobody", _OVERFLOW, _OVERFLOW, (), "/nonexistent", asked=False)
        return account if _mapped(account.user) and _can_change() else None
    name, colon, group = asked.partition(":")
    found = _named(name, group if colon else None, asked=True)
    if found is None:
        raise PrivilegeError(f"--user {asked}: there is no user {name!r}")
    if found.user == 0:
        return None
    if not _mapped(found.user):
        raise PrivilegeError(f"--user {asked}: this user namespace has no user {found.user}")
    return found


def _named(name: str, group: str | None, *, asked: bool = False) -> Account | None:
    try:
        entry = pwd.getpwuid(int(name)) if name.isascii() and name.isdecimal() else pwd.getpwnam(name)
    except (KeyError, OverflowError):
        if not (name.isascii() and name.isdecimal() and int(name) < 1 << 32 and group):
            return None
        number = _group(group, f"--user {name}:{group}")
        return Account(name, int(name), number, (number,), "/nonexistent", asked)
    number = entry.pw_gid if group is None else _group(group, f"--user {name}:{group}")
    groups = (number,) if group is not None else tuple(os.getgrouplist(entry.pw_name, number))
    return Account(entry.pw_name, entry.pw_uid, number, groups, entry.pw_dir, asked)


def _group(text: str, where: str) -> int:
    if text.isascii() and text.isdecimal():
        return int(text)
    try:
        return grp.getgrnam(text).gr_gid
    except KeyError:
        raise PrivilegeError(f"{where}: there is no group {text!r}") from None


def _mapped(user: int) -> bool:
    """Whether the user exists in this user namespace."""
    try:
        ranges = [line.split() for line in Path("/proc/self/uid_map").read_text("ascii").splitlines()]
    except OSError:
        return True
    return any(int(first) <= user < int(first) + int(count) for first, _, count in ranges)


def _can_change() -> bool:
    """Whether this process has the capabilities to become another user, which a container may take from root."""
    libc, header, sets = _libc(), _Header(_CAPABILITY_VERSION, 0), (_Sets * 2)()
    if not hasattr(libc, "capget") or libc.capget(ctypes.byref(header), sets) != 0:
        return True
    return bool(sets[0].effective >> 6 & 1 and sets[0].effective >> 7 & 1)  # CAP_SETGID, CAP_SETUID


def _may_set_groups() -> bool:
    try:
        return Path("/proc/self/setgroups").read_text("ascii").strip() != "deny"
    except OSError:
        return True
