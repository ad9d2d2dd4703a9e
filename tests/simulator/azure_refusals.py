"""How a test says which of Azure's refusals it expects."""

from __future__ import annotations

from contextlib import contextmanager
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from simulator.kind import Refused

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def refused(code: str, words: str = "") -> Iterator[SimpleNamespace]:
    """The block must be refused with this code and, where given, these words; ``message`` holds the whole sentence."""
    told = SimpleNamespace(message="")
    with pytest.raises(Refused) as caught:
        yield told
    assert caught.value.code == code, str(caught.value)
    assert words in caught.value.message
    told.message = caught.value.message
