"""Completion: commands after `/`, models, files and MCP servers after `@`, paths where one was begun, else nothing."""

import asyncio
import re
from collections.abc import AsyncGenerator, Iterable, Iterator
from contextlib import aclosing
from functools import partial
from typing import Any, TypeVar

from prompt_toolkit.application import Application, get_app_or_none
from prompt_toolkit.completion import CompleteEvent, Completer, Completion, ThreadedCompleter
from prompt_toolkit.document import Document

from modules.chat.command import ChatContext
from modules.chat.input.mcp_completion import complete_resources, look
from modules.chat.input.mentions.folder_files import FolderFiles
from modules.chat.input.path_completion import complete_paths, complete_words
from modules.chat.input.ranking import NEAR, rank, ranked
from modules.chat.input.typed_paths import unfinished
from modules.chat.wording.model_summary import describe
from modules.errors import UnknownCommand
from modules.llm.models import Model, ModelRegistry
from modules.text.sanitize import clean
from modules.tools.files.access.secret_names import is_secret

Item = TypeVar("Item")
Pair = tuple[str, str]

MAX_RESOURCES = 200
MOMENT_SECONDS = 0.15  # that a menu waits for the files of the folder; then they come when they are there
SECRET_CHARS = 3  # typed of its name, with which a file that may hold a secret is meant
LONGEST_MENTION_CHARS = 500

_COMMAND = re.compile(r"/([\w?:.-]*)")
_ARGUMENTS = re.compile(r"/([A-Za-z0-9_?][\w:.-]*)\s+(.*)")
_ASK = re.compile(r"@(\S*)")
_MENTION = re.compile(r"""(?:^|(?<=[\s(\[{"']))@((?:\\.|[^\s\\])*|"[^"\n]*|'[^'\n]*)$""")
_TYPED = re.compile(r"!{1,2}\s*(\S+\s+.*)")
_PATH = re.compile(r"""(?:^|(?<!\\)\s)((?:\.\.?/|~/|/[^\s/])(?:\\.|[^\s\\])*|['"](?:\.\.?/|~/|/[^\s/])[^'"]*)$""")


def every_model(models: ModelRegistry) -> Iterator[Model]:
    """The catalogue's models, and those that the providers' own lists added, provider by provider."""
    for provider in models.providers:
        yield from models.of(provider)


def complete_models(context: ChatContext, args: str) -> Iterator[Pair]:
    """Every model's full name with its description; an alias too where the letters of the name would not find it."""
    typed = args.strip()
    for model in every_model(context.models):
        has_key, listed = context.config.has_key(model.provider.key_variable), context.models.lists(model)
        description = describe(model, has_key, listed)
        yield model.full_name, description
        if typed and rank(typed, model.full_name) is None:
            # The other names of a model that is not served to everybody lead to its successor.
            instead = context.models.successor(model) if model.restricted else None
            label = f"{model.full_name} · {description}" if instead is None else f"{instead.full_name} instead"
            for alias in model.aliases:
                yield alias, label


