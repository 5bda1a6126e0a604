"""Commands about prompts of one's own: which there are, roles, and what a folder tells models."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from msgspec.structs import replace

from modules.chat.command import Ask, ChatContext, command
from modules.chat.wording.phrases import count
from modules.daemon_thread import in_thread
from modules.errors import UsageError

if TYPE_CHECKING:  # nothing of prompts is loaded before one is wanted
    from modules.prompts.prompt_shelf import Found

NO_ROLE = "none"


def complete_prompts(chat: ChatContext, args: str) -> Iterator[tuple[str, str]]:
    """The prompts by name."""
    from modules.chat.input.prompt_files.prompt_line import shelf_of

    for one in shelf_of(chat).all():
        if not one.hidden_by:
            yield one.name, one.place.shown


@command("/prompts [name]", aliases=("templates",), complete=complete_prompts)
async def prompts(chat: ChatContext, args: str) -> Ask | None:
    """Show your own prompts, or one in full.

    Each Markdown file in prompts/ of the config folder is a command: /name and what is typed behind it, which stands in
    the places of $ARGUMENTS, $1 and so on. The command files of Claude Code, opencode and codex are found too; those
    of the folder are used after a question. The list says which have a name that something else has.
    """
    from modules.chat.input.prompt_files.prompt_line import shelf_of

    shelf = shelf_of(chat)
    if args:
        found: Found | None = await in_thread(shelf.find, typed=args.removeprefix("/"))
        if found is None:
            raise UsageError(f'There is no prompt "{args}".', cure="/prompts lists them.")
        _show(chat, found)
        return None
    every: list[Found] = await in_thread(shelf.all)
    if not every:
        chat.screen.say(f"There are no prompts. A file {chat.config.folder / 'prompts' / 'NAME.md'} becomes /NAME.")
        return None
    chat.screen.table([(one.prompt.usage if one.prompt else f"/{one.name}", _about(one)) for one in every])
    for one in every:
        if one.trouble:
            chat.screen.say(one.trouble)
    return None


def _about(one: "Found") -> str:
    """What a prompt is for, where it lies, and what keeps it from being used."""
    place = f"{one.place.shown}{' of this folder' if one.place.root else ''}"
    hidden = f"hidden by {one.hidden_by}; " if one.hidden_by else ""
    if one.prompt is None:
        return f"cannot be read ({place})"
    if one.place.root is not None:  # what it says is shown with the question
        return f"({hidden}{place})"
    return f"{one.prompt.description} ({hidden}{place})"


def _show(chat: ChatContext, found: "Found") -> None:
    from modules.settings.typed_values import as_words  # nobody needs it before

    if found.prompt is None:
        raise UsageError(found.trouble)
    prompt = found.prompt
    rows = [("file", str(prompt.path)), ("typed", prompt.usage)]
    rows += [("for", prompt.description)] if prompt.matter.text("description") else []
    rows += [("model", prompt.model)] if prompt.model else []
    rows += [("instructions", prompt.system)] if prompt.system else []
    rows += [("tools", ", ".join(prompt.tools) or "none")] if prompt.tools is not None else []
    rows += [(name, as_words(value)) for name, value in prompt.options.items()]
    rows += [("runs", line) for line in prompt.commands]
    chat.screen.table(rows)
    for remark in prompt.remarks:
        chat.screen.say(remark)
    chat.screen.quote(prompt.matter.body.strip())


def complete_roles(chat: ChatContext, args: str) -> Iterator[tuple[str, str]]:
    """The roles, and what takes one back."""
    from modules.prompts.roles import roles

    yield from ((one.name, one.description) for one in roles(chat.config.folder))
    yield NO_ROLE, "take the instructions back"


@command("/role [name]", complete=complete_roles)
async def role(chat: ChatContext, args: str) -> Ask | None:
    """Give models the instructions of a role.

    Roles are Markdown files in roles/ of the config folder: front matter with a description, then the instructions.
    They hold from the next message on, as those of /system do. "/role none" takes them back, "/role" lists the roles.
    """
    from modules.prompts import roles
    from modules.prompts.told import told_in

    told = told_in(chat.conversation.instructions)
    if args == NO_ROLE:
        chat.conversation.instruct(replace(told, own="").text)
        chat.screen.say("Instructions removed.")
        return None
    if args:
        taken: roles.Role = await in_thread(roles.role, config_folder=chat.config.folder, name=args)
        chat.conversation.instruct(replace(told, own=taken.instructions).text)
        chat.screen.say(f"Role: {taken.name}. Its instructions hold from the next message on.")
        return None
    found = await in_thread(lambda: list(roles.roles(chat.config.folder)))
    if not found:
        chat.screen.say(f"There are no roles. A file {chat.config.folder / 'roles' / 'NAME.md'} becomes /role NAME.")
        return None
    chat.screen.table(
        [(f"{'*' if one.instructions == told.own else ' '} {one.name}", one.description) for one in found]
    )
    return None


def complete_instructions(chat: ChatContext, args: str) -> Iterator[tuple[str, str]]:
    """What can be said of them."""
    yield "on", "tell models what the folder says, as it stands now"
    yield "off", "tell it no more"


@command("/instructions [on|off]", complete=complete_instructions)
async def instructions(chat: ChatContext, args: str) -> Ask | None:
    """Show all that models are instructed by.

    That is what you set with /system or /role, AGENTS.md (or CLAUDE.md, GEMINI.md) of the folder, and the names of
    skills. You are asked about the folder's once. "/instructions on" tells them as they stand now, "/instructions off"
    no longer; either is remembered for this folder.
    """
    from modules.chat.input.prompt_files import folder_told

    if args in ("on", "off"):
        await _change(chat, on=args == "on")
    elif args:
        raise UsageError(f'"{args}" is not understood.', cure="It is /instructions, or /instructions on or off.")
    told = await folder_told.settle(chat)
    now: folder_told.Standing = await in_thread(
        folder_told.standing, conversation=chat.conversation, config=chat.config, skills=None,
        providers=tuple(chat.models.providers.values()),
    )  # fmt: skip
    rows = [("your own", told.own or "none; /system TEXT or /role NAME sets them")]
    if now.file is not None:
        state = "told" if told.file == now.file.path.name else f"not told{f': {now.why}' if now.why else ''}"
        changed = ", and changed since" if told.folder and told.folder != now.file.part else ""
        rows.append((now.file.path.name, f"{now.file.path} ({state}{changed})"))
    skills = count(told.skill_count, "skill") if told.skills else "none"
    rows.append(("skills", f"{skills}; /wire shows all of it"))
    chat.screen.table(rows)
    return None


async def _change(chat: ChatContext, *, on: bool) -> None:
    """Tell what the folder says from now on, or tell it no more."""
    from modules.chat.input.prompt_files import folder_told
    from modules.prompts.told import Told, told_in

    now: folder_told.Standing = await in_thread(
        folder_told.standing, conversation=chat.conversation, config=chat.config, skills=None,
        providers=tuple(chat.models.providers.values()),
    )  # fmt: skip
    if on and chat.config.settings.send.instructions == "never":
        raise UsageError("The settings say that nothing of a folder is told.", cure="/set send.instructions ask")
    if now.file is not None:
        folder_told.remember_file(chat, now.file, told=on)
    skills = folder_told.skills_of(chat)
    for place, some in await in_thread(skills.of_folder) if skills is not None else ():
        folder_told.remember_skills(chat, place, some, told=on)
    if not chat.conversation.nodes:
        return
    before = told_in(chat.conversation.instructions)
    if skills is not None:
        await in_thread(skills.look)
    part = now.file.part if on and now.file is not None else ""
    chat.conversation.instruct(Told(before.own, part, skills.part() if skills is not None else "").text)
