"""Datasets and batches: where images come from, how they are corrupted, and every random draw of a run."""
