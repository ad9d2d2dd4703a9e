"""Data at rest is encrypted, under keys of our own that rotate and that nobody loses."""
