"""The run folder and the only door to the disk."""
