# SPDX-License-Identifier: Apache-2.0
"""Where the compiled P4 program is: beside the installed package, or in ``p4src/build`` of a source tree.

paths = find()            # the program with every family; find("transit"): another profile
paths.json, paths.p4info  # files for the switch and the client
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["PROFILES", "ArtifactError", "Artifacts", "available", "directories", "find"]

#: The profiles of the program, the smallest first; `hmac` is `edge` and what verifies and makes HMACs,
#: `mobile` is `edge` and the mobile user plane, `telemetry` `edge` and what measures, `services` `edge` and service
#: programming.
PROFILES = ("transit", "edge", "full", "hmac", "mobile", "telemetry", "services")
#: The one that every command uses unless told otherwise.
DEFAULT = "full"


class ArtifactError(Exception):
    """A compiled program is missing or incomplete."""


@dataclass(frozen=True, slots=True)
class Artifacts:
    """The files of one compiled program; ``manifest`` may not exist for a program of one's own."""

    name: str
    json: Path
    p4info: Path
    manifest: Path

    def read_manifest(self) -> dict[str, Any]:
        """Compiler version, options and digests of the sources. Raises :class:`ArtifactError`."""
        try:
            content = json.loads(self.manifest.read_text("utf-8"))
        except OSError as error:
            raise ArtifactError(f"{self.manifest}: cannot read the manifest: {error.strerror or error}") from None
        except ValueError as error:
            raise ArtifactError(f"{self.manifest}: not a JSON file: {error}") from None
        if not isinstance(content, dict):
            raise ArtifactError(f"{self.manifest}: not a manifest: a JSON object was expected")
        return content


def directories() -> tuple[Path, ...]:
    """Where compiled programs are looked for, in order."""
    package = Path(__file__).resolve().parent
    return package / "p4build", package.parents[1] / "p4src" / "build"


def available() -> list[str]:
    """Names of the programs that can be found."""
    names = {
        path.name.removesuffix(".p4info.txtpb") for folder in directories() for path in folder.glob("*.p4info.txtpb")
    }
    return sorted(names)


def find(name: str = DEFAULT, folder: str | Path | None = None) -> Artifacts:
    """The files of program ``name``, in ``folder`` or the usual places. Raises :class:`ArtifactError`."""
    places = (Path(folder),) if folder is not None else directories()
    partial: list[str] = []
    for place in places:
        found = Artifacts(name, place / f"{name}.json", place / f"{name}.p4info.txtpb", place / "manifest.json")
        missing = [path for path in (found.json, found.p4info) if not path.is_file()]
        if not missing:
            return found
        if len(missing) == 1:
            partial.append(f"{missing[0]} is missing")
    others = f"; there are: {', '.join(available())}" if folder is None and available() else ""
    detail = "; ".join(partial) or f"looked for {name}.json and {name}.p4info.txtpb in {' and '.join(map(str, places))}"
    raise ArtifactError(
        f"compiled program {name!r} not found: {detail}{others}; run `make build`, or reinstall the package"
    )
