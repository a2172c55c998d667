"""What happens when a wheel is built: GraphiQL is put into it, and it may be compiled.

With `COMPILE_HUGMOOD=1` mypyc makes C of the modules that pyproject.toml names, the way of an
event to its sockets and of a command through the engine. They are the same modules, and do the
same; where they are not compiled Python runs them as they stand.
"""

import os
import runpy
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT = Path(__file__).parent
PARTS = ROOT / "graphiql" / "unpack.py"
SOURCES = ROOT / "src"

WANTED = "COMPILE_HUGMOOD"
"""The variable that asks for compiled modules."""
_NO = frozenset({"", "0", "off", "false", "no"})


class Hook(BuildHookInterface[Any]):
    """Adds to a wheel what is not in version control; does nothing for installed checkouts."""

    def dependencies(self) -> list[str]:
        """Name what has to be there to build."""
        return ["mypy>=1.18", "setuptools>=78"] if _compiles() else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Make it, before files are collected."""
        self._unpack_graphiql(version)
        if not _compiles() or self.target_name != "wheel":
            return
        if version == "editable":
            self.app.display_warning(f"{WANTED} is for wheels: what is edited is not compiled")
            return
        self._folder = Path(tempfile.mkdtemp(prefix="hugmood-compiled-"))
        modules, libraries = self.config["compiled"], self.config["libraries"]
        for made in compiled(self._folder, modules, libraries):
            name = str(made.relative_to(self._folder))
            build_data["force_include"][str(made)] = name
        build_data["pure_python"] = False
        build_data["infer_tag"] = True

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:  # noqa: ARG002 (hatchling's)
        """Clean up: the wheel has it all."""
        if hasattr(self, "_folder"):
            shutil.rmtree(self._folder, ignore_errors=True)

    def _unpack_graphiql(self, version: str) -> None:
        """Unpack GraphiQL where it is not there yet, and build without it where that fails."""
        parts = runpy.run_path(str(PARTS))
        if version == "editable" or parts["ASSETS"].exists():
            return  # checkouts that are installed have `make graphiql`
        try:
            parts["unpack"]()
        except parts["NotUnpacked"] as problem:
            self.app.display_warning(f"Building without GraphiQL: {problem}")


_LIBRARIES = """
import sys
from setuptools import Extension, setup

names = [path.removesuffix(".c").replace("/", ".") for path in sys.argv[1:]]
modules = [Extension(name, [path]) for name, path in zip(names, sys.argv[1:])]
setup(name="hugmood", ext_modules=modules, packages=[], script_args=["build_ext", "--inplace"])
"""


def compiled(folder: Path, modules: list[str], libraries: list[str]) -> list[Path]:
    """Compile these modules and C files (paths below src) in a new folder; return what it made.

    Raises CalledProcessError, after mypyc or the compiler has said what is wrong: mostly that
    there is no compiler.
    Modules that they import are read for types only. Not in the checkout: what is compiled there
    would go on being run in place of what is edited.
    """
    shutil.copytree(SOURCES / "hugmood", folder / "hugmood", dirs_exist_ok=True)
    environ = os.environ | {"MYPYC_OPT_LEVEL": "3", "MYPYC_DEBUG_LEVEL": "0"}
    options = ["--ignore-missing-imports", "--follow-imports=silent", "--config-file="]
    for command in (["-m", "mypyc", *options, *modules], ["-c", _LIBRARIES, *libraries]):
        subprocess.run(  # noqa: S603 (our own modules)
            [sys.executable, *command],
            cwd=folder,
            env=environ,
            stdout=sys.stderr,  # standard output is the build's own
            check=True,
        )
    shutil.rmtree(folder / "build")
    return sorted(folder.rglob("*.so"))


def _compiles() -> bool:
    return os.environ.get(WANTED, "").lower() not in _NO
