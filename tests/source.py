"""Our own source, read as a tree: what the tests of the architecture ask."""

from __future__ import annotations

import ast
import gc
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "trainings"
STATEMENTS = (ast.stmt, ast.excepthandler, ast.match_case)


@dataclass(frozen=True)
class Import:
    """`name` is the full module imported, `line` where."""

    name: str
    line: int


def python_files(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


@cache
def tree(path: Path) -> ast.Module:
    read = ast.parse(path.read_text())
    # A million nodes stay to the end: looking through them for what is not used any more costs more than reading them.
    gc.freeze()
    return read


@cache
def nodes(path: Path) -> list[ast.AST]:
    """All of the tree."""
    return list(ast.walk(tree(path)))


def shown(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def imports(path: Path) -> list[Import]:
    """What a file imports when it runs; what it names for types only does not count."""
    return [found for node in running(tree(path)) for found in _imported(node)]


def running(node: ast.AST) -> Iterator[ast.AST]:
    """All statements below, except those under `if TYPE_CHECKING`."""
    for child in _statements_in(node):
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            continue
        yield child
        yield from running(child)


def _statements_in(node: ast.AST) -> Iterator[ast.AST]:
    """Those right inside, with what holds others: nine nodes of ten are expressions, and none of these holds any."""
    return (one for one in ast.iter_child_nodes(node) if isinstance(one, STATEMENTS))


def _imported(node: ast.AST) -> list[Import]:
    if isinstance(node, ast.Import):
        return [Import(alias.name, node.lineno) for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.module:
        return [Import(_full_name(node.module, alias.name), node.lineno) for alias in node.names]
    return []


@cache
def _full_name(module: str, name: str) -> str:
    """`from trainings.places import queries` imports a module, `from trainings.clock import now` a thing in one."""
    folder = ROOT / module.replace(".", "/")
    is_module = (folder / f"{name}.py").exists() or (folder / name / "__init__.py").exists()
    return f"{module}.{name}" if is_module else module


@cache
def module_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def references(path: Path) -> set[str]:
    """What a file names, each with its module: what it imports, reaches through a module, or uses of its own; also in
    a text like `module:name`.
    """
    known = {alias: name for node in nodes(path) for alias, name in _aliases(node)}
    found, own = set(known.values()), module_of(path)
    for node in nodes(path):
        if isinstance(node, ast.Name):
            found.add(f"{own}.{node.id}")
        elif isinstance(node, ast.Attribute):
            first, _dot, rest = dotted(node).partition(".")
            found.add(f"{known.get(first, first)}.{rest}")
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            found.add(node.value.replace(":", "."))
    return found


def _aliases(node: ast.AST) -> list[tuple[str, str]]:
    if isinstance(node, ast.ImportFrom) and node.module:
        return [(alias.asname or alias.name, f"{node.module}.{alias.name}") for alias in node.names]
    if isinstance(node, ast.Import):
        return [(alias.asname, alias.name) for alias in node.names if alias.asname]
    return []


def functions(path: Path) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    return [node for node in _all_statements(tree(path)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


def _all_statements(node: ast.AST) -> Iterator[ast.AST]:
    for child in _statements_in(node):
        yield child
        yield from _all_statements(child)


def length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines from `def` to the end, decorators apart."""
    return (function.end_lineno or function.lineno) - function.lineno + 1


def calls(path: Path) -> list[ast.Call]:
    return [node for node in nodes(path) if isinstance(node, ast.Call)]


def called(call: ast.Call) -> str:
    return dotted(call.func)


def dotted(node: ast.AST) -> str:
    """`clock.now`; what is not a name, as a call or an item, reads `?`."""
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else "?"


def texts(path: Path) -> Iterator[str]:
    """Every text constant; the moving parts of an f-string read `*`."""
    for node in nodes(path):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        elif isinstance(node, ast.JoinedStr):
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else "*" for part in node.values)
