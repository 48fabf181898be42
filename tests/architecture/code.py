"""The product's own code, read as text and as syntax trees."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

__all__ = ["PACKAGES", "ROOT", "files", "imported", "pyproject", "tree", "words"]

ROOT = Path(__file__).parents[2]
PACKAGES = ("adapters", "gateway", "resolvers", "schema")
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@cache
def files(*folders: str) -> tuple[str, ...]:
    """Every Python file of these folders, as a path from the root."""
    found = (path for folder in folders for path in (ROOT / folder).rglob("*.py"))
    return tuple(sorted(path.relative_to(ROOT).as_posix() for path in found))


@cache
def tree(file: str) -> ast.Module:
    """The syntax tree of a file."""
    return ast.parse((ROOT / file).read_text("utf-8"), file)


@cache
def pyproject() -> Any:
    """What pyproject.toml says."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


def imported(file: str) -> set[str]:
    """The top-level packages that a file imports, wherever in it."""
    found: set[str] = set()
    for node in ast.walk(tree(file)):
        if isinstance(node, ast.Import):
            found.update(name.name.partition(".")[0] for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.partition(".")[0])
    return found


def words(file: str) -> set[str]:
    """The names and the words in texts of a file; what is written for people in docstrings is left out."""
    docs = {id(node) for node in _docstrings(tree(file))}
    found: set[str] = set()
    for node in ast.walk(tree(file)):
        for text in _texts(node, docs):
            found.update(_WORD.findall(text))
    return found


def _docstrings(module: ast.Module) -> Iterator[ast.expr]:
    """Texts that stand alone: of modules, classes, functions and attributes."""
    return (node.value for node in ast.walk(module) if isinstance(node, ast.Expr))


def _texts(node: ast.AST, docs: set[int]) -> Iterator[str]:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name) | ast.arg(arg=name):
            yield name
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            yield name
        case ast.keyword(arg=str(name)) | ast.alias(name=name):
            yield name
        case ast.Constant(value=str(text)) if id(node) not in docs:
            yield text
