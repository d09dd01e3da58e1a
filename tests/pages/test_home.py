"""The home page: what it is, something alive, doors; and no torch for it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from streamlit.testing.v1 import AppTest

ROOT = Path(__file__).parents[2]


def test_says_what_this_is_and_shows_a_recorded_training(app: AppTest) -> None:
    assert not app.exception
    assert [title.value for title in app.title] == ["Latent Lab"]
    assert not app.info and not app.error  # the recording is there
    assert [one.value.split(" ")[0] for one in app.markdown] == ["Train"]  # and no bare string of the script
    assert any("was not trained on" in caption.value for caption in app.caption)


def test_every_page_has_a_door_that_says_what_it_does_and_a_student_is_sent_to_learn_first(app: AppTest) -> None:
    doors = [link.proto for link in app.get("page_link")]
    pages = [path.parent.name for path in (ROOT / "pages").glob("*/page.py") if path.parent.name != "home"]
    assert sorted(door.page for door in doors) == sorted(pages)
    assert doors[0].page == "learn" and "Start here" in doors[0].label
    assert all(len(door.label) > 30 for door in doors)


def test_appears_before_torch_is_imported() -> None:
    """The whole first page and the Train page run in a process that never imports torch."""
    script = (
        "import sys; from streamlit.testing.v1 import AppTest; from pages.common.session import manager;"
        "test = AppTest.from_file('pages/navigation.py', default_timeout=60).run();"
        "assert not test.exception; test.switch_page('train/page.py').run(); assert not test.exception;"
        "manager().close(); print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.stdout.strip().splitlines()[-1] == "False", done.stderr[-2000:]
