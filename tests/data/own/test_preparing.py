"""Every mode, depth and fit of a picture has one rule, and what is no picture has one sentence."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms, features

from tests.data.own.pictures import noise, photo, saved, zipped
from vae_core.data.own.found import Content, Member, Missing, TextRow
from vae_core.data.own.import_settings import make_settings
from vae_core.data.own.preparing import MAX_PIXELS, Picture, formats, header_of, prepare_batch, prepare_picture
from vae_core.data.pictures import quiet
from vae_core.errors import ConfigError, DataError
from vae_core.types import Array


def prepared(content: Content, **settings: Any) -> Picture:
    with quiet():
        return prepare_picture(content, make_settings(**{"size": 8, **settings}).recipe)


def refusal(content: Content, **settings: Any) -> str:
    with pytest.raises(DataError) as caught:
        prepared(content, **settings)
    assert str(caught.value).endswith(".") and "\n" not in str(caught.value)
    return str(caught.value)


def colour(*values: int) -> Array:
    """What a picture of one colour becomes."""
    return np.broadcast_to(np.array(values, np.uint8)[:, None, None], (len(values), 8, 8))


def test_pictures_of_the_right_size_are_left_as_they_are() -> None:
    grey, red = noise(1)[0], noise(3, seed=1)
    np.testing.assert_array_equal(prepared(saved(Image.fromarray(grey))).image, grey[None])
    np.testing.assert_array_equal(prepared(saved(Image.fromarray(red.transpose(1, 2, 0)))).image, red)
    np.testing.assert_array_equal(prepared(grey).image, grey[None])
    assert prepared(saved(Image.fromarray(grey))).notes == []


@pytest.mark.parametrize(
    ("mode", "kind", "given", "expected"),
    [
        ("1", "PNG", 1, (255,)),
        ("L", "PNG", 77, (77,)),
        ("P", "GIF", 0, (0,)),
        ("RGB", "PNG", (10, 20, 30), (10, 20, 30)),
        ("RGB", "PNG", (7, 7, 7), (7,)),
        ("RGBA", "PNG", (10, 20, 30, 255), (10, 20, 30)),
        ("RGBX", "TIFF", (10, 20, 30, 0), (10, 20, 30)),
        ("CMYK", "TIFF", (0, 255, 255, 0), (255, 0, 0)),
        ("CMYK", "TIFF", (0, 0, 0, 255), (0,)),
        ("YCbCr", "TIFF", (90, 128, 128), (90,)),
        ("LA", "PNG", (90, 255), (90,)),
        ("LA", "PNG", (90, 0), (0,)),
    ],
)
def test_each_mode_becomes_grey_or_rgb(mode: str, kind: str, given: Any, expected: tuple[int, ...]) -> None:
    np.testing.assert_array_equal(prepared(saved(Image.new(mode, (8, 8), given), kind)).image, colour(*expected))


def test_lab_becomes_rgb_by_its_colours() -> None:
    red = Image.new("RGB", (8, 8), (200, 30, 40))
    lab = ImageCms.profileToProfile(
        red, ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), outputMode="LAB"
    )
    assert lab is not None
    found = prepared(saved(lab, "TIFF")).image
    np.testing.assert_allclose(found.mean(axis=(1, 2)), (200, 30, 40), atol=4)


def test_a_palette_gives_its_colours_and_its_transparency() -> None:
    picture = Image.new("P", (8, 8), 1)
    picture.putpalette([0, 0, 0, 250, 120, 10])
    np.testing.assert_array_equal(prepared(saved(picture)).image, colour(250, 120, 10))
    found = prepared(saved(picture, transparency=1), background="#0000ff")
    np.testing.assert_array_equal(found.image, colour(0, 0, 255))
    assert found.notes == ["Its transparency was composited on the background."]


@pytest.mark.parametrize(
    ("background", "expected"), [("black", (128, 0, 0)), ("white", (255, 127, 127)), ("#00ff00", (128, 127, 0))]
)
def test_alpha_lies_over_the_background(background: str, expected: tuple[int, ...]) -> None:
    half = saved(Image.new("RGBA", (8, 8), (255, 0, 0, 128)))
    np.testing.assert_allclose(prepared(half, background=background).image, colour(*expected), atol=1)


def test_an_upright_picture_comes_of_its_exif_data() -> None:
    top = np.zeros((8, 8), np.uint8)
    top[:2] = 255
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned clockwise: the top becomes the right side
    found = prepared(saved(Image.fromarray(top), "PNG", exif=exif)).image[0]
    assert found[:, 6:].min() == 255 and found[:, :6].max() == 0
    wide = saved(photo("chelsea"), "JPEG", exif=exif, quality=95)
    reference = prepared(saved(photo("chelsea").rotate(-90, expand=True), "PNG")).image
    np.testing.assert_allclose(prepared(wide).image.astype(int), reference, atol=8)


def test_16_bits_are_scaled_by_their_range_or_by_the_datas_own() -> None:
    values = np.linspace(0, 6553.5, 64).reshape(8, 8).astype(np.uint16)
    for content in (saved(Image.fromarray(values)), saved(Image.fromarray(values), "TIFF"), values):
        assert prepared(content).image.max() == 25
        assert prepared(content, range="data").image.max() == 255
    header = b"P5 8 8 65535\n"
    assert prepared(header + values.astype(">u2").tobytes()).image.max() == 25


def test_32_bits_and_floats_are_scaled_by_their_range_or_refused() -> None:
    floats = np.linspace(0, 0.5, 64, dtype=np.float32).reshape(8, 8)
    for content in (saved(Image.fromarray(floats), "TIFF"), floats, floats.astype(np.float64)):
        assert prepared(content).image.max() == 128
        assert prepared(content, range="data").image.max() == 255
    for wrong in (floats * 500, floats - 0.25):
        assert "outside 0 to 1; '--range data' scales them" in refusal(saved(Image.fromarray(wrong), "TIFF"))
        assert prepared(wrong, range="data").image.max() == 255
    floats[0, 0] = np.nan
    for switch in ("type", "data"):
        assert "not numbers" in refusal(floats, range=switch)
    whole = np.full((8, 8), 2**30, np.int32)
    assert prepared(saved(Image.fromarray(whole), "TIFF")).image.max() == 128
    assert "outside 0 to" in refusal(saved(Image.fromarray(-whole), "TIFF"))


def test_arrays_of_other_types_have_stated_ranges() -> None:
    np.testing.assert_array_equal(prepared(np.full((8, 8), True)).image, colour(255))
    np.testing.assert_array_equal(prepared(np.full((8, 8), 200)).image, colour(200))
    assert "outside 0 to 255" in refusal(np.full((8, 8), 300))
    coloured = np.stack([np.full((8, 8), value, np.uint8) for value in (1, 2, 3, 128)], axis=-1)
    np.testing.assert_allclose(prepared(coloured[..., :3]).image, colour(1, 2, 3))
    np.testing.assert_allclose(prepared(coloured, background="white").image, colour(128, 128, 129), atol=1)


def test_of_an_animation_the_first_frame_is_taken() -> None:
    frames = [Image.new("L", (8, 8), value) for value in (40, 200)]
    for kind, options in (("GIF", {}), ("TIFF", {}), ("PNG", {})):
        found = prepared(saved(frames[0], kind, save_all=True, append_images=frames[1:], **options))
        np.testing.assert_array_equal(found.image, colour(40))
        assert found.notes == ["The file has several pictures; the first was used."]


def test_each_fit_does_what_it_says() -> None:
    wide = np.zeros((8, 24), np.uint8)
    wide[:, 8:16], wide[:, 16:] = 100, 200
    content = saved(Image.fromarray(wide))
    np.testing.assert_array_equal(prepared(content, fit="crop").image, colour(100))
    stretched = prepared(content, fit="stretch").image[0]
    assert list(stretched[0, [0, 4, 7]]) == [0, 100, 200]
    padded = prepared(content, fit="pad", background="white").image[0]
    assert (padded[:2] == 255).all() and (padded[6:] == 255).all() and (padded[3] != 255).all()
    coloured = prepared(content, fit="pad", background="#ff0000").image
    assert coloured.shape == (3, 8, 8) and list(coloured[:, 0, 0]) == [255, 0, 0]
    tall = prepared(saved(Image.fromarray(wide.T.copy())), fit="pad").image[0]
    assert (tall[:, :2] == 0).all()


def test_colour_and_grey_can_be_asked_for() -> None:
    content = saved(Image.new("RGB", (8, 8), (200, 100, 50)))
    np.testing.assert_allclose(
        prepared(content, colour="grey").image, colour(round(0.299 * 200 + 0.587 * 100 + 5.7)), atol=1
    )
    np.testing.assert_array_equal(prepared(noise(1)[0], colour="colour").image, np.repeat(noise(1), 3, axis=0))
    np.testing.assert_allclose(prepared(content, colour="grey", background="#ff0000", fit="pad").image.shape, (1, 8, 8))


@pytest.mark.parametrize("name", ["chelsea", "coffee", "camera", "flower.jpg"])
def test_photographs_are_scaled_as_by_a_plain_antialiased_resize(name: str) -> None:
    picture = photo(name)
    edge = min(picture.size)
    left, top = (picture.width - edge) / 2, (picture.height - edge) / 2
    box = (left, top, left + edge, top + edge)
    plain = np.asarray(picture.resize((64, 64), Image.Resampling.BILINEAR, box=box)).astype(float)
    for kind, far in (("PNG", 4.0), ("JPEG", 6.0)):
        found = prepared(saved(picture, kind, quality=95) if kind == "JPEG" else saved(picture), size=64).image
        difference = np.abs(found.transpose(1, 2, 0).squeeze() - plain)
        assert difference.mean() < 1.5 and np.quantile(difference, 0.99) < far * 2


@pytest.mark.parametrize("size", [(1, 1), (1, 500), (500, 1), (3, 2)])
def test_tiny_and_thin_pictures_are_enlarged(size: tuple[int, int]) -> None:
    for fit in ("crop", "pad", "stretch"):
        assert prepared(saved(Image.new("RGB", size, (9, 8, 7))), fit=fit).image.shape == (3, 8, 8)


@pytest.mark.parametrize("kind", ["WEBP", "BMP", "PPM", "TGA", "ICO", "JPEG2000", "AVIF", "PCX", "DDS", "QOI", "SGI"])
def test_the_formats_that_pillow_reads_are_read(kind: str) -> None:
    if kind not in formats() or (kind == "AVIF" and not features.check("avif")):
        pytest.skip(f"this Pillow has no {kind}")
    content = saved(Image.new("RGB", (16, 16), (200, 100, 50)), kind)
    np.testing.assert_allclose(prepared(content).image, colour(200, 100, 50), atol=6)


def png_header(width: int, height: int) -> bytes:
    body = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    empty = b"IDAT" + zlib.compress(b"")
    chunks = [struct.pack(">I", len(each) - 4) + each + struct.pack(">I", zlib.crc32(each)) for each in (body, empty)]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def test_pictures_that_are_too_large_are_refused_by_their_header() -> None:
    assert MAX_PIXELS < 20_000 * 20_000
    for size in ((20_000, 20_000), (60_000, 60_000), (MAX_PIXELS + 1, 1)):
        assert "pixels; the most is 100 million" in refusal(png_header(*size))
        with pytest.raises(DataError, match="100 million"), quiet():
            header_of(png_header(*size))


def test_what_is_no_picture_is_refused_in_a_sentence(tmp_path: Path) -> None:
    whole = saved(photo("coffee"), "JPEG")
    assert refusal(b"") == "It is empty."
    for content in (b"text", b"PK\x03\x04", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", bytes(500)):
        assert refusal(content) == "It is not a picture."
    for content in (whole[: len(whole) // 2], saved(photo("coffee"))[:5_000]):
        assert refusal(content) == "It is damaged or of an unusual kind."
    assert refusal(tmp_path / "gone.png").startswith("It cannot be read (No such file")
    assert refusal(tmp_path) == "It is not a regular file."
    assert refusal(Missing("The row is empty.")) == "The row is empty."
    assert "not a number" in refusal(TextRow(b"1,x,3,4", -1, (2, 2), 255.0))


def test_a_batch_keeps_what_is_good_and_a_reason_for_the_rest(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", {"a.png": saved(Image.new("L", (9, 9), 5)), "b.png": b"no"})
    blue = saved(Image.new("RGB", (8, 8), (0, 0, 255)))
    contents: list[Content] = [Member(path, 0), b"x", blue, Member(path, 1), TextRow(b"0,1,0,1,7", 4, (2, 2), 1.0)]
    batch = prepare_batch(contents, make_settings(size=4).recipe)
    assert batch.images.shape == (3, 3, 4, 4) and batch.places == [0, 2, 4]
    assert [place for place, _ in batch.rejected] == [1, 3]
    assert batch.sizes == [(9, 9), (8, 8), (2, 2)] and batch.modes == ["L", "RGB", "text"]
    alone = prepare_batch(contents[:1], make_settings(size=4).recipe)
    assert alone.digests == batch.digests[:1] and alone.images.shape == (
        1,
        1,
        4,
        4,
    )  # grey counts as grey beside colours


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"size": "3"}, "size must be 4 to 512, not '3'."),
        ({"size": "x"}, "size must be a whole number, 4 to 512, not 'x'."),
        ({"fit": "squeeze"}, "fit must be 'crop', 'pad' or 'stretch', not 'squeeze'."),
        ({"background": "#12"}, "background must be black, white or #rrggbb, not '#12'."),
        ({"held_out": "0"}, "--held-out must be above 0, at most 0.9, not '0'."),
        ({"held_out": "nan"}, "--held-out must be above 0, at most 0.9, not 'nan'."),
    ],
)
def test_settings_out_of_range_are_one_sentence(values: dict[str, str], sentence: str) -> None:
    with pytest.raises(ConfigError) as caught:
        make_settings(**values)
    assert str(caught.value).startswith(sentence)


def test_grey_jpegs_are_decoded_small_and_alike() -> None:
    content = saved(photo("camera"), "JPEG", quality=95)
    with Image.open(io.BytesIO(content)) as file:
        plain = np.asarray(file.resize((64, 64), Image.Resampling.BILINEAR)).astype(int)
    assert np.abs(prepared(content, size=64).image[0] - plain).mean() < 1.5
