"""Rules of the code base that no linter knows."""

import ast
import re
import subprocess
import sys
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "hugmood"
MODULES = sorted(SOURCE.rglob("*.py"))

READS_ENVIRONMENT = {"config.py"}

ASKS_THE_MACHINE = {"ambient.py"}
"""Who may use clocks, ids and chance; anybody else is handed an `Ambient`."""
MACHINE = {"random", "secrets", "time", "uuid"}
CLOCKS = {"now", "today", "utcnow"}

LONGEST_FUNCTION = 40
LONG_FUNCTIONS = {
    "client/__init__.py:connect": "the SDK's front door: most lines are keywords with defaults",
}
"""`file:function` and the reason why it has more code lines than the longest should."""

PORTABLE = ["constraints.txt", "pyproject.toml", "Makefile", ".ci/run"]


def parsed(path: Path) -> ast.Module:
    """The syntax tree of a module."""
    return ast.parse(path.read_text("utf-8"))


def name(path: Path) -> str:
    """The path inside the package, as the lists above write it."""
    return path.relative_to(SOURCE).as_posix()


def uses(tree: ast.Module) -> Iterator[str]:
    """Modules that are imported and dotted names that are read."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Attribute):
            yield ast.unparse(node)


def reads_environment(use: str) -> bool:
    """Whether this name is the environment."""
    return use in {"os.environ", "os.environb", "os.getenv", "os.getenvb"}


def asks_the_machine(use: str) -> bool:
    """Whether this name is a clock, an id or chance."""
    module, _, last = use.rpartition(".")
    clock = last in CLOCKS and module.rpartition(".")[2] in {"date", "datetime"}
    return use.split(".", 1)[0] in MACHINE or clock or use in {"os.urandom", "os.getrandom"}


@pytest.mark.parametrize(
    "use", ["time", "time.monotonic", "uuid.uuid4", "datetime.now", "datetime.datetime.now"]
)
def test_the_machine_is_recognised(use: str) -> None:
    """The rule below can fail."""
    assert asks_the_machine(use)


@pytest.mark.parametrize("use", ["ambient.now", "datetime.fromisoformat", "self.time", "timeout"])
def test_others_are_not_taken_for_the_machine(use: str) -> None:
    """The rule below fails for nothing else."""
    assert not asks_the_machine(use)


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_one_module_reads_the_environment(path: Path) -> None:
    """Settings are fields of `Config`: declared, checked and documented in one place."""
    found = [use for use in uses(parsed(path)) if reads_environment(use)]
    assert bool(found) is (name(path) in READS_ENVIRONMENT), found


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_one_module_asks_the_machine(path: Path) -> None:
    """Clocks, ids and chance come from `ambient`, so that tests can hold them still."""
    found = [use for use in uses(parsed(path)) if asks_the_machine(use)]
    assert bool(found) is (name(path) in ASKS_THE_MACHINE), found


def code_lines(path: Path) -> set[int]:
    """Numbers of the lines that hold code: no comment, no docstring, not blank."""
    skipped = {
        tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT,
        tokenize.ENCODING, tokenize.ENDMARKER,
    }  # fmt: skip
    with path.open("rb") as file:
        tokens = [token for token in tokenize.tokenize(file.readline) if token.type not in skipped]
    lines = {number for token in tokens for number in range(token.start[0], token.end[0] + 1)}
    return lines - docstring_lines(parsed(path))


def docstring_lines(tree: ast.Module) -> set[int]:
    """Numbers of the lines of strings that stand alone."""
    return {
        number
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
        for number in range(node.lineno, (node.end_lineno or 0) + 1)
    }


def function_sizes(path: Path) -> Iterator[tuple[str, int]]:
    """The code lines of each function; a nested one's count in the outer one too."""
    lines = code_lines(path)
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            end = node.end_lineno or node.lineno
            yield f"{name(path)}:{node.name}", sum(node.lineno <= line <= end for line in lines)


def test_functions_are_short() -> None:
    """More than forty code lines need a reason, and a reason needs a long function."""
    sizes = [one for path in MODULES for one in function_sizes(path)]
    long = {function for function, lines in sizes if lines > LONGEST_FUNCTION}
    assert set(LONG_FUNCTIONS) == long


@pytest.mark.parametrize("file", PORTABLE)
def test_set_up_names_no_host(file: str) -> None:
    """Where packages come from is the machine's own business: it may have a mirror."""
    text = (ROOT / file).read_text("utf-8")
    assert [] == re.findall(r"\S*://\S*|--(?:extra-)?index-url|--find-links|--trusted-host", text)


def test_constraints_are_exact() -> None:
    """One line, one package, one version; no file, no address, no hash."""
    lines = (ROOT / "constraints.txt").read_text("utf-8").splitlines()
    pinned = [line for line in lines if line and not line.startswith("#")]
    assert [] == [line for line in pinned if not re.fullmatch(r"[\w.-]+==[\w.]+(; .+)?", line)]


LOADED = """
import importlib, pkgutil, sys
package = importlib.import_module(sys.argv[1])
for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
    importlib.import_module(module.name)
print("\\n".join(sys.modules))
"""
RULES_AND_DATABASES = re.compile(
    r"hugmood\.(features\.\w+\.(service|store)|store|engine\.(handling|writer|reader|worker))\b.*"
    r"|sqlite3|psycopg|alembic|sqlalchemy|argon2"
)


@pytest.mark.parametrize(
    "package", ["hugmood.asyncapi", "hugmood.client", "hugmood.gateway", "hugmood.wire"]
)
def test_loads_no_rule_and_no_database(package: str) -> None:
    """The import contracts see what is written; this sees what really gets loaded."""
    run = [sys.executable, "-c", LOADED, package]
    loaded = subprocess.run(run, check=True, capture_output=True, text=True).stdout.split()
    assert any(module.startswith(f"{package}.") for module in loaded)
    assert [] == [module for module in loaded if RULES_AND_DATABASES.fullmatch(module)]
