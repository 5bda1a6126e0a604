"""Reasoning that stands in the text between tags, because the server reads none: separated while the text arrives.

Only tags at the very start of an answer count. The names are those of the models' own chat templates, as vLLM's
reasoning parsers and open-webui's list of tags have them.
"""

from collections.abc import Iterator

TAGS: dict[str, str] = {
    "<think>": "</think>",  # DeepSeek, Qwen, GLM, MiniMax and most others
    "<thinking>": "</thinking>",
    "<thought>": "</thought>",  # Gemini's compatible endpoint
    "<reasoning>": "</reasoning>",
    "<reason>": "</reason>",
    "<seed:think>": "</seed:think>",  # Seed-OSS
    "[THINK]": "[/THINK]",  # Mistral's Magistral
    "◁think▷": "◁/think▷",  # Kimi-VL
    "<|begin_of_thought|>": "<|end_of_thought|>",  # OpenThinker
    "<|START_THINKING|>": "<|END_THINKING|>",  # Cohere's Command A
    "<|channel>thought": "<channel|>",  # Gemma 4
    "<|channel|>analysis<|message|>": "<|end|><|start|>assistant<|channel|>final<|message|>",  # gpt-oss
}
ENDS = tuple(end for end in TAGS.values() if end.startswith(("</", "[/")))
LONGEST = max(map(len, (*TAGS, *ENDS)))


class ThinkingTags:
    """Text goes in as it comes; out come its pieces, each with whether it is reasoning.

    `plain` is True from where no tag can count any more; `open` while a tag waits for its end; `taken` is all that
    did not come out as text, as it came. What may be the beginning of a tag is held until that is decided.
    """

    def __init__(self) -> None:
        self.plain = False
        self.open = False
        self.taken: list[str] = []
        self._held = ""
        self._end = ""
        self._after = False

    def read(self, text: str) -> Iterator[tuple[bool, str]]:
        """The pieces that are certain by now."""
        text, self._held = self._held + text, ""
        if self._end:
            yield from self._inside(text)
        elif self._after:
            yield from self._behind(text)
        elif self.plain:
            yield False, text
        else:
            yield from self._at_start(text)

    @property
    def held(self) -> list[tuple[bool, str]]:
        """What is held at this moment."""
        return [(self.open, self._held)] if self._held else []

    def rest(self) -> list[tuple[bool, str]]:
        """What is held, given out at the end of the answer."""
        held, self._held = self.held, ""
        if held and self.open:
            self.taken.append(held[0][1])
        return held

    def _at_start(self, text: str) -> Iterator[tuple[bool, str]]:
        bare = text.lstrip()
        for tag, end in TAGS.items():
            if bare.startswith(tag):
                self._end, self.open = end, True
                self.taken.append(text[: len(text) - len(bare) + len(tag)])
                yield from self._inside(bare[len(tag) :])
                return
        for end in ENDS:  # alone: its beginning stands in the template, or the thinking came beside the text
            if bare.startswith(end):
                self._after = True
                self.taken.append(text[: len(text) - len(bare) + len(end)])
                yield from self._behind(bare[len(end) :])
                return
        if len(bare) < LONGEST and any(tag.startswith(bare) for tag in (*TAGS, *ENDS)):
            self._held = text
            return
        self.plain = True
        yield False, text

    def _inside(self, text: str) -> Iterator[tuple[bool, str]]:
        thought, found, answer = text.partition(self._end)
        if found:
            self.taken.append(thought + found)
            self._end, self.open, self._after = "", False, True
            yield True, thought
            yield from self._behind(answer)
            return
        kept = max((size for size in range(1, len(self._end)) if text.endswith(self._end[:size])), default=0)
        self._held = text[len(text) - kept :]
        self.taken.append(text[: len(text) - kept])
        yield True, text[: len(text) - kept]

    def _behind(self, text: str) -> Iterator[tuple[bool, str]]:
        # The blank lines between the tag and the answer belong to the tag.
        answer = text.lstrip()
        self.taken.append(text[: len(text) - len(answer)])
        if answer:
            self._after, self.plain = False, True
            yield False, answer
