"""Rules for the tests themselves: helpers stand in modules of helpers, and every test can fail."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
ASSERTING = re.compile(r"assert\w*|raises|warns|fail|expect|refused|wait_for\w*|wait_until|eventually")
"""Calls that fail a test by themselves."""


def imports_of_tests(source: str) -> list[str]:
    """Where a module imports a module of tests. What tests share stands in conftest.py or in a module of helpers."""
    return [
        f"line {node.lineno}: {name}"
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in (getattr(node, "module", None) or "", *(alias.name for alias in node.names))
        if re.search(r"(^|\.)test_\w+$", name)
    ]


def idle_tests(source: str) -> list[str]:
    """The tests that neither assert anything nor call a function that does, of this module or by its name."""
    functions = {node.name: node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef)}

    def asserts(name: str, seen: frozenset[str]) -> bool:
        if name not in functions or name in seen:
            return ASSERTING.fullmatch(name) is not None
        nodes = list(ast.walk(functions[name]))
        called = {
            getattr(node.func, "attr", getattr(node.func, "id", "")) for node in nodes if isinstance(node, ast.Call)
        }
        return any(isinstance(node, ast.Assert) for node in nodes) or any(
            asserts(each, seen | {name}) for each in called
        )

    return [name for name in functions if name.startswith("test_") and not asserts(name, frozenset())]


def faults(check: object, paths: list[Path]) -> dict[str, list[str]]:
    found = {str(path.relative_to(TESTS)): check(path.read_text(encoding="utf-8")) for path in paths}  # type: ignore[operator]
    return {name: faults for name, faults in found.items() if faults}


def test_no_test_module_is_imported() -> None:
    paths = list(TESTS.rglob("*.py"))
    assert len(paths) > 100 and faults(imports_of_tests, paths) == {}


def test_every_test_can_fail() -> None:
    assert faults(idle_tests, list(TESTS.rglob("test_*.py"))) == {}


@pytest.mark.parametrize(
    "source", ["from tests.viz.test_scene import unpacked", "import tests.test_a", "from tests.pages import test_a"]
)
def test_an_imported_test_module_is_found(source: str) -> None:
    assert imports_of_tests(source) != [] and imports_of_tests(source.replace("test_", "")) == []


def test_a_test_that_cannot_fail_is_found() -> None:
    idle = "def look(): print(1)\ndef test_a(): look()"
    assert idle_tests(idle) == ["test_a"]
    for body in ("assert look()", "with pytest.raises(ValueError): look()", "expect(look())", "check()"):
        assert idle_tests(f"def check():\n    assert look()\ndef test_a():\n    {body}") == []
