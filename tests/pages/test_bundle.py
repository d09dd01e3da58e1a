"""ES modules and style sheets, joined into the single texts that Streamlit takes."""

from __future__ import annotations

from pathlib import Path

import pytest

from pages.common.components.bundle import bundle, stylesheet


def written(folder: Path, **files: str) -> Path:
    """The files as modules; the path of `main.js`."""
    for name, text in files.items():
        (folder / f"{name}.js").write_text(text, encoding="utf-8")
    return folder / "main.js"


def test_each_module_stands_once_and_before_those_that_import_it(tmp_path: Path) -> None:
    main = written(
        tmp_path,
        main='import { a } from "./a.js"\nimport { b } from "./b.js"\n\nexport default function () {\n  return a + b\n}\n',
        a='import { b } from "./b.js"\n\nconst secret = 1\nexport const a = b + secret\n',
        b="const secret = 2\nexport const b = secret\nexport function unused() {}\n",
    )
    name = tmp_path.name
    assert bundle(main).splitlines() == [
        f"const $_{name}_b = (() => {{",
        "const secret = 2",
        "const b = secret",
        "function unused() {}",
        "return { b, unused }",
        "})()",
        f"const $_{name}_a = (() => {{",
        f"const {{ b }} = $_{name}_b",
        "const secret = 1",
        "const a = b + secret",
        "return { a }",
        "})()",
        f"const {{ a }} = $_{name}_a",
        f"const {{ b }} = $_{name}_b",
        "export default function () {",
        "return a + b",
        "}",
    ]


def test_names_over_several_lines_are_imported_and_comments_left_out(tmp_path: Path) -> None:
    main = written(
        tmp_path,
        main='// What this is.\n\nimport {\n  a,\n  b,\n} from "./a.js"\n\n/**\n * Why.\n */\nexport const c = a + b // sum\n',
        a="/** One. */\nexport const a = 1\n  // Two.\nexport const b = 2\n",
    )
    text = bundle(main)
    assert f"const {{ a, b }} = $_{tmp_path.name}_a\nconst c = a + b // sum\n" in text
    assert "What" not in text and "Why" not in text and "One" not in text and "Two" not in text


@pytest.mark.parametrize(
    "line",
    [
        'import a from "./a.js"',
        'import * as a from "./a.js"',
        'import { a } from "elsewhere"',
        'export * from "./a.js"',
        "export { a }",
        "export let a = 1",
    ],
)
def test_other_forms_of_import_and_export_are_refused(tmp_path: Path, line: str) -> None:
    with pytest.raises(ValueError, match="is a form of import or export"):
        bundle(written(tmp_path, main=f"const b = 1\n{line}\n", a="export const a = 1\n"))


def test_only_the_entry_has_a_default_export(tmp_path: Path) -> None:
    main = written(tmp_path, main='import { a } from "./a.js"\n', a="export const a = 1\nexport default a\n")
    with pytest.raises(ValueError, match="export default a"):
        bundle(main)


def test_modules_in_a_circle_and_text_over_several_lines_are_refused(tmp_path: Path) -> None:
    circle = {"main": 'import { a } from "./a.js"\n', "a": 'import { b } from "./b.js"\nexport const a = b\n'}
    with pytest.raises(ValueError, match="imported by a module that it imports itself"):
        bundle(written(tmp_path, **circle, b='import { a } from "./a.js"\nexport const b = a\n'))
    with pytest.raises(ValueError, match="template literal"):
        bundle(written(tmp_path, main="const text = `one\n  two`\n"))


def test_a_style_sheet_holds_those_that_it_imports(tmp_path: Path) -> None:
    (tmp_path / "base.css").write_text(".a {\n  color: red;\n}\n", encoding="utf-8")
    (tmp_path / "own.css").write_text('@import "./base.css";\n\n.b {\n  margin: 0;\n}\n', encoding="utf-8")
    assert stylesheet(tmp_path / "own.css") == ".a {\ncolor: red;\n}\n.b {\nmargin: 0;\n}\n"
