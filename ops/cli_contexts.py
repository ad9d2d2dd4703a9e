"""``hms contexts``: the clusters in your kubeconfig."""

# ruff: noqa: TC001 - typer reads the annotations when it runs
from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ops.cli_clusters import accesses, fleet_of
from ops.errors import RefusedError
from ops.options import ClusterOptions, OutputOption
from ops.splice import spliced
from ops.terminal import Output, draw

if TYPE_CHECKING:
    from ops.services.contexts import Change

app = typer.Typer(help="Write the clusters into your kubeconfig, and choose one.", invoke_without_command=True)

KubeconfigOption = Annotated[
    Path | None,
    typer.Option(
        "--kubeconfig", help="The kubeconfig; the first of $KUBECONFIG, else ~/.kube/config, if none is named."
    ),
]


@app.callback()
@spliced
def contexts_verb(
    ctx: typer.Context,
    *,
    where: ClusterOptions,
    kubeconfig: KubeconfigOption = None,
    prefix: Annotated[str, typer.Option(help="Put before each context's name.")] = "",
    output: OutputOption = Output.TEXT,
) -> None:
    """Write a context for each cluster into your kubeconfig: FLEET-CLUSTER, or lab-FLEET-CLUSTER.

    Entries that hms did not make stay as they are; those of clusters that are gone are taken out.
    """
    if ctx.invoked_subcommand is not None:
        return
    from ops.adapters.kubeconfig import editing, read
    from ops.services.contexts import Source, changes_table, merge

    if where.context:
        raise RefusedError("--context names contexts that you have", "leave it out")
    plan, fleet = fleet_of(where)
    _, found = accesses(where, plan, fleet)
    source = Source(
        fleet=plan.name,
        place="lab" if where.lab else "stacks",
        kubeconfigs={
            name: read(Path(access.kubeconfig)) if isinstance(access.kubeconfig, str) else access.kubeconfig or {}
            for name, access in found.items()
        },
        complete=where.stack is None,
    )
    file = _file(kubeconfig)
    with editing(file) as config:
        changes = merge(config, source, prefix)
    if output is Output.JSON:
        sys.stdout.write(json.dumps(_as_json(file, changes)) + "\n")
    else:
        draw((changes_table(changes, str(file)),))


@app.command("use")
def use_verb(
    name: Annotated[str, typer.Argument(help="A context, or a cluster of the fleet.")],
    *,
    kubeconfig: KubeconfigOption = None,
) -> None:
    """Make a context the current one of your kubeconfig."""
    from ops.adapters.kubeconfig import editing
    from ops.services.contexts import use

    with editing(_file(kubeconfig)) as config:
        chosen = use(config, name)
    sys.stdout.write(f"{chosen}\n")


def _file(named: Path | None) -> Path:
    from ops.adapters.kubeconfig import default_file

    return named or default_file(os.environ, Path.home())


def _as_json(file: Path, changes: tuple[Change, ...]) -> dict[str, object]:
    """Give what was done as plain data, version 1: ``docs/json/contexts.md``."""
    return {"v": 1, "file": str(file), "contexts": [vars(each) for each in changes]}
