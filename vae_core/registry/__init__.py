"""Registries of everything that is chosen by name: likelihoods, corruptions, objectives, kinds of models, architectures.

A row holds the name, the texts and formulas to display, flags, and a reference to the code. Everything else (configuration,
command line, pages, charts, exports) reads the row. Code is referenced as 'module:name' and imported on first use, so that
the tables load without torch.
"""
