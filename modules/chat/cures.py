"""What to do about an error, true in the moment it is shown: in the chat in its commands, in a pipe in arguments."""

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from typing import Literal

from msgspec import Struct

from modules import errors
from modules.chat.endings import Ending
from modules.errors import ParlanceError, ProviderError
from modules.llm.message import Message
from modules.llm.models import Model, ModelRegistry
from modules.session.conversation import Conversation
from modules.session.turn import unanswered_results

Left = Literal["nothing", "question", "before", "part", "results"]
WAITED_FOR = 60.0  # seconds; a longer wait is told as a time of day
FARTHEST = 366 * 24 * 3600.0  # seconds; a server that says more than this does not mean it
REST = '-c -p "Go on." asks for the rest'


class Situation(Struct, frozen=True):
    """Where a person stands when an error is shown.

    `left` is what there is of the turn: nothing, the question alone (which stands in the next prompt), an answer from
    before, a part of an answer, or results that no model has answered. `earlier` says whether there are turns before
    it, `saved` whether -c finds the conversation. `others` are models that could be asked in place of `model`.
    """

    model: Model
    left: Left = "nothing"
    earlier: bool = False
    saved: bool = True
    others: tuple[Model, ...] = ()


class Cure(Struct, frozen=True):
    """Steps of a cure by name: `default` where the error brings no advice of its own, `more` in any case."""

    default: tuple[str, ...] = ()
    more: tuple[str, ...] = ("elsewhere",)


LATER = Cure(("again",))
CURES: dict[type[ParlanceError], Cure] = {
    errors.AuthenticationFailed: Cure(("key",)),
    errors.PermissionDenied: Cure(("rights",)),
    errors.NotVerified: Cure(("verify",)),
    errors.RegionRefused: Cure(),
    errors.QuotaExhausted: Cure(("credit",)),
    errors.ModelUnavailable: Cure(("list",), ("successor", "elsewhere")),
    errors.EndpointNotFound: Cure(("address",)),
    errors.RequestRefused: Cure(("change",)),
    errors.ContextOverflow: Cure(("shorten",), ("larger", "anew")),
    errors.RequestTooLarge: Cure(("shorten",), ("elsewhere", "anew")),
    errors.OverRateLimit: Cure(("shorten",), ("elsewhere", "anew")),
    errors.ReasoningUnreadable: Cure((), ("elsewhere", "anew")),
    errors.RolesRefused: Cure((), ("elsewhere", "anew")),
    errors.CallIdsRefused: Cure((), ("elsewhere", "anew")),
    errors.ImagesRefused: Cure((), ("sees", "detach")),
    errors.ImagesUnsupported: Cure((), ("sees", "detach")),
    errors.DocumentsRefused: Cure((), ("reads", "as_text")),
    errors.DocumentsUnsupported: Cure((), ("reads", "as_text")),
    errors.ToolsRefused: Cure((), ("calls", "no_tools")),
    errors.ToolsUnsupported: Cure((), ("calls", "no_tools")),
    errors.Moderated: Cure(("rephrase",)),
    errors.ToolCallFailed: LATER,
    errors.RateLimited: LATER,
    errors.Overloaded: LATER,
    errors.ServerFailed: LATER,
    errors.ConnectionFailed: LATER,
    errors.TimedOut: LATER,
    errors.EmptyAnswer: LATER,
    errors.AnswerIncomplete: LATER,
    errors.ProtocolError: LATER,
    errors.ProviderError: Cure(),
}
PLAIN = {
    "key": "Check the key.",
    "rights": "Check what the key may use.",
    "verify": "The organisation must be verified there first.",
    "credit": "Add credit there.",
    "address": "Check its base_url.",
    "change": "Change the question.",
    "shorten": "Send less at once.",
    "rephrase": "Ask in other words.",
}
OF_THE_QUESTION = ("change", "shorten", "rephrase")
FITTING: dict[str, tuple[Callable[[Model, Model], bool], str]] = {
    "elsewhere": (lambda other, model: True, "asks another model"),
    "larger": (lambda other, model: (other.window or 0) > (model.window or 0), "asks one with a larger window"),
    "sees": (lambda other, model: other.vision, "asks one that sees"),
    "reads": (lambda other, model: other.documents, "asks one that reads documents"),
    "calls": (lambda other, model: other.tools, "asks one that takes tools"),
}


