"""How an endpoint or a model departs from its dialect, as data."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from modules.llm.dialects import OptionName

NOTHING: frozenset[str] = frozenset()
OWN_WORD = r"^.+=(end_turn|tool_use|max_tokens|refusal|paused|context_full|aborted)$"


class Profile(Struct, frozen=True, kw_only=True):
    """What is otherwise than in the dialect; data, so that an odd endpoint needs no code.

    `replay`: message fields that its own turns are given back with. `call_ids`: "any", or "mistral9" for exactly
    nine letters and digits. `strict_roles`: one leading system message, then user and assistant in turns.
    `string_content`: message content must be a string. `null_content`: a message of calls alone may say null.
    `reasoning_required`: the field that must be present on its turns with calls ("" for none).
    `call_signature`: the placeholder that a foreign call must carry (Gemini). `usage_option`: understands
    `stream_options`. `tokens_field`: what the output limit is called. `effort`: how a reasoning level is asked for.
    `thinking`: how a Claude thinks, "adaptive" or "manual" (with a budget), and a Gemini, by "level" or "budget", ""
    where neither may be said. `mid_system`: a system message may come later. `system`: where instructions may stand:
    "anywhere", at the "head" only, or "user" where there is no such role and they go with the person's message.
    `developer`: instructions may be a developer's message. `bridge`: an answer must stand between a tool's message and
    the person's. `images`: how many pictures a request may hold. `output_limit`: the most output tokens to ask for;
    without it the provider's own default holds. `context`: how many tokens a server is to make room for that is told so
    with each request; without it what they need. `refused`: paths of fields that are never sent, as in "stream_options"
    or "messages.*.reasoning_content". `web_search`: what the provider's own search of the web is called as a
    tool, "" where there is none. `stops`: its own words for why an answer ended, and what each means, as in
    "done=end_turn". `options`: those of a person's options that may be sent; without it all that are usual in the
    dialect. `options_at_none`: more of them, which it takes while it does not think. `service_tiers`: the words for a
    class of service, any where there are none. `seed_field`: what the seed is called. `answer_format`: how an answer
    is bound to be JSON, "schema" by a JSON Schema, "object" only as such, "" not at all; `format_with_tools`: that
    may be asked for beside tools, and `format_streams`: while the answer is streamed. `draws`: pictures are asked for,
    where an API makes none else: with OpenAI by its own tool, over Chat Completions as one of the modalities.
    """

    replay: tuple[str, ...] = ()
    call_ids: Literal["any", "mistral9"] = "any"
    strict_roles: bool = False
    string_content: bool = False
    null_content: bool = True
    reasoning_required: str = ""
    call_signature: str = ""
    usage_option: bool = True
    tokens_field: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    effort: Literal["", "reasoning_effort", "groq"] = ""
    thinking: Literal["", "adaptive", "manual", "level", "budget"] = ""
    mid_system: bool = False
    system: Literal["anywhere", "head", "user"] = "anywhere"
    developer: bool = True
    bridge: bool = False
    images: int | None = None
    output_limit: int | None = None
    context: Annotated[int, Meta(ge=1, le=10**9)] | None = None
    web_search: str = ""
    refused: tuple[str, ...] = ()
    stops: tuple[Annotated[str, Meta(pattern=OWN_WORD)], ...] = ()
    options: tuple[OptionName, ...] | None = None
    options_at_none: tuple[OptionName, ...] = ()
    service_tiers: tuple[str, ...] = ()
    seed_field: Literal["seed", "random_seed"] = "seed"
    answer_format: Literal["", "schema", "object"] = "schema"
    format_with_tools: bool = False
    format_streams: bool = True
    draws: bool = False

    @property
    def refused_in_messages(self) -> frozenset[str]:
        """Fields of a message, or of an item, that are never sent."""
        if not self.refused:
            return NOTHING
        heads = ("messages.*.", "input.*.")
        return frozenset(path.split(".", 2)[2] for path in self.refused if path.startswith(heads))
