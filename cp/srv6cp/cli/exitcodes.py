# SPDX-License-Identifier: Apache-2.0
"""Exit codes of ``srv6``; the table is repeated in docs/cli.md."""

OK = 0
CHECK_FAILED = 1
USAGE = 2
CONFIG = 3
CANNOT_CONNECT = 4
REJECTED = 5
INTERRUPTED = 130


class CliError(Exception):
    """A failure with its exit code; the text is one clear line for the user."""

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.code = code


class UsageError(CliError):
    """The command line makes no sense."""

    def __init__(self, message: str) -> None:
        super().__init__(message, USAGE)
