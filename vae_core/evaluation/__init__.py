"""Evaluates trained runs: figures, comparisons, restoration, compression, and the sentences that sum them up.

Everything here starts from a run or a trained model; `vae_core.metrics` computes the numbers themselves.
"""
