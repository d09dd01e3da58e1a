"""The components' JavaScript: its pure parts give what Python gives, and the joined scripts are modules that run.

Where there is no node these tests are skipped, but never in CI.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pages.common.components.bundle import bundle
from tests.javascript.fixtures import FILE, decoder_tables, written
from vae_core.storage.paths import PROJECT_ROOT

COMPONENTS = PROJECT_ROOT / "pages/common/components"
ENTRIES = sorted(path for path in COMPONENTS.glob("*/*.js") if path.stem in (path.parent.name, "view"))


@pytest.fixture(scope="module")
def node() -> str:
    found = shutil.which("node")
    if found is None:
        if os.environ.get("CI"):
            pytest.fail("node is not installed; in CI nothing is skipped")
        pytest.skip("needs node 20 or newer")
    return found


def output_of(node: str, *arguments: str) -> str:
    done = subprocess.run([node, *arguments], cwd=PROJECT_ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def assert_same(actual: Any, expected: Any, where: str = "") -> None:
    """Equal, but numbers only nearly: the last digits differ from machine to machine."""
    if isinstance(expected, dict):
        assert actual.keys() == expected.keys(), where
        for key, value in expected.items():
            assert_same(actual[key], value, f"{where}.{key}")
    elif isinstance(expected, list):
        assert len(actual) == len(expected), where
        for at, value in enumerate(expected):
            assert_same(actual[at], value, f"{where}[{at}]")
    elif isinstance(expected, float):
        np.testing.assert_allclose(actual, expected, rtol=1e-5, atol=1e-6, err_msg=where)
    else:
        assert actual == expected, where


def imports_of(path: Path) -> list[Path]:
    """The modules of ours that a script imports, whole paths."""
    return [
        (path.parent / name).resolve()
        for name in re.findall(r'^(?:import|\}).* from "(\.[^"]+)"', path.read_text(), re.M)
    ]


def test_components_share_only_what_stands_in_shared() -> None:
    for path in COMPONENTS.glob("*/*.js"):
        for other in imports_of(path):
            assert other.exists() and other.parent in (path.parent, COMPONENTS / "shared"), (path, other)


def test_every_script_is_part_of_a_component() -> None:
    reached, waiting = set(), list(ENTRIES)
    while waiting:
        path = waiting.pop()
        reached.add(path)
        waiting += [other for other in imports_of(path) if other not in reached]
    assert reached == set(COMPONENTS.rglob("*.js"))


def test_the_values_for_the_browser_are_current() -> None:
    """`python -m tests.javascript.fixtures` writes them anew."""
    assert_same(json.loads(FILE.read_text()), json.loads(written()))


def test_the_pure_parts_give_what_python_gives(node: str) -> None:
    tests = sorted(str(path) for path in Path(__file__).parent.glob("*.test.js"))
    assert len(tests) >= 5
    assert "# fail 0" in output_of(node, "--test", "--test-reporter=tap", *tests)


def test_the_browser_knows_the_layers_and_activations_that_python_writes(node: str) -> None:
    script = (
        f"import {{ ACTIVATIONS, LAYERS }} from '{(COMPONENTS / 'shared/decoder.js').as_uri()}'\n"
        "console.log(JSON.stringify({ layers: Object.keys(LAYERS), activations: Object.keys(ACTIVATIONS) }))"
    )
    browser = json.loads(output_of(node, "--input-type=module", "--eval", script))
    assert {name: set(keys) for name, keys in browser.items()} == decoder_tables()


def test_each_joined_script_is_a_module_that_exports_a_component(node: str, tmp_path: Path) -> None:
    assert len(ENTRIES) >= 12
    for entry in ENTRIES:
        (tmp_path / f"{entry.stem}.mjs").write_text(bundle(entry), encoding="utf-8")
    script = f"""
        import {{ readdirSync }} from "node:fs"
        for (const name of readdirSync("{tmp_path}")) {{
          const component = await import("{tmp_path.as_uri()}/" + name)
          console.log(name, typeof component.default)
        }}"""
    lines = output_of(node, "--input-type=module", "--eval", script).split("\n")
    assert sorted(lines) == sorted(["", *(f"{entry.stem}.mjs function" for entry in ENTRIES)])
