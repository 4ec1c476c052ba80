# SPDX-License-Identifier: Apache-2.0
"""Configuration: YAML (or plain dicts) to the model, with errors that name file, line and what is valid."""

from srv6cp.config.boundary import warnings
from srv6cp.config.loader import load_node, load_node_dict, load_node_source, read_source
from srv6cp.config.source import Source
from srv6cp.problems import ConfigError, InvalidError, Path, Problem, render_path

__all__ = [
    "ConfigError",
    "InvalidError",
    "Path",
    "Problem",
    "Source",
    "load_node",
    "load_node_dict",
    "load_node_source",
    "read_source",
    "render_path",
    "warnings",
]
