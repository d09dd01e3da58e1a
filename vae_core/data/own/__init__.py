"""A user's own pictures as datasets: found, prepared, split, and stored once as memory-mapped `uint8`.

`find.py` opens a folder, a zip, arrays, IDX files, a CSV or a parquet file as one `Found`: a list of pictures whose contents
are read later. `preparing.py` fits one picture to the chosen size and colours, in several processes (`pool.py`).
`importing.py` stores the result, `splitting.py` decides what is held out, and `stored.py` is the dataset that comes of it.
`suited.py` chooses settings that suit it. No module here imports torch.
"""
