"""What shows events to someone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from ops.errors import HmsError
    from ops.progress.events import Event


class Reporter(Protocol):
    """Shows the events of one command, all from the thread that runs it."""

    wants_plan: bool
    """Whether it shows what is left and what that waits for, and so needs a preview before an update."""

    def emit(self, event: Event) -> None:
        """Show an event."""
        ...

    def tick(self, now: float) -> None:
        """Let time pass (seconds since the epoch): called several times a second while the engine works."""
        ...

    def fail(self, error: HmsError) -> None:
        """Show that the command failed as a whole."""
        ...

    def close(self) -> None:
        """Leave the terminal as it was, whatever happened."""
        ...
