"""Every choice that settings.toml holds: a field for each, with its type, its default, what it does and an example.

Validation, `/set`, completion, docs/settings.md and the schema for editors all come from these declarations. A part of
the file is a Struct here. What a field does is its `description`, one or two sentences, and `examples` holds a value.
"""

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

Share = Annotated[float, Meta(gt=0, le=1)]
Dollars = Annotated[float, Meta(ge=0)]


# Parts with what limits and forbids: a program that goes on without a line of them does what nobody wanted.
GUARDS = frozenset({"budget", "send", "tools"})
FOLDER_FILE = ".parlance/settings.toml"
# What a setting was called before, and its name now.
RENAMED = {"tools.dollars": "budget.turn"}


def told(description: str, example: Any, *, in_folder: bool = False, at_start: bool = False, names: str = "") -> Meta:
    """What a setting does, and a value that it may have.

    `in_folder`: a folder's own file may hold it, too. Never what has to do with keys, addresses, the rights of tools,
    what is spent, or what is sent to whom. `at_start`: it is read once, when the program or a conversation begins.
    `names`: what its words are names of, "model" or "provider", which are completed and looked up.
    """
    extra = {"in_folder": in_folder, "at_start": at_start, "names": names}
    return Meta(description=description, examples=[example], extra=extra)


class StartSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """What a new conversation begins with."""

    model: Annotated[
        str,
        told(
            'The model, as after "/model"; "last" for the one used last, "" for the usual one.',
            "last",
            in_folder=True,
            at_start=True,
            names="model",
        ),
    ] = ""
    role: Annotated[
        str,
        told('The role whose instructions hold, by its name; "" for none.', "reviewer", in_folder=True, at_start=True),
    ] = ""


class OptionSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """How answers are generated. What is not set is the provider's own choice; a model is sent only what it takes."""

    temperature: Annotated[
        Annotated[float, Meta(ge=0, le=2)] | None,
        told("How freely words are chosen; 0 is the least.", 0.2, in_folder=True),
    ] = None
    top_p: Annotated[
        Annotated[float, Meta(ge=0, le=1)] | None,
        told("The share of likely words that are chosen from.", 0.9, in_folder=True),
    ] = None
    seed: Annotated[int | None, told("The same seed makes the same answer likelier.", 7, in_folder=True)] = None
    stop: Annotated[tuple[str, ...], told("Texts at which an answer ends.", ["END"], in_folder=True)] = ()
    max_output: Annotated[
        Annotated[int, Meta(ge=1)] | None, told("The most tokens of one answer.", 4000, in_folder=True)
    ] = None
    verbosity: Annotated[
        Literal["low", "medium", "high"] | None,
        told("How much is said, where a model can be told so.", "low", in_folder=True),
    ] = None
    service_tier: Annotated[str, told("The class of service, in the provider's own word.", "flex")] = ""


class ModelSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """Which models there are, and how each is used."""

    refresh: Annotated[bool, told("The provider in use is asked for its own list, at most once a day.", False)] = True
    discover: Annotated[
        bool,
        told(
            "Servers of models on this machine are looked for: Ollama, LM Studio, llama.cpp, vLLM.",
            False,
            at_start=True,
        ),
    ] = True
    favourites: Annotated[
        tuple[str, ...],
        told(
            "Models that stand first in the list, and that a key goes round.",
            ["opus", "groq:small"],
            in_folder=True,
            names="model",
        ),
    ] = ()
    reasoning: Annotated[
        dict[str, str],
        told(
            "The level of reasoning of a model, by its full name.",
            {"openai:gpt-6.1-sol": "high"},
            in_folder=True,
            names="model",
        ),
    ] = {}


class AnswerSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """How answers are shown."""

    reasoning: Annotated[
        Literal["short", "full", "hidden"], told("How much of a model's reasoning is shown.", "hidden", in_folder=True)
    ] = "short"
    code_numbers: Annotated[bool, told("Blocks of code have numbers, for /copy and /save.", False, in_folder=True)] = (
        True
    )


class ScreenSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """What the terminal shows."""

    width: Annotated[
        Annotated[int, Meta(ge=0)],
        told("The most columns of prose, 0 for the whole screen; code and tables may be wider.", 80, in_folder=True),
    ] = 100
    background: Annotated[
        Literal["auto", "dark", "light"], told('What colours are chosen for; "auto" asks the terminal.', "light")
    ] = "auto"
    plain: Annotated[
        bool, told("Everything is said in words and nothing is drawn anew, as a screen reader wants it.", True)
    ] = False
    theme: Annotated[
        str, told('The theme by its name; "auto" for the usual one of the background.', "auto", in_folder=True)
    ] = "auto"
    status: Annotated[
        tuple[Literal["model", "window", "cost", "reasoning", "tools", "attached", "budget", "folder", "title"], ...],
        told("What the bar shows, from the left.", ["model", "window", "cost"], in_folder=True),
    ] = ("model", "window", "cost", "reasoning", "tools", "attached", "budget")
    pictures: Annotated[
        Literal["auto", "kitty", "iterm2", "sixel", "blocks", "never"],
        told('How pictures are drawn; "auto" asks the terminal and draws no blocks.', "blocks"),
    ] = "auto"


class KeySettings(Struct, frozen=True, forbid_unknown_fields=True):
    """The keyboard, and where API keys are kept."""

    vi: Annotated[bool, told("The line is edited as in vi.", True)] = False
    bind: Annotated[
        dict[str, str],
        told("More keys, as prompt_toolkit names them, and what each does.", {"f4": "next-favourite"}, at_start=True),
    ] = {}
    store: Annotated[Literal["ask", "keyring", "file"], told("Where /key keeps a key.", "keyring")] = "ask"


