# SPDX-License-Identifier: Apache-2.0
"""What the C allocator of this process keeps of memory that has been freed.

glibc gives each thread a heap of its own and learns from large blocks that were freed to keep such blocks.  A server
whose threads each take a large message apart once would keep all of that memory for good.
"""

from __future__ import annotations

import ctypes

__all__ = ["keep_little"]

# <malloc.h>
_M_TRIM_THRESHOLD = -1
_M_MMAP_THRESHOLD = -3
_M_ARENA_MAX = -8


def keep_little() -> None:
    """Few heaps, and large blocks go back at once.  Nothing where the C library is not glibc."""
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return
    mallopt(_M_ARENA_MAX, 2)
    mallopt(_M_MMAP_THRESHOLD, 256 << 10)
    mallopt(_M_TRIM_THRESHOLD, 1 << 20)
