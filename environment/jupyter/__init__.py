"""JupyterLab, as the learner gets it."""
