"""The run folder and every file format on the disk, behind one module that writes (`files.py`)."""
