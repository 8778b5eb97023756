"""Where a fault can stand: a condition that is turned, a line that is dropped."""

from __future__ import annotations

import ast
import re
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

TURNED, DROPPED = "turned", "dropped"

LEFT_OUT = {"migrations", "seed", "locale"}
"""Folders of `trainings/` that no rule lives in."""

BEGINS_STATEMENT = re.compile(r"[;{}]\s*(//.*)?$|\*/\s*$|^\s*//")
JS_IF = re.compile(r"^(\s*)if \((.*)\) (\{|return\b.*;|continue;|throw\b.*;)$")
JS_CALL = re.compile(r"^\s*(await )?(this\.)?#?[A-Za-z_][\w.#]*\(.*\);$")
JS_SET = re.compile(r"^\s*(this\.)?#?[A-Za-z_][\w.#]* [-+]?= .*;$")


@dataclass(frozen=True)
class Fault:
    """One change of one statement. `text` and `nth` find it again in another revision of the same file."""

    file: str
    where: str
    kind: str
    text: str
    nth: int
    line: int
    column: int
    replaced: str

    @property
    def identity(self) -> tuple[str, str, str, str, int]:
        return (self.file, self.where, self.kind, self.text, self.nth)

    @property
    def place(self) -> str:
        return f"{self.file}:{self.line}"

    def as_row(self) -> dict[str, object]:
        return asdict(self)


def python_faults(root: Path) -> list[Fault]:
    """All places in `trainings/`, in the order of files and lines."""
    files = sorted((root / "trainings").rglob("*.py"))
    kept = [path for path in files if not LEFT_OUT & set(path.parts)]
    return [fault for path in kept for fault in _numbered(_in_python(path, root))]


def found_again(root: Path, drawn: Iterable[Fault]) -> dict[tuple[str, str, str, str, int], Fault]:
    """Those of the drawn ones that stand in this checkout too, where they stand in it."""
    here = {fault.identity: fault for fault in (*python_faults(root), *js_faults(root))}
    return {fault.identity: here[fault.identity] for fault in drawn if fault.identity in here}


def js_faults(root: Path) -> list[Fault]:
    """All places in `static/js/`."""
    return [fault for path in sorted((root / "static/js").rglob("*.js")) for fault in _numbered(_in_js(path, root))]


def _numbered(found: Iterator[Fault]) -> Iterator[Fault]:
    seen: Counter[tuple[str, str, str]] = Counter()
    for fault in found:
        key = (fault.where, fault.kind, fault.text)
        yield Fault(**{**asdict(fault), "nth": seen[key]})
        seen[key] += 1


def _in_python(path: Path, root: Path) -> Iterator[Fault]:
    source = path.read_text()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tree = ast.parse(source)
    file = path.relative_to(root).as_posix()
    for where, node in _inside_functions(tree, ""):
        if isinstance(node, ast.If | ast.While | ast.IfExp):
            yield _python_fault(file, where, TURNED, node.test, source)
        elif isinstance(node, ast.Expr | ast.Assign | ast.AugAssign) and not _is_text(node):
            yield _python_fault(file, where, DROPPED, node, source)


def _inside_functions(node: ast.AST, where: str) -> Iterator[tuple[str, ast.AST]]:
    for child in ast.iter_child_nodes(node):
        inner = where
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            inner = f"{where}.{child.name}".strip(".")
        elif where and not isinstance(node, ast.ClassDef):
            yield where, child
        yield from _inside_functions(child, inner)


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _python_fault(file: str, where: str, kind: str, node: ast.expr | ast.stmt, source: str) -> Fault:
    text = ast.get_source_segment(source, node) or ""
    replaced = f"(not ({text}))" if kind == TURNED else "pass"
    column = len(source.splitlines()[node.lineno - 1].encode()[: node.col_offset].decode())
    return Fault(file, where, kind, text, 0, node.lineno, column, replaced)


def _in_js(path: Path, root: Path) -> Iterator[Fault]:
    file = path.relative_to(root).as_posix()
    before, where = "", ""
    for number, line in enumerate(path.read_text().splitlines(), 1):
        indented = line.startswith("  ")
        if line.strip() and not indented:
            where = line.strip()
        is_field = "class " in where and not line.startswith("   ")
        if indented and not is_field and (not before or BEGINS_STATEMENT.search(before)):
            yield from _js_faults_of(file, where, line, number)
        before = line if line.strip() else before


def _js_faults_of(file: str, where: str, line: str, number: int) -> Iterator[Fault]:
    text = line.strip()
    column = line.index(text)
    if match := JS_IF.match(line):
        yield Fault(file, where, TURNED, text, 0, number, column, f"if (!({match[2]})) {match[3]}")
    elif (JS_CALL.match(line) and not text.startswith(("return", "super("))) or JS_SET.match(line):
        yield Fault(file, where, DROPPED, text, 0, number, column, ";")


def with_fault(source: str, fault: Fault, replaced: str | None = None) -> str:
    """The text of the file with the fault in it (or with something else in its place), in as many lines as before."""
    replaced = fault.replaced if replaced is None else replaced
    at = sum(map(len, source.splitlines(keepends=True)[: fault.line - 1])) + fault.column
    after = at + len(fault.text)
    assert source[at:after] == fault.text, fault
    gap = "\n" * (fault.text.count("\n") - replaced.count("\n"))
    return source[:at] + replaced + gap + source[after:]
