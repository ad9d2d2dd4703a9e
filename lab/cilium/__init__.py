"""Cilium in a lab: the real chart's objects, with processes in the place of its pods."""
