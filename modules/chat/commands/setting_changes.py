"""What `/set` does: lists settings, explains one, changes it for this session or for good, and completes all that."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from modules.chat.command import ChatContext
from modules.chat.input.completer import complete_models
from modules.chat.input.folder_question import show_folder
from modules.errors import UsageError
from modules.session.switching.held_back import held_back_words, news_of_options
from modules.settings.declarations import OptionSettings
from modules.settings.kinds import choices, kind_words
from modules.settings.layers import Origin
from modules.settings.table import Setting, all_settings, find, parts, value_of
from modules.settings.typed_values import as_words, from_words, taken_example

SAVE, RESET = "--save", "--reset"
EVERY, FOLDER = "all", "folder"
WHERE: dict[Origin, str] = {
    "usual": "as usual", "file": "settings.toml", "folder": ".parlance/settings.toml", "session": "this session",
}  # fmt: skip


def completions(chat: ChatContext, args: str) -> Iterator[tuple[str, str]]:
    """The names of settings and parts; behind one of a setting the values that it takes, then what is done with it."""
    name, space, typed = args.partition(" ")
    if not space:
        settings = chat.config.settings
        for one in all_settings().values():
            yield one.name, f"{as_words(value_of(settings, one))} · {one.description}"
        yield from parts().items()
        yield EVERY, "every setting"
        yield FOLDER, "the settings that lie in this folder"
        return
    try:
        one = find(name)
    except UsageError:  # a part, or none at all: entering it says so
        return
    head, blank, _ = typed.rpartition(" ")
    if blank and not head.startswith("-"):
        yield f"{name} {head} {SAVE}", "from now on, also in later runs"
        return
    for value, description in _values(chat, one):
        yield f"{name} {value}", description
    yield f"{name} {RESET}", "as it was before this session"
    yield f"{name} {SAVE}", "what holds now, from now on"


def _values(chat: ChatContext, one: Setting) -> Iterable[tuple[str, str]]:
    if one.names == "model":
        return complete_models(chat, "")
    if one.names == "provider":
        return ((provider.name, provider.title) for provider in chat.models.providers.values())
    found = choices(one.kind) or (as_words(taken_example(one)),)
    return ((word or '""', one.description) for word in found)


async def act(chat: ChatContext, args: str) -> None:
    """Do what was typed behind `/set`. Raises UsageError, and ConfigError where the file cannot be written."""
    words, flags = _split(args)
    name, _, typed = words.partition(" ")
    if not name:
        _refuse_flags(flags)
        _list_changed(chat)
    elif name == FOLDER and not typed:
        _refuse_flags(flags)
        await show_folder(chat, Path(os.path.realpath(os.getcwd())))
    elif name in (EVERY, *parts()) and not typed:
        _refuse_flags(flags)
        _list(chat, [one for one in all_settings().values() if name in (EVERY, one.part)])
    else:
        one = find(name)
        if RESET in flags:
            _reset(chat, one, typed, for_good=SAVE in flags)
        elif typed or SAVE in flags:
            _change(chat, one, typed.strip(), for_good=SAVE in flags)
        else:
            _explain(chat, one)


def _split(args: str) -> tuple[str, set[str]]:
    """What was typed without the flags at its end, and those."""
    words, flags = args.strip(), set()
    while (last := words.rpartition(" ")[2]) in (SAVE, RESET):
        flags.add(last)
        words = words[: -len(last)].rstrip()
    return words, flags


def _refuse_flags(flags: set[str]) -> None:
    if flags:
        raise UsageError(f"{sorted(flags)[0]} is of one setting.", cure="It is /set NAME VALUE --save.")


def _list_changed(chat: ChatContext) -> None:
    settings, origin = chat.config.settings, chat.config.layers.origin
    changed = [
        one for one in all_settings().values() if value_of(settings, one) != one.default or origin(one.name) != "usual"
    ]
    if changed:
        _list(chat, changed)
    else:
        chat.screen.say("Everything is as usual.")
    chat.screen.say(
        f"\nParts: {', '.join(parts())}.\n"
        "/set PART lists one, /set all all of them. /set NAME VALUE changes one for this session, with --save for good."
    )


def _list(chat: ChatContext, shown: Iterable[Setting]) -> None:
    settings, origin = chat.config.settings, chat.config.layers.origin
    rows = []
    for one in shown:
        where = WHERE[origin(one.name)]
        rows.append((one.name, as_words(value_of(settings, one)), where, one.description))
    chat.screen.table(rows, ("setting", "value", "from", "what it does"))


def _explain(chat: ChatContext, one: Setting) -> None:
    value = as_words(value_of(chat.config.settings, one))
    chat.screen.show(f"{one.name} is {value} ({WHERE[chat.config.layers.origin(one.name)]}).")
    late = " It is read when the program starts." if one.at_start else ""
    chat.screen.say(f"{one.description}{late}")
    words = kind_words(one.kind)
    usual, example = as_words(one.default), as_words(taken_example(one))
    chat.screen.say(f"{words[0].upper()}{words[1:]}; usually {usual}. Example: /set {one.name} {example}")


def _change(chat: ChatContext, one: Setting, typed: str, *, for_good: bool) -> None:
    layers = chat.config.layers
    value = value_of(chat.config.settings, one)
    if typed:
        value = from_words(one, typed, value)
        check_names(chat, one, value)
    if for_good:
        _save(chat, one, value)
        layers.reset(one.name)
        if value_of(chat.config.settings, one) != value:  # the folder's own file goes before
            layers.change(one.name, value)
        chat.screen.say(f"{one.name} is {as_words(value)}, written into {layers.file}.{_late(one)}")
    else:
        layers.change(one.name, value)
        chat.screen.say(f"{one.name} is {as_words(value)} in this session. --save keeps it.{_late(one)}")
    _tell_held_back(chat, one)


def _tell_held_back(chat: ChatContext, one: Setting) -> None:
    """Say that this option is not sent to the model that answers next, where it does not take it."""
    if one.part != "options":
        return
    conversation = chat.conversation
    conversation.options = chat.config.settings.options
    news_of_options(conversation, conversation.model)  # of the others it was told
    alone = OptionSettings(**{one.field: value_of(chat.config.settings, one)})
    if words := held_back_words(alone, conversation.reader(conversation.model), conversation.reasoning):
        chat.screen.say(words)


def check_names(chat: ChatContext, one: Setting, value: Any) -> None:
    """Raise UsageError for a name of a model or a provider that there is none of: it would do nothing, unseen."""
    if not one.names:
        return
    for name in filter(None, [value] if isinstance(value, str) else list(value or ())):
        if one.names == "provider" and name not in chat.models.providers:
            raise UsageError(f'There is no provider "{name}".', cure=f"There are {', '.join(chat.models.providers)}.")
        if one.names == "model" and not (one.name == "start.model" and name == "last"):
            chat.models.find(name)


def _late(one: Setting) -> str:
    return " It is read when the program starts." if one.at_start else ""


def _reset(chat: ChatContext, one: Setting, typed: str, *, for_good: bool) -> None:
    if typed:
        raise UsageError(f"{RESET} takes no value.", cure=f"It is /set {one.name} {RESET}.")
    layers = chat.config.layers
    was_changed = layers.reset(one.name)
    if for_good and layers.origin(one.name) == "file":
        _save(chat, one, None)
        was_changed = True
    state = f"{one.name} is {as_words(value_of(chat.config.settings, one))} ({WHERE[layers.origin(one.name)]})."
    chat.screen.say(state if was_changed else f"{state} Nothing was changed in this session.")


def _save(chat: ChatContext, one: Setting, value: Any) -> None:
    from modules.settings.saving import save  # only for this

    save(chat.config.layers.file, {one.name: value})
