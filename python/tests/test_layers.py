# SPDX-License-Identifier: MIT
"""No two modules of the package import each other, wherever their imports stand."""

from __future__ import annotations

import ast
import graphlib
import pathlib
from typing import TYPE_CHECKING

import zarrc

if TYPE_CHECKING:
    from collections.abc import Iterator


def imported(node: ast.AST) -> Iterator[str]:
    """Names of modules that are imported at run time."""
    if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
        return
    if isinstance(node, ast.Import):
        yield from (each.name for each in node.names)
    elif isinstance(node, ast.ImportFrom) and node.module == "zarrc":
        yield from (f"zarrc.{each.name}" for each in node.names)
    elif isinstance(node, ast.ImportFrom) and node.module:
        yield node.module
    for child in ast.iter_child_nodes(node):
        yield from imported(child)


def test_imports_make_no_circle() -> None:
    folder = pathlib.Path(zarrc.__file__).parent
    graph = {
        f"zarrc.{path.stem}": set(imported(ast.parse(path.read_text())))
        for path in folder.glob("*.py")
        if path.stem != "__init__"
    }
    inside = {name: {each for each in names if each in graph} for name, names in graph.items()}
    assert "zarrc._bases" in inside["zarrc.codecs"]
    graphlib.TopologicalSorter(inside).prepare()  # CycleError names the circle
