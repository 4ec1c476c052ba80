#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Says in one line what is missing before an environment can be built. PYTHON: the interpreter; UV: path of uv or nothing.
PYTHON="${PYTHON:-python3}"
if ! command -v "$PYTHON" >/dev/null 2>&1; then
    # uv downloads an interpreter when the machine has none
    [ -n "$UV" ] && exit 0
    echo "setup: '$PYTHON' not found; install Python 3.10 or later, or name one: make setup PYTHON=/path/to/python3" >&2
    exit 1
fi
if ! "$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 10))'; then
    found=$("$PYTHON" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)
    echo "setup: '$PYTHON' is Python ${found:-of an unknown version}, 3.10 or later is needed; name another: make setup PYTHON=python3.12" >&2
    exit 1
fi
if [ -z "$UV" ] && ! "$PYTHON" -c 'import ensurepip, venv' >/dev/null 2>&1; then
    echo "setup: '$PYTHON' has no venv module; on Debian and Ubuntu: apt-get install python3-venv (or install uv)" >&2
    exit 1
fi
