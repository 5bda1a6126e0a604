"""The command about API keys: one is typed unseen, tried at its provider, and kept; or taken out again."""

from collections.abc import Iterator

from modules.chat.command import Ask, ChatContext, command
from modules.chat.commands.model_commands import switch

REMOVE = "--remove"


def complete_key(chat: ChatContext, args: str) -> Iterator[tuple[str, str]]:
    """The providers that need a key, and behind the option those that have one."""
    from modules.chat.api_keys.key_slots import slots_of  # the first prompt need not wait for any of it

    removes = args.startswith(f"{REMOVE} ")
    for slot in slots_of(chat.models.providers.values()):
        there = chat.config.has_key(slot.variable)
        if there or not removes:
            state = "key set" if there else slot.provider.key_page
            yield f"{REMOVE} {slot.provider.name}" if removes else slot.provider.name, f"{slot.title} · {state}"
    if not removes:
        yield REMOVE, "take a key out again"


@command("/key [provider] [--remove]", complete=complete_key)
async def key(chat: ChatContext, args: str) -> Ask | None:
    """Take an API key, unseen, try it, and keep it.

    Whose key it is shows by how it begins; where it does not, you are asked. The provider is asked for its list of
    models before the key is kept: in the keyring of your system, or in .env of the config folder.
    "/key --remove" takes one out again. "parlance keys" in a shell lists where each comes from.
    """
    from modules.chat.api_keys.key_slots import slots_of
    from modules.chat.api_keys.key_taking import remove, slot_named, take

    names = [word for word in args.split() if word != REMOVE]
    slots = slots_of(chat.models.providers.values())
    slot = slot_named(chat, slots, " ".join(names)) if names else None
    if names and slot is None:
        return None
    if REMOVE in args.split():
        await remove(chat, slots, slot)
    elif choice := await take(chat, slots, slot):
        await switch(chat, choice)
    return None
