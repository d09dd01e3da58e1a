"""Metrics: arrays or a model in, numbers out. Knows no runs, no files and no training.

The ELBO and the importance-weighted likelihood, active units and PCA, disentanglement (MIG, DCI, FactorVAE), nearest
neighbours, anomaly scores, latent directions, classical filters, and the mean and spread over seeds.
"""
