from __future__ import annotations

import torch

from vae_core.data.augmentations import augment


def draw(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def picture(count: int = 64, channels: int = 3) -> torch.Tensor:
    return torch.rand(count, channels, 20, 30, generator=draw(7))


def test_without_names_the_images_stay_as_they_are() -> None:
    images = picture()
    assert augment(images, (), draw()) is images


def test_a_flip_mirrors_about_half_of_the_images_left_to_right() -> None:
    images = picture(400)
    changed = augment(images, ("flip",), draw())
    mirrored = (changed - images.flip(3)).abs().amax(dim=(1, 2, 3)) < 1e-4
    kept = (changed - images).abs().amax(dim=(1, 2, 3)) < 1e-4
    assert (mirrored ^ kept).all()
    assert 150 < int(mirrored.sum()) < 250


def test_a_shift_moves_by_whole_pixels_and_repeats_the_border() -> None:
    images = picture(200)
    changed = augment(images, ("shift",), draw())
    seen = set()
    for before, after in zip(images, changed, strict=True):
        rows, columns = torch.arange(20), torch.arange(30)
        matches = [
            (down, right)
            for down in range(-2, 3)
            for right in range(-3, 4)
            if (before[:, (rows + down).clamp(0, 19)][:, :, (columns + right).clamp(0, 29)] - after).abs().max() < 1e-3
        ]
        assert len(matches) == 1
        seen.add(matches[0])
    assert {down for down, _ in seen} == set(range(-2, 3)) and {right for _, right in seen} == set(range(-3, 4))


def test_a_rotation_keeps_the_centre_and_turns_a_bar_by_at_most_fifteen_degrees() -> None:
    images = torch.zeros(200, 1, 61, 61)
    images[:, :, :, 29:32] = 1.0
    changed = augment(images, ("rotate",), draw())
    assert (changed[:, 0, 30, 30] > 0.9).all()
    rows = torch.arange(61.0)
    centres = (changed[:, 0] * rows).sum(dim=2) / changed[:, 0].sum(dim=2)
    angles = torch.rad2deg(torch.atan((centres[:, 50] - centres[:, 10]) / 40))
    assert angles.abs().max() <= 15.5 and angles.max() > 10 and angles.min() < -10


def test_the_same_draw_gives_the_same_bits_and_values_stay_in_range() -> None:
    images, names = picture(), ("flip", "shift", "rotate")
    first = augment(images, names, draw(3))
    assert torch.equal(first, augment(images, names, draw(3)))
    assert not torch.equal(first, augment(images, names, draw(4)))
    assert first.min() >= 0 and first.max() <= 1 and first.shape == images.shape
