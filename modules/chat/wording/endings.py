"""How an answer ended, in words, where it is not a whole answer: the same words in the chat and in a pipe."""

import re
from collections.abc import Sequence

from msgspec import Struct

from modules.llm.drafts.unparsed_tool_calls import calls_in
from modules.llm.events import Finished, StopReason
from modules.llm.message import Message
from modules.llm.tool_spec import ToolSpec

MOST_NAMES = 3  # calls by name, in one sentence
LONGEST_WORD_CHARS = 80  # of a server's own word


class Ending(Struct, frozen=True):
    """Why an answer is not whole. `kind` is a name for programs, `words` one sentence for people."""

    kind: str
    words: str


ENDINGS: dict[StopReason, Ending | None] = {
    "end_turn": None,
    "tool_use": None,
    "max_tokens": Ending("OutputLimit", "The answer is cut: the model's output limit is reached"),
    "context_full": Ending("WindowFull", "The answer is cut: the context window is full"),
    "aborted": Ending("Aborted", "The answer is cut: the server gave it up"),
    "refusal": Ending("Refused", "The model declined to answer"),
    "paused": Ending("ProviderPaused", "The answer is not whole: the provider paused it"),
    "unknown": Ending(
        "UnknownEnd", "The answer may not be whole: the server ended it with a word that is not known here"
    ),
}
FILTERED = Ending("Filtered", "The provider's filter stopped the answer")
FILTER = re.compile(r"filter|safety|recitation|blocklist|prohibited|moderat|sensitive|spii", re.I)
UNSAID = Ending("UnknownEnd", "The answer may not be whole: the server did not say why it ended.")
MISSING = Ending("CallMissing", "The answer ends to call a tool, and no call came.")
EMPTY = Ending("EmptyAnswer", "The answer is empty.")


def ending(finished: Finished | None, messages: Sequence[Message], tools: Sequence[ToolSpec] = ()) -> Ending | None:
    """How the last answer of a turn ended; None where it is whole.

    `finished` is the last end that a server reported, `messages` the conversation with what came of it, and `tools` are
    those that the model had.
    """
    if finished is None:
        return None
    if (known := ENDINGS[finished.stop]) is not None:
        return _told_by_server(known, finished.stop, finished.word)
    answer = next((message for message in reversed(messages) if message.role == "assistant"), None)
    if answer is not None and answer.calls:  # a turn in which calls have run goes on, and does not end with them
        return Ending(
            "NotRun", f"The answer ends with calls that were not run: {_names([c.name for c in answer.calls])}."
        )
    if finished.stop == "tool_use":
        return MISSING
    if answer is None or not (answer.text.strip() or answer.images):
        return EMPTY
    if written := [name for name in calls_as_text(answer.text) if name in {tool.name for tool in tools}]:
        said = f"The answer looks like a call of {_names(written)} that the server did not read as one."
        return Ending("CallAsText", said)
    return None


def _told_by_server(known: Ending, stop: StopReason, word: str) -> Ending:
    if stop == "unknown" and not word:
        return UNSAID
    known = FILTERED if stop == "refusal" and FILTER.search(word) else known
    shown = word if len(word) <= LONGEST_WORD_CHARS else word[:LONGEST_WORD_CHARS] + "…"
    return Ending(known.kind, f'{known.words}: "{shown}".' if word else f"{known.words}.")


def _names(names: list[str]) -> str:
    distinct = list(dict.fromkeys(names))
    more = len(distinct) - MOST_NAMES
    return ", ".join(distinct[:MOST_NAMES]) + (f" and {more} more" if more > 0 else "")


# How models mark a call when no server takes it out of the text: Hermes and Qwen, Llama, Mistral, DeepSeek, Kimi,
# gpt-oss, GLM, and the form of Claude's own. lmstudio-ai/lmstudio-bug-tracker#2115, vllm-project/vllm#35906.
MARKED = (
    re.compile(r"<tool_call>\s*(?:\{.{0,200}?\"name\"\s*:\s*\"([\w.-]+)\"|<function=([\w.-]+)|([\w.-]+))", re.S),
    re.compile(r"<(?:[|｜]DSML[|｜])?(?:\w+:)?(?:function|invoke|tool)(?:=| name=)[\"']?([\w.-]+)"),
    re.compile(r"\[TOOL_CALLS\]\s*(?:\[?\s*\{.{0,200}?\"name\"\s*:\s*\"([\w.-]+)\"|([\w.-]+))", re.S),
    re.compile(r"<\|python_tag\|>\s*(?:\{.{0,200}?\"name\"\s*:\s*\"([\w.-]+)\"|([\w.-]+))", re.S),
    re.compile(r"<[|｜]tool[▁_]sep[|｜]>([\w.-]+)|<[|｜]tool[▁_]call[▁_]begin[|｜]>(?:functions\.)?([\w.-]+)"),
    re.compile(r"to=(?:functions\.)?([\w.-]+)[^\n]{0,60}<\|message\|>"),
)
QUOTED = re.compile(r"```.*?(?:```|\Z)|`[^`\n]*`", re.S)


def calls_as_text(text: str) -> list[str]:
    """Names of calls that a model wrote as text. A mark that is quoted, as in an explanation, is none."""
    if whole := calls_in(text):  # the text is nothing but calls in JSON, fenced or not
        return [name for name, _ in whole]
    plain = QUOTED.sub(" ", text)
    return [next(filter(None, found.groups())) for mark in MARKED for found in mark.finditer(plain)]
