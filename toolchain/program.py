"""Runs a Pulumi program in a process of its own: ``python program.py SETTINGS``, started by `toolchain.language_host`.

SETTINGS is one JSON object. The file imports nothing of this project, since it runs in the program's own environment.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import runpy
import signal
import sys
import traceback
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import grpc
import pulumi
from pulumi.runtime import Settings, configure, run_in_stack, set_all_config

SHOWN: Final = 32
"""Exit code that says: failed, and the user has been told why."""


def main() -> int:
    """Run the program and return the exit code."""
    # The engine ends the process group of its language host so; nobody wants to read a KeyboardInterrupt.
    signal.signal(signal.SIGINT, lambda _signal, _frame: os._exit(SHOWN))
    settings = json.loads(sys.argv[1])
    set_all_config(settings["config"], settings["secret_keys"])
    configure(
        Settings(
            monitor=settings["monitor"],
            engine=settings["engine"],
            project=settings["project"],
            stack=settings["stack"],
            parallel=settings["parallel"],
            dry_run=settings["dry_run"],
            organization=settings["organization"],
            root_directory=settings["root"],
        )
    )
    program = settings["program"]
    os.chdir(settings["pwd"])
    sys.argv = [program, *settings["arguments"]]
    # As if the program had been started by itself: its folder, and not ours, is where imports are looked up.
    sys.path[0] = program if Path(program).is_dir() else str(Path(program).parent)

    # Futures that nobody waits for are normal after a failure, and not for the user to read about.
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    loop.set_default_executor(ThreadPoolExecutor(max(settings["parallel"], 1) * 4))

    async def body() -> None:
        runpy.run_path(program, run_name="__main__")

    try:
        loop.run_until_complete(run_in_stack(body))
    except pulumi.RunError as error:
        pulumi.log.error(str(error))
        return SHOWN
    except grpc.RpcError as error:
        if isinstance(error, grpc.Call) and error.code() == grpc.StatusCode.UNAVAILABLE:
            return SHOWN  # the engine is gone, and knows why
        pulumi.log.error(f"RPC error: {error}")
        return SHOWN
    except Exception:  # noqa: BLE001  (whatever the program raises is the user's to read)
        pulumi.log.error("Program failed with an unhandled exception:\n" + traceback.format_exc())
        return SHOWN
    finally:
        for task in asyncio.all_tasks(loop):
            task.cancel()
        sys.stdout.flush()
        sys.stderr.flush()
    return 0


if __name__ == "__main__":
    # Not sys.exit: threads that wait for an answer that will not come would keep the process.
    os._exit(main())
