"""The built pages: read once, served from memory, kept by browsers for ever under names with a hash."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Final

#: Built by ``scripts/web`` from ``serving/web``.
DIRECTORY: Final = "static"
PAGE: Final = "wall.html"
DESK: Final = "desk.html"
LOGIN: Final = "login.html"

MEDIA_TYPES: Final[Mapping[str, str]] = {
    ".html": "text/html",
    ".js": "text/javascript",
    ".css": "text/css",
    ".svg": "image/svg+xml",
    ".txt": "text/plain",
    ".woff2": "font/woff2",
}
#: Compressed already.
PACKED: Final = frozenset({".woff2"})


@dataclass(frozen=True, slots=True)
class Asset:
    """One file; ``packed`` is it in gzip, None where that gains nothing."""

    media_type: str
    content: bytes
    packed: bytes | None = None


@dataclass(frozen=True, slots=True)
class Assets:
    """Files by their path (``wall.html``, ``assets/NAME-HASH.js``). ``build`` names what was built."""

    files: Mapping[str, Asset] = field(default_factory=dict)
    build: str = ""

    @property
    def built(self) -> bool:
        """Return whether there is a page at all."""
        return PAGE in self.files


def load(root: Traversable | None = None) -> Assets:
    """Return what was built, nothing where nothing was."""
    directory = files("serving").joinpath(DIRECTORY) if root is None else root
    found = dict(_walk(directory, "")) if directory.is_dir() else {}
    # a page names every script and style by its hash, so the pages' own hash tells one build from another
    pages = b"".join(asset.content for name, asset in sorted(found.items()) if name.endswith(".html"))
    return Assets(found, hashlib.sha256(pages).hexdigest()[:16] if pages else "")


def _walk(directory: Traversable, prefix: str) -> list[tuple[str, Asset]]:
    found: list[tuple[str, Asset]] = []
    for entry in directory.iterdir():
        suffix = entry.name[entry.name.rfind(".") :]
        if entry.is_dir():
            found += _walk(entry, f"{prefix}{entry.name}/")
        elif suffix in MEDIA_TYPES:
            found.append((prefix + entry.name, _asset(suffix, entry.read_bytes())))
    return found


def _asset(suffix: str, content: bytes) -> Asset:
    packed = None if suffix in PACKED else gzip.compress(content, mtime=0)
    return Asset(MEDIA_TYPES[suffix], content, packed)
