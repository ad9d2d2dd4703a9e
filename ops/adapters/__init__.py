"""What the command line stands on: engine, simulated clouds, the user's credentials, the state folder."""
