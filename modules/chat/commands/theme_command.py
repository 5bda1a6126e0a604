"""The command for the looks of what is drawn."""

from collections.abc import Iterator

from modules.chat.command import Ask, ChatContext, command
from modules.chat.looks.theme import Theme
from modules.chat.looks.themes import AUTO
from modules.errors import ParlanceError

SAVE, SETTING = "--save", "screen.theme"
KINDS = {"dark": "a dark background", "light": "a light background", "": "any background"}


def theme_names(chat: ChatContext, args: str) -> Iterator[tuple[str, str]]:
    yield AUTO, "the usual one of the background"
    yield from ((name, "") for name in chat.screen.themes.names())


@command("/theme [name] [--save]", complete=theme_names)
async def theme(chat: ChatContext, args: str) -> Ask | None:
    """List the themes, or take one.

    Each is listed with a sample in its own looks. A theme holds for this session, with --save for good. "/theme auto"
    goes by the background that the terminal tells.
    Themes of your own are files in the folder "themes" of the config folder; docs/themes.md says what they hold.
    """
    themes = chat.screen.themes
    themes.read_again()
    name = " ".join(word for word in args.split() if word != SAVE)
    if not name and SAVE not in args.split():
        _list(chat)
        return None
    name = name or themes.wished
    taken = themes.of(name)  # raises where there is none, and the theme before stays
    chat.config.layers.change(SETTING, name)
    kept = ""
    if SAVE in args.split():
        from modules.settings.saving import save  # only where it is wanted

        save(chat.config.layers.file, {SETTING: name})
        kept = f" It is written into {chat.config.layers.file}."
    chat.screen.say(f"Theme: {taken.name}{f', {taken.about}' if taken.about else ''}.{kept}")
    for text in _remarks(chat, taken):
        chat.screen.say(text)
    return None


def _list(chat: ChatContext) -> None:
    themes = chat.screen.themes
    faulty: list[str] = []
    current = themes.current.name
    for name in themes.names():
        try:
            chat.screen.sample(themes.of(name), is_current=name == current)
        except ParlanceError as error:
            faulty.append(f"{error.message} {error.cure}")
    for text in faulty:
        chat.screen.say(text)
    behind = themes.background
    known = f"The background is {behind}" if behind else "The terminal does not say what its background is"
    chat.screen.say(f"{known}; {current} is in use. /theme NAME takes another.")


def _remarks(chat: ChatContext, taken: Theme) -> Iterator[str]:
    """What a person may want to know of the theme that they took."""
    from modules.chat.looks.theme_file import hard_to_read  # only where a theme is chosen

    behind = chat.screen.themes.background
    if taken.background and behind and taken.background != behind:
        yield f"It is made for {KINDS[taken.background]}, and this terminal has {KINDS[behind]}."
    if hard := hard_to_read(taken):
        yield f"Hard to read on {KINDS[taken.background]}: {', '.join(hard)}. A contrast of 4.5 is wanted."
    if chat.screen.theme is None:
        yield "No colours are shown here, since NO_COLOR is set or the terminal has none."
