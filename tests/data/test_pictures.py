"""Pictures of all kinds made ready, and whatever is none refused."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image

from vae_core.data.datasets import load_dataset
from vae_core.data.pictures import FORMATS, Prepared, centred, prepare
from vae_core.errors import DataError
from vae_core.types import Array

GREY, COLOUR = (1, 28, 28), (3, 28, 28)
MODES = {
    "PNG": ("1", "L", "LA", "P", "RGB", "RGBA", "I;16"),
    "TIFF": ("1", "L", "LA", "P", "PA", "RGB", "RGBA", "RGBX", "CMYK", "YCbCr", "I;16", "I;16B", "I", "F"),
    "JPEG": ("L", "RGB", "CMYK"),
    "GIF": ("1", "L", "P", "RGB", "RGBA"),
    "WEBP": ("RGB", "RGBA", "L"),
    "BMP": ("1", "L", "P", "RGB", "RGBA"),
}


def digit() -> np.ndarray:
    return load_dataset("mnist-sample").test_images[0, 0].numpy()


def saved(picture: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    content = io.BytesIO()
    picture.save(content, kind, **options)
    return content.getvalue()


def of(array: Any) -> Image.Image:
    return Image.fromarray(np.array(array))


def noted(prepared: Prepared, *words: str) -> bool:
    """Whether the notes are as many as the words and say them."""
    return len(prepared.notes) == len(words) and all(
        word in note for word, note in zip(words, prepared.notes, strict=True)
    )


def test_what_fits_is_left_as_it_is() -> None:
    for kind in ("PNG", "BMP", "TIFF", "GIF"):
        prepared = prepare(saved(of(digit()), kind), GREY)
        np.testing.assert_array_equal(prepared.image[0], digit())
        assert prepared.notes == []
    colour = np.random.default_rng(0).integers(0, 256, (28, 28, 3), dtype=np.uint8)
    prepared = prepare(saved(of(colour)), COLOUR)
    np.testing.assert_array_equal(prepared.image, colour.transpose(2, 0, 1))
    assert prepared.notes == []


def test_grey_is_repeated_and_colour_becomes_luma() -> None:
    prepared = prepare(saved(of(digit())), COLOUR)
    assert (prepared.image == digit()).all() and noted(prepared, "repeated")
    columns = np.zeros((28, 28, 3), dtype=np.uint8)
    columns[:, 0], columns[:, 1], columns[:, 2], columns[:, 3] = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)
    prepared = prepare(saved(of(columns)), GREY)
    assert prepared.image[0, 5, :5].tolist() == [76, 150, 29, 255, 0] and noted(prepared, "Rec. 601")


def test_other_sizes_keep_their_shape_on_black() -> None:
    prepared = prepare(saved(of(np.full((10, 56), 200, dtype=np.uint8))), GREY)
    bright = prepared.image[0] > 100
    assert bright.any(axis=1).sum() == 5 and bright.all(axis=0).sum() == 0 and bright.any(axis=0).all()
    assert bright[11:16].all() and noted(prepared, "from 56 x 10 to 28 x 5 pixels and padded with black to 28 x 28")
    larger = prepare(saved(of(digit()).resize((280, 280), Image.Resampling.NEAREST)), GREY)
    assert np.abs(larger.image[0].astype(int) - digit()).mean() < 12 and noted(larger, "280 x 280 to 28 x 28 pixels.")
    assert prepare(saved(of(np.full((1, 5000), 255, dtype=np.uint8))), GREY).image.max() == 255


def test_making_it_smaller_averages() -> None:
    board = (np.indices((280, 280)).sum(axis=0) % 2 * 255).astype(np.uint8)
    middle = prepare(saved(of(board)), GREY).image[0, 2:-2, 2:-2]
    assert np.abs(middle.astype(int) - 127).max() <= 2


def test_transparency_lies_on_black() -> None:
    whole = np.full((28, 28, 4), 255, dtype=np.uint8)
    assert prepare(saved(of(whole)), GREY).notes == []
    whole[:, 14:, 3] = 0
    whole[:, :7, 3] = 128
    prepared = prepare(saved(of(whole)), GREY)
    assert prepared.image[0, 0, [0, 10, 20]].tolist() == [128, 255, 0] and noted(prepared, "became black")
    table = of(digit()).convert("P")
    prepared = prepare(saved(table, transparency=int(table.getpixel((0, 0)))), GREY)
    assert noted(prepared, "became black")


def test_sixteen_bits_are_scaled_not_cut() -> None:
    ramp = np.tile(np.linspace(0, 65_535, 28).astype(np.uint16), (28, 1))
    for kind in ("PNG", "TIFF"):
        prepared = prepare(saved(of(ramp), kind), GREY)
        np.testing.assert_array_equal(prepared.image[0], np.rint(ramp / 257))
        assert noted(prepared, "16 bits")
    floats = np.tile(np.linspace(-3, 7, 28).astype(np.float32), (28, 1))
    floats[0, 0] = np.nan
    prepared = prepare(saved(of(floats), "TIFF"), GREY)
    assert prepared.image[0, 5, 0] == 0 and prepared.image[0, 5, -1] == 255 and noted(prepared, "32 bits")


def test_it_is_turned_as_its_exif_data_says() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # a quarter turn to the right
    prepared = prepare(saved(of(digit()), "PNG", exif=exif), GREY)
    np.testing.assert_array_equal(prepared.image[0], np.rot90(digit(), -1))
    assert noted(prepared, "EXIF")
    photo = of(np.full((56, 28, 3), 90, dtype=np.uint8))
    assert "from 56 x 28" in " ".join(prepare(saved(photo, "JPEG", exif=exif), GREY).notes)


def test_of_an_animation_the_first_picture_is_taken() -> None:
    others = [of(255 - digit())]
    prepared = prepare(saved(of(digit()), "GIF", save_all=True, append_images=others), GREY)
    np.testing.assert_array_equal(prepared.image[0], digit())
    assert noted(prepared, "first")


def in_mode(mode: str) -> Image.Image:
    if mode.startswith("I;16"):
        return Image.frombytes(mode, (28, 28), (digit().astype(">u2" if mode.endswith("B") else "<u2") * 257).tobytes())
    source = Image.merge("RGB", [of(digit()), of(digit().T), of(255 - digit())])
    return source.convert({"I": "L", "F": "L", "PA": "P"}.get(mode, "RGB")).convert(mode)


@pytest.mark.parametrize(("kind", "mode"), [(kind, mode) for kind, modes in MODES.items() for mode in modes])
@pytest.mark.parametrize("shape", [GREY, COLOUR, (3, 5, 9)])
def test_every_mode_of_every_format_is_read(kind: str, mode: str, shape: tuple[int, int, int]) -> None:
    content = saved(in_mode(mode), kind)
    prepared = prepare(content, shape)
    assert prepared.image.shape == shape and prepared.image.dtype == np.uint8 and prepared.image.flags.writeable
    assert prepared.image.std() > 5


def bomb(width: int, height: int) -> bytes:
    """The head of a PNG of any size, which holds no pixel."""
    parts = [
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)),
        (b"IDAT", zlib.compress(b"")),
        (b"IEND", b""),
    ]
    chunks = [
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in parts
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


@pytest.mark.parametrize(("width", "height"), [(10_000, 10_000), (5_001, 5_000), (25_000_001, 1), (60_000, 60_000)])
def test_too_many_pixels_are_refused_by_the_header(width: int, height: int) -> None:
    with pytest.raises(DataError, match="more than 25 million pixels"):
        prepare(bomb(width, height), GREY)
    with pytest.raises(DataError, match="damaged"):
        prepare(bomb(5_000, 5_000), GREY)


@pytest.mark.parametrize(
    "content", [b"", b"hello", b"<svg/>", b"%PDF-1.4", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9"]
)
def test_what_is_no_picture_is_said(content: bytes) -> None:
    with pytest.raises(DataError, match="This is not a picture"):
        prepare(content, GREY)


def test_other_formats_are_not_even_tried() -> None:
    for kind in ("PPM", "ICO", "TGA", "PCX"):
        with pytest.raises(DataError, match="PNG, JPEG, GIF, WebP, BMP or TIFF"):
            prepare(saved(of(digit()), kind), GREY)


SMALL = {kind: saved(Image.merge("RGB", [of(digit())] * 3), kind) for kind in FORMATS}


@given(
    st.binary(max_size=400),
    st.sampled_from([b"", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"II*\x00", b"BM", b"\xff\xd8\xff", b"RIFF"]),
)
@example(b"\x08\x00\x00\x00" + b"\xff" * 40, b"II*\x00")
def test_random_bytes_are_refused_in_a_sentence(content: bytes, head: bytes) -> None:
    check(head + content)


@given(st.sampled_from(FORMATS), st.floats(0, 1), st.integers(0, 255))
def test_cut_and_changed_files_are_read_or_refused(kind: str, place: float, byte: int) -> None:
    whole = SMALL[kind]
    at = int(place * (len(whole) - 1))
    check(whole[:at])
    check(whole[:at] + bytes([byte]) + whole[at + 1 :])


def check(content: bytes) -> None:
    """Either a picture of the right kind, or the one typed error; warnings are errors here and must not come."""
    try:
        prepared = prepare(content, GREY)
    except DataError as error:
        assert str(error).endswith(".") and "\n" not in str(error)
    else:
        assert prepared.image.shape == GREY and prepared.image.dtype == np.uint8


def test_a_drawing_is_fitted_and_centred_as_mnists_digits_are() -> None:
    drawn = np.zeros((28, 28), dtype=np.uint8)
    drawn[2:7, 1:4] = 255  # a small block in a corner
    fitted = centred(drawn)
    rows, _ = np.nonzero(fitted > 16)
    assert rows.max() - rows.min() + 1 == 20  # its longer side
    assert np.allclose(_mass_centre(fitted), 14, atol=0.6)
    assert (centred(np.zeros((28, 28), dtype=np.uint8)) == 0).all()


def test_mnists_own_digits_hardly_move() -> None:
    """The fit is the one that made them: over many digits the median centre of mass moves by less than a pixel."""
    moves = []
    for image in load_dataset("mnist-sample").test_images[:200, 0].numpy():
        before, after = (_mass_centre(picture) for picture in (image, centred(image)))
        moves.append(np.abs(before - after).max())
    assert np.median(moves) < 1.0


def _mass_centre(grey: Array) -> Array:
    mass = grey.astype(np.float64)
    return np.array([(np.arange(28) * mass.sum(axis=1 - axis)).sum() / mass.sum() for axis in (0, 1)])
