# SPDX-License-Identifier: Apache-2.0
"""How large the parts of a program may be: beyond, it is refused with the place and the bound.

p4c's own bound for fields is 2,048 bits. A switch must survive a program that asks for more than the machine has.
"""

from __future__ import annotations

__all__ = [
    "MAX_CELLS", "MAX_DIGITS", "MAX_ENTRIES", "MAX_HEADER", "MAX_OFFSET", "MAX_PARAMS", "MAX_RATES", "MAX_WIDTH",
]  # fmt: skip

#: Bits of a field, a parameter, a cell of a register, a number.
MAX_WIDTH = 8192
#: Digits of such a number in hexadecimal, with room for a sign, ``0x`` and zeros in front.
MAX_DIGITS = MAX_WIDTH // 4 + 32
#: Bytes of a header with a variable-length field.
MAX_HEADER = 65535
#: Bits from the parser's position to those that it looks ahead to.
MAX_OFFSET = 8 * MAX_HEADER
#: Number of a parameter of an action.
MAX_PARAMS = (1 << 16) - 1
#: Cells of one array of counters, meters or registers, and of all arrays of a program.
MAX_CELLS = 1 << 25
#: Rates of a meter: two, and three colours, are what P4Runtime can set.
MAX_RATES = 2
#: Entries of a table, members of a profile: P4Runtime's int64.
MAX_ENTRIES = (1 << 63) - 1
