from __future__ import annotations

import pytest
import torch

from tools import gpu_check


def test_without_a_gpu_it_says_so(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert gpu_check.main([]) == 2
    assert "This machine has no CUDA device" in capsys.readouterr().err


def test_its_table_has_a_row_for_each_network_batch_and_precision(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gpu_check, "WARM_STEPS", 1)
    assert gpu_check.main(["--cpu", "--seconds", "0.01"]) == 0
    shown = capsys.readouterr().out
    assert "images/s" in shown and "which says nothing about a GPU" in shown
    for name in gpu_check.NETWORKS:
        assert shown.count(name) == len(gpu_check.BATCHES) * len(gpu_check.PRECISIONS)
