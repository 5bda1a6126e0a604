"""A picture that a model made, read from the wire: what it is, its first bytes say, whatever stands beside them."""

import base64
import re
from typing import Any

from modules.llm.parts import Image

KINDS = {"iVBORw0KGgo": "image/png", "/9j/": "image/jpeg", "R0lGOD": "image/gif", "UklGR": "image/webp"}
DATA_URL = re.compile(r"data:[\w.+/;=-]{1,100},", re.ASCII)


def made_picture(data: Any) -> Image | None:
    """The picture in base64, or in a data URL of that; None for anything else, and for kinds that not all can show."""
    if not isinstance(data, str):
        return None
    found = DATA_URL.match(data)
    encoded = data[found.end() :] if found else data
    kind = next((kind for start, kind in KINDS.items() if encoded.startswith(start)), None)
    if kind is None:
        return None
    try:
        base64.b64decode(encoded, validate=True)
    except ValueError:
        return None
    return Image(kind, encoded)
