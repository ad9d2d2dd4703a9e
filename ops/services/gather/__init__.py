"""A bundle of all that helps whoever is asked for help, secrets kept back."""
