"""The text of a PDF, page by page, read in a process of its own: a file that takes too long or too much is ended."""

import json
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from modules.config import ROOT
from modules.errors import FileProblem
from modules.tools.process_limits import limit

SECONDS = 20
MEMORY_BYTES = 1_000_000_000
LONGEST_CHARS = 1_000_000  # of text that one document can be

_START = f"import sys; sys.path.insert(0, sys.argv[1]); from {__name__} import main; main()"


class Extract(Struct, frozen=True):
    """The text of a document, with a mark where each page begins; `note` says how much of it that is."""

    text: str
    note: str


def text_of(data: bytes, name: str, environment: Mapping[str, str]) -> Extract:
    """The text of a PDF; takes up to SECONDS. `environment` is all that the process gets.

    Raises FileProblem for one that is encrypted, damaged, without pages, or whose pages hold no text.
    """
    argv = [sys.executable, "-I", "-c", _START, str(ROOT)]
    try:
        done = subprocess.run(
            argv, input=data, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=dict(environment), cwd=ROOT,
            timeout=SECONDS + 5, check=False, start_new_session=True,
        )  # fmt: skip
        answer: bytes = done.stdout
    except subprocess.TimeoutExpired as late:
        answer = late.output or b""
    lines = answer.split(b"\n")[:-1]  # the last is empty, or half a line of a process that was ended
    first: dict[str, Any] = json.loads(lines[0]) if lines else {"problem": "damaged"}
    if "problem" in first:
        raise _refusal(first["problem"], name)
    texts = [text for line in lines[1:] if not isinstance(text := json.loads(line), dict)]
    return _extract(texts, first["pages"], name)


def _refusal(problem: str, name: str) -> FileProblem:
    match problem:
        case "encrypted":
            return FileProblem(f"{name} is encrypted.", cure="Save a copy of it without a password, and attach that.")
        case "empty":
            return FileProblem(f"{name} has no pages.", cure="Open it to see that it is the right file.")
        case "pypdf":
            return FileProblem(
                f"{name} cannot be read: pypdf is not installed.", cure="Install it with: python -m pip install pypdf."
            )
        case "memory":
            return FileProblem(f"{name} takes too much memory to read.", cure="Attach a part of its pages.")
    return FileProblem(f"{name} is damaged: it cannot be read as a PDF.", cure="Save or download it once more.")


def _extract(texts: list[str | None], pages: int, name: str) -> Extract:
    """The extract from the text of each page that was come to; None is a page that is damaged."""
    filled = sum(1 for text in texts if text and text.strip())
    if not filled and len(texts) == pages:
        held = "its page is a picture or blank" if pages == 1 else "its pages are pictures or blank"
        raise FileProblem(
            f"{name} holds no text: {held}.",
            cure="Attach it as it is, and ask a model that reads PDF.",
        )
    if not filled:
        raise FileProblem(f"{name} takes too long to read.", cure="Attach a part of its pages.")
    pieces = [_piece(f"page {number} of {pages}", text) for number, text in enumerate(texts, 1)]
    note = f"the text of {_count(pages)}"
    if len(texts) < pages:
        left = f"page {pages}" if len(texts) + 1 == pages else f"pages {len(texts) + 1} to {pages}"
        pieces.append(f"[{left} of {pages} left out: the document is too long]")
        note = f"the text of the first {len(texts)} of {_count(pages)}; the document is too long"
    if blank := len(texts) - filled:
        note += f"; {_count(blank)} without text"
    return Extract("\n\n".join(pieces), note)


def _piece(page: str, text: str | None) -> str:
    if text is None:
        return f"[{page}: it cannot be read]"
    return f"[{page}]\n{text.strip()}" if text.strip() else f"[{page}: no text]"


def _count(pages: int) -> str:
    return "1 page" if pages == 1 else f"{pages} pages"


def main() -> None:
    """Read the PDF on the standard input, and write lines of JSON: the number of pages or a problem, then each text."""
    limit(SECONDS, MEMORY_BYTES)
    try:
        _write_pages()
    except ImportError:
        _line({"problem": "pypdf"})
    except MemoryError:
        _line({"problem": "memory"})
    except Exception:  # a damaged file makes a parser raise anything at all
        _line({"problem": "damaged"})


def _write_pages() -> None:
    import io

    from pypdf import PasswordType, PdfReader

    reader = PdfReader(io.BytesIO(sys.stdin.buffer.read()))
    # Many are encrypted with no password, only to forbid printing; those are for anyone to read.
    if reader.is_encrypted and _is_locked(reader, PasswordType.NOT_DECRYPTED):
        _line({"problem": "encrypted"})
        return
    pages = len(reader.pages)
    _line({"pages": pages} if pages else {"problem": "empty"})
    written = 0
    for page in reader.pages:
        try:
            text = page.extract_text()
        except MemoryError:
            raise
        except Exception:  # of one page; the others may be whole
            _line(None)
            continue
        room, written = LONGEST_CHARS - written, written + len(text)
        _line(text if len(text) <= room else f"{text[:room]}\n[the rest of this page is left out]")
        if written >= LONGEST_CHARS:
            return


def _is_locked(reader: Any, locked: Any) -> bool:
    from pypdf.errors import DependencyError

    try:
        return bool(reader.decrypt("") == locked)
    except (DependencyError, NotImplementedError):  # a cipher that is not there
        return True


def _line(value: Any) -> None:
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()
