"""The command line ``hms``: cli -> services (one verb each) -> adapters."""
