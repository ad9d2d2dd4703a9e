"""Kinds of the random package: real randomness, kept in the engine's state only."""

from __future__ import annotations

import base64
import random
import secrets
import string
import uuid
from typing import TYPE_CHECKING, Final

from simulator.kind import Failure, Inputs, Invoke, Kind, Outputs, has_unknown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from simulator.context import Context

_SPECIAL: Final = "!@#$%&*()-_=+[]{}<>:?"
_WORDS: Final = ("brisk", "calm", "eager", "fair", "keen", "mild", "quick", "sound", "steady", "warm")
_ANIMALS: Final = ("badger", "falcon", "heron", "lynx", "marten", "otter", "plover", "raven", "stoat", "wren")
_SYSTEM: Final = random.SystemRandom()


def _classes(inputs: Inputs) -> list[tuple[str, int]]:
    """Return the character classes that are switched on, each with how many of it there must be."""
    table = (
        ("lower", string.ascii_lowercase, "minLower"),
        ("upper", string.ascii_uppercase, "minUpper"),
        ("numeric", string.digits, "minNumeric"),
        ("special", inputs.get("overrideSpecial") or _SPECIAL, "minSpecial"),
    )
    return [
        (characters, int(inputs.get(least) or 0))
        for name, characters, least in table
        if inputs.get(name, True) is not False
    ]


def _check_text(inputs: Inputs) -> Iterator[Failure]:
    if has_unknown({name: value for name, value in inputs.items() if name != "keepers"}):
        return
    length = inputs["length"]
    if length < 1:
        yield Failure("length", f"Attribute length value must be at least 1, got: {length}")
    classes = _classes(inputs)
    if not classes:
        yield Failure("", "at least one of lower, upper, numeric and special must be true")
    least = sum(count for _, count in classes)
    if least > length:
        yield Failure("length", f"length ({length}) must be at least minUpper + minLower + minNumeric + minSpecial")


def _text(_context: Context, inputs: Inputs) -> str:
    classes = _classes(inputs)
    characters = [secrets.choice(one) for one, least in classes for _ in range(least)]
    everything = "".join(one for one, _ in classes)
    characters += [secrets.choice(everything) for _ in range(inputs["length"] - len(characters))]
    _SYSTEM.shuffle(characters)
    return "".join(characters)


def _password(context: Context, inputs: Inputs) -> Outputs:
    context.id = "none"  # an id is never secret
    return {"result": _text(context, inputs)}


def _string(context: Context, inputs: Inputs) -> Outputs:
    context.id = _text(context, inputs)
    return {"result": context.id}


def _id(context: Context, inputs: Inputs) -> Outputs:
    data = secrets.token_bytes(inputs["byteLength"])
    prefix = inputs.get("prefix") or ""
    context.id = base64.urlsafe_b64encode(data).decode().rstrip("=")
    return {
        "b64Std": prefix + base64.b64encode(data).decode(),
        "b64Url": prefix + context.id,
        "dec": prefix + str(int.from_bytes(data, "big")),
        "hex": prefix + data.hex(),
    }


def _bytes(context: Context, inputs: Inputs) -> Outputs:
    data = secrets.token_bytes(inputs["length"])
    context.id = "none"
    return {"base64": base64.b64encode(data).decode(), "hex": data.hex()}


def _uuid(context: Context, _inputs: Inputs) -> Outputs:
    context.id = str(uuid.uuid4())
    return {"result": context.id}


def _source(inputs: Inputs) -> random.Random:
    return random.Random(inputs["seed"]) if inputs.get("seed") else _SYSTEM  # noqa: S311  (a seed is asked for)


def _integer(context: Context, inputs: Inputs) -> Outputs:
    number = _source(inputs).randint(inputs["min"], inputs["max"])
    context.id = str(number)
    return {"result": number}


def _check_integer(inputs: Inputs) -> Iterable[Failure]:
    low, high = inputs["min"], inputs["max"]
    if not has_unknown([low, high]) and high < low:
        yield Failure("max", f"The minimum value ({low}) needs to be smaller than or equal to maximum value ({high})")


def _shuffle(context: Context, inputs: Inputs) -> Outputs:
    items: Sequence[str] = inputs["inputs"]
    context.id = "-"
    shuffled = list(items)
    _source(inputs).shuffle(shuffled)
    return {"results": shuffled[: inputs.get("resultCount") or len(shuffled)]}


def _pet(context: Context, inputs: Inputs) -> Outputs:
    words = [secrets.choice(_WORDS) for _ in range(inputs.get("length", 2) - 1)] + [secrets.choice(_ANIMALS)]
    prefix = inputs.get("prefix")
    context.id = inputs.get("separator", "-").join([prefix, *words] if prefix else words)
    return {}


_TEXT_INPUTS: Final = (
    "keepers", "length", "lower", "minLower", "minNumeric", "minSpecial", "minUpper", "numeric", "overrideSpecial",
    "special", "upper",
)  # fmt: skip
_TEXT_DEFAULTS: Final = {
    "lower": True, "upper": True, "numeric": True, "special": True,
    "minLower": 0, "minUpper": 0, "minNumeric": 0, "minSpecial": 0,
}  # fmt: skip

# Every input makes a new value: the old one can't be changed in place. Outputs that are secret are so in the SDK.
KINDS: tuple[Kind, ...] = (
    Kind(
        token="random:index/randomPassword:RandomPassword",  # noqa: S106  (a type token)
        virtual=True,
        immutable=_TEXT_INPUTS,
        defaults=_TEXT_DEFAULTS,
        checks=(_check_text,),
        compute=_password,
    ),
    Kind(
        token="random:index/randomString:RandomString",  # noqa: S106
        virtual=True,
        immutable=_TEXT_INPUTS,
        defaults=_TEXT_DEFAULTS,
        checks=(_check_text,),
        compute=_string,
    ),
    Kind(
        token="random:index/randomId:RandomId",  # noqa: S106
        virtual=True,
        immutable=("byteLength", "keepers", "prefix"),
        compute=_id,
    ),
    Kind(
        token="random:index/randomBytes:RandomBytes",  # noqa: S106
        virtual=True,
        immutable=("length", "keepers"),
        compute=_bytes,
    ),
    Kind(token="random:index/randomUuid:RandomUuid", virtual=True, immutable=("keepers",), compute=_uuid),  # noqa: S106
    Kind(
        token="random:index/randomInteger:RandomInteger",  # noqa: S106
        virtual=True,
        immutable=("min", "max", "keepers", "seed"),
        checks=(_check_integer,),
        compute=_integer,
    ),
    Kind(
        token="random:index/randomShuffle:RandomShuffle",  # noqa: S106
        virtual=True,
        immutable=("inputs", "keepers", "resultCount", "seed"),
        compute=_shuffle,
    ),
    Kind(
        token="random:index/randomPet:RandomPet",  # noqa: S106
        virtual=True,
        immutable=("keepers", "length", "prefix", "separator"),
        compute=_pet,
    ),
)
INVOKES: tuple[Invoke, ...] = ()
