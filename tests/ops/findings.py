"""What ``hms diagnose`` has to find of each fault of a lab."""

from __future__ import annotations

CHECKS = {
    "link": "links",
    "mtu": "mtu",
    "node": "nodes",
    "agent": "agents",
    "mesh-api-server": "mesh-servers",
    "kvstoremesh": "kvstoremesh",
    "api-server": "api-servers",
    "cluster": "api-servers",
    "certificate": "certificates",
    "ca": "certificates",
    "cluster-id": "cluster-ids",
    "maximum": "maximum",
    "pod-range": "pod-ranges",
}
"""The check that names the cause, by the fault; what it is about first is the fault's target."""