class NotifySettings(Struct, frozen=True, forbid_unknown_fields=True):
    """What tells of an answer while nobody looks."""

    after: Annotated[
        Annotated[float, Meta(ge=0)],
        told("An answer that took so many seconds is told of; 0 for none.", 20),
    ] = 10.0
    how: Annotated[
        Literal["auto", "bell", "osc9", "osc777", "osc99", "never"],
        told('By a bell or a notification; "auto" goes by the terminal.', "bell"),
    ] = "auto"
    title: Annotated[bool, told("The terminal's title tells the conversation and what runs.", False)] = True
    progress: Annotated[bool, told("The terminal shows that something runs, as in its tab (OSC 9;4).", False)] = True
    marks: Annotated[bool, told("Prompts are marked, so that a terminal can jump between them (OSC 133).", False)] = (
        True
    )


class BudgetSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """Dollars after which a person is asked, as far as prices are known; 0 is without limit."""

    turn: Annotated[Dollars, told("For one turn with all its tools.", 0.5)] = 1.0
    session: Annotated[Dollars, told("For one conversation, since the program was started.", 5)] = 0.0
    day: Annotated[Dollars, told("For one day, over all conversations of this machine.", 10)] = 0.0
    month: Annotated[Dollars, told("For one month, over all conversations of this machine.", 100)] = 0.0


class SendSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """What is sent to whom."""

    never_to: Annotated[
        tuple[str, ...], told("Providers that nothing is ever sent to, by their names.", ["deepseek"], names="provider")
    ] = ()
    only_near: Annotated[bool, told("Only models on this machine or in the private network are asked.", True)] = False
    instructions: Annotated[
        Literal["ask", "always", "never"],
        told("Whether AGENTS.md, CLAUDE.md or GEMINI.md of the folder is told to models.", "never"),
    ] = "ask"
    skills: Annotated[bool, told("Models are told which skills there are.", False)] = True


class SearchSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """How models search the web."""

    native: Annotated[bool, told("A provider's own search is used where it has one.", False)] = True
    engine: Annotated[
        Literal["", "searxng", "brave", "tavily"], told("The search for all other models.", "searxng")
    ] = ""
    url: Annotated[str, told("Where that search is, if not at its usual address.", "http://localhost:8888")] = ""
    results: Annotated[Annotated[int, Meta(ge=1, le=20)], told("How many results a search gives.", 8)] = 5


class ToolSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """The tools that models may call."""

    on: Annotated[
        tuple[str, ...] | None,
        told("Which are on when a session begins; all, if this is left out.", ["read_file"], at_start=True),
    ] = None
    steps: Annotated[Annotated[int, Meta(ge=0)], told("A turn pauses after so many requests, 0 for no limit.", 50)] = 25
    tokens: Annotated[
        Annotated[int, Meta(ge=0)], told("A turn pauses after so many tokens, 0 for no limit.", 200_000)
    ] = 1_000_000
    environment: Annotated[
        tuple[str, ...],
        told("Variables that programs of tools are given beside the usual ones.", ["AWS_PROFILE"], at_start=True),
    ] = ()
    private_hosts: Annotated[
        tuple[str, ...],
        told("Hosts off the public internet that pages may be fetched from.", ["wiki.local"], at_start=True),
    ] = ()
    allow: Annotated[
        dict[str, tuple[str, ...]],
        told(
            "What runs without asking in a folder, by its path, in the words of --allow. Never what asks each time.",
            {"~/work": ["run_command:git status"]},
        ),
    ] = {}


class NetworkSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """The way to the providers."""

    content_timeout: Annotated[
        Annotated[float, Meta(ge=0)],
        told(
            "Seconds after which an answer that lives and brings no content is given up; 0 for no limit.",
            120,
            at_start=True,
        ),
    ] = 600.0


class SessionSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """Conversations that are kept."""

    title_model: Annotated[
        str,
        told('The model that "/title --auto" asks; "" for the cheapest whose key is set.', "groq:small", names="model"),
    ] = ""


class CompactSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """What is done about a conversation that fills a model's window."""

    auto: Annotated[
        Literal["ask", "always", "never"],
        told("Whether a person is asked what to do, it is done, or nothing is said.", "always"),
    ] = "ask"
    at: Annotated[Share, told("The share of the window from which on that holds.", 0.7, in_folder=True)] = 0.85
    keep: Annotated[
        Annotated[int, Meta(ge=0)],
        told(
            "Tokens of the last turns that stay word for word beside a summary, at most a quarter.",
            8000,
            in_folder=True,
        ),
    ] = 4000
    model: Annotated[
        str,
        told(
            'Who writes summaries; "" for the model itself where it can read all, else the cheapest.',
            "haiku",
            names="model",
        ),
    ] = ""


class Settings(Struct, frozen=True, forbid_unknown_fields=True):
    """All of settings.toml; everything in it may be left out."""

    start: StartSettings = StartSettings()
    models: ModelSettings = ModelSettings()
    options: OptionSettings = OptionSettings()
    answers: AnswerSettings = AnswerSettings()
    screen: ScreenSettings = ScreenSettings()
    keys: KeySettings = KeySettings()
    notify: NotifySettings = NotifySettings()
    budget: BudgetSettings = BudgetSettings()
    send: SendSettings = SendSettings()
    search: SearchSettings = SearchSettings()
    tools: ToolSettings = ToolSettings()
    network: NetworkSettings = NetworkSettings()
    sessions: SessionSettings = SessionSettings()
    compact: CompactSettings = CompactSettings()
