"""containerd: its configuration, for nodes and for the store of images."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

from lab.errors import LabError
from lab.images import PAUSE
from lab.tools import tool

if TYPE_CHECKING:
    from pathlib import Path

SOCKET = "/run/containerd/containerd.sock"
"""Where a node's containerd listens."""

CONFIG = "/etc/containerd/config.toml"
"""Its configuration, in the node."""

CNI_CONFIG = "/run/cni/net.d"
"""Folder in the node for the CNI configuration, which Cilium's agent writes when it is ready."""

CNI_PROGRAMS = "/run/cni/bin"
"""Folder in the node for CNI plugins; as in a cluster, who brings the configuration brings them too."""

IMAGES = "k8s.io"
"""Namespace of what kubelet sees."""

_UNUSED = ("io.containerd.internal.v1.opt", "io.containerd.nri.v1.nri")
"""Plugins that would write to the machine, or wait for plugins of their own."""

_CRI = ("io.containerd.cri.v1.images", "io.containerd.cri.v1.runtime", "io.containerd.grpc.v1.cri")
"""Plugins that speak to a kubelet; a store of images has none."""


def node_configuration() -> str:
    """Write the configuration of a node's containerd."""
    runtime = '[plugins."io.containerd.cri.v1.runtime"'
    return f"""{_common("/var/lib/containerd", "/run/containerd", _UNUSED)}
[plugins."io.containerd.cri.v1.images"]
snapshotter = "overlayfs"

[plugins."io.containerd.cri.v1.images".pinned_images]
sandbox = "{PAUSE.name}"

{runtime}]
disable_apparmor = true
# Root may lack CAP_SYS_RESOURCE, without which no process can be made less likely to be killed.
restrict_oom_score_adj = true

{runtime}.cni]
bin_dirs = ["{CNI_PROGRAMS}"]
conf_dir = "{CNI_CONFIG}"
use_internal_loopback = true

{runtime}.containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"
runtime_path = "{tool("containerd-shim-runc-v2")}"

{runtime}.containerd.runtimes.runc.options]
BinaryName = "{tool("runc")}"
SystemdCgroup = false
"""


def store_configuration(root: Path, state: Path) -> str:
    """Write the configuration of a containerd that only takes images in; its socket is in ``state``."""
    return _common(str(root), str(state), _UNUSED + _CRI)


def answers(address: Path) -> bool:
    """Say whether a containerd listens on a socket.

    Raises
    ------
    LabError
        If its path is too long for a Unix socket.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        try:
            client.connect(str(address))
        except (FileNotFoundError, ConnectionRefusedError):
            return False
        except OSError as error:
            raise LabError(f"containerd cannot be reached at {address}: {error}") from error
    return True


def _common(root: str, state: str, disabled: tuple[str, ...]) -> str:
    plugins = ", ".join(f'"{plugin}"' for plugin in disabled)
    return f"""version = 4
root = "{root}"
state = "{state}"
disabled_plugins = [{plugins}]
imports = []

[plugins."io.containerd.server.v1.grpc"]
address = "{state}/containerd.sock"

[plugins."io.containerd.server.v1.ttrpc"]
address = "{state}/containerd.sock.ttrpc"
"""
