"""What stands for Cilium's container images: the same programs at the same paths."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from lab.tools import bpf_sources, debian_environment, tool
from toolchain.places import shared_cache

if TYPE_CHECKING:
    from collections.abc import Mapping

_MACHINE = ("bin", "etc", "lib", "lib64", "sbin", "usr")
"""Folders of the machine that an image with a whole system shows."""

_ENV = {"PATH": "/usr/bin", "HOME": "/"}
"""What a container runtime sets."""

_ETCD_CONFIG = """\
---
trusted-ca-file: /var/lib/cilium/etcd-secrets/ca.crt
key-file: /var/lib/cilium/etcd-secrets/tls.key
cert-file: /var/lib/cilium/etcd-secrets/tls.crt
endpoints:
- https://127.0.0.1:2379
"""
"""``clustermesh-apiserver/etcd-config.yaml`` of Cilium's source: the image has it, the chart does not."""


@dataclass(frozen=True, kw_only=True)
class Image:
    """An image.

    Parameters
    ----------
    files
        Files and folders of the machine by their path in the image.
    texts
        Files that are written.
    env
        Environment of its programs.
    system
        Show the machine's own programs and libraries.
    """

    files: Mapping[str, Path]
    texts: Mapping[str, str] = field(default_factory=dict)
    env: Mapping[str, str] = field(default_factory=lambda: _ENV)
    system: bool = False

    @property
    def folders(self) -> tuple[str, ...]:
        """Names of the machine's folders that it shows at its root."""
        return tuple(name for name in _MACHINE if Path("/", name).exists()) if self.system else ()


def clustermesh_apiserver() -> Image:
    """Stand for ``quay.io/cilium/clustermesh-apiserver``."""
    return Image(
        files={"/usr/bin/clustermesh-apiserver": tool("clustermesh-apiserver"), "/usr/bin/etcd": tool("etcd")},
        texts={"/var/lib/cilium/etcd-config.yaml": _ETCD_CONFIG},
    )


def operator() -> Image:
    """Stand for ``quay.io/cilium/operator-generic``."""
    return Image(files={"/usr/bin/cilium-operator-generic": tool("cilium-operator")})


def agent() -> Image:
    """Stand for ``quay.io/cilium/cilium``: besides the programs, a compiler, iptables and the BPF sources."""
    programs = ("cilium-agent", "cilium-dbg", "cilium-health-responder", "hubble")
    tools = debian_environment()
    return Image(
        files={
            **{f"/cilium/bin/{name}": tool(name) for name in programs},
            "/var/lib/cilium/bpf": bpf_sources(),
            # Compiler and iptables are called by their places on the machine.
            str(shared_cache()): shared_cache(),
        },
        env={**_ENV, "PATH": f"/cilium/bin:{tools['PATH']}", "HUBBLE_SERVER": "unix:///var/run/cilium/hubble.sock"},
        system=True,
    )
