"""Training: the loop, exact resume, the worker process and the manager that starts it."""
