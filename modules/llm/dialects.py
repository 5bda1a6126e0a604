"""The dialects: for each API that models are spoken to in one entry, with all that differs between them as data."""

from collections.abc import Mapping
from typing import Literal

from msgspec import Struct

from modules.extras import how_to_install

# The options of an answer, as the settings name them.
OptionName = Literal["temperature", "top_p", "seed", "stop", "max_output", "verbosity", "service_tier"]


class Dialect(Struct, frozen=True, kw_only=True):
    """What the program needs to know of an API beyond the classes that speak it.

    `service` is the path of the class that does, and `prepare` that of the function which makes a request without key
    or SDK, for whoever only looks at one: "" where a provider is asked without a request. `extra` is the extra of
    the installation that holds its package, "" where a plain installation does. `most_tools` is how many tools a
    request may declare, None for any number. `networked` where there is an address to ask; `needs_output_limit` where
    each request must say how long the answer may be; `cuts_in_silence` where servers are known to drop the beginning
    of a conversation without a word; `many_servers` where it is spoken by servers of all kinds, so that what a model's
    maker or its template wants is met behind any of them, and put right by the fields of Profile. `port` is that of an
    address which names none, where an address may be less than a URL. `fetch` says how a server that lacks a model is
    given it. `nearby` is the path of the function that reads from a server on this machine, without its package, what
    models it has: "" where no such servers are looked for. `options` are where a person's options stand in a request,
    by the path; what a profile names is filled in. `rare_options` are those that only a model whose entry names them is
    sent. `answer_format` is where it stands that an answer must be JSON, "" where there is no place for that.
    """

    service: str = ""
    prepare: str = ""
    extra: str = ""
    most_tools: int | None = None
    networked: bool = True
    needs_output_limit: bool = False
    cuts_in_silence: bool = False
    many_servers: bool = False
    port: int | None = None
    fetch: str = ""
    nearby: str = ""
    options: Mapping[OptionName, str] = {}
    rare_options: tuple[OptionName, ...] = ()
    answer_format: str = ""

    def cure(self, error: Exception) -> str:
        """What helps where its service could not be started for this reason."""
        if self.extra and isinstance(error, ImportError):
            return how_to_install(self.extra)
        return "Check the installation, proxy settings and models.yaml."


# Paths begin with a dot: they are looked for in this program. Where an API has a limit of tools, it says so itself:
# "Invalid 'tools': array too long."
DIALECTS: Mapping[str, Dialect] = {
    "anthropic-messages": Dialect(
        service=".anthropic.service:AnthropicService",
        prepare=".anthropic.transformer:prepare",
        needs_output_limit=True,
        options={
            "temperature": "temperature",
            "top_p": "top_p",
            "stop": "stop_sequences",
            "max_output": "max_tokens",
            "service_tier": "service_tier",
        },
        answer_format="output_config.format",
    ),
    "openai-responses": Dialect(
        service=".openai.service:OpenAIService",
        prepare=".openai.transformer:prepare",
        most_tools=128,
        options={
            "temperature": "temperature",
            "top_p": "top_p",
            "max_output": "max_output_tokens",
            "verbosity": "text.verbosity",
            "service_tier": "service_tier",
        },
        answer_format="text.format",
    ),
    "openai-chat": Dialect(
        service=".openai.compatible:CompatibleService",
        prepare=".llm.chat_completions.chat_completions_transformer:prepare",
        most_tools=128,
        cuts_in_silence=True,
        many_servers=True,
        nearby=".openai.nearby_models:nearby_models",
        options={
            "temperature": "temperature",
            "top_p": "top_p",
            "seed": "{0.seed_field}",
            "stop": "stop",
            "max_output": "{0.tokens_field}",
            "verbosity": "verbosity",
            "service_tier": "service_tier",
        },
        rare_options=("verbosity", "service_tier"),
        answer_format="response_format",
    ),
    "gemini-content": Dialect(
        service=".gemini.service:GeminiService",
        prepare=".gemini.transformer:prepare",
        extra="gemini",
        options={
            "temperature": "generationConfig.temperature",
            "top_p": "generationConfig.topP",
            "seed": "generationConfig.seed",
            "stop": "generationConfig.stopSequences",
            "max_output": "generationConfig.maxOutputTokens",
            "service_tier": "serviceTier",
        },
        rare_options=("service_tier",),
        answer_format="generationConfig.responseMimeType",
    ),
    "ollama-chat": Dialect(
        service=".ollama.service:OllamaService",
        prepare=".ollama.transformer:prepare",
        cuts_in_silence=True,
        port=11434,
        nearby=".ollama.nearby_models:nearby_models",
        fetch='Get it with "ollama pull {id}".',
        options={  # ollama/ollama, docs/modelfile.mdx: parameters; num_predict counts tokens
            "temperature": "options.temperature",
            "top_p": "options.top_p",
            "seed": "options.seed",
            "stop": "options.stop",
            "max_output": "options.num_predict",
        },
        answer_format="format",
    ),
    "offline": Dialect(service=".offline.service:OfflineService", networked=False),
}
OF_ITS_OWN = Dialect()


def about(dialect: str) -> Dialect:
    """What is known of a dialect; of one that a models.yaml brings with a service of its own, what is usual."""
    return DIALECTS.get(dialect, OF_ITS_OWN)
