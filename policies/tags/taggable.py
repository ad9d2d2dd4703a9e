"""Which types of cloud resources can carry tags: read out of the installed SDKs once, and kept beside this module.

Reading them takes seconds and hundreds of megabytes, so the answer is committed; a test compares it with the SDKs.
``python -m policies.tags.taggable`` writes it anew after an upgrade.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.util import find_spec
from pathlib import Path

LIST = Path(__file__).with_name("taggable.txt")

SERVICES = {
    "pulumi_aws": (
        "acm", "alb", "autoscaling", "backup", "cloudtrail", "cloudwatch", "dynamodb", "ebs", "ec2",
        "ec2transitgateway", "ecr", "efs", "eks", "elb", "iam", "kms", "lambda_", "lb", "networkfirewall",
        "networkmanager", "opensearch", "rds", "route53", "s3", "secretsmanager", "sns", "sqs", "ssm", "vpc",
    ),
    "pulumi_azure_native": (
        "authorization", "compute", "containerregistry", "containerservice", "dataprotection", "dbforpostgresql",
        "dns", "insights", "keyvault", "managedidentity", "monitor", "network", "operationalinsights", "privatedns",
        "recoveryservices", "resources", "sql", "storage",
    ),
}  # fmt: skip
"""Parts of the SDKs that a fleet may come to use."""

_TOKEN = re.compile(r"super\(\w+, __self__\)\.__init__\(\s*'([^']+)'")
_TAGS = re.compile(
    r"^\s+def tags\(self\) -> pulumi\.Input\[|^\s+def tags\(self\) -> Optional\[pulumi\.Input\[", re.MULTILINE
)


@cache
def taggable_types() -> frozenset[str]:
    """Give the types that have an input ``tags``."""
    return frozenset(LIST.read_text(encoding="utf-8").split()) | {"eks:index:Cluster"}


def read_sdks() -> tuple[str, ...]:
    """Read them out of the installed SDKs.

    Raises
    ------
    RuntimeError
        If an SDK is not installed.
    """
    types = []
    for package, services in SERVICES.items():
        spec = find_spec(package)
        if spec is None or spec.origin is None:
            raise RuntimeError(f"{package} is not installed; run make setup")
        for service in services:
            for path in Path(spec.origin).with_name(service).glob("*.py"):
                source = "" if path.name.startswith("_") else path.read_text(encoding="utf-8")
                token = _TOKEN.search(source)
                if token is not None and _TAGS.search(source):
                    types.append(token.group(1))
    return tuple(sorted(types))


if __name__ == "__main__":
    LIST.write_text("\n".join(read_sdks()) + "\n", encoding="utf-8")
