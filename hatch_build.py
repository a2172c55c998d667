"""What happens when a wheel or source distribution is built: GraphiQL is put into it."""

import runpy
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

PARTS = Path(__file__).parent / "graphiql" / "unpack.py"


class GraphiqlHook(BuildHookInterface[Any]):
    """Unpacks GraphiQL where it is not there yet, and builds without it where that fails."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 (hatchling's)
        """Do so before files are collected; checkouts that are installed have `make graphiql`."""
        parts = runpy.run_path(str(PARTS))
        if version == "editable" or parts["ASSETS"].exists():
            return
        try:
            parts["unpack"]()
        except parts["NotUnpacked"] as problem:
            self.app.display_warning(f"Building without GraphiQL: {problem}")
