"""Metrics: functions of arrays or a model that return numbers. Independent of runs, files and training.

They cover the ELBO and the importance-weighted likelihood, active units and PCA, disentanglement (MIG, DCI, FactorVAE
score), nearest neighbours, anomaly detection, latent directions, restoration baselines, and mean and spread over seeds.
"""
