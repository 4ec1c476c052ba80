# SPDX-License-Identifier: Apache-2.0
"""Where processes of this machine find each other: sockets of switches, and what controllers say of themselves.

    /run/srv6                   of root, where it can be written
    $XDG_RUNTIME_DIR/srv6       (/run/user/UID/srv6) of a user who is logged in
    /tmp/srv6-UID               of any other

Only its owner can write there, everybody may look. Nothing of it is believed unless root or this user owns the folder.
"""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path

from p4rtlib.unixsockets import is_unix, path_of

__all__ = ["folders", "holds", "own", "socket_address"]

_SYSTEM = Path("/run/srv6")


def own() -> Path:
    """The folder of this user, made where it is missing. Raises OSError where there can be none."""
    folder = _candidates()[0] if os.access(_SYSTEM.parent, os.W_OK) else _of_user()
    folder.mkdir(mode=0o755, exist_ok=True)
    if not _trusted(folder) or folder.lstat().st_uid != os.geteuid():
        raise PermissionError(f"{folder} is not this user's, or others can write to it")
    return folder


def folders() -> list[Path]:
    """All that are there, as far as what they hold can be believed."""
    return [folder for folder in dict.fromkeys(_candidates()) if _trusted(folder)]


def socket_address(name: str) -> str:
    """``unix:PATH`` of the switch ``name`` in this user's folder. Raises OSError where there can be none."""
    return f"unix:{own() / name}.sock"


def holds(address: str) -> bool:
    """Whether ``address`` is that of a socket in one of the folders."""
    return is_unix(address) and path_of(address).parent in folders()


def _candidates() -> list[Path]:
    return [_SYSTEM, *(path / "srv6" for path in _session()), _temporary()]


def _of_user() -> Path:
    return next((path / "srv6" for path in _session()), _temporary())


def _session() -> list[Path]:
    """The folder that ends with the session of the user: theirs alone, or it is none (XDG base directories)."""
    found = []
    for path in (Path(os.environ.get("XDG_RUNTIME_DIR", "")), Path(f"/run/user/{os.geteuid()}")):
        if path.is_absolute() and path not in found and _trusted(path) and path.stat().st_uid == os.geteuid():
            found.append(path)
    return found


def _temporary() -> Path:
    return Path(tempfile.gettempdir()) / f"srv6-{os.geteuid()}"


def _trusted(folder: Path) -> bool:
    """A folder, no link to one, that nobody but root and this user can have filled."""
    try:
        found = folder.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid in (0, os.geteuid()) and not found.st_mode & 0o022
