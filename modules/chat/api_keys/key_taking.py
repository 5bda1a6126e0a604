"""A key from the line that shows nothing of it to where it is kept, with what is asked on the way; and out again."""

from modules.chat.api_keys.key_check import check
from modules.chat.api_keys.key_keeping import first_come, keep, take_out
from modules.chat.api_keys.key_slots import KeySlot, fitting, stranger
from modules.chat.command import ChatContext, Options
from modules.chat.wording.phrases import count
from modules.config import ENVIRONMENT, Key
from modules.errors import UsageError
from modules.keys.key import usable_key
from modules.llm.catalogue.model_list_cache import FILE, ModelLists
from modules.llm.dialects import about
from modules.llm.models import Choice, Model

TYPED = "what was typed"
UNSEEN = "/key alone asks for it, and shows nothing of it."


def slot_named(chat: ChatContext, slots: list[KeySlot], name: str) -> KeySlot | None:
    """The slot of a provider; None where it needs no key, which is said. What is no name is not shown: it may be a key.

    Raises UsageError.
    """
    provider = chat.models.providers.get(name.lower())
    if provider is None:
        names = ", ".join(slot.provider.name for slot in slots)
        raise UsageError("There is no provider of that name.", cure=f"There are {names}. {UNSEEN}")
    slot = next((slot for slot in slots if provider in slot.providers), None)
    if slot is None:
        chat.screen.say(f"{provider.title} needs no key. {provider.note}".rstrip())
    return slot


async def take(chat: ChatContext, slots: list[KeySlot], named: KeySlot | None) -> Choice | None:
    """Take a key, of this slot or whatever it is of. Returns the model that is to answer from now on, if another is."""
    if named is not None:
        chat.services.check_rules(named.provider)
    if named is not None and named.provider.key_page:
        chat.screen.say(f"{named.title} gives keys at {named.provider.key_page}.")
    if named is None and not any(chat.config.has_key(slot.variable) for slot in slots):
        chat.screen.say("Who has none yet is told by /key NAME, as in /key groq, where that provider gives them.")
    typed = await chat.secret(f"API key of {named.title}:" if named else "API key:")
    given = (typed or "").strip().strip("\"'").strip()
    slot = (named or await _whose(chat, slots, given)) if given else None
    if slot is None:
        chat.screen.say("No key was taken.")
        return None
    found = usable_key(slot.variable, given, TYPED)
    if maker := stranger(slot, given):
        chat.screen.say(f"It looks like a key of {maker}.")
        if not await chat.confirm(f"Send it to {slot.title} all the same?"):
            chat.screen.say("No key was taken.")
            return None
    return await _try_and_keep(chat, slot, found)


async def _whose(chat: ChatContext, slots: list[KeySlot], given: str) -> KeySlot | None:
    """The slot that the key belongs into, as it begins or as the person says; None for none of them."""
    fits = list(fitting(slots, given))
    if len(fits) == 1:
        return fits[0]
    asked = fits or slots
    if not fits:
        chat.screen.say("It begins like a key of nobody who is in the list of providers.")
    chosen = await chat.choose(Options("Whose key is it?", tuple(slot.title for slot in asked), "none of these"))
    return None if chosen is None else asked[chosen]


async def _try_and_keep(chat: ChatContext, slot: KeySlot, found: Key) -> Choice | None:
    chat.services.check_rules(slot.provider)
    chat.screen.say(f"Asking {slot.title} whether it takes the key …")
    checked = await check(chat.services, slot.provider, found)
    if checked.verdict == "refused":
        chat.screen.say(f"{checked.why} It was not kept.")
        return None
    if checked.verdict == "unknown":
        chat.screen.say(f"It could not be tried. {checked.why}")
        if not await chat.confirm("Keep it untried?"):
            chat.screen.say("The key was not kept.")
            return None
    if not (where := await keep(chat, slot, found)):
        chat.screen.say("The key was not kept.")
        return None
    _learn(chat, slot, checked.models)
    lists = f" {slot.title} lists {count(len(checked.models), 'model')}." if checked.models else ""
    chat.screen.say(f"{slot.variable} is in {where} now.{lists}")
    await first_come(chat, slot, found, where)
    return await _chosen(chat, slot)


def _learn(chat: ChatContext, slot: KeySlot, models: tuple[Model, ...]) -> None:
    """The list is known from now on, in the next run too."""
    if models:
        chat.models.learn(slot.provider, models)
        ModelLists(chat.config.state_folder / FILE).keep(slot.provider, models)


async def _chosen(chat: ChatContext, slot: KeySlot) -> Choice | None:
    """The model of this provider that is to answer from now on, where only the guide does and the person wishes it."""
    current = chat.conversation.model
    if about(current.provider.dialect).networked or not (usual := _usual(chat, slot)):
        return None
    stay = f"stay on {current.full_name}; /model chooses later"
    taken = await chat.choose(Options("Which model answers from now on?", (usual.full_name,), stay)) == 0
    return chat.models.choice(usual) if taken else None


def _usual(chat: ChatContext, slot: KeySlot) -> Model | None:
    """The model that a chat with this provider begins with."""
    if chat.models.default and (usual := chat.models.find(chat.models.default).model).provider in slot.providers:
        return usual
    own = chat.models.of(slot.provider.name)
    return next((model for model in own if not model.restricted and chat.models.lists(model) is not False), None)


async def remove(chat: ChatContext, slots: list[KeySlot], named: KeySlot | None) -> None:
    """Take a key out of wherever it is, each after a question."""
    there = [slot for slot in slots if chat.config.has_key(slot.variable)]
    if named is None and there:
        titles = tuple(f"{slot.title} ({slot.variable})" for slot in there)
        chosen = await chat.choose(Options("Which key goes?", titles, "none of them"))
        if chosen is None:
            return
        named = there[chosen]
    places = list(chat.config.sources(named.variable)) if named else []
    if named is None or not places:
        chat.screen.say(f"{named.variable} is not set." if named else "No key is set.")
        return
    if ENVIRONMENT in places:
        chat.screen.say(f"{named.variable} is set in {ENVIRONMENT}, which only your shell can change: unset it there.")
    for place in (one for one in places if one != ENVIRONMENT):
        if await chat.confirm(f"Take {named.variable} out of {place}?") and await take_out(chat, named.variable, place):
            chat.screen.say(f"{named.variable} is not in {place} any more.")
        else:
            chat.screen.say(f"{named.variable} stays in {place}.")
