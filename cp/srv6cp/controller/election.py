# SPDX-License-Identifier: Apache-2.0
"""Which of several controllers of a switch writes to it (P4Runtime 5, client arbitration).

The switch decides: the highest election id of those connected is primary. A backup that is told that there
is no primary any more asks again with an id above the highest seen; one that loses this race goes back to
its own id and stays backup. A former primary that returns with its old id finds a higher one and stays
backup as well.
"""

from __future__ import annotations

import logging

from srv6cp.p4rt import MAX_ELECTION_ID, NOT_TO_BE_OUTBID, Arbitration, ArbitrationFailed, Client, NotPrimary, Primacy

log = logging.getLogger(__name__)


class Election:
    """The candidacy of one client. Its methods are called from one thread, never from a stream callback."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._own_id = client.election_id
        self._highest = 0
        self._said = False
        self.role = "disconnected"
        """`primary`, `backup` or `disconnected`, as last settled."""

    @property
    def is_primary(self) -> bool:
        return self.role == "primary"

    def stand(self, reconnect_within: float | None = None) -> bool:
        """Arbitrate, after reconnecting within so many seconds when given; True when primary.

        Raises ConnectionFailed or ArbitrationFailed; the role is then `disconnected`.
        """
        self.role = "disconnected"
        if reconnect_within is not None:
            self._client.reconnect(reconnect_within)
        elif not self._client.connected:
            self._client.connect()
        answer = self._client.arbitration or self._client.arbitrate()
        return self._settle(answer)

    def changed(self) -> bool:
        """The switch has spoken: True when this client has just become primary."""
        answer = self._client.arbitration
        was_primary = self.is_primary
        if answer is None:
            return False
        return self._settle(answer) and not was_primary

    def lost(self) -> None:
        """The stream has ended."""
        self.role = "disconnected"

    def _settle(self, answer: Arbitration) -> bool:
        self._highest = max(self._highest, answer.election_id)
        nobody = answer.primacy is Primacy.NO_PRIMARY
        # Some switches promote the next backup by themselves: it outbids the one that left all the same.
        if nobody or (answer.is_primary and self._client.election_id < self._highest):
            answer = self._outbid()
        role = "primary" if answer.is_primary else "backup"
        if role != self.role:
            log.info(
                "%s device-id %d: %s with election id %d%s",
                self._client.address,
                self._client.device_id,
                role,
                self._client.election_id,
                "" if answer.is_primary else f", {answer.election_id} is primary",
            )
        if role == "backup" and answer.election_id == MAX_ELECTION_ID and not nobody:
            self._say_that_it_cannot_be_outbid()
        self.role = role
        return self.is_primary

    def step_back(self) -> None:
        """The switch refuses to be written to: another client is primary, and the switch tells so in its time."""
        self.role = "backup"

    def _say_that_it_cannot_be_outbid(self) -> None:
        if not self._said:
            self._said = True
            log.warning("%s device-id %d: %s", self._client.address, self._client.device_id, NOT_TO_BE_OUTBID)

    def _outbid(self) -> Arbitration:
        try:
            return self._client.outbid(max(self._highest, self._own_id))
        except (ArbitrationFailed, NotPrimary) as error:
            # Another backup was faster with the same id.
            log.debug("%s: %s", self._client.address, error)
            return self._client.arbitrate(self._own_id)
