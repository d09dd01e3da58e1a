"""Speeds as ratios, both sides taken in turns in one run."""
