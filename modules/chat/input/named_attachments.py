"""All that a command line attaches: files, pages, and the text alone of files."""

from collections.abc import Sequence

from modules.chat.input.attached_page import is_url, load_page
from modules.chat.input.attachment import Attachment, load, load_text
from modules.chat.input.typed_paths import existing
from modules.config import Config
from modules.daemon_thread import in_thread
from modules.llm.parts import Attached


async def load_all(
    names: Sequence[str], names_of_texts: Sequence[str], config: Config
) -> tuple[list[Attached], list[str]]:
    """The parts of these files and pages, each once, then those whose text alone is wanted, and what to say of them.

    Raises FileProblem for the first that cannot be attached.
    """
    if not names and not names_of_texts:
        return [], []
    environment = config.child_environment
    loaded: list[Attachment] = []
    for name in names:
        is_page = is_url(name) and existing(name) is None
        work = load_page(name, config) if is_page else in_thread(load, name=name, environment=environment)
        loaded.append(await work)
    loaded += [await load_text(name, environment) for name in names_of_texts]
    parts = {one.part: one.said for one in loaded}
    return list(parts), [said for said in parts.values() if said]
