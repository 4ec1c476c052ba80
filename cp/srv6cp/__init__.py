# SPDX-License-Identifier: Apache-2.0
"""The control plane of an SRv6 router in P4: model, configuration, P4Runtime client, controller and CLI."""
