"""What can be chosen by name, one row each: likelihoods, corruptions, objectives, model kinds and architectures.

A row holds the name, the words and formulas that people read, flags, and where its code is. Everything else (configuration,
command line, pages, charts, exports) reads the row. Code is named as 'module:name' and imported when it is first needed, so
the tables load without torch.
"""
