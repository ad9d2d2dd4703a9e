"""A cloud's own command line, asked for JSON: the users of ``hms`` have it, signed in."""

from __future__ import annotations

import json
import os
import subprocess
import threading
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from ops.adapters.redact import redact
from ops.errors import MissingError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


T = TypeVar("T")

_LONGEST = 300
"""Characters of an error that are shown."""


@dataclass(frozen=True, kw_only=True)
class CloudCli:
    """One program. The same question is asked once, however many threads want to know.

    Parameters
    ----------
    program
        Its name on the PATH.
    install
        How to get it.
    advice
        Says what to do about an error text.
    seconds
        After which a call counts as unanswered.
    environment
        Variables that are set for it besides those of ``hms``.
    start
        Runs a process: :func:`subprocess.run`, or what a test answers in its place.
    """

    program: str
    install: str
    advice: Callable[[str], str]
    seconds: float
    environment: Mapping[str, str] = field(default_factory=dict)
    start: Callable[..., subprocess.CompletedProcess[str]] = subprocess.run
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _answers: dict[tuple[str, ...], Future[Any]] = field(default_factory=dict)

    def __call__(self, *arguments: str) -> Any:  # noqa: ANN401 - JSON
        """Run a command.

        Raises
        ------
        MissingError
            If the program is not there, fails, takes too long or answers no JSON.
        """
        with self._lock:
            answer = self._answers.get(arguments)
            first = answer is None
            if answer is None:
                answer = self._answers[arguments] = Future()
        if first:
            try:
                answer.set_result(self._run(arguments))
            except BaseException as error:  # noqa: BLE001 - whoever waits for it gets it
                answer.set_exception(error)
        return answer.result()

    def _run(self, arguments: tuple[str, ...]) -> Any:  # noqa: ANN401
        shown = " ".join((self.program, *arguments[:2]))
        try:
            done = self.start(
                (self.program, *arguments),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                encoding="utf-8",
                errors="replace",
                timeout=self.seconds,
                check=False,
                env={**os.environ, **self.environment},
            )
        except FileNotFoundError:
            raise MissingError(f"there is no program {self.program} on this machine", self.install) from None
        except OSError as error:
            raise MissingError(f"{self.program} does not start: {error.strerror}", self.install) from None
        except subprocess.TimeoutExpired:
            raise MissingError(
                f"{shown}: no answer within {self.seconds:.0f} s", "look at the network and its proxy; or --timeout 120"
            ) from None
        if done.returncode != 0:
            said = _said(done.stderr)
            raise MissingError(f"{self.program}: {said}", self.advice(said))
        try:
            return json.loads(done.stdout)
        except ValueError:
            raise MissingError(f"{shown}: its answer is no JSON", f"look at: {shown}") from None


def understood(what: str, answer: Any, read: Callable[[Any], T]) -> T:  # noqa: ANN401 - JSON
    """Read an answer; one of another shape than the cloud's documentation says is no answer.

    Raises
    ------
    MissingError
        If it cannot be read.
    """
    try:
        return read(answer)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise MissingError(
            f"{what}: the answer is not understood ({type(error).__name__}: {error})",
            f"update {what.partition(' ')[0]}",
        ) from None


def _said(text: str) -> str:
    """Give the error in a line: warnings stand before it, and where ``az`` crashed so does the news of a traceback."""
    lines = [line.strip() for line in text.splitlines() if line.strip() and "Here is the traceback" not in line]
    errors = [line for line in lines if line.startswith(("ERROR:", "An error occurred"))] or lines[-1:] or ["it failed"]
    said = redact(errors[0].removeprefix("ERROR:").strip())
    return said if len(said) <= _LONGEST else f"{said[:_LONGEST]}..."
