"""Which addresses answer a TCP connection. Needs nothing but Python, so that a lab can run it in any of its networks.

As a program it takes ``{"seconds": ..., "addresses": [[host, port], ...]}`` and writes a list in the same order.
"""

from __future__ import annotations

import asyncio
import json
import sys

OPEN = "connected"
REFUSED = "connection refused, so packets get there"
SILENT = "no answer"


def knock(addresses: list[tuple[str, int]], seconds: float) -> list[str]:
    """Try all addresses at once; give what each says."""

    async def all_of_them() -> list[str]:
        return list(await asyncio.gather(*(_one(host, port, seconds) for host, port in addresses)))

    return asyncio.run(all_of_them())


async def _one(host: str, port: int, seconds: float) -> str:
    try:
        _, writer = await asyncio.wait_for(asyncio.open_connection(host, port), seconds)
    except ConnectionRefusedError:
        return REFUSED
    except (TimeoutError, OSError):
        return SILENT
    writer.close()
    return OPEN


if __name__ == "__main__":
    asked = json.loads(sys.argv[1])
    json.dump(knock([(host, port) for host, port in asked["addresses"]], asked["seconds"]), sys.stdout)
