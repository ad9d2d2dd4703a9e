"""The benchmarks that rules refer to, each by the name and version under which its controls were looked up."""

from __future__ import annotations

CIS_EKS = "CIS EKS 1.7"
CIS_AKS = "CIS AKS 1.7"
FSBP = "AWS FSBP"
"""AWS Foundational Security Best Practices."""

SECURITY_HUB = "AWS Security Hub"
"""Controls of Security Hub that are not part of FSBP."""

MCSB = "Azure MCSB"
"""Microsoft cloud security benchmark, version 1."""

PSS = "Kubernetes PSS"
"""Pod Security Standards, profile restricted."""
