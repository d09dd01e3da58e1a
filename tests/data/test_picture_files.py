"""Fault 10: pictures of a file, a folder with subfolders or a zip; hostile names and contents do no harm."""

from __future__ import annotations

import io
import os
import struct
import zipfile
from pathlib import Path

import pytest
from PIL import Image

from vae_core.data import picture_files
from vae_core.data.picture_files import Picture, PictureSet, open_pictures
from vae_core.errors import ConfigError, DataError

PNG = io.BytesIO()
Image.new("L", (4, 4), 200).save(PNG, "PNG")
CONTENT = PNG.getvalue()


def make_zip(path: Path, names: list[str], content: bytes = CONTENT) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return path


def names_in(source: Path, **given: Path) -> list[str]:
    with open_pictures(source, **given) as found:
        assert all(picture.read() == CONTENT for picture in found.pictures)
        return [picture.name for picture in found.pictures]


def test_a_folder_is_searched_with_its_subfolders_and_without_what_is_hidden(tmp_path: Path) -> None:
    for name in ("b.PNG", "a/c.jpeg", "a/deep/d.tif", ".hidden.png", ".git/e.png", "__MACOSX/f.png", "a/.g.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(CONTENT)
    (tmp_path / "a" / "notes.txt").write_text("words")
    (tmp_path / "loop").symlink_to(tmp_path, target_is_directory=True)
    with open_pictures(tmp_path) as found:
        assert [picture.name for picture in found.pictures] == ["a/c.jpeg", "a/deep/d.tif", "b.PNG"]
        assert found.ignored == ["a/notes.txt"]
    assert names_in(tmp_path, leave_out=tmp_path / "a") == ["b.PNG"]


def test_a_single_file_is_taken_whatever_its_name(tmp_path: Path) -> None:
    (tmp_path / "scan.dat").write_bytes(CONTENT)
    assert names_in(tmp_path / "scan.dat") == ["scan.dat"]


def test_a_zip_is_read_in_place(tmp_path: Path) -> None:
    made = make_zip(tmp_path / "all.zip", ["b.png", "sub/a.jpg", "sub/", "notes.txt", ".DS_Store", "__MACOSX/._b.png"])
    before = sorted(tmp_path.iterdir())
    assert names_in(made) == ["b.png", "sub/a.jpg"] and sorted(tmp_path.iterdir()) == before
    made.rename(tmp_path / "all.cbz")
    assert names_in(tmp_path / "all.cbz") == ["b.png", "sub/a.jpg"], "known by its content"


HOSTILE = [
    "../../evil.png", "/etc/cron.d/evil.png", "C:\\Windows\\evil.png", "a/../../evil.png", "..\\..\\evil.png", "nul\0.png",
    "con.png", "aux/a.png", "line\nbreak.png", "\x1b[2J.png", "x" * 400 + ".png", "ü" * 200 + ".png", "d/" * 300 + "a.png",
    "a.png", "A.PNG", "a.png/b.png", "a.jpg", "a.gif", "...png", "right-to-left\u202egnp.png", "caf\udce9.png",
]  # fmt: skip


def test_names_of_results_are_harmless_and_all_different(tmp_path: Path) -> None:
    found = PictureSet([Picture(name, lambda: b"") for name in HOSTILE])
    targets = found.targets()
    assert len({target.lower() for target in targets}) == len(HOSTILE)
    for target in targets:
        path = tmp_path / target
        assert path.resolve().is_relative_to(tmp_path.resolve()) and ".." not in Path(target).parts
        assert target.isprintable() and "\\" not in target and ":" not in target
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")  # every file system takes it, and no file stands where another needs a folder
    assert found.targets() == targets
    plain = PictureSet([Picture(name, lambda: b"") for name in ("a.png", "sub/a.png", "a.gif", "b c.jpg")])
    assert plain.targets() == ["a.png", "sub/a.png", "a.gif.png", "b c.png"]


def test_many_files_of_one_name_are_told_apart_quickly() -> None:
    found = PictureSet([Picture("a.png", lambda: b"")] * 50_000)
    assert len(set(found.targets())) == 50_000


def refusal(picture: Picture) -> str:
    with pytest.raises(DataError) as caught:
        picture.read()
    return str(caught.value)


def test_a_member_that_unpacks_without_end_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = make_zip(tmp_path / "bomb.zip", ["a.png", "b.png", "c.png"], bytes(1_000_000))
    with open_pictures(made) as found:
        monkeypatch.setattr(picture_files, "MAX_BYTES", 999_999)
        assert "more than 0 million bytes" in refusal(found.pictures[0])
    monkeypatch.undo()
    monkeypatch.setattr(picture_files._Budget, "__init__", lambda self: setattr(self, "left", 1_500_000))
    with open_pictures(made) as found:
        assert len(found.pictures[0].read()) == 1_000_000
        assert "Up to here the zip unpacks to more than" in refusal(found.pictures[1])


def test_a_member_that_lies_or_is_locked_is_refused_and_the_others_are_read(tmp_path: Path) -> None:
    made = make_zip(tmp_path / "some.zip", ["a.png", "b.png", "c.png"])
    content = bytearray(made.read_bytes())
    with zipfile.ZipFile(made) as archive:
        first = archive.getinfo("a.png").header_offset
        second = archive.getinfo("b.png").header_offset
    directory = content.index(b"PK\x01\x02")
    content[directory + 8] |= 1  # a.png says that it is encrypted
    content[second + 30 + len("b.png") + 5] ^= 0xFF  # one byte of b.png's content
    struct.pack_into("<H", content, first + 6, 1)
    made.write_bytes(content)
    with open_pictures(made) as found:
        assert "encrypted" in refusal(found.pictures[0])
        assert "damaged in the zip" in refusal(found.pictures[1])
        assert found.pictures[2].read() == CONTENT


@pytest.mark.parametrize(
    "content", [b"", b"PK\x03\x04", b"PK\x03\x04" + bytes(500), b"no zip", b"PK\x05\x06" + bytes(18)]
)
def test_what_is_no_zip_or_an_empty_one_is_one_sentence(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(content)
    with pytest.raises(DataError, match=r"^('a\.zip' is damaged or not a zip|There is no picture in )"):
        names_in(tmp_path / "a.zip")


@pytest.mark.parametrize("name", ["nowhere", "x" * 5_000, "nul\0", "pipe"])
def test_what_is_not_there_is_one_sentence(name: str, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ConfigError, match="There is no file or folder"):
        names_in(tmp_path / name)


def test_a_pipe_among_pictures_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.png")
    (tmp_path / "gone.png").symlink_to(tmp_path / "nowhere")
    with open_pictures(tmp_path) as found:
        assert refusal(found.pictures[0]) == "It is not a regular file."
        assert refusal(found.pictures[1]) == "It cannot be read (No such file or directory)."


def test_too_many_files_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(picture_files, "MAX_FILES", 2)
    with pytest.raises(DataError, match="more than 2 files"):
        names_in(make_zip(tmp_path / "a.zip", ["a.png", "b.png", "c.txt"]))


def test_a_subfolder_that_may_not_be_read_does_not_hide_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "locked").mkdir()
    (tmp_path / "a.png").write_bytes(CONTENT)
    scan = os.scandir

    def refuse(path: str) -> object:
        if Path(path).name == "locked":
            raise PermissionError(13, "Permission denied", str(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", refuse)
    with open_pictures(tmp_path) as found:
        assert [picture.name for picture in found.pictures] == ["a.png"]
        assert found.unreadable == {"locked": "The folder cannot be read (Permission denied)."}
