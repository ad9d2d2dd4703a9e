"""Pinned tools, and how a machine gets them. Standard library only: it runs before anything is installed."""