def in_chat(error: ParlanceError, at: Situation, now: datetime | None = None) -> str:
    """The cure for a person at the prompt; the commands that it names do what it says they do."""
    if (cure := _cure_of(error)) is None:
        return error.cure
    plain, commands = _own(error), []
    for step in cure.more if plain else (*cure.default, *cure.more):
        if step in PLAIN:
            plain += [PLAIN[step]] if at.left == "question" or step not in OF_THE_QUESTION else []
        elif step == "again":
            plain += _again_in_chat(at) if time_of(error) == "" else []
        elif command := _command(step, at):
            commands.append(command)
    if commands and at.left == "question":  # the question stands in the line, and a command needs an empty one
        commands = [f"After Ctrl+C, {', '.join(commands)}"]
    return _sentences([*plain, time_of(error, now), *commands])


def in_pipe(error: ParlanceError, at: Situation | None = None, now: datetime | None = None) -> str:
    """The cure for someone at a shell, in arguments of the program and never in commands of the chat."""
    plain = _own(error)
    cure = _cure_of(error)
    if cure is None or at is None:
        if isinstance(error, errors.UnknownModel) and not plain:
            plain = ["--list-models lists what there is"]
        return _sentences(plain)
    arguments = []
    for step in cure.more if plain else (*cure.default, *cure.more):
        if step in PLAIN:
            plain.append(PLAIN[step])
        elif step == "again":
            plain += _again_in_pipe(error, at)
        elif argument := _argument(step, at):
            arguments.append(argument)
    return _sentences([*plain, time_of(error, now), *arguments])


def of_ending_in_chat(ending: Ending, at: Situation) -> str:
    """What to do about an answer that is not whole."""
    match ending.kind:
        case "OutputLimit" | "WindowFull" | "Aborted" | "ProviderPaused":
            commands = ["/continue asks for the rest"]
        case "NotRun" | "CallMissing":
            commands = ["/retry asks again"] if at.left != "results" else ["/continue goes on"]
        case _:
            commands = ["/retry asks again"]
    return _sentences([*commands, _command("elsewhere", at)])


def of_ending_in_pipe(ending: Ending, at: Situation) -> str:
    cut = ending.kind in ("OutputLimit", "WindowFull", "Aborted", "ProviderPaused")
    return _sentences([REST if cut and at.saved else "", _argument("elsewhere", at)])


def what_is_left(conversation: Conversation, message: Message | None, *, instead: bool = False) -> Left:
    """What there is of a turn that failed, as `Situation.left` has it; `instead` where the question had an answer."""
    if message is not None and message not in conversation:
        return "before" if instead else "question"
    return "results" if unanswered_results(conversation) else "part"


def others(models: ModelRegistry, model: Model, has_key: Callable[[str | None], bool]) -> tuple[Model, ...]:
    """Models that could be asked in place of this one, another provider's first; servers here may not be running."""

    def last(one: Model) -> tuple[bool, bool]:
        return one.provider.name == model.provider.name, one.full_name != models.default

    able = [
        one for one in models
        if one != model and one.provider.key_variable is not None and has_key(one.provider.key_variable)
    ]  # fmt: skip
    return tuple(sorted(able, key=last))


def time_of(error: ParlanceError, now: datetime | None = None) -> str:
    """When to come back, as a time of day; "" where nobody knows, or where it is but a moment."""
    seconds = error.retry_after if isinstance(error, ProviderError) else None
    if seconds is None or not WAITED_FOR < seconds < FARTHEST:
        return ""
    now = now or datetime.now()
    then = now + timedelta(seconds=seconds)
    if then.second or then.microsecond:  # to the minute, and not a moment too early
        then = then.replace(second=0, microsecond=0) + timedelta(minutes=1)
    day = "" if then.date() == now.date() else f" on {WEEKDAYS[then.weekday()]} {then.day} {MONTHS[then.month - 1]}"
    return f"Again{day} at {then:%H:%M}"


WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
          "November", "December")  # fmt: skip

COMMAND = re.compile(r"(?<![\w/.:~-])/[a-z?]{2,}(?![\w-]*(?:/|\.\w))")
CLAUSE = re.compile(r"[,;] (?:or |and )?")


def without_commands(text: str) -> str:
    """The text without what it says of slash commands, clause by clause: outside the chat they are no help."""
    return " ".join(_kept(text))


def _kept(text: str) -> Iterator[str]:
    for sentence in re.split(r"(?<=[.!?])\s+|\n", text):
        if not COMMAND.search(sentence):
            yield sentence
            continue
        clauses: list[str] = []
        for clause in CLAUSE.split(sentence):
            if COMMAND.search(clause):
                break
            clauses.append(clause)
        if clauses:
            yield ", ".join(clauses).rstrip(".") + "."


def _own(error: ParlanceError) -> list[str]:
    """What the error itself advises, as far as that holds anywhere."""
    return [sentence for sentence in _kept(error.cure) if sentence]


def _cure_of(error: ParlanceError) -> Cure | None:
    return next((CURES[kind] for kind in type(error).__mro__ if kind in CURES), None)


def _again_in_chat(at: Situation) -> list[str]:
    match at.left:
        case "question":
            return ["Enter asks again"]
        case "before":
            return ["/retry asks again"]
        case "part":
            return ["/continue asks for the rest, /retry asks again"]
        case _:  # of results it is said where they are told of
            return []


def _again_in_pipe(error: ParlanceError, at: Situation) -> list[str]:
    if at.left in ("part", "results") and at.saved:
        return [REST]
    return ["Ask again later"] if getattr(error, "retryable", False) and not time_of(error) else []


def _command(step: str, at: Situation) -> str:
    """A step as a command of the chat and what it does; "" where it would do nothing."""
    if at.left == "nothing":
        return f"/models {at.model.provider.name} --refresh lists what there is" if step == "list" else ""
    if step == "successor" and at.model.recommended:
        return f"/retry {at.model.recommended} asks the model that {at.model.provider.title} recommends"
    if step in FITTING:
        name, does = _fitting(step, at), FITTING[step][1]
        if name and at.left == "results":
            return f"/model {name}, then /continue, {does}"
        return f"/retry {name} {does}" if name else ""
    match step:
        case "list":
            return f"/models {at.model.provider.name} --refresh lists what there is"
        case "anew" if at.earlier and at.left == "question":
            return "/new keeps the question and nothing else"
        case "anew":
            return "/new begins another conversation"
        case "detach" if at.left == "question":
            return "/attach - and /retry ask without it"
        case "as_text":
            return "/attach - and /attach --text FILE give its text instead"
        case "no_tools":
            return f"/tools off and {'/continue' if at.left == 'results' else '/retry'} ask without tools"
    return ""


def _argument(step: str, at: Situation) -> str:
    """A step as arguments of the program and what they do."""
    if step in FITTING:
        name, does = _fitting(step, at), FITTING[step][1]
        return f"-m {name} {does}" if name else ""
    match step:
        case "successor" if at.model.recommended:
            return f"-m {at.model.recommended} asks the model that {at.model.provider.title} recommends"
        case "list":
            return "--list-models lists what there is"
        case "anew" if at.earlier:
            return "Without -c nothing earlier is sent"
        case "detach":
            return "Leave out the attachment"
        case "as_text":
            return "--attach-text FILE in the place of -a gives its text instead"
        case "no_tools":
            return "Leave out --tools, --allow and --yes"
    return ""


def _fitting(step: str, at: Situation) -> str:
    fits = FITTING[step][0]
    return next((other.full_name for other in at.others if fits(other, at.model)), "")


def _sentences(texts: Iterable[str]) -> str:
    return " ".join(text if text.endswith((".", "!", "?")) else f"{text}." for text in texts if text)
