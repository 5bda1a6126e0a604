"""From a line to what it means: a command, ours or the shell's, a question for a model, a message with its files."""

from typing import TYPE_CHECKING

from modules.chat.command import Ask, ChatContext, CommandLine, parse_ask, parse_command, parse_prompt
from modules.chat.input.api_key_check import found_in, keys_of, own_in_files
from modules.chat.input.before_sending import without_doubt
from modules.chat.input.mcp_mentions import attach, named
from modules.chat.input.shell_line import ShellLine, parse_shell
from modules.llm.message import user
from modules.llm.parts import Attached

if TYPE_CHECKING:
    from modules.prompts.prompt_shelf import Found


async def meaning(chat: ChatContext, line: str) -> CommandLine | ShellLine | Ask | None:
    """What to do about the line; None for nothing, where the person said No: then the line comes back.

    Questions are asked on the way: about a line that may mean something else, and before a model reads a key. What the
    line names is attached. Raises FileProblem, MissingKey, ToolFailed, UnknownCommand, UnknownModel, AmbiguousModel.
    """
    if typed := parse_shell(line):
        return typed
    if (prompt := parse_prompt(line, chat.commands)) and (found := await _prompt(chat, prompt)):
        return await _of_prompt(chat, found, prompt.args, line)
    if command := parse_command(line):
        read_by_models = chat.commands.get(command.name).name == "system"
        return command if not read_by_models or await may_be_read(chat, line, []) else None
    text = await without_doubt(chat, line)
    if not text or not await _with_files(chat, text) or not await may_be_read(chat, text, chat.attachments):
        return None
    if aside := parse_ask(text, chat.models):
        model, question, note = aside
        chat.services.check_key(model.provider)
        if note:
            chat.screen.say(note)
        return Ask(user(question, *_taken(chat)), model)
    if not await _with_resources(chat, text):
        return None
    return Ask(user(text, *_taken(chat)))


async def _prompt(chat: ChatContext, line: CommandLine) -> "Found | None":
    """The prompt of one's own that is meant; None for none."""
    from modules.chat.input.prompt_files.prompt_line import (
        found_in,  # nothing of prompts is loaded before one is wanted
    )

    return await found_in(chat, line)


async def _of_prompt(chat: ChatContext, found: "Found", typed: str, line: str) -> Ask | None:
    """What the prompt asks, once a person has agreed to all that wants it."""
    from modules.chat.input.prompt_files.folder_told import begin
    from modules.chat.input.prompt_files.prompt_sending import ask_of, show_sent

    asked = await ask_of(chat, found, typed, line)
    if asked is None or asked.message is None or found.prompt is None:
        chat.screen.say("Nothing was sent.")
        return None
    files = [part for part in asked.message.parts if isinstance(part, Attached)]
    if not await may_be_read(chat, asked.message.text, files):
        chat.draft = line
        return None
    if not chat.conversation.nodes and not await begin(chat):  # before it is said what is sent
        chat.draft = line
        return None
    chat.attachments.clear()
    show_sent(chat, found.prompt, asked)
    return asked


async def may_be_read(chat: ChatContext, text: str, files: list[Attached]) -> bool:
    """Whether a model may read this: a person is asked where it holds a key, and after a No it comes back."""
    own = keys_of(chat.config, chat.models.providers.values())
    found = [*found_in(text, own), *own_in_files(files, own)]
    if not found:
        return True
    chat.screen.say(f"This holds {' and '.join(dict.fromkeys(found))}. A model would read it.")
    if await chat.confirm("Send it all the same?"):
        return True
    chat.screen.say("Nothing was sent. /key takes a key, unseen, and keeps it.")
    chat.draft = text
    return False


async def _with_files(chat: ChatContext, text: str) -> bool:
    """Attach the files that the text names; False where nothing is to be sent."""
    if "@" not in text:
        return True
    from modules.chat.input.mentions.file_mentions import attach_mentioned  # reads pictures and PDF

    return await attach_mentioned(chat, text)


async def _with_resources(chat: ChatContext, text: str) -> bool:
    """Attach what the text names of MCP servers; False where a person stopped that. Then the text comes back."""
    wanted = named(chat, text)
    if not wanted:
        return True
    chat.draft = text  # until all is attached
    if not await chat.running.run(attach(chat, wanted)):
        return False
    chat.draft = ""
    return True


def _taken(chat: ChatContext) -> list[Attached]:
    """What is attached to the next message, which it is from now on."""
    taken = list(chat.attachments)
    chat.attachments.clear()
    return taken
