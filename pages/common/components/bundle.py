"""Registers a component's files with Streamlit.

A component is a folder: its Python in `__init__.py`, and NAME.js, NAME.css and NAME.html beside it. The scripts are
ES modules and the style sheets may `@import` others. Streamlit takes each as one text; its packaged form, which serves
whole folders, is only for installed distributions, not for an app that runs from a checkout. So the files are joined here
when the component is registered: there is no build step, and no generated file to commit.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import streamlit as st

_IMPORT = re.compile(r'^import \{([^}]*)\} from "(\.[^"]+)"\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:function|class|const) (\w+))", re.MULTILINE)
_DEFAULT = re.compile(r"^export default ", re.MULTILINE)
_OTHER = re.compile(r"^(?:import|export)\b.*", re.MULTILINE)
_COMMENT = re.compile(r"^[ \t]*(?://.*|/\*\*(?s:.*?)\*/)\n", re.MULTILINE)
_INDENT = re.compile(r"^[ \t]+|^\n", re.MULTILINE)
_CSS_IMPORT = re.compile(r'^@import "(\.[^"]+)";\n', re.MULTILINE)
_VIEW = Path(__file__).parent / "shared" / "view.js"

Component = Callable[..., Any]
"""Puts a component on the page: called with `key`, `data` and callbacks, as `st.components.v2` describes."""


def register(package: str) -> Component:
    """Registers the component in the folder of `package`, which is the caller's `__file__`.

    The folder NAME contains NAME.js, NAME.css and NAME.html.
    """
    script = Path(package).with_name(f"{Path(package).parent.name}.js")
    return st.components.v2.component(
        f"latent_lab_{script.stem}",
        html=_read(script.with_suffix(".html")),
        css=stylesheet(script.with_suffix(".css")),
        js=bundle(script),
    )


def register_view(package: str) -> Component:
    """Registers the small second part of a component. Its `data`, sent often, says how the first part is viewed.

    The two parts find each other by `data["key"]`, and the first part receives the data in `look(data)`.
    """
    name = f"latent_lab_{Path(package).parent.name}_view"
    return st.components.v2.component(name, html="<i hidden></i>", js=bundle(_VIEW))


def bundle(entry: Path) -> str:
    """Joins an ES module and everything that it imports into the text of one module.

    Each imported module becomes a function that runs once and returns the module's exports, so that names stay private to
    their file. Supported are `import { a, b } from "./file.js"`, `export` before a function, class or const, and, only in
    `entry`, `export default`. Streamlit sends the text along with all new data, so comments and indentation are removed.

    Raises:
        ValueError: a module uses another form of import or export, or the imports are circular.
    """
    modules: dict[Path, str] = {}
    main, _ = _joined(entry.resolve(), modules, ())
    return "\n".join([*modules.values(), main])


def stylesheet(entry: Path) -> str:
    """A style sheet with each import replaced by the imported sheet."""
    return _CSS_IMPORT.sub(lambda match: stylesheet(entry.parent / match[1]), _INDENT.sub("", _read(entry)))


def _joined(path: Path, modules: dict[Path, str], importers: tuple[Path, ...]) -> tuple[str, list[str]]:
    """A module's text, with imports taken from `modules`, and its exports. Adds imported modules that are missing there."""
    if path in importers:
        raise ValueError(f"{path} is imported by a module that it imports itself.")

    def replacement(match: re.Match[str]) -> str:
        other = (path.parent / match[2]).resolve()
        if other not in modules:
            text, exports = _joined(other, modules, (*importers, path))
            modules[other] = f"const {_variable(other)} = (() => {{\n{text}return {{ {', '.join(exports)} }}\n}})()"
        return f"const {{ {', '.join(match[1].replace(',', ' ').split())} }} = {_variable(other)}\n"

    source = _INDENT.sub("", _COMMENT.sub("", _read(path)))
    if any(line.count("`") % 2 for line in source.splitlines()):
        raise ValueError(f"{path}: a template literal of several lines would lose its indentation.")
    text = _EXPORT.sub("", _IMPORT.sub(replacement, source))
    if unknown := _OTHER.search(text if importers else _DEFAULT.sub("", text)):
        raise ValueError(f"{path}: '{unknown[0]}' is a form of import or export that is not supported.")
    return text, [match[1] for match in _EXPORT.finditer(source)]


def _variable(path: Path) -> str:
    return f"$_{path.parent.name}_{path.stem}"


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8")
