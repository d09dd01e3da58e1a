"""The design as tests: one-way imports, one door to the disk, nothing that runs code from a file, limits on size."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import vae_core
from vae_core.storage.paths import PROJECT_ROOT

LAYERS = (
    *("types", "errors", "registry", "figures", "fields", "settings", "config", "architectures", "presets"),
    *("storage", "jobs", "data", "models", "objectives"),
    *("metrics", "evaluation", "archives", "training", "export", "viz"),
)
TOP = ("cli", "pages", "app")
PUBLIC = {f"vae_core.{name}": module for name, module in vae_core._PUBLIC.items()}
CODE = ("vae_core", "pages", "app.py")
ALL = (*CODE, "tests", "tools", "benchmarks")
WITHOUT_TORCH = (
    *("vae_core", "vae_core.config", "vae_core.storage", "vae_core.jobs", "vae_core.viz", "vae_core.training.manager"),
)

FUNCTION_LINES, FILE_LINES, PAGE_LINES, PARAMETERS = 60, 400, 150, 8

FORBIDDEN_IMPORTS = ("pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal")
FORBIDDEN_CALLS = ("torch.load", "torch.save", "numpy.lib.format.read_array", "pandas.read_pickle")
DOOR = "vae_core/storage/files.py"
DISK_MODULES = ("shutil", "tempfile", "fileinput")
DISK_CALLS = (
    *(
        "os.open",
        "os.write",
        "os.replace",
        "os.rename",
        "os.remove",
        "os.unlink",
        "os.mkdir",
        "os.makedirs",
        "os.rmdir",
    ),
    *("os.link", "os.symlink", "os.truncate", "os.utime", "os.chmod"),
    *("json.dump", "safetensors.numpy.save_file", "safetensors.torch.save_file"),
)
DISK_METHODS = (
    *("write_text", "write_bytes", "mkdir", "rmdir", "unlink", "touch", "rename", "symlink_to", "hardlink_to", "chmod"),
    *("to_csv", "to_parquet", "to_json", "tofile", "extractall"),
)
BUFFERED = ("numpy.save", "numpy.savez", "numpy.savez_compressed", "numpy.savetxt")
WRITING_MODE = re.compile(r"[wax+]")
MACHINE_PATH = re.compile(r"(?<![\w.:/])/(?:work|home|root|Users|mnt|srv)/\w|(?<!\w)[A-Z]:\\\\?Users")


def relative(path: Path) -> str:
    return path.relative_to(PROJECT_ROOT).as_posix()


def files_under(names: tuple[str, ...], *suffixes: str) -> list[Path]:
    found = [path for name in names for path in [PROJECT_ROOT / name] if path.is_file() and path.suffix in suffixes]
    for name in names:
        found += [path for path in (PROJECT_ROOT / name).rglob("*") if path.suffix in suffixes and path.is_file()]
    return sorted(found)


def layer_of(module: str) -> int | None:
    """The place of a module in the order, from the left; None where it is not ours, and for the package itself."""
    first, *rest = module.split(".")
    if first in ("pages", "app"):
        return len(LAYERS) + TOP.index(first)
    if first != "vae_core" or not rest:
        return None
    name = "cli" if rest[0] == "__main__" else rest[0]
    return (*LAYERS, *TOP).index(name)


def module_of(path: Path) -> str:
    return relative(path).removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def imports(tree: ast.AST, module: str) -> Iterator[tuple[int, str]]:
    """Every module that is imported, anywhere in the file, with its line; `from a import b` counts as a and as a.b."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(module.split(".")[: -node.level]) if node.level else ""
            name = ".".join(part for part in (base, node.module) if part)
            yield node.lineno, name
            yield from ((node.lineno, f"{name}.{alias.name}") for alias in node.names)


def backward_imports(source: str, module: str) -> list[str]:
    here = layer_of(module)
    found = []
    for line, name in imports(ast.parse(source), module):
        there = layer_of(PUBLIC.get(name, name))
        if there is not None and (here is None or there > here):
            found.append(f"line {line}: {module} imports {name}, which stands to its right")
    return found


def imports_of_other_pages(source: str, module: str) -> list[str]:
    """Where a page imports another one; what pages share stands in `pages/common`."""
    own = module.split(".")[1]
    return [
        f"line {line}: {module} imports {name}"
        for line, name in imports(ast.parse(source), module)
        if name.startswith("pages.") and name.split(".")[1] not in (own, "common")
    ]


def imported_packages(source: str, module: str) -> set[str]:
    return {name.split(".")[0] for _, name in imports(ast.parse(source), module)}


