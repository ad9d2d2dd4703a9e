"""The command line ``hms``. Nothing is decided here: each verb reads its options and calls one service."""

from __future__ import annotations

import os
import sys
import threading
from contextlib import suppress
from typing import Any

import typer
from typer.core import TyperGroup

from ops import (
    cli_connectivity,
    cli_contexts,
    cli_deploy,
    cli_diagnose,
    cli_doctor,
    cli_fleet,
    cli_gather,
    cli_lab,
    cli_link,
    cli_mesh,
    cli_mesh_change,
    cli_policy,
    cli_status,
    cli_upgrade,
)
from ops.errors import INTERRUPTED, HmsError

_HELP = """Deploy HMS on Kubernetes clusters across AWS and Azure as one mesh.

Exit codes: 0 done; 1 failed, or changes where none were expected; 2 the fleet or the command is refused;
3 credentials or tools are missing; 130 interrupted.
"""


class _Group(TyperGroup):
    """Turns errors into a line and an exit code, wherever a verb raises them."""

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401 - typer brings its own copy of click, under another name
        """Run a verb."""
        from ops.progress.plain import tell

        try:
            return super().invoke(ctx)
        except HmsError as error:
            tell(error, sys.stderr)
            raise typer.Exit(error.code) from None
        except (KeyboardInterrupt, typer.Abort):
            sys.stderr.write("\nhms: interrupted; nothing is under way\n")
            raise typer.Exit(INTERRUPTED) from None


app = typer.Typer(
    cls=_Group,
    help=_HELP,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(cli_fleet.app, name="fleet")
app.add_typer(cli_policy.app, name="policy")
app.add_typer(cli_upgrade.app, name="upgrade")
app.add_typer(cli_lab.app, name="lab")
app.add_typer(cli_link.app, name="link")
app.add_typer(cli_connectivity.app, name="connectivity")
mesh = typer.Typer(help="Run the mesh of all clusters.", no_args_is_help=True)
cli_mesh.add_verbs(mesh)
cli_mesh_change.add_verbs(mesh)
app.add_typer(mesh, name="mesh")
app.add_typer(cli_contexts.app, name="contexts")
cli_deploy.add_verbs(app)
cli_status.add_verb(app)
cli_doctor.add_verb(app)
cli_diagnose.add_verb(app)
cli_gather.add_verbs(app)


def main() -> None:
    """Run the command line: entry point of the console script."""
    try:
        app()
    except SystemExit as ended:
        if threading.active_count() > 1 and isinstance(ended.code, int):
            # Threads of a program whose engine is gone may wait for long yet; the user, who pressed Ctrl-C, may not.
            with suppress(BrokenPipeError):
                sys.stdout.flush()
                sys.stderr.flush()
            os._exit(ended.code)
        raise


if __name__ == "__main__":
    main()
