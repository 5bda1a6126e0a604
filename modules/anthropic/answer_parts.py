"""From the blocks of an answer to the parts that everyone reads: a search is one part, cited words are one text."""

from collections.abc import Iterator, Sequence

from modules.anthropic import server_blocks
from modules.anthropic.content_blocks import Block
from modules.llm.citations import at_end
from modules.llm.parts import Part, Text


def parts_of(blocks: Sequence[Block], declared: tuple[str, ...]) -> tuple[Part, ...]:
    """The parts of an answer. Where pages are cited a sentence comes in many blocks, blank ones among them."""
    return tuple(_parts(blocks, declared))


def _parts(blocks: Sequence[Block], declared: tuple[str, ...]) -> Iterator[Part]:
    results = [block.wire for block in blocks if block.kind == server_blocks.RESULT]
    run: list[Block] = []  # of blocks of text, one after another
    for block in blocks:
        if block.kind == "text":
            run.append(block)
            continue
        yield from _texts(run, declared)
        run = []
        wire = block.native(declared) if block.kind == server_blocks.USE else block.wire
        if server_blocks.is_search(wire):
            yield server_blocks.note(wire, results)
        elif part := block.part(declared):
            yield part
    yield from _texts(run, declared)


def _texts(run: Sequence[Block], declared: tuple[str, ...]) -> Iterator[Text]:
    texts = [part for block in run if isinstance(part := block.part(declared), Text)]
    if not any(text.citations for text in texts):
        yield from (text for text in texts if text.text.strip())
        return
    whole = Text("")
    for text in texts:
        whole = Text(whole.text + text.text, (*whole.citations, *at_end(text.citations, len(whole.text))))
    yield whole
