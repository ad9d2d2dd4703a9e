"""Who may do what: roles that are bounded, and secrets that are marked."""
