"""ComponentResources: what the plan decides, built."""
