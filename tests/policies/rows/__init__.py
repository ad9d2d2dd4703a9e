"""For every rule: inputs that keep it, and what it says when they are bad, unknown, missing or of the wrong type."""

from __future__ import annotations

from tests.policies.rows import at_rest, cilium, exposure, identity, in_transit, tags_and_audit, tunnels, workloads

ALL_ROWS = (
    *at_rest.ROWS,
    *in_transit.ROWS,
    *tunnels.ROWS,
    *cilium.ROWS,
    *exposure.ROWS,
    *identity.ROWS,
    *workloads.ROWS,
    *tags_and_audit.ROWS,
)
