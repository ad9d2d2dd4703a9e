"""Whether every flow of a fleet passes and everything else is refused, tried with packets."""
