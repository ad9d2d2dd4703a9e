"""``hms doctor``: whether the machine and the accounts are ready for a first deployment, asked before one begins."""
