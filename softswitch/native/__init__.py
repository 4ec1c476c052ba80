# SPDX-License-Identifier: Apache-2.0
"""Native code made at run time: :mod:`.compiler` runs the system's C compiler and keeps what it made."""