class ChatCompleter(Completer):
    """Completes what the chat's prompt holds up to the cursor.

    What a command's own `complete` yields is matched loosely here, and each text stands for all of the arguments.
    """

    def __init__(self, context: ChatContext) -> None:
        self._context = context
        self._files = FolderFiles(lambda: context.config.child_environment)

    async def get_completions_async(
        self, document: Document, complete_event: CompleteEvent
    ) -> AsyncGenerator[Completion, None]:
        """The same, in a thread: folders may be slow. Before that, what a running server lists may be fetched."""
        await look(self._context, document.text_before_cursor)
        if _mention_in(document) and (listing := self._files.wanted()) is not None and self._files.names is None:
            await asyncio.wait([listing], timeout=MOMENT_SECONDS)
            if not listing.done():
                listing.add_done_callback(partial(_look_again, get_app_or_none(), document))
        async with aclosing(ThreadedCompleter(self).get_completions_async(document, complete_event)) as found:
            async for one in found:
                yield one

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterator[Completion]:
        line = document.text_before_cursor
        if document.current_char.strip():
            return
        mention = _mention_in(document)
        if "\n" in document.text:
            yield from self._files_like(mention or "") if mention is not None else ()
            return
        if found := _COMMAND.fullmatch(line):
            yield from self._commands(found[1])
        elif found := _ARGUMENTS.fullmatch(line):
            yield from self._arguments(found[1], found[2])
        elif found := _ASK.fullmatch(line):
            yield from self._asked(found[1])
        elif found := _TYPED.fullmatch(line):
            yield from _completions(found[1], complete_words(self._context, found[1]))
        elif mention is not None:
            yield from self._resources(mention, first=False)
            yield from self._files_like(mention)
        elif (found := _TYPED.fullmatch(line)) or (found := _PATH.search(line)):
            yield from _completions(found[1], complete_words(self._context, found[1]))

    def _commands(self, typed: str) -> Iterator[Completion]:
        from modules.chat.input.prompt_files.prompt_completion import offered  # read when the first slash is typed

        commands = [
            ((one.name, *one.aliases), (one.name, one.summary, " " in one.usage.strip()))
            for one in self._context.commands
        ]
        prompts = [((one[0], one[0].rpartition(":")[2]), one) for one in offered(self._context)]
        for _, (name, summary, more) in ranked(typed, [*commands, *prompts]):
            alias = "" if rank(typed, name) else self._alias(typed, name)
            yield Completion(
                f"/{name}{' ' if more else ''}",
                start_position=-len(typed) - 1,
                display=f"/{name} (/{alias})" if alias else f"/{name}",
                display_meta=clean(summary),
            )

    def _alias(self, typed: str, name: str) -> str:
        """The other name of a command that was found by that; "" for a prompt, which has none."""
        aliases = next((one.aliases for one in self._context.commands if one.name == name), ())
        return next((alias for _, alias in ranked(typed, [((one,), one) for one in aliases])), "")

    def _arguments(self, name: str, args: str) -> Iterator[Completion]:
        try:
            command = self._context.commands.get(name)
        except UnknownCommand:
            from modules.chat.input.prompt_files.prompt_completion import is_prompt  # read when one may be meant

            if "@" not in args.rpartition(" ")[2] and is_prompt(self._context, name):  # files may stand behind it
                yield from _completions(args, complete_words(self._context, args))
            return
        if command.complete is not None:
            yield from _completions(args, _fitting(args, command.complete(self._context, args)))

    def _asked(self, typed: str) -> Iterator[Completion]:
        """Models whose names begin so or have a word that does; then files; then models that only have the letters."""
        models = complete_models(self._context, typed)
        fitting = ranked(typed, (((pair[0],), pair) for pair in models))
        near = sum(fit <= NEAR for fit, _ in fitting)
        offered = [(f"{name} ", description) for _, (name, description) in fitting]
        yield from _completions(typed, offered[:near])
        if typed:  # without a letter the models are a page already
            yield from self._files_like(typed)
        yield from _completions(typed, offered[near:])
        yield from self._resources(typed, first=True)

    def _files_like(self, typed: str) -> Iterator[Completion]:
        """Files and folders of the working folder by some of their letters, or the path that was begun elsewhere."""
        word = unfinished(typed)
        if re.match(r"\.{0,2}/|~", word.said):
            pairs = list(complete_paths(self._context, word.said))
        else:
            names = self._files.names
            found = names.like(word.said) if names is not None else []
            pairs = [(name, "folder" if name.endswith("/") else "") for name in found]
            if not pairs and word.said and names is not None:  # hidden, or ignored by git, and asked for by its name
                pairs = list(complete_paths(self._context, word.said))
                begun = word.said.rpartition("/")[2].lower()
                pairs = [pair for pair in pairs if _last_of(pair[0]).lower().startswith(begun)]
        for path, about in pairs:
            name = _last_of(path)
            begun = word.said.rpartition("/")[2]
            if not is_secret((name,)) or (len(begun) >= SECRET_CHARS and name.startswith(begun)):
                text = word.written(path, whole=about != "folder")
                yield Completion(text, -len(typed), display=clean(path), display_meta=about)

    def _resources(self, typed: str, *, first: bool) -> Iterator[Completion]:
        fitting = _fitting(typed, complete_resources(self._context, typed, first=first))
        yield from _completions(typed, fitting[:MAX_RESOURCES])


def _fitting(typed: str, pairs: Iterable[Pair]) -> list[Pair]:
    return [pair for _, pair in ranked(typed, (((pair[0],), pair) for pair in pairs))]


def _completions(typed: str, pairs: Iterable[Pair]) -> Iterator[Completion]:
    """Completions that take the place of what was typed; of a path only the new part is shown."""
    head = typed[: typed.rfind("/") + 1]
    for text, description in pairs:
        shown = text.removeprefix(head)
        yield Completion(text, -len(typed), display=clean(shown), display_meta=clean(description))


def _mention_in(document: Document) -> str | None:
    """What is typed behind an `@` that begins a word; None where the word is another."""
    found = _MENTION.search(document.current_line_before_cursor[-LONGEST_MENTION_CHARS:])
    return found[1] if found else None


def _last_of(path: str) -> str:
    return path.rstrip("/").rpartition("/")[2]


def _look_again(app: "Application[Any] | None", document: Document, done: object) -> None:
    """Fill the menu anew, where nobody has typed on or chosen in it."""
    if app is not None and app.is_running and (buffer := app.current_buffer).document == document:
        state = buffer.complete_state
        if state is None or state.complete_index is None:
            buffer.complete_state = None
            buffer.start_completion(select_first=False)
