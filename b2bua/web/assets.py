"""What browsers load and keep: packed once, and renamed by its content when it changes.

A file's address ends in ``?v=`` and a digest of what the file holds, so that a browser may
keep it for a year and still never shows an old one. What is packed beside a file is sent in
its place; pages are not packed, for they hold a secret beside what strangers wrote.
"""

import hashlib
import os
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Final

from fastapi import Response
from markupsafe import Markup, escape
from starlette.datastructures import Headers
from starlette.staticfiles import PathLike, StaticFiles
from starlette.types import Scope

FOLDER: Final = Path(str(resources.files("b2bua.web").joinpath("static")))
KEPT: Final = "public, max-age=31536000, immutable"
ASKED_AGAIN: Final = "no-cache"


@cache
def address(name: str) -> str:
    """Where a browser finds a file of the static folder."""
    path = FOLDER / name
    if not path.is_file():
        return f"/static/{name}"
    digest = hashlib.sha256(path.read_bytes()).hexdigest()[:12]
    return f"/static/{name}?v={digest}"


def icon(name: str, label: str = "") -> Markup:
    """A picture by its name; without a label it is for the eye alone."""
    spoken = f'role="img" aria-label="{escape(label)}"' if label else 'aria-hidden="true"'
    where = f"{address('vendor/icons.svg')}#{escape(name)}"
    return Markup(f'<svg class="icon" {spoken}><use href="{where}"></use></svg>')


class Assets(StaticFiles):
    """The static folder."""

    def file_response(
        self,
        full_path: PathLike,
        stat_result: os.stat_result,
        scope: Scope,
        status_code: int = 200,
    ) -> Response:
        """A file, packed where the browser takes that."""
        twin = Path(f"{full_path}.gz")
        packed = "gzip" in Headers(scope=scope).get("accept-encoding", "")
        if packed and twin.is_file():
            response = super().file_response(twin, twin.stat(), scope, status_code)
            response.headers["Content-Encoding"] = "gzip"
            response.headers["Content-Type"] = _kind(str(full_path))
        else:
            response = super().file_response(full_path, stat_result, scope, status_code)
        versioned = scope["query_string"].startswith(b"v=")
        response.headers["Cache-Control"] = KEPT if versioned else ASKED_AGAIN
        response.headers["Vary"] = "Accept-Encoding"
        return response


def _kind(path: str) -> str:
    kinds = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
    return f"{kinds.get(Path(path).suffix, 'application/octet-stream')}; charset=utf-8"
