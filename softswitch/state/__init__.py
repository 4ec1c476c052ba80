# SPDX-License-Identifier: Apache-2.0
"""What a controller writes and packets read, by P4 name: tables, action profiles, counters, meters, registers, value
sets, replication.  :class:`softswitch.state.state.State` is all of it; engines run packets over it.
"""
