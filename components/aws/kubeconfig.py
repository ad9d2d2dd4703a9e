"""The kubeconfig of an EKS cluster."""

from __future__ import annotations

import json


def kubeconfig(*, name: str, region: str, endpoint: str, certificate_authority: str) -> str:
    """Write a kubeconfig that asks the AWS command line for a token each time, so it holds no credential itself.

    Parameters
    ----------
    name
        Name of the cluster in EKS.
    endpoint
        URL of the API server.
    certificate_authority
        Base64 of its CA certificate.

    Returns
    -------
    JSON, which is YAML too. Treat it as secret all the same: it says where to knock.
    """
    token = ["--region", region, "eks", "get-token", "--cluster-name", name, "--output", "json"]
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [
                {"name": name, "cluster": {"server": endpoint, "certificate-authority-data": certificate_authority}}
            ],
            "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
            "current-context": name,
            "users": [
                {
                    "name": name,
                    "user": {
                        "exec": {
                            "apiVersion": "client.authentication.k8s.io/v1beta1",
                            "command": "aws",
                            "args": token,
                            "interactiveMode": "Never",
                            "installHint": "Install the AWS command line, version 2.7 or newer.",
                        }
                    },
                }
            ],
        }
    )
