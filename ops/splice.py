"""Groups of options: a verb takes a dataclass, the command line has its fields."""

from __future__ import annotations

import inspect
from dataclasses import fields, is_dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any, get_type_hints

if TYPE_CHECKING:
    from collections.abc import Callable


def spliced(verb: Callable[..., None]) -> Callable[..., None]:
    """Show typer the fields of every dataclass that a verb takes, in the dataclass's place among its parameters.

    A group's fields are annotated as a verb's own options are, and each verb gets the group filled in.

    Raises
    ------
    ValueError
        If two of a verb's options have one name.
    """
    hints = get_type_hints(verb, include_extras=True)
    groups = {name: hint for name, hint in hints.items() if isinstance(hint, type) and is_dataclass(hint)}
    parameters: list[inspect.Parameter] = []
    for name, parameter in inspect.signature(verb).parameters.items():
        if name in groups:
            parameters += inspect.signature(groups[name], eval_str=True).parameters.values()
        else:
            parameters.append(parameter.replace(annotation=hints[name]))

    @wraps(verb)
    def typed(**options: Any) -> None:  # noqa: ANN401 - whatever the options are
        filled = {
            name: group(**{each.name: options.pop(each.name) for each in fields(group)})
            for name, group in groups.items()
        }
        verb(**filled, **options)

    typed.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined] # PEP 362; what typer reads
    return typed
