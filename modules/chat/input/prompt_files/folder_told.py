"""What a folder and its skills tell every model: asked about when a conversation begins, and then told as it was.

The text is put together before the first request of a conversation and stays as it is: a file that changes later is
told with the next conversation, or where /instructions says so.
"""

import os
from collections.abc import Iterable
from pathlib import Path

from msgspec import Struct

from modules.chat.command import ChatContext
from modules.chat.input.api_key_check import keys_of, own_in
from modules.chat.wording.phrases import count
from modules.config import Config
from modules.daemon_thread import in_thread
from modules.errors import FileProblem
from modules.llm.models import Provider
from modules.prompts.folder_instructions import FolderInstructions, folder_instructions
from modules.prompts.places import Place
from modules.prompts.skills import Skill, Skills, content_of, kind_of
from modules.prompts.told import Told, told_in
from modules.session.conversation import Conversation
from modules.tools.files.encodings import as_size

SHOWN_LINES = 12  # of a file that is asked about
NAMED = 12  # skills that are asked about by name


class Standing(Struct, frozen=True):
    """What there is to tell, and whether it is told. `file` is None where there is none.

    `why` says why the file is not told, in words; "" where it is.
    """

    file: FolderInstructions | None
    why: str
    told: Told


def standing(
    conversation: Conversation, config: Config, skills: Skills | None, providers: Iterable[Provider]
) -> Standing:
    """What a conversation that begins now would tell, without asking anybody."""
    own = told_in(conversation.instructions).own
    wish = config.settings.send.instructions
    file = folder_instructions(Path(conversation.folder or os.path.realpath(os.getcwd())))
    why = _why_not(config, file, providers) if wish != "never" else "send.instructions is never"
    if skills is not None:
        skills.look()
    part = file.part if file is not None and not why else ""
    return Standing(file, why, Told(own, part, skills.part() if skills is not None else ""))


async def begin(chat: ChatContext) -> bool:
    """Ask about what lies in the folder and nobody was asked about, and have the conversation begin with what holds.

    False where the person left a question without an answer: then nothing is to be sent, and it is asked again.
    """
    skills = skills_of(chat)
    answered = await _ask_about_file(chat)
    for place, some in await in_thread(skills.in_question) if skills is not None else ():
        answered = answered and await _ask_about_skills(chat, place, some)
    if not answered:
        chat.screen.say("Nothing was sent.")
        return False
    before = chat.conversation.instructions
    now = await settle(chat)
    if now.text != before and (words := " and ".join(told_words(now))):
        chat.screen.say(f"Told with it: {words}. /instructions shows or changes that.")
    return True


async def settle(chat: ChatContext) -> Told:
    """Have a conversation in which nothing was said begin with what holds by now; nobody is asked."""
    if chat.conversation.nodes:
        return told_in(chat.conversation.instructions)
    now: Standing = await in_thread(
        standing, conversation=chat.conversation, config=chat.config, skills=skills_of(chat),
        providers=tuple(chat.models.providers.values()),
    )  # fmt: skip
    if now.told.text != chat.conversation.instructions:
        chat.conversation.instruct(now.told.text)
    return now.told


def skills_of(chat: ChatContext) -> Skills | None:
    """The skills that models may be told of: where tools are on, since one of them reads skills."""
    reader = chat.conversation.reader(chat.conversation.model)
    on = chat.config.settings.send.skills and chat.tooling.enabled and reader.tools
    return chat.tooling.skills if on and chat.tooling.toolbox.is_on("read_skill") else None


def told_words(told: Told) -> list[str]:
    """What is told beside a person's own instructions, in words."""
    file = [f"{told.file} ({as_size(len(told.folder_text.encode(errors='replace')))})"] if told.folder else []
    return file + ([f"the names of {count(told.skill_count, 'skill')}"] if told.skills else [])


def remember_file(chat: ChatContext, file: FolderInstructions, *, told: bool) -> None:
    """Remember that a file is told, or is not."""
    _remember(chat, file.root, file.kind, file.content, answer=told)


def _said(chat: ChatContext, *, told: bool) -> bool:
    """The answer of a person, with what takes a No back."""
    if not told:
        chat.screen.say("Not told. /instructions on tells it later.")
    return told


def remember_skills(chat: ChatContext, place: Place, skills: list[Skill], *, told: bool) -> None:
    """Remember that models are told of a folder's skills, or are not."""
    _remember(chat, place.root or place.folder, kind_of(place), content_of(skills), answer=told)


def _remember(chat: ChatContext, folder: Path, kind: str, content: bytes, *, answer: bool) -> None:
    try:
        chat.config.folder_trust.remember(folder, kind, content, answer)
    except FileProblem as error:
        chat.screen.say(str(error))


async def _ask_about_file(chat: ChatContext) -> bool:
    """Whether there is nothing left to be asked about it."""
    conversation, config = chat.conversation, chat.config
    if config.settings.send.instructions != "ask":
        return True
    folder = Path(conversation.folder or os.path.realpath(os.getcwd()))
    file: FolderInstructions | None = await in_thread(folder_instructions, folder=folder)
    if file is None or config.folder_trust.answer(file.root, file.kind, file.content) is not None:
        return True
    lines = file.text.splitlines()
    chat.screen.say(f"{file.path.name} of this folder ({as_size(file.size)}) has instructions for models:")
    chat.screen.quote("\n".join(lines[:SHOWN_LINES]))
    if len(lines) > SHOWN_LINES:
        chat.screen.say(f"… and {count(len(lines) - SHOWN_LINES, 'more line')} in {file.path}.")
    if file.is_cut:
        chat.screen.say(f"Only the first {as_size(len(file.content))} would be told.")
    if (told := await chat.confirm("Tell them to every model in this folder?")) is not None:
        remember_file(chat, file, told=_said(chat, told=told))
    return told is not None


async def _ask_about_skills(chat: ChatContext, place: Place, skills: list[Skill]) -> bool:
    """Whether the person has answered."""
    chat.screen.say(f"{place.shown} of this folder has {count(len(skills), 'skill')} that models may read:")
    chat.screen.quote("\n".join(f"{skill.name}: {skill.description}" for skill in skills[:NAMED]))
    if len(skills) > NAMED:
        chat.screen.say(f"… and {len(skills) - NAMED} more.")
    if (told := await chat.confirm("Tell models of them in this folder?")) is not None:
        remember_skills(chat, place, skills, told=_said(chat, told=told))
    return told is not None


def _why_not(config: Config, file: FolderInstructions | None, providers: Iterable[Provider]) -> str:
    """Why a file is not told; "" where it is, or where there is none."""
    if file is None:
        return ""
    if found := own_in(file.text, keys_of(config, providers)):
        return f"it holds {' and '.join(found)}"
    if config.settings.send.instructions == "always":
        return ""
    answer = config.folder_trust.answer(file.root, file.kind, file.content)
    return "" if answer else "you said No" if answer is not None else "nobody was asked yet"
