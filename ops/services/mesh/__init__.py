"""Changing the mesh: its CA by stages, and which clusters are in it."""
