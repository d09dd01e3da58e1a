"""Exports runs as single files, checks such files, and imports them.

archive.py writes and reads the two formats (a zip of the whole run, or weights as safetensors), validation.py checks every
file of a run that came from elsewhere, and importing.py turns an exported file into a run.
"""