def aliases(tree: ast.AST) -> dict[str, str]:
    """What the names of a file stand for: np is numpy, save_file is safetensors.numpy.save_file."""
    known = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            known |= {alias.asname: alias.name for alias in node.names if alias.asname}
        elif isinstance(node, ast.ImportFrom) and node.module:
            known |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
    return known


def dotted(node: ast.expr, known: dict[str, str]) -> str:
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value, known)}.{node.attr}"
    return known.get(node.id, node.id) if isinstance(node, ast.Name) else "?"


def mode_of(call: ast.Call, position: int) -> str:
    given = [keyword.value for keyword in call.keywords if keyword.arg == "mode"] + call.args[position : position + 1]
    return str(given[0].value) if given and isinstance(given[0], ast.Constant) else "r" if not given else "w?"


def is_buffer(argument: ast.expr, tree: ast.AST) -> bool:
    """Whether it is a name to which the file assigns an `io.BytesIO()`."""
    return isinstance(argument, ast.Name) and any(
        isinstance(node, ast.Assign)
        and any(isinstance(target, ast.Name) and target.id == argument.id for target in node.targets)
        and isinstance(node.value, ast.Call)
        and dotted(node.value.func, {}).endswith("BytesIO")
        for node in ast.walk(tree)
    )


def writes(call: ast.Call, known: dict[str, str], tree: ast.AST) -> bool:
    name = dotted(call.func, known)
    method = name.rpartition(".")[2]
    if name.startswith("vae_core.storage."):  # through the door
        return False
    if name in BUFFERED or (method == "save" and name.startswith(("PIL.", "?."))):
        return not (call.args and is_buffer(call.args[0], tree))
    if name == "numpy.memmap":
        return mode_of(call, 2) not in ("r", "c")
    if name in ("open", "io.open"):
        return bool(WRITING_MODE.search(mode_of(call, 1)))
    if method == "open" and "." in name and name not in ("zipfile.open", "PIL.Image.open", "webbrowser.open"):
        return name == "os.open" or bool(WRITING_MODE.search(mode_of(call, 0)))
    return name in DISK_CALLS or ("." in name and method in DISK_METHODS)


def other_doors(source: str) -> list[str]:
    """Where a file changes the disk by itself."""
    tree = ast.parse(source)
    known = aliases(tree)
    found = [f"line {line}: {name}" for line, name in imports(tree, "x") if name.split(".")[0] in DISK_MODULES]
    return found + [
        f"line {node.lineno}: {dotted(node.func, known)}"
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and writes(node, known, tree)
    ]


def ways_to_run_code(source: str) -> list[str]:
    """Where a file could run what stands in another one."""
    tree = ast.parse(source)
    known = aliases(tree)
    found = [f"line {line}: {name}" for line, name in imports(tree, "x") if name.split(".")[0] in FORBIDDEN_IMPORTS]
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = dotted(node.func, known)
            if name in (*FORBIDDEN_CALLS, "eval", "exec") or any(is_allow_pickle(keyword) for keyword in node.keywords):
                found.append(f"line {node.lineno}: {name}")
    return found


def is_allow_pickle(keyword: ast.keyword) -> bool:
    allowed = isinstance(keyword.value, ast.Constant) and keyword.value.value is False
    return keyword.arg == "allow_pickle" and not allowed


