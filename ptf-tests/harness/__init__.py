# SPDX-License-Identifier: Apache-2.0
"""What the packet tests stand on: switches under test, ports, frames and readable differences.

Nothing here imports ``srv6cp.packets``: an expected packet is never made by the code that made the real one.
"""
