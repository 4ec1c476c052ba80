# SPDX-License-Identifier: Apache-2.0
"""The O flag (RFC 9259 2.1.1), whose copies are packet-ins. The clock of a copy is the controller's, so that no time
stands in what is compared; and no rate limits them here.
"""

from __future__ import annotations

from diff.draw import Draw, Family
from harness import wire
from harness.wire import Frame
from srv6cp.compile import tables

O_FLAG = 0x20


def _frame(draw: Draw, port: int) -> Frame:
    """With the flag, to a SID of any kind: one in a row of several, the last one, one that is wrong."""
    count = draw.random.choice((1, 2, 3, 4))
    segments = [draw.sid() if draw.often(0.7) else draw.target6() for _ in range(count)]
    left = draw.random.choice((0, count - 1, count - 1, count, count + 1))
    target = segments[left] if left < count else draw.sid()
    flags = O_FLAG | (draw.byte() if draw.often(0.2) else 0)
    payload = wire.srh(segments, sl=left, flags=flags, payload=draw.upper(1))
    if draw.often(0.2):
        payload = draw.extensions(payload)
    return draw.ethernet(port, wire.ip6(draw.source6(), target, payload, hl=draw.hop_limit()))


FAMILY = Family(
    needs=((tables.O_FLAG, None),),
    config={"oam": {"o-flag": True}},
    frame=_frame,
)
