"""Brings the lab up and down: tools, engine, images, JupyterLab. Everything here that runs before the virtual
environment exists uses the standard library only."""