def bare_excepts(source: str) -> list[str]:
    """`except:`, and `except Exception: pass` with or without a name."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ExceptHandler):
            wide = node.type is None or dotted(node.type, {}) in ("Exception", "BaseException")
            if node.type is None or (wide and all(isinstance(line, ast.Pass | ast.Continue) for line in node.body)):
                found.append(f"line {node.lineno}")
    return found


def long_functions(source: str) -> list[str]:
    return [
        f"line {node.lineno}: {node.name} has {length} lines"
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (length := (node.end_lineno or node.lineno) - node.lineno + 1) > FUNCTION_LINES
    ]


def declaring_modules() -> list[str]:
    """The modules of `vae_core.cli` that declare commands."""
    paths = files_under(("vae_core/cli",), ".py")
    return [module_of(path) for path in paths if re.search(r"^app = typer", path.read_text(), re.MULTILINE)]


def many_parameters(source: str) -> list[str]:
    return [
        f"line {node.lineno}: {node.name} has {count} parameters"
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (count := len(node.args.posonlyargs + node.args.args + node.args.kwonlyargs)) > PARAMETERS
    ]


def machine_paths(text: str) -> list[str]:
    return [f"line {number}" for number, line in enumerate(text.splitlines(), 1) if MACHINE_PATH.search(line)]


def all_of(check: Callable[[str], list[str]], paths: list[Path]) -> list[str]:
    return [f"{relative(path)} {found}" for path in paths for found in check(path.read_text(encoding="utf-8"))]


def test_imports_go_only_leftwards() -> None:
    paths = files_under(CODE, ".py")
    assert len(paths) > 10
    assert [found for path in paths for found in backward_imports(path.read_text(), module_of(path))] == []


def test_pages_share_only_what_stands_in_common() -> None:
    paths = [path for path in files_under(("pages",), ".py") if path.parent != PROJECT_ROOT / "pages"]
    assert len(paths) > 50
    assert [found for path in paths for found in imports_of_other_pages(path.read_text(), module_of(path))] == []


def test_metrics_know_neither_storage_nor_training() -> None:
    for path in files_under(("vae_core/metrics",), ".py"):
        names = [name for _, name in imports(ast.parse(path.read_text()), module_of(path))]
        assert [name for name in names if name.startswith(("vae_core.storage", "vae_core.training"))] == [], relative(
            path
        )


def test_every_module_has_its_layer() -> None:
    for path in files_under(("vae_core",), ".py"):
        assert module_of(path) == "vae_core" or layer_of(module_of(path)) is not None


def test_streamlit_is_imported_in_app_and_pages_only() -> None:
    for path in files_under(("vae_core",), ".py"):
        assert "streamlit" not in imported_packages(path.read_text(), module_of(path)), relative(path)


def test_storage_and_what_stands_left_of_it_import_no_torch() -> None:
    names = (
        "vae_core/storage",
        "vae_core/errors.py",
        "vae_core/config.py",
        "vae_core/registry",
        "vae_core/training/manager.py",
        "vae_core/training/worker_pool.py",
    )
    for path in files_under(names, ".py"):
        assert not {"torch", "torchvision"} & imported_packages(path.read_text(), module_of(path)), relative(path)


def test_torch_is_not_loaded_by_what_the_first_page_or_a_command_needs_to_start() -> None:
    """Not through another module either."""
    roots = ("vae_core/storage", "vae_core/viz")
    modules = sorted({*WITHOUT_TORCH, *declaring_modules(), *(module_of(path) for path in files_under(roots, ".py"))})
    lines = ("import importlib, sys", "for name in sys.argv[1:]:", "    importlib.import_module(name)")
    script = "\n".join((*lines, "    assert 'torch' not in sys.modules, name"))
    done = subprocess.run([sys.executable, "-c", script, *modules], cwd=PROJECT_ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_disk_has_one_door() -> None:
    paths = [path for path in files_under(CODE, ".py") if relative(path) != DOOR]
    assert all_of(other_doors, paths) == []
    assert other_doors((PROJECT_ROOT / DOOR).read_text()) != []


def test_no_file_is_opened_in_a_way_that_runs_it() -> None:
    assert all_of(ways_to_run_code, files_under(CODE, ".py")) == []


def test_no_exception_is_swallowed_bare() -> None:
    assert all_of(bare_excepts, files_under(ALL, ".py")) == []


def test_functions_fit_on_a_screen() -> None:
    assert all_of(long_functions, files_under(ALL, ".py")) == []


def test_commands_take_few_parameters() -> None:
    paths = files_under(("vae_core/cli",), ".py")
    assert len(paths) > 10
    assert all_of(many_parameters, paths) == []


def test_files_have_one_subject() -> None:
    lengths = {relative(path): len(path.read_text().splitlines()) for path in files_under(ALL, ".py", ".js", ".css")}
    assert {name: length for name, length in lengths.items() if length > FILE_LINES} == {}
    pages = {name: length for name, length in lengths.items() if re.fullmatch(r"pages/[^/]+/page\.py", name)}
    assert {name: length for name, length in pages.items() if length > PAGE_LINES} == {}


def test_no_file_names_a_path_of_one_machine() -> None:
    suffixes = (".py", ".js", ".css", ".html", ".md", ".toml", ".json", ".txt", ".yml")
    top = tuple(path.name for path in PROJECT_ROOT.iterdir() if path.suffix in suffixes or path.name == "Makefile")
    paths = [path for path in files_under((*ALL, *top, "docs"), *suffixes, "") if path.name != "test_layers.py"]
    assert all_of(machine_paths, paths) == []


OFFENDERS: list[tuple[Callable[[str], list[str]], str]] = [
    *((other_doors, source) for source in (
        "import shutil\n", "from tempfile import mkdtemp\n", "open('a', 'w')", "open('a', mode='ab')", "open('a', mode)",
        "from pathlib import Path\nPath('a').open('w')", "path.write_text('x')", "(folder / 'a').write_bytes(b'')",
        "folder.mkdir()", "import os\nos.replace('a', 'b')", "from os import replace\nreplace('a', 'b')",
        "import json\njson.dump({}, stream)", "import numpy as np\nnp.save('a.npy', array)",
        "import numpy as np\nnp.savez(path, a=array)", "from safetensors.numpy import save_file\nsave_file({}, 'a')",
        "from PIL import Image\nImage.fromarray(a).save('a.png')", "frame.to_csv('a.csv')",
        "import numpy as np\nnp.memmap('a', mode='r+')",
    )),
    *((ways_to_run_code, source) for source in (
        "import pickle", "from joblib import load", "import torch\ntorch.load('a')", "import torch as t\nt.save(1, 'a')",
        "import numpy as np\nnp.load('a', allow_pickle=True)", "eval('1')",
    )),
    (bare_excepts, "try:\n    pass\nexcept:\n    raise"),
    (bare_excepts, "try:\n    pass\nexcept Exception:\n    pass"),
    (long_functions, "def f():\n" + "    x = 1\n" * 60),
    (many_parameters, "def f(a, b, c, d, e, f, g, *, h, i): ..."),
    (machine_paths, "DATA = '/" + "home/somebody/data'"),
    (machine_paths, "see /" + "work/main"),
    (lambda source: backward_imports(source, "vae_core.storage.files"), "from vae_core.data import datasets"),
    (lambda source: backward_imports(source, "vae_core.data.batches"), "def f():\n    import vae_core.training.loop"),
    (lambda source: backward_imports(source, "vae_core.models.vae"), "from vae_core import objectives"),
    (lambda source: backward_imports(source, "vae_core.models.vae"), "from ..objectives import objective"),
    (lambda source: backward_imports(source, "vae_core.storage.runs"), "from vae_core import Trainer"),
    (lambda source: backward_imports(source, "vae_core.viz.loss_chart"), "from pages.common import state"),
    (lambda source: backward_imports(source, "vae_core"), "from vae_core.config import RunConfig"),
    (lambda source: imports_of_other_pages(source, "pages.learn.beta"), "from pages.compare.chosen_runs import chosen"),
    (lambda source: imports_of_other_pages(source, "pages.common.session"), "def f():\n    import pages.train.dials"),
]  # fmt: skip
INNOCENTS: list[tuple[Callable[[str], list[str]], str]] = [
    (other_doors, "open('a')\nopen('a', 'rb')\npath.open()\npath.open('rb')\npath.read_text()"),
    (other_doors, "from vae_core.storage import files\nfiles.touch(path)\nfiles.write_json(path, {})"),
    (other_doors, "import io\nimport numpy as np\nbuffer = io.BytesIO()\nnp.save(buffer, array)"),
    (other_doors, "import io\nfrom PIL import Image\nb = io.BytesIO()\nImage.fromarray(a).save(b, 'png')"),
    (other_doors, "from dataclasses import replace\nreplace(x, a=1)\n'a'.replace('a', 'b')\nself.save()"),
    (other_doors, "import numpy as np\nnp.memmap('a', np.uint8, 'c')"),
    (ways_to_run_code, "import numpy as np\nnp.load('a', allow_pickle=False)\nmodel.eval()"),
    (bare_excepts, "try:\n    pass\nexcept KeyError:\n    pass"),
    (long_functions, "def f():\n" + "    x = 1\n" * 59),
    (many_parameters, "def f(a, b, c, d, e, f, g, *h, **i): ..."),
    (machine_paths, "see https://example.org/home/page and docs/home/index.md and /tmp"),
    (lambda source: backward_imports(source, "vae_core.training"), "from vae_core.storage import files\nimport torch"),
    (lambda source: backward_imports(source, "pages.train.page"), "from pages.common import state\nimport vae_core"),
    (lambda source: backward_imports(source, "vae_core.cli"), "from vae_core import Trainer\nimport vae_core.presets"),
    (
        lambda source: imports_of_other_pages(source, "pages.learn.beta"),
        "from pages.learn.frame import words\nimport pages.common.run_follower",
    ),
]


@pytest.mark.parametrize(("check", "source"), OFFENDERS)
def test_the_checks_find_what_they_look_for(check: Callable[[str], list[str]], source: str) -> None:
    assert check(source) != []


@pytest.mark.parametrize(("check", "source"), INNOCENTS)
def test_the_checks_leave_the_rest_alone(check: Callable[[str], list[str]], source: str) -> None:
    assert check(source) == []
