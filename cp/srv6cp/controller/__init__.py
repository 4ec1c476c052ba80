# SPDX-License-Identifier: Apache-2.0
"""The long-running controller of one switch: packets, neighbours, ICMP errors, election."""
