"""The root folder of a container: a shell script builds it in a mount namespace, and becomes what runs in it."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lab.cilium.images import Image
    from lab.cilium.volumes import Volume

PRIVATE = ("unshare", "--mount", "--propagation", "slave", "--", "sh")
"""Runs a script. Its mounts are nobody else's, but it sees what is mounted later (network namespaces of pods)."""

_BASE = """\
set -eu
mkdir -p {root}
mount -t tmpfs -o mode=0755 root {root}
cd {root}
mkdir -p proc sys dev run tmp var
# Not absolute: while the root is being built it is followed from outside.
ln -s ../run var/run
for name in proc dev; do mount --rbind /$name $name; done
# Without what is mounted on /sys/fs/bpf, a volume where it is wanted: the agent refuses to find it twice.
mount --bind /sys sys
mount --rbind /sys/fs/cgroup sys/fs/cgroup
"""

_SHOW = "if [ -L /{0} ]; then cp -d /{0} {0}; else mkdir -p {0}; mount --rbind /{0} {0}; fi\n"
"""Shows a folder of the machine; many systems have links to ``/usr`` in the place of some."""


def script(
    root: str,
    image: Image,
    *,
    mounts: Sequence[tuple[Volume, str]],
    hosts: Mapping[str, Sequence[str]],
    env: Mapping[str, str],
) -> str:
    """Write the script; its arguments are the command that it becomes.

    Parameters
    ----------
    root
        Where the folder is, in memory; made if absent.
    mounts
        Volumes and their places, absolute.
    hosts
        Names by address, for a hosts file; an image with a whole system has the machine's.
    env
        The whole environment of the command.
    """
    lines = [_BASE.format(root=root), *(_SHOW.format(name) for name in image.folders)]
    lines += [_bind(str(source), path, "" if source.is_dir() else "File") for path, source in image.files.items()]
    texts = dict(image.texts)
    if not image.system:
        texts["/etc/hosts"] = "".join(f"{address} {' '.join(names)}\n" for address, names in hosts.items())
    lines += [f"{_parent(path)}printf %s {shlex.quote(text)} > .{shlex.quote(path)}\n" for path, text in texts.items()]
    # Outer ones first: a volume may lie in another one.
    for volume, path in sorted(mounts, key=lambda mount: Path(mount[1]).parts):
        if Path(path).parts[1] not in image.folders:
            lines.append(_bind(volume.source, path.rstrip("/"), volume.type))
    variables = " ".join(shlex.quote(f"{key}={value}") for key, value in sorted(env.items()))
    return "".join([*lines, f'exec env -i {variables} "$(command -v chroot)" {root} "$@"\n'])


def _bind(source: str, path: str, kind: str) -> str:
    """Bind a folder or file.

    Parameters
    ----------
    kind
        Of a hostPath: what ends in ``OrCreate`` is made where it is absent.
    """
    origin, target = shlex.quote(source), f".{shlex.quote(path)}"
    if "File" in kind:
        make = f"[ -e {origin} ] || : > {origin}\n" if kind == "FileOrCreate" else ""
        place = f"{_parent(path)}[ -e {target} ] || : > {target}\n"
    else:
        make = f"mkdir -p {origin}\n" if kind == "DirectoryOrCreate" else ""
        place = f"mkdir -p {target}\n"
    return f"{make}{place}mount --rbind {origin} {target}\n"


def _parent(path: str) -> str:
    return f"mkdir -p .{shlex.quote(str(Path(path).parent))}\n"
