"""How long work is shown: one event type, one protocol, three reporters."""
