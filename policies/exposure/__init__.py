"""Nothing can be reached by more than those that need it."""
