"""Pictures that a model makes, as every other is given them: checked, and made smaller where one takes no larger."""

import base64

from msgspec.structs import replace

from modules.daemon_thread import in_thread
from modules.errors import FileProblem
from modules.llm.events import PictureMade
from modules.llm.history import Message
from modules.llm.parts import Image, Opaque, Part


class FittedPictures:
    """The pictures of one answer. What came stays with each as its `original`, and in the answer's own form."""

    def __init__(self) -> None:
        self._found: dict[str, Part] = {}

    async def take(self, made: PictureMade) -> str:
        """Look at a picture that has come; gives why it is none, "" where it is one."""
        part: Part
        why: str
        part, why = await in_thread(_fitted, made=made)
        self._found[made.base64] = part
        return why

    def put(self, answer: Message) -> Message:
        """The answer with its pictures as they were found."""
        if not self._found or not answer.images:
            return answer
        return replace(answer, parts=tuple(self._of(part) for part in answer.parts))

    def _of(self, part: Part) -> Part:
        return self._found.get(part.base64, part) if isinstance(part, Image) else part


def _fitted(made: PictureMade) -> tuple[Part, str]:
    from modules.tools.media.pictures import fitted  # with the first picture

    try:
        picture = fitted(base64.b64decode(made.base64), made.media_type, "The picture")
    except FileProblem as error:
        return Opaque("picture", f"a picture that cannot be read: {error.message}"), error.message
    if not picture.note:
        return Image(made.media_type, made.base64), ""
    encoded = base64.b64encode(picture.data).decode("ascii")
    return Image(picture.media_type, encoded, original=made.base64), ""
