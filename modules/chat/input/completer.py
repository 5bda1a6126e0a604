"""Completion: commands after `/`, models, files and MCP servers after `@`, paths where one was begun, else nothing."""

import asyncio
import os
import re
from collections.abc import AsyncGenerator, Iterable, Iterator, Sequence
from contextlib import aclosing
from functools import partial
from itertools import islice
from time import monotonic
from typing import Any, TypeVar

from prompt_toolkit.application import Application, get_app_or_none
from prompt_toolkit.completion import CompleteEvent, Completer, Completion, ThreadedCompleter
from prompt_toolkit.document import Document

from modules.chat.command import ChatContext
from modules.chat.input.mcp_completion import complete_resources, look
from modules.chat.input.mentions.folder_files import FolderFiles
from modules.chat.input.typed_paths import unfinished
from modules.chat.wording.model_summary import describe
from modules.errors import UnknownCommand
from modules.llm.models import Model, ModelRegistry
from modules.text.sanitize import clean
from modules.tools.files.access.secret_names import is_secret

Item = TypeVar("Item")
Pair = tuple[str, str]
Rank = tuple[int, int, int]

BEGINNING: Rank = (1, 0, 0)
NEAR: Rank = (2, 0, 1000)  # the beginning of a word
MAX_PATHS = 200
MAX_RESOURCES = 200
MOMENT_SECONDS = 0.15  # that a menu waits for the files of the folder; then they come when they are there
SECRET_CHARS = 3  # typed of its name, with which a file that may hold a secret is meant
LONGEST_MENTION_CHARS = 500
MAX_SECONDS = 0.1  # for reading one folder; a person is typing

_COMMAND = re.compile(r"/([\w?:.-]*)")
_ARGUMENTS = re.compile(r"/([A-Za-z0-9_?][\w:.-]*)\s+(.*)")
_ASK = re.compile(r"@(\S*)")
_MENTION = re.compile(r"""(?:^|(?<=[\s(\[{"']))@((?:\\.|[^\s\\])*|"[^"\n]*|'[^'\n]*)$""")
_TYPED = re.compile(r"!{1,2}\s*(\S+\s+.*)")
_PATH = re.compile(r"""(?:^|(?<!\\)\s)((?:\.\.?/|~/|/[^\s/])(?:\\.|[^\s\\])*|['"](?:\.\.?/|~/|/[^\s/])[^'"]*)$""")
_ALIKE = str.maketrans("/", ":")  # provider/model is understood as well as provider:model


def rank(typed: str, text: str) -> Rank | None:
    """How well the text fits what was typed, least is best; None where its letters are not all there in order.

    The whole text comes first, then its beginning, the beginning of a word in it, its middle, and last letters
    that are strewn over it, the closest together first.
    """
    typed, text = typed.lower().translate(_ALIKE), text.lower().translate(_ALIKE)
    if text.startswith(typed):
        return int(text != typed), 0, 0
    if typed in text:
        word = re.search(rf"(?<![^\W_]){re.escape(typed)}", text)
        return (2, 0, word.start()) if word else (3, 0, text.index(typed))
    starts = [at for at, letter in enumerate(text) if letter == typed[0]]
    spans = [(end - at, at) for at in starts if (end := _end(typed, text, at)) is not None]
    return (4, *min(spans)) if spans else None


def ranked(typed: str, items: Iterable[tuple[Sequence[str], Item]]) -> list[tuple[Rank, Item]]:
    """The items of which one of the names fits, best first; equals keep their order."""
    found = []
    for names, item in items:
        ranks = [fit for name in names if (fit := rank(typed, name)) is not None]
        if ranks:
            found.append((min(ranks), item))
    return sorted(found, key=lambda pair: pair[0])


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


def complete_paths(context: ChatContext, args: str) -> Iterator[Pair]:
    """The files and folders that the path may go on with; a folder ends in a slash, a hidden one must be asked for."""
    if args == "~":
        yield "~/", "folder"
        return
    head, slash, name = args.rpartition("/")
    head += slash
    found = ranked(name, (((entry.name,), entry) for entry in _entries(os.path.expanduser(head) or ".", name)))
    begun = [pair for pair in found if pair[0] <= BEGINNING]
    found = sorted(begun or found, key=lambda pair: (pair[0], pair[1].name.lower()))
    for _, entry in found[:MAX_PATHS]:
        folder = _is_folder(entry)
        yield head + entry.name + "/" * folder, "folder" if folder else ""


def complete_attachments(context: ChatContext, args: str) -> Iterator[Pair]:
    """Paths, also after the option."""
    option, _, path = args.rpartition("--text ")
    head, args = ("--text ", path.lstrip()) if not option and args.startswith("--text ") else ("", args)
    yield from ((head + text, about) for text, about in complete_words(context, args))


def complete_words(context: ChatContext, args: str) -> Iterator[Pair]:
    """What a line of paths may go on with: as one path with blanks in it, else its last word, in its quotes."""
    plain = list(complete_paths(context, args))
    yield from plain
    word = unfinished(args)
    if plain or not (word.head or word.quote or word.said != args):
        return
    for text, about in complete_paths(context, word.said):
        yield word.written(text, whole=about != "folder"), about


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


def _entries(folder: str, name: str) -> Iterator[os.DirEntry[str]]:
    """What the folder holds, as far as it can be read in the time there is, without what no line can hold."""
    until = monotonic() + MAX_SECONDS
    try:
        with os.scandir(folder) as entries:
            while monotonic() < until and (some := list(islice(entries, 100))):
                yield from (entry for entry in some if _offered(entry.name, name))
    except (OSError, ValueError):  # not a folder, not ours to read, or a name with a null in it
        return


def _offered(entry: str, typed: str) -> bool:
    hidden = entry.startswith(".") and not typed.startswith(".")
    return not hidden and not re.search("[\r\n\ud800-\udfff]", entry)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def _end(typed: str, text: str, at: int) -> int | None:
    """Where the letters typed have all been met in order, from `at` on; None where they are not."""
    for letter in typed:
        at = text.find(letter, at) + 1
        if not at:
            return None
    return at
