"""A kubeconfig file of the user's: read as it is, written in one step, and never while another program writes it."""

from __future__ import annotations

import os
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from ops.errors import RefusedError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_MODE = 0o600
"""There are keys in it."""


class _Loader(yaml.SafeLoader):
    """Leaves times as they are written: they are other people's, and must come back the same."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


class _Dumper(yaml.SafeDumper):
    """Writes what is the same in several places several times: many programs cannot read references."""

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002 - for any
        return True


def default_file(env: Mapping[str, str], home: Path) -> Path:
    """Give the file that kubectl writes to: the first of ``KUBECONFIG``, else ``~/.kube/config``."""
    first = next(filter(None, env.get("KUBECONFIG", "").split(os.pathsep)), "")
    return Path(first) if first else home / ".kube" / "config"


@contextmanager
def editing(file: Path) -> Iterator[dict[str, Any]]:
    """Give the content to change, and write it at the end, unless it is as before or something failed.

    Raises
    ------
    RefusedError
        If the file is no kubeconfig, or another program is writing it.
    """
    # A link stays one.
    path = file.expanduser().resolve()
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _locked(path):
        content, before = read(path), read(path)
        yield content
        if content != before:
            _write(path, content)


def read(file: Path) -> dict[str, Any]:
    """Read a kubeconfig; one that is not there is empty.

    Raises
    ------
    RefusedError
        If it is none.
    """
    try:
        content = yaml.load(file.read_text(encoding="utf-8"), Loader=_Loader)  # noqa: S506 - a SafeLoader
    except FileNotFoundError:
        content = None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise RefusedError(
            f"{file} cannot be read: {str(error).splitlines()[0]}", "name another with --kubeconfig"
        ) from None
    if content is None:
        return {"apiVersion": "v1", "kind": "Config", "clusters": [], "users": [], "contexts": []}
    if not isinstance(content, dict) or content.get("kind", "Config") != "Config":
        raise RefusedError(f"{file} is no kubeconfig", "name another with --kubeconfig")
    return content


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold the lock that kubectl takes as well (``client-go/tools/clientcmd``)."""
    lock = path.with_name(f"{path.name}.lock")
    try:
        os.close(os.open(lock, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0))
    except FileExistsError:
        raise RefusedError(f"another program is writing {path}", f"if none is, delete {lock}") from None
    try:
        yield
    finally:
        lock.unlink(missing_ok=True)


def _write(path: Path, content: dict[str, Any]) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            os.fchmod(handle, _MODE)
            yaml.dump(content, file, _Dumper, sort_keys=False, width=1 << 20)
            file.flush()
            os.fsync(handle)
        Path(name).replace(path)
    except BaseException:
        with suppress(FileNotFoundError):
            Path(name).unlink()
        raise
