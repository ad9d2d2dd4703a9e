"""``docs/cli`` is what the command line says, the cheat sheet names commands that exist, and completion completes."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from ops.cheat_sheet import CILIUM, PLAN, SECTIONS
from ops.reference import FOLDER, Verb, drift, pages, verbs, write

HMS = Path(sys.executable).with_name("hms")
VERBS = {verb.words: verb for verb in verbs()}
OURS = sorted({command for _, _, rows in SECTIONS for row in rows for command in row.ours})


def test_the_reference_is_the_committed_one() -> None:
    assert drift() == (), "run: make reference"


def test_it_depends_on_no_terminal_and_no_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    before = pages()
    for columns, term in (("20", "dumb"), ("400", "xterm-256color")):
        monkeypatch.setenv("COLUMNS", columns)
        monkeypatch.setenv("TERM", term)
        monkeypatch.setenv("HOME", str(tmp_path))
        assert pages() == before
    assert str(Path.home()) not in "".join(before.values())


def test_drift_is_told(tmp_path: Path) -> None:
    write(tmp_path)
    assert drift(tmp_path) == ()
    (tmp_path / "hms-up.md").write_text("old", encoding="utf-8")
    (tmp_path / "hms-down.md").write_text("gone", encoding="utf-8")
    (tmp_path / "README.md").unlink()
    assert drift(tmp_path) == ("README.md is missing", "hms-up.md is out of date", "hms-down.md is of no verb")
    write(tmp_path)
    assert drift(tmp_path) == ()


def test_every_verb_has_a_page_that_says_what_it_does() -> None:
    found = pages()
    for verb in VERBS.values():
        text = found[verb.page]
        assert text.splitlines()[2] == f"# {verb.name}"
        assert verb.command.help, f"{verb.name} has no docstring"
        for option in verb.options - {"-h", "--help"}:
            assert option in text, f"{verb.name} {option}"
        assert f"({verb.page})" in found["README.md"]


def test_every_option_says_what_it_is() -> None:
    silent = [f"{verb.name} {each.opts[0]}" for verb in VERBS.values() for each in verb.command.params if not each.help]
    assert silent == []


def test_no_link_leads_nowhere() -> None:
    found = pages()
    for name, text in found.items():
        for target in (part.split(")")[0] for part in text.split("](")[1:]):
            assert target in found, f"{name}: {target}"
            assert (FOLDER / target).exists()


def verb_of(words: list[str]) -> tuple[Verb, list[str]]:
    """Find the longest verb that a command begins with, and what is left of the command."""
    for length in range(len(words), 0, -1):
        if tuple(words[:length]) in VERBS:
            return VERBS[tuple(words[:length])], words[length:]
    raise AssertionError(f"there is no verb hms {' '.join(words)}")


@pytest.mark.parametrize("command", OURS)
def test_commands_of_the_cheat_sheet_exist(command: str) -> None:
    program, *words = shlex.split(command)
    assert program == "hms"
    if words == ["--show-completion"]:
        return
    verb, rest = verb_of(words)
    options = [word for word in rest if word.startswith("-")]
    assert set(options) <= verb.options
    values = [word for position, word in enumerate(rest) if not word.startswith("-") and rest[position - 1] != "-o"]
    arguments = [each for each in verb.command.params if each.param_type_name == "argument"]
    assert bool(values) <= bool(arguments)
    assert len(values) >= sum(each.required for each in arguments)


def test_the_plan_is_covered() -> None:
    """Every command of the plan's sections 4.1 to 4.3 and of appendix A, every line of appendix B."""
    theirs = " ".join(row.theirs for row in PLAN)
    for words in (
        "cilium status",
        "cilium connectivity test",
        "cilium clustermesh status",
        "cilium clustermesh enable",
        "cilium clustermesh connect",
        "cilium install",
        "kubectl config use-context",
        "kubectl apply",
        "ClusterMesh status",
        "network routes",
        "service CIDR",
        "credentials",
        "quotas",
        "permissions",
        "component logs",
        "Kubernetes resources",
    ):
        assert words in theirs


def test_cilium_cli_is_covered() -> None:
    """Its top-level commands (cilium-cli e694be3); multicast is a beta that the program does not offer."""
    theirs = {words.split()[1] for row in CILIUM for words in row.theirs.split(", ") if words.startswith("cilium ")}
    assert theirs >= {
        *("bgp", "clustermesh", "completion", "config", "connectivity", "context", "encryption", "features"),
        *("hubble", "install", "status", "sysdump", "uninstall", "upgrade", "version"),
    }


class TestCompletion:
    def script(self, shell: str) -> str:
        """Print it for a shell that is named, since there may be none around a test."""
        environment = {**os.environ, "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}
        return subprocess.run(
            [HMS, "--show-completion", shell], env=environment, capture_output=True, text=True, check=True
        ).stdout

    @pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
    def test_there_is_a_script_for_each_shell(self, shell: str) -> None:
        script = self.script(shell)
        assert f"_HMS_COMPLETE=complete_{shell}" in script

    @pytest.mark.parametrize(
        ("line", "wanted"),
        [
            ("hms fl", ["fleet"]),
            ("hms mesh ca ", ["create", "distrust", "promote", "status", "trust"]),
            ("hms doctor --ti", ["--timeout"]),
            ("hms doctor -o ", ["json", "text"]),
        ],
    )
    def test_bash_completes(self, line: str, wanted: list[str]) -> None:
        """In a real bash, by the function that the script defines."""
        words = shlex.split(line) + ([""] if line.endswith(" ") else [])
        typed = " ".join(map(shlex.quote, words))
        program = f"""{self.script("bash")}
            COMP_WORDS=({typed}); COMP_CWORD={len(words) - 1}
            _hms_completion hms
            printf '%s\\n' "${{COMPREPLY[@]}}"
        """
        environment = {**os.environ, "PATH": f"{HMS.parent}{os.pathsep}{os.environ['PATH']}"}
        done = subprocess.run(["/bin/bash", "-c", program], env=environment, capture_output=True, text=True, check=True)
        assert sorted(done.stdout.split()) == wanted
