"""For every rule: inputs that keep it, and what it says when they are bad, unknown, missing or of the wrong type."""

from __future__ import annotations

from tests.policies.rows import at_rest

ALL_ROWS = (*at_rest.ROWS,)
