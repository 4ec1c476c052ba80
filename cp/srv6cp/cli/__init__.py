# SPDX-License-Identifier: Apache-2.0
"""The command ``srv6``: configure, run and look into SRv6 routers. See docs/cli.md."""
