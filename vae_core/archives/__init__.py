"""Runs that leave as one file and come back: export, the checks of what comes from outside, and import.

archive.py writes and reads the two formats (a zip of the whole run, or weights as safetensors), validation.py checks
every file of a run that came from outside, and importing.py turns such a file into a run.
"""
