"""Namespaces, processes and cgroups of a lab: what holds it together, and what takes it away without a trace."""
