"""What the bytes of a file are: text, in which encoding, or none."""

import codecs

SAMPLE_BYTES = 65_536  # that are looked at

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# Bytes that no text in a one-byte encoding has: control characters but for tab, line ends, form feed and escape.
_CONTROLS = bytes(set(range(32)) - set(b"\t\n\r\f\x1b\b"))


def encoding_of(data: bytes, *, whole: bool) -> str:
    """The encoding of text that begins like this, or is this, as Python names it; "" for what is no text.

    A byte order mark decides; then UTF-8, where the sample fits; else one byte is one character.
    """
    for mark, name in _MARKS:
        if data.startswith(mark):
            return name
    if b"\0" in data:
        return ""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(data, whole)
        return "utf-8"
    except UnicodeDecodeError:
        pass
    if len(data.translate(None, _CONTROLS)) < len(data):
        return ""
    return "cp1252" if _decodes(data, "cp1252") else "latin-1"


def line_end_of(text: str) -> str:
    """The line end that all of the text has: "\\r\\n" where every line ends so, else "\\n"."""
    ends = text.count("\n")
    return "\r\n" if ends and text.count("\r\n") == ends else "\n"


def encoded(text: str, like: bytes, encoding: str) -> bytes:
    """The text in the encoding, and with the byte order, of the bytes it came from. Raises UnicodeEncodeError."""
    if like.startswith((codecs.BOM_UTF16_BE, codecs.BOM_UTF32_BE)) and encoding in ("utf-16", "utf-32"):
        mark = codecs.BOM_UTF16_BE if encoding == "utf-16" else codecs.BOM_UTF32_BE
        return mark + text.encode(f"{encoding}-be")
    if encoding in ("utf-16", "utf-32"):
        mark = codecs.BOM_UTF16_LE if encoding == "utf-16" else codecs.BOM_UTF32_LE
        return mark + text.encode(f"{encoding}-le")
    return text.encode(encoding)


def as_size(size: int) -> str:
    """A number of bytes as people say it."""
    if size < 1000:
        return f"{size} byte{'' if size == 1 else 's'}"
    amount, unit = (size / 1000, "kB") if size < 1_000_000 else (size / 1_000_000, "MB")
    return f"{amount:.1f} {unit}"


def _decodes(data: bytes, encoding: str) -> bool:
    try:
        data.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True
