"""Data: datasets and where they come from, batches, corruptions, and every random draw of a run.

`catalogue.py` lists the datasets and `datasets.py` loads one. Each is a subclass of `source.Source` that knows how to read
itself: bundled samples, IDX files, binarised MNIST, sprites drawn by the program, and dSprites files. `batches.py` turns
images into `float32` batches, `corruptions.py` damages them, and `pictures.py` fits a user's own picture to a model.
"""
