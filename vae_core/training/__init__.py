"""Training: the loop, exact resume, worker processes and their manager, sweeps, and training on a cluster."""
