"""A change of the mesh: shown, agreed to, written into the fleet file, deployed, and waited for."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from ops.errors import RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from infra.plan import FleetPlan
    from ops.adapters.fleet_file import FleetFile
    from ops.services.deploy import Deploy
    from ops.services.job import Job


class Mesh(Protocol):
    """A mesh that can be asked."""

    def unsettled(self, plan: FleetPlan) -> tuple[str, ...]:
        """List what is not as a plan wants it, a line each."""
        ...

    def wait(self, plan: FleetPlan, *, seconds: float, say: Callable[[str], None]) -> float:
        """Wait until all is as a plan wants it, and give how long that took, in seconds.

        Raises
        ------
        ClusterError
            If it does not get so in time.
        """
        ...


@dataclass(frozen=True, kw_only=True)
class MeshChange:
    """Changes the mesh.

    Parameters
    ----------
    open_mesh
        Opens the mesh of a plan, once it is deployed; None where there is nothing to ask, on simulated clouds.
    say
        Shows a line.
    seconds
        How long the mesh may take to get whole.
    """

    deploy: Deploy
    open_mesh: Callable[[FleetPlan], AbstractContextManager[Mesh | None]]
    say: Callable[[str], None]
    seconds: float

    def refuse_unsettled(self, plan: FleetPlan) -> None:
        """Refuse to go on from a mesh that is not whole yet.

        Raises
        ------
        RefusedError
            If something is not as its plan wants it; with all of it.
        """
        with self.open_mesh(plan) as mesh:
            missing = mesh.unsettled(plan) if mesh is not None else ()
        if missing:
            raise RefusedError(
                "the mesh is not whole as it is; nothing was changed",
                "mend it, or wait, and type the same again",
                details=tuple(f"  {line}" for line in missing),
            )

    def run(self, job: Job, file: FleetFile) -> bool:
        """Do it.

        Parameters
        ----------
        job
            With the plan of the file as it will be.
        file
            As it will be. It is written once the user has agreed, and stays so whatever comes: it says what is wanted.

        Returns
        -------
        Whether it was done; False where the user said no.

        Raises
        ------
        ops.errors.HmsError
            If it failed, or the mesh does not get whole.
        """
        if job.ask is not None:
            self.deploy.preview(job)
            if not job.ask.sure(f"Change {job.fleet} and deploy {', '.join(each.stack for each in job.targets)}?"):
                return False
        if file.text != file.read:
            file.write()
            self.say(f"{job.fleet} is changed")
        self.deploy.up(replace(job, ask=None))
        with self.open_mesh(job.plan) as mesh:
            if mesh is None:
                self.say("on simulated clouds there is no mesh to wait for")
            else:
                took = mesh.wait(job.plan, seconds=self.seconds, say=self.say)
                self.say(f"the mesh is whole, {took:.1f} s after it was deployed")
        return True
