"""A Python language host for machines that have a Pulumi engine but not ``pulumi-language-python``.

The engine starts it by that name, with its own address as the last argument, and reads the port from the first line it
prints. It runs programs and policy packs; it does not generate code. A machine with the official host uses that one.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from importlib import metadata
from pathlib import Path
from queue import SimpleQueue
from typing import IO, TYPE_CHECKING, Any, Final

import grpc
from google.protobuf import empty_pb2, json_format
from pulumi.runtime.proto import language_pb2, language_pb2_grpc, plugin_pb2

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_EXECUTOR: Final = Path(__file__).with_name("program.py")
_SHOWN: Final = 32


class LanguageHost(language_pb2_grpc.LanguageRuntimeServicer):
    """The service that runs Python for the engine.

    Parameters
    ----------
    engine
        Address of the engine.
    """

    def __init__(self, engine: str) -> None:
        self._engine = engine

    def Handshake(  # noqa: N802
        self, request: language_pb2.LanguageHandshakeRequest, _context: grpc.ServicerContext
    ) -> language_pb2.LanguageHandshakeResponse:
        """Learn the engine's address, which newer engines send here."""
        self._engine = request.engine_address or self._engine
        return language_pb2.LanguageHandshakeResponse()

    def GetPluginInfo(self, _request: empty_pb2.Empty, _context: grpc.ServicerContext) -> plugin_pb2.PluginInfo:  # noqa: N802
        """Give the version: that of the Pulumi SDK."""
        return plugin_pb2.PluginInfo(version=metadata.version("pulumi"))

    def GetRequiredPackages(  # noqa: N802
        self, _request: language_pb2.GetRequiredPackagesRequest, _context: grpc.ServicerContext
    ) -> language_pb2.GetRequiredPackagesResponse:
        """None in advance: resources name their package when they are registered."""
        return language_pb2.GetRequiredPackagesResponse()

    def GetRequiredPlugins(  # noqa: N802
        self, _request: language_pb2.GetRequiredPluginsRequest, _context: grpc.ServicerContext
    ) -> language_pb2.GetRequiredPluginsResponse:
        """Answer the older form of the same question."""
        return language_pb2.GetRequiredPluginsResponse()

    def RuntimeOptionsPrompts(  # noqa: N802
        self, _request: language_pb2.RuntimeOptionsRequest, _context: grpc.ServicerContext
    ) -> language_pb2.RuntimeOptionsResponse:
        """Nothing to ask."""
        return language_pb2.RuntimeOptionsResponse()

    def InstallDependencies(  # noqa: N802
        self, request: language_pb2.InstallDependenciesRequest, context: grpc.ServicerContext
    ) -> Iterator[language_pb2.InstallDependenciesResponse]:
        """Nothing if the environment is there; else say how to get it, since it comes from a lock file."""
        python = interpreter(request.info)
        if not Path(python).exists():
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, f"there is no {python}; run make setup")
        yield from ()

    def About(  # noqa: N802
        self, request: language_pb2.AboutRequest, _context: grpc.ServicerContext
    ) -> language_pb2.AboutResponse:
        """Which Python this is."""
        python = interpreter(request.info)
        shown = subprocess.run([python, "--version"], capture_output=True, text=True, check=False)  # noqa: S603
        return language_pb2.AboutResponse(executable=python, version=shown.stdout.strip().removeprefix("Python "))

    def GetProgramDependencies(  # noqa: N802
        self, request: language_pb2.GetProgramDependenciesRequest, _context: grpc.ServicerContext
    ) -> language_pb2.GetProgramDependenciesResponse:
        """Return what is installed in the program's environment."""
        code = (
            "import importlib.metadata as m, json; print(json.dumps([(d.name, d.version) for d in m.distributions()]))"
        )
        shown = subprocess.run(  # noqa: S603
            [interpreter(request.info), "-c", code], capture_output=True, text=True, check=True
        )
        return language_pb2.GetProgramDependenciesResponse(
            dependencies=[
                language_pb2.DependencyInfo(name=name, version=version)
                for name, version in sorted(json.loads(shown.stdout))
                if request.transitiveDependencies or re.fullmatch(r"pulumi.*", name)
            ]
        )

    def Run(  # noqa: N802
        self, request: language_pb2.RunRequest, context: grpc.ServicerContext
    ) -> language_pb2.RunResponse:
        """Run a program to its end."""
        settings = {
            "monitor": request.monitor_address,
            "engine": self._engine,
            "project": request.project,
            "stack": request.stack,
            "organization": request.organization or "organization",
            "root": request.info.root_directory,
            "parallel": request.parallel,
            "dry_run": request.dryRun,
            "config": dict(request.config),
            "secret_keys": list(request.configSecretKeys),
            "pwd": request.pwd or request.info.program_directory,
            "program": os.path.normpath(Path(request.info.program_directory, request.info.entry_point)),
            "arguments": list(request.args),
        }
        command = [interpreter(request.info), "-u", str(_EXECUTOR), json.dumps(settings)]
        # Its output is ours, and ours is read by the engine.
        process = subprocess.Popen(command, env=_environment(interpreter(request.info)))  # noqa: S603
        context.add_callback(process.terminate)  # the engine hung up; without effect once it has ended
        code = process.wait()
        if code == _SHOWN:
            return language_pb2.RunResponse(bail=True)
        return language_pb2.RunResponse(error=f"program exited with code {code}" if code else "")

    def RunPlugin(  # noqa: N802
        self, request: language_pb2.RunPluginRequest, context: grpc.ServicerContext
    ) -> Iterator[language_pb2.RunPluginResponse]:
        """Run a policy pack, or another plugin that is a folder with a program, and pass on what it prints."""
        python = interpreter(request.info)
        folder = request.info.program_directory
        if request.kind == "analyzer":
            command, cwd = [python, "-u", "-m", "pulumi.policy", *request.args, folder], folder
        else:
            command, cwd = [python, "-u", folder, *request.args], request.pwd
        environment = _environment(python) | dict(pair.split("=", 1) for pair in request.env)
        process = subprocess.Popen(  # noqa: S603
            command, cwd=cwd, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        context.add_callback(process.terminate)
        yield from _output_of(process)
        yield language_pb2.RunPluginResponse(exitcode=process.wait())


def _output_of(process: subprocess.Popen[bytes]) -> Iterator[language_pb2.RunPluginResponse]:
    """Pass on what a process prints, as it prints it."""
    queue: SimpleQueue[tuple[str, bytes]] = SimpleQueue()

    def pump(name: str, stream: IO[bytes]) -> None:
        while chunk := os.read(stream.fileno(), 65536):
            queue.put((name, chunk))
        queue.put((name, b""))

    streams = {"stdout": process.stdout, "stderr": process.stderr}
    for name, stream in streams.items():
        if stream is not None:
            threading.Thread(target=pump, args=(name, stream), daemon=True).start()
    still_open = len(streams)
    while still_open:
        name, chunk = queue.get()
        if not chunk:
            still_open -= 1
            continue
        yield (
            language_pb2.RunPluginResponse(stdout=chunk)
            if name == "stdout"
            else language_pb2.RunPluginResponse(stderr=chunk)
        )


def interpreter(info: language_pb2.ProgramInfo) -> str:
    """Path of the Python that runs a program: of the ``virtualenv`` in its runtime options, or the one running this."""
    options: Mapping[str, Any] = json_format.MessageToDict(info.options) if info.HasField("options") else {}
    folder = options.get("virtualenv")
    if folder is None:
        return sys.executable
    return str(Path(info.root_directory, str(folder), "bin", "python"))


def _environment(python: str) -> dict[str, str]:
    """Our environment, with that Python's programs first on the PATH."""
    path = os.pathsep.join([str(Path(python).parent), os.environ.get("PATH", "")])
    return {**os.environ, "PATH": path}


def main() -> None:
    """Serve until the engine, which started this process, ends it."""
    engine = next((argument for argument in reversed(sys.argv[1:]) if not argument.startswith("-")), "")
    server = grpc.server(ThreadPoolExecutor(16))
    language_pb2_grpc.add_LanguageRuntimeServicer_to_server(LanguageHost(engine), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    # That is how the engine ends its plugins; Ctrl-C on a terminal does not reach their process group.
    signal.signal(signal.SIGINT, lambda _signal, _frame: os._exit(0))
    print(port, flush=True)  # noqa: T201  (that is how the engine learns it)
    server.wait_for_termination()


if __name__ == "__main__":
    main()
