"""What a lab can be asked over its control socket."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lab.errors import LabError, UnfinishedError
from lab.faults.catalogue import fault
from lab.link.planned import Planned

if TYPE_CHECKING:
    from collections.abc import Callable

    from lab.running import RunningLab

Arguments = dict[str, Any]

_RELEASE_SECONDS = 300.0
"""Patience with a release that says nothing of it: Helm's own default."""


class Verbs:
    """Answers questions about one lab; each in a thread of its own."""

    def __init__(self, lab: RunningLab) -> None:
        self._lab = lab
        self._verbs: dict[str, Callable[[Arguments, Callable[[str], None]], Any]] = {
            "up": lambda _, progress: lab.up(progress),
            "release": self._release,
            "release-delete": self._release_delete,
            "exec": self._exec,
            "empty": lambda arguments, progress: lab.cluster(arguments["cluster"]).empty(progress),
            "break": lambda arguments, _: fault(arguments["fault"]).break_(lab, arguments["target"]),
            "mend": lambda arguments, _: fault(arguments["fault"]).mend(lab, arguments["target"]),
            "carry": lambda arguments, _: lab.carry(
                tuple(Planned(**one) for one in arguments["resources"]), timers=arguments["timers"]
            ),
            "differences": lambda _, __: lab.differences(),
        }

    def answer(self, verb: str, arguments: Arguments, progress: Callable[[str], None]) -> Any:  # noqa: ANN401 - JSON
        """Do what is asked, and give the answer.

        Raises
        ------
        LabError
            If there is no such verb, an argument is missing, or it fails.
        """
        if verb not in self._verbs:
            raise LabError(f"a lab knows no verb {verb}", f"verbs: {', '.join(self._verbs)}")
        try:
            return self._verbs[verb](arguments, progress)
        except KeyError as missing:
            raise LabError(f"{verb} needs {missing}") from missing

    def _release(self, arguments: Arguments, progress: Callable[[str], None]) -> dict[str, Any]:
        cluster = self._lab.cluster(arguments["cluster"])
        cluster.release.install(
            arguments["values"],
            version=arguments["version"],
            name=arguments["name"],
            namespace=arguments["namespace"],
            progress=lambda text: progress(f"{cluster.plan.name}: {text}"),
            wait=False,
        )
        if not arguments.get("skipAwait", False):
            try:
                cluster.release.wait(float(arguments.get("timeout", _RELEASE_SECONDS)))
            except LabError as error:
                raise UnfinishedError(error.message, error.advice) from error
        return {}

    def _release_delete(self, arguments: Arguments, _: Callable[[str], None]) -> dict[str, Any]:
        self._lab.cluster(arguments["cluster"]).release.delete()
        return {}

    def _exec(self, arguments: Arguments, _: Callable[[str], None]) -> str:
        timeout = float(arguments.get("timeout", 60))
        return self._lab.processes.run(self._lab.space(arguments["space"]), *arguments["argv"], timeout=timeout)
