# SPDX-License-Identifier: Apache-2.0
"""Errors of the state of the switch.  Each message names the object, what was wrong and what is valid."""

from __future__ import annotations


class DeviceError(Exception):
    """Base of all errors raised by :mod:`softswitch.device`; a refused call changes nothing."""


class InvalidArgument(DeviceError):
    """A value is out of range, of the wrong kind, or names something the program does not have."""


class DuplicateEntry(DeviceError):
    """An entry (member, group) with this key exists already."""


class NoSuchEntry(DeviceError):
    """No entry (member, group, session) has this key."""


class TableFull(DeviceError):
    """The table or action profile holds as many entries as the program declared."""


class ImmutableEntry(DeviceError):
    """The program declares these entries, or this default action, ``const``."""


class StillReferenced(DeviceError):
    """The member or group is used by a table entry or a group."""


class NotLoaded(DeviceError):
    """No program is loaded."""
