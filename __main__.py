"""The Pulumi program: read the stack's configuration, load the fleet, deploy its scope."""

from pathlib import Path

import pulumi

from components.fleet import run
from infra.load import load_fleet
from infra.planner import plan_fleet
from infra.problems import FleetRefusedError
from infra.scopes import scope_of

config = pulumi.Config()
try:
    plan = plan_fleet(load_fleet(Path(config.require("fleet"))))
    scope = scope_of(plan, tuple(config.get_object("sites") or ()) or None)
except (FleetRefusedError, ValueError) as error:
    raise pulumi.RunError(str(error)) from None
pulumi.run(lambda: run(plan, scope))
