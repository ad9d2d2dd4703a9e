"""``python dial.py JSON``: asks a pod, from its node, to call others. Needs nothing but Python.

Takes ``{"by": "10.1.2.3:8080", "seconds": ..., "calls": [{"host", "port", "octets"}, ...]}``, makes all calls at once
and writes a list in the same order: names of the pods that answered, one at most.
"""

from __future__ import annotations

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TypedDict
from urllib.parse import urlencode
from urllib.request import urlopen


class Call(TypedDict):
    """Whom to call, and how many octets to send along."""

    host: str
    port: int
    octets: int


def main() -> None:
    """Make the calls."""
    asked = json.loads(sys.argv[1])

    def one(call: Call) -> list[str]:
        request = "hostname" + (f"?pad={'x' * call['octets']}" if call["octets"] else "")
        query = {"host": call["host"], "port": call["port"], "protocol": "http", "request": request, "tries": 1}
        try:
            with urlopen(f"http://{asked['by']}/dial?{urlencode(query)}", timeout=asked["seconds"]) as answer:
                found: list[str] = json.load(answer).get("responses") or []
        except OSError:
            return []
        return found

    with ThreadPoolExecutor(32) as pool:
        json.dump(list(pool.map(one, asked["calls"])), sys.stdout)


if __name__ == "__main__":
    main()
