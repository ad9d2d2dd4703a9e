"""What happens is written down, where it can be read and for long enough."""
