"""What can be seen of a fleet at a moment."""
