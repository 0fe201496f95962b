"""The house rules that no linter knows: sizes, docstrings, and tests without mocks and sleeps."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TypeAlias

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = [path for room in ("gateway", "tests", "benchmarks") for path in ROOT.glob(f"{room}/**/*.py")]
MODULES = sorted(path for path in ROOMS if "node_modules" not in path.parts)
TESTS = [path for path in MODULES if path.is_relative_to(ROOT / "tests")]
LONGEST_MODULE, LONGEST_FUNCTION = 300, 40

Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef


@cache
def parsed(path: Path) -> ast.Module:
    """A module as a tree."""
    return ast.parse(path.read_text(encoding="utf-8"))


def functions(path: Path) -> Iterator[Function]:
    """The functions and methods of a module."""
    for node in ast.walk(parsed(path)):
        if isinstance(node, Function):
            yield node


def name_of(path: Path) -> str:
    """A module's place in the tree."""
    return path.relative_to(ROOT).as_posix()


def slept(node: ast.AST) -> bool:
    """Whether a call waits for time to pass; ``asyncio.sleep(0)`` only lets others run."""
    if not isinstance(node, ast.Call):
        return False
    called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    yields = [ast.unparse(argument) for argument in node.args] == ["0"]
    return called == "sleep" and not yields


def mocked(node: ast.AST) -> bool:
    """Whether a module is imported that stands in for others."""
    names = [alias.name for alias in node.names] if isinstance(node, ast.Import | ast.ImportFrom) else []
    origin = (node.module or "") if isinstance(node, ast.ImportFrom) else ""
    return any("mock" in name.lower() for name in (*names, origin))


def length(node: Function) -> int:
    """The lines of a function, its decorators not counted."""
    return (node.end_lineno or node.lineno) - node.lineno + 1


def test_modules_are_short() -> None:
    """A module has 300 lines at most, so that it can be read in one go."""
    lines = {name_of(path): len(path.read_text(encoding="utf-8").splitlines()) for path in MODULES}
    assert {name: count for name, count in lines.items() if count > LONGEST_MODULE} == {}


def test_functions_are_short() -> None:
    """A function has 40 lines at most."""
    lines = {f"{name_of(path)} {node.name}": length(node) for path in MODULES for node in functions(path)}
    assert {name: count for name, count in lines.items() if count > LONGEST_FUNCTION} == {}


def test_modules_open_with_a_sentence() -> None:
    """Each module says in its first line what it is for."""
    silent = [name_of(path) for path in MODULES if path.stat().st_size and not ast.get_docstring(parsed(path))]
    assert silent == []


def test_tests_say_what_they_prove() -> None:
    """Every test has a docstring of its own."""
    tests = [(path, node) for path in TESTS for node in functions(path) if node.name.startswith("test_")]
    assert len(tests) > 100
    assert [f"{name_of(path)} {node.name}" for path, node in tests if not ast.get_docstring(node)] == []


def test_tests_neither_sleep_nor_mock() -> None:
    """Tests run against the real thing, and wait for what happens instead of for time to pass."""
    nodes = [(path, node) for path in TESTS for node in ast.walk(parsed(path)) if slept(node) or mocked(node)]
    assert [f"{name_of(path)}: {ast.unparse(node)}" for path, node in nodes] == []


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("time.sleep(1)", True),
        ("await asyncio.sleep(0.1)", True),
        ("sleep(5)", True),
        ("await asyncio.sleep(0)", False),
        ("rest()", False),
        ("from unittest.mock import Mock", True),
        ("import unittest.mock", True),
        ("from unittest import mock", True),
        ("from pytest_mock import MockerFixture", True),
        ("from . import clocks", False),
    ],
)
def test_the_rule_knows_sleeps_and_mocks(line: str, found: bool) -> None:
    """What is looked for is found, in each way of writing it."""
    assert any(slept(node) or mocked(node) for node in ast.walk(ast.parse(line))) is found
