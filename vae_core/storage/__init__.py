"""Storage: the run folder and every file format on disk.

`files.py` is the only module that writes to disk. On top of it stand the run folder (`runs.py`), checkpoints, metrics
records, frames and measurements, and what is done with whole runs: finding, listing, installing and deleting them.
Nothing here imports torch.
"""
