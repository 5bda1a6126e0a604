"""From a conversation to the guide's answer. Pure: the same conversation, the same words."""

from collections.abc import Collection, Iterable, Sequence
from string import Template

from msgspec import Struct

from modules.llm.message import Message
from modules.offline.guide import Found, Guide, ProviderRow, Section
from modules.offline.tool_script import ScriptedCall, announced, answer_to_results, wanted_by

DIALECT = "offline"
QUOTED_CHARS = 60  # of a question that the recap shows
LOOK_BACK = 10  # questions that a follow-up may go back to
PER_PROVIDER = {"keys": "keys of one provider", "switch": "switch to one provider"}


class Answer(Struct, frozen=True):
    """What the guide says, the line of reasoning that led there, "" where none did, and the tools it calls."""

    thought: str
    text: str
    calls: tuple[ScriptedCall, ...] = ()


def answer(guide: Guide, history: Sequence[Message], tools: Collection[str] | None = None) -> Answer:
    """Answer the last question of the history, or what tools came to; earlier questions decide about a follow-up.

    `tools` are the names that may be called, None where no tools are offered at all.
    """
    if history and history[-1].role == "tool":
        caller = history[-2].origin if len(history) > 1 else None
        return Answer("", answer_to_results(history, own=caller is not None and caller.dialect == DIALECT))
    if history and history[-1].continues:
        return _rest(guide, history, tools)
    questions = [message for message in history if message.is_question]
    if questions and (wanted := wanted_by(questions[-1].text)):
        return _calling(guide, history, wanted, tools)
    return _from_sections(guide, history, questions)


def _rest(guide: Guide, history: Sequence[Message], tools: Collection[str] | None) -> Answer:
    """What is missing of an answer that was cut: the same question has the same answer; else the whole of it."""
    history = [message for message in history if message.role != "system"]
    said = ""
    while len(history) > 1 and history[-1].continues:
        said = history[-2].text + said
        history = history[:-2]
    whole = answer(guide, history, tools)
    return Answer("", whole.text.removeprefix(said) or whole.text, whole.calls)


def _calling(
    guide: Guide, history: Sequence[Message], wanted: Sequence[ScriptedCall], tools: Collection[str] | None
) -> Answer:
    """Call the tools that a question asks for, as far as they are there."""
    calls = tuple(call for call in wanted if call.name in (tools or ()))
    thought = f"The question asks for {_quoted(call.name for call in wanted)}."
    if calls:
        text = announced(calls)
    elif tools is None:
        text = guide.sections["tools off"].text
    else:
        text = Template(guide.sections["tool off"].text).safe_substitute(name=wanted[0].name)
    if not _has_spoken(history):
        text = _joined(guide.sections["preface"].text, text)
    return Answer(thought, text, calls)


def _from_sections(guide: Guide, history: Sequence[Message], questions: Sequence[Message]) -> Answer:
    found = guide.find(questions[-1].text) if questions else Found(None, (), ())
    section, thought = found.section, _thought(found)
    if section is None and found.providers:
        section = guide.sections[_earlier_topic(guide, questions[:-1])]
        thought = f'{_quoted(found.words)} alone: I go on with the topic "{section.name}".'
    text = _text(guide, section, found.providers, history)
    if questions and questions[-1].images:
        about_images = section is None or section.name == "images"
        text = _joined(guide.sections["image attached"].text, "" if about_images else text)
    if not _has_spoken(history) and "I am scripted" not in text:
        text = _joined(guide.sections["preface"].text, text)
    return Answer(thought, text)


def _text(guide: Guide, section: Section | None, providers: Sequence[ProviderRow], history: Sequence[Message]) -> str:
    if section is None:
        return guide.sections["no topic"].text
    if section.name in guide.commands:
        usage, summary = guide.commands[section.name]
        return _joined(f"`{usage}`", f"{summary}\n{section.text}".rstrip())
    if section.name == "recap":
        return recap(history) or guide.sections["nothing yet"].text
    if section.name in PER_PROVIDER and providers:
        return _joined(*dict.fromkeys(_for_provider(guide, section.name, provider) for provider in providers))
    return Template(section.text).safe_substitute(sample=guide.sample)


def _for_provider(guide: Guide, topic: str, provider: ProviderRow) -> str:
    if topic == "keys" and not provider.variable:
        return guide.sections["local models"].text
    text = guide.sections[PER_PROVIDER[topic]].text
    return Template(text).safe_substitute(
        name=provider.name, title=provider.title, variable=provider.variable, page=provider.page
    )


def recap(history: Sequence[Message]) -> str:
    """The turns before the last question: what was asked, and which model answered."""
    turns: list[tuple[Message, list[Message]]] = []
    for message in history:
        if message.is_question:
            turns.append((message, []))
        elif message.role == "assistant" and turns:
            turns[-1][1].append(message)
    lines = [f"{number}. {_asked(asked)}, {_answered(by)}" for number, (asked, by) in enumerate(turns[:-1], 1)]
    return _joined("So far:", "\n".join(lines)) if lines else ""


def _asked(question: Message) -> str:
    text = " ".join(question.text.replace("`", "'").split())
    shown = f"`{text[:QUOTED_CHARS].rstrip()}{'…' if len(text) > QUOTED_CHARS else ''}`" if text else "no words"
    images = len(question.images)
    return shown + (f" with {images} image{'s' if images > 1 else ''}" if images else "")


def _answered(by: Sequence[Message]) -> str:
    models = dict.fromkeys(message.origin.model for message in by if message.origin)
    if not models:
        return "not answered."
    calls = sum(len(message.calls) for message in by)
    tools = f" with {calls} tool call{'s' if calls > 1 else ''}" if calls else ""
    cut = "" if by[-1].state == "complete" else f" ({by[-1].state})"
    return f"answered by {' and '.join(models)}{tools}{cut}."


def _earlier_topic(guide: Guide, questions: Sequence[Message]) -> str:
    """What "and groq?" is about: the last topic where that makes a difference, or keys."""
    for question in reversed(questions[-LOOK_BACK:]):
        section = guide.find(question.text).section
        if section is not None:
            return section.name if section.name in PER_PROVIDER else "keys"
    return "keys"


def _has_spoken(history: Iterable[Message]) -> bool:
    return any(message.origin is not None and message.origin.dialect == DIALECT for message in history)


def _thought(found: Found) -> str:
    if found.section is None:
        return ""
    return f'{_quoted(found.words)}: this leads to the topic "{found.section.name}".'


def _quoted(words: Iterable[str]) -> str:
    return ", ".join(f'"{word}"' for word in words)


def _joined(*texts: str) -> str:
    return "\n\n".join(text for text in texts if text)
