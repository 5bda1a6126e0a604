"""The command about settings."""

from collections.abc import Iterator

from modules.chat.command import Ask, ChatContext, command


def complete_settings(chat: ChatContext, args: str) -> Iterator[tuple[str, str]]:
    """Names of settings and parts, and the values of one."""
    from modules.chat.commands.setting_changes import completions  # the first prompt need not wait for it

    yield from completions(chat, args)


@command("/set [name] [value] [--save]", complete=complete_settings)
async def set_setting(chat: ChatContext, args: str) -> Ask | None:
    """Show the settings, or change one.

    Alone it lists what is not as usual; "/set options" lists a part, "/set all" all of them, and "/set temperature"
    says what one does and where it comes from.
    "/set temperature 0.2" holds for this session; with --save it is written into settings.toml, for all that come.
    Of a list all words are given, of a table one entry: "/set models.reasoning openai:gpt-6.1-sol=high", and "…=" alone
    takes it out.
    "/set folder" shows the settings that lie in this folder, and asks whether they hold.
    "/set temperature --reset" goes back to what settings.toml says; with --save it is taken out of there, too.
    """
    from modules.chat.commands.setting_changes import act  # the first prompt need not wait for it

    await act(chat, args)
    return None
