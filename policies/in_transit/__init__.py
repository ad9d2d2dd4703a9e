"""What travels is encrypted and both ends mean the same by it."""
