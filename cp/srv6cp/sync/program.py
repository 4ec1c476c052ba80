# SPDX-License-Identifier: Apache-2.0
"""A compiled program as a switch takes it, and whether a switch runs it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

from srv6cp.artifacts import PROFILES, ArtifactError, Artifacts, find
from srv6cp.p4rt import (
    Client,
    CloneSession,
    Code,
    MulticastGroup,
    NoPipeline,
    P4Info,
    P4InfoError,
    RpcFailed,
    pipeline_cookie,
)


@dataclass(frozen=True)
class Program:
    """What is loaded: ``config`` is the JSON of the switch, ``cookie`` a digest of both, by which it is known again."""

    info: P4Info
    config: bytes
    cookie: int

    @classmethod
    def read(cls, files: Artifacts | None = None) -> Program:
        """The program in these files (default: the default profile). Raises ArtifactError, P4InfoError or OSError."""
        files = files or find()
        info, config = P4Info.from_file(files.p4info), files.json.read_bytes()
        return cls(info, config, pipeline_cookie(info, config))

    @classmethod
    def of_switch(cls, client: Client) -> Program:
        """The profile that the switch runs; the default one when it runs none of ours.

        Raises as `read` does, and P4RuntimeError.
        """
        default = cls.read()
        cookie = client.get_pipeline_cookie()
        if cookie and cookie != default.cookie:
            for profile in PROFILES:
                with suppress(ArtifactError):  # one that is not here is not what was loaded from here
                    other = cls.read(find(profile))
                    if other.cookie == cookie:
                        return other
        return default

    def runs_on(self, client: Client) -> bool:
        """Whether the switch runs exactly this. Raises P4RuntimeError."""
        return client.get_pipeline_cookie() == self.cookie

    def load(self, client: Client) -> bool:
        """Load it unless the switch runs it; True when it was loaded, and tables are empty. Raises P4RuntimeError."""
        if self.runs_on(client):
            return False
        _forget_replication(client)
        client.set_pipeline(self.info, self.config, cookie=self.cookie)
        return True


def _forget_replication(client: Client) -> None:
    """Delete clone sessions and multicast groups of the program that the switch runs.

    BMv2 keeps them when another program is loaded, and its server forgets them: written again, they would copy twice.
    """
    try:
        client.delete(*client.read(CloneSession(), MulticastGroup()))
    except (NoPipeline, P4InfoError):
        return
    except RpcFailed as error:
        if error.code is not Code.UNIMPLEMENTED:
            raise
