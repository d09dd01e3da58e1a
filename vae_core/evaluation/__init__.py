"""The evaluation of trained runs: figures, comparisons, restoration, compression, and the sentences drawn from them.

Everything here starts from a run or a trained model; the numbers themselves are computed by `vae_core.metrics`.
"""
