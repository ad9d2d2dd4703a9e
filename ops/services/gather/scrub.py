"""Takes secrets out of everything that goes into a bundle: those that are known, and what looks like one.

The values of the clusters' own Secrets are known, and are taken out wherever they stand; they are only ever compared
with. Besides, whatever :func:`ops.adapters.redact.redact` takes for a secret goes, and what is called one. Each of it
also where it stands in base64, as it is or inside something larger.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ops.adapters.redact import redact

if TYPE_CHECKING:
    from collections.abc import Iterable

SECRET = "[secret]"  # noqa: S105 - what stands in the place of one

_CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----.*?(?:-----END CERTIFICATE-----|\Z)", re.DOTALL)

_CALLED = re.compile(
    r"(^|[-_.])(token|password|passwd|passphrase|psk|pre-?shared-?key|shared-?key|private-?key|access-?key|secret-?key"
    r"|api-?key|client-?secret|client-key-data|tls\.key|ca\.key)$",
    re.IGNORECASE,
)
"""Names of what is secret."""

_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{12,}(?:\s+[A-Za-z0-9+/_-]{12,})*={0,2}")
"""What may be base64, over several lines too."""

_SHORTEST = 6
"""Characters of a secret that is looked for by its value: anything shorter stands everywhere by chance."""

_URL_SAFE = str.maketrans("-_", "+/")

_DEEPEST = 3
"""Times that base64 is looked for in base64."""


class Scrubber:
    """Takes secrets out of texts and data.

    Parameters
    ----------
    known
        Values of secrets.
    """

    def __init__(self, known: Iterable[bytes] = ()) -> None:
        texts = {text for value in known for text in _forms(value)}
        longest_first = sorted(texts, key=lambda text: (-len(text), text))
        self._known = re.compile("|".join(map(re.escape, longest_first))) if texts else None

    def text(self, text: str) -> str:
        """Give a text without secrets."""
        return self._text(text, _DEEPEST)

    def data(self, data: Any) -> Any:  # noqa: ANN401 - any JSON
        """Give plain data without secrets; what is called one by its key goes, whatever it is."""
        if isinstance(data, str):
            return self.text(data)
        if isinstance(data, Mapping):
            return {
                self.text(str(key)): SECRET if value and _CALLED.search(str(key)) else self.data(value)
                for key, value in data.items()
            }
        return [self.data(each) for each in data] if isinstance(data, list | tuple) else data

    def _text(self, text: str, depth: int) -> str:
        if self._known is not None:
            text = self._known.sub(SECRET, text)
        text = redact(_CERTIFICATE.sub("[certificate]", text))
        return _BASE64.sub(lambda match: self._encoded(match[0], depth), text) if depth else text

    def _encoded(self, text: str, depth: int) -> str:
        decoded = _decode(text)
        return text if decoded is None or self._text(decoded, depth - 1) == decoded else SECRET


def secret_values(secret: Mapping[str, Any]) -> Iterable[bytes]:
    """Give the values of a Secret that are secret: not its certificates, nor what Kubernetes adds to name things."""
    for key, text in (secret.get("data") or {}).items():
        value = base64.b64decode(text)
        if key != "namespace" and not value.startswith(b"-----BEGIN CERTIFICATE-----"):
            yield value


def _forms(value: bytes) -> Iterable[str]:
    """Give what a value looks like in a text: itself, each line of it that is long, and in base64."""
    value = value.strip()
    if len(value) < _SHORTEST:
        return
    yield base64.b64encode(value).decode().rstrip("=")
    yield base64.urlsafe_b64encode(value).decode().rstrip("=")
    try:
        text = value.decode()
    except UnicodeDecodeError:
        return
    yield text
    yield text.replace("\n", "\\n")
    if "PRIVATE KEY-----" in text:
        yield from (line for line in text.splitlines() if line and not line.startswith("-----"))


def _decode(text: str) -> str | None:
    """Read base64 of either alphabet; None for what is none, or no text."""
    packed = "".join(text.split()).rstrip("=").translate(_URL_SAFE)
    try:
        decoded = base64.b64decode(packed + "=" * (-len(packed) % 4), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None
    return decoded if decoded.isprintable() or "\n" in decoded else None
