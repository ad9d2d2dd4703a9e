"""What is wrong with a fleet, and why: checks over what was seen of it and over ways that were tried."""
