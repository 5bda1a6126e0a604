"""Halves of characters: joined where a stream cut a character in two, replaced where the other half never comes."""

from typing import Any


class Surrogates:
    """Joins the halves of characters that were cut between two deltas; a half that stays alone becomes U+FFFD.

    `lossy`: whether one did, or will if nothing more comes.
    """

    def __init__(self) -> None:
        self._held = ""
        self._lost = False

    @property
    def lossy(self) -> bool:
        return self._lost or bool(self._held)

    def join(self, text: str) -> str:
        if not self._held and text.isascii():
            return text
        text, self._held = self._held + text, ""
        if text and "\ud800" <= text[-1] <= "\udbff":
            text, self._held = text[:-1], text[-1]
        mended = whole(text)
        self._lost = self._lost or mended.count("\ufffd") != text.count("\ufffd")
        return mended


def whole(text: str) -> str:
    """The text with surrogate pairs joined and lone halves replaced: what can be sent, stored and printed."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def whole_json(value: Any) -> Any:
    """A JSON value, `whole` throughout."""
    match value:
        case str():
            return whole(value)
        case list():
            return [whole_json(item) for item in value]
        case dict():
            return {whole(key): whole_json(item) for key, item in value.items()}
        case _:
            return value
