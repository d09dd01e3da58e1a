"""Speeds as ratios, whose two sides are measured alternately in one run."""
