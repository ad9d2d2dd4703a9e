"""Rules that every planned and every deployed resource has to keep, and the policy pack that runs them."""
