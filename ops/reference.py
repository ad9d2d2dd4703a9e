"""The reference in ``docs/cli``, written from the command line itself: ``make reference``, ``python -m ops.reference``.

One page a verb, an index and the cheat sheet. The text depends on the code alone: no terminal, no home folder.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from ops.cheat_sheet import SECTIONS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "cli"
PROGRAM = "hms"

_WIDTH = 100
"""Of what commands format by themselves."""

_SOURCE = "<!-- Written by `make reference` from the code: do not edit. -->\n"

_COMPLETION = """## Completion

```
hms --install-completion    # for the shell that you type it in: bash, zsh, fish or PowerShell; then open a new one
hms --show-completion       # prints it, to be put where you keep such things
```

Then Tab completes verbs, options and what an option may be.
"""


@dataclass(frozen=True, kw_only=True)
class Verb:
    """A command that does something by itself.

    Parameters
    ----------
    words
        As typed, without the program: ``("mesh", "status")``.
    command
        As typer made it, with its context.
    """

    words: tuple[str, ...]
    command: Any
    context: typer.Context

    @property
    def name(self) -> str:
        """As typed: ``hms mesh status``."""
        return " ".join((PROGRAM, *self.words))

    @property
    def page(self) -> str:
        """Name of its page."""
        return f"{'-'.join((PROGRAM, *self.words))}.md"

    @property
    def options(self) -> frozenset[str]:
        """Names of its options, as typed."""
        return frozenset(name for each in self.command.get_params(self.context) for name in each.opts)


def verbs() -> tuple[Verb, ...]:
    """List all verbs that are registered, in the order of the command line."""
    root = _root()
    return tuple(_below(root, typer.Context(root, info_name=PROGRAM, terminal_width=_WIDTH), ()))


def pages() -> Mapping[str, str]:
    """Write all pages: text by file name."""
    found = verbs()
    return {
        "README.md": _index(found),
        "cheat-sheet.md": _cheat_sheet(),
        **{verb.page: _page(verb) for verb in found},
    }


def drift(folder: Path = FOLDER) -> tuple[str, ...]:
    """Name what in a folder is not as it would be written now."""
    wanted = pages()
    there = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.md")}
    return (
        *(f"{name} is missing" for name in wanted if name not in there),
        *(f"{name} is out of date" for name in wanted if name in there and there[name] != wanted[name]),
        *(f"{name} is of no verb" for name in sorted(there) if name not in wanted),
    )


def write(folder: Path = FOLDER) -> None:
    """Write all pages, and take away those of verbs that are gone."""
    wanted = pages()
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.glob("*.md"):
        if path.name not in wanted:
            path.unlink()
    for name, text in wanted.items():
        (folder / name).write_text(text, encoding="utf-8")


def _root() -> Any:  # noqa: ANN401 - typer brings its own copy of click
    from ops.cli import app

    return typer.main.get_command(app)


def _below(command: Any, context: typer.Context, words: tuple[str, ...]) -> Iterator[Verb]:  # noqa: ANN401
    if words and (not _is_group(command) or command.invoke_without_command):
        yield Verb(words=words, command=command, context=context)
    for name, each in command.commands.items() if _is_group(command) else ():
        if not each.hidden:
            inner = typer.Context(each, info_name=name, parent=context, terminal_width=_WIDTH)
            yield from _below(each, inner, (*words, name))


def _is_group(command: Any) -> bool:  # noqa: ANN401
    return hasattr(command, "commands")


def _page(verb: Verb) -> str:
    usage = " ".join((verb.name, *verb.command.collect_usage_pieces(verb.context)))
    parts = [_SOURCE, f"# {verb.name}\n", f"{_prose(verb.command.help)}\n", f"```\n{usage}\n```\n"]
    arguments: list[tuple[str, ...]] = []
    options: list[tuple[str, ...]] = []
    for each in verb.command.get_params(verb.context):
        record = each.get_help_record(verb.context)
        if record is not None and each.name != "help":
            left, right = record
            (options if each.param_type_name == "option" else arguments).append((f"`{left}`", right))
    for head, records in (("argument", arguments), ("option", options)):
        if records:
            parts.append(_table((head, "meaning"), records))
    if epilog := _epilog(verb):
        parts.append(f"```\n{epilog}\n```\n")
    if _is_group(verb.command):
        rows = [
            (f"[`{verb.name} {name}`]({_file(verb, name)})", _first(each))
            for name, each in verb.command.commands.items()
        ]
        parts.append(_table(("further", ""), rows))
    return "\n".join(parts)


def _file(verb: Verb, name: str) -> str:
    return "-".join((PROGRAM, *verb.words, name)) + ".md"


def _epilog(verb: Verb) -> str:
    """Let a command say what it says below its help, such as a list that is made when it is asked for."""
    formatter = verb.context.make_formatter()
    verb.command.format_epilog(verb.context, formatter)
    return formatter.getvalue().strip("\n")


def _index(found: tuple[Verb, ...]) -> str:
    root = _root()
    parts = [
        _SOURCE,
        "# The command line `hms`\n",
        f"{_prose(root.help)}\n",
        "`-h` after any of them says what is on its page. What others call them: [cheat sheet](cheat-sheet.md).\n",
    ]
    by_group: dict[tuple[str, ...], list[Verb]] = {}
    for verb in found:
        by_group.setdefault(verb.words if _is_group(verb.command) else verb.words[:-1], []).append(verb)
    for words, group in by_group.items():
        title = " ".join((PROGRAM, *words)) if words else "Verbs of their own"
        parts.append(f"## {title}\n")
        parts.append(_table(("verb", ""), [(f"[`{each.name}`]({each.page})", _first(each.command)) for each in group]))
    return "\n".join([*parts, _COMPLETION])


def _cheat_sheet() -> str:
    parts = [_SOURCE, "# Cheat sheet\n", "What other command lines call it, and what it is here.\n"]
    for title, remark, rows in SECTIONS:
        parts += [f"## {title}\n", f"{remark}\n"]
        parts.append(
            _table(
                ("theirs", "here", ""),
                [
                    (f"`{row.theirs}`" if _is_command(row.theirs) else row.theirs, _ours(row.ours), row.note)
                    for row in rows
                ],
            )
        )
    return "\n".join(parts)


def _is_command(theirs: str) -> bool:
    return not theirs.startswith("Appendix")


def _ours(commands: tuple[str, ...]) -> str:
    return ", ".join(f"`{command}`" for command in commands) or "nothing"


def _first(command: Any) -> str:  # noqa: ANN401
    """Give the first sentence of a command's help."""
    text = " ".join(_prose(command.help).split("\n\n", maxsplit=1)[0].split())
    return text.split("; ", maxsplit=1)[0].rstrip(".") if len(text) > _WIDTH else text.rstrip(".")


def _prose(text: str | None) -> str:
    return (text or "").strip()


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "".join("| " + " | ".join(_cell(cell) for cell in line) + " |\n" for line in lines)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def main() -> None:
    """Write the reference; with ``--check`` say what of it is out of date, and exit with 1 if anything is."""
    if "--check" not in sys.argv[1:]:
        write()
        return
    found = drift()
    for each in found:
        sys.stderr.write(f"docs/cli/{each}; run: make reference\n")
    if found:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
