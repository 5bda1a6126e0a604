"""What to do about an error, true in the moment it is shown: in the chat in its commands, in a pipe in arguments."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Literal

from msgspec import Struct

from modules import errors
from modules.chat.wording.endings import Ending
from modules.chat.wording.retry_time import time_of
from modules.chat.wording.shell_advice import kept
from modules.config import ENVIRONMENT, Config
from modules.errors import ParlanceError
from modules.llm.failures.error_mapping import RETRY
from modules.llm.message import Message
from modules.llm.models import Model, ModelRegistry
from modules.llm.sending_rules import allowed
from modules.session.conversation import Conversation
from modules.session.turns.turn import unanswered_results

Left = Literal["nothing", "question", "before", "part", "results"]
REST = '-c -p "Go on." asks for the rest'


class Situation(Struct, frozen=True):
    """Where a person stands when an error is shown.

    `left` is what there is of the turn: nothing, the question alone (which stands in the next prompt), an answer from
    before, a part of an answer, or results that no model has answered. `earlier` says whether there are turns before
    it, `saved` whether -c finds the conversation. `others` are models that could be asked in place of `model`.
    `made_room` says that what --fit allows was done, or is not enough.
    """

    model: Model
    left: Left = "nothing"
    earlier: bool = False
    saved: bool = True
    others: tuple[Model, ...] = ()
    made_room: bool = False


class Cure(Struct, frozen=True):
    """Steps of a cure by name: `default` where the error brings no advice of its own, `more` in any case."""

    default: tuple[str, ...] = ()
    more: tuple[str, ...] = ("elsewhere",)


LATER = Cure(("again",))
CURES: dict[type[ParlanceError], Cure] = {
    errors.AuthenticationFailed: Cure(("key",), ("another_key", "elsewhere")),
    errors.PermissionDenied: Cure(("rights",)),
    errors.NotVerified: Cure(("verify",)),
    errors.RegionRefused: Cure(),
    errors.QuotaExhausted: Cure(("credit",)),
    errors.ModelUnavailable: Cure((), ("successor", "list", "elsewhere")),
    errors.EndpointNotFound: Cure(("address",)),
    errors.RequestRefused: Cure(("change",)),
    errors.ContextOverflow: Cure(("shorten",), ("fit", "larger", "anew")),
    errors.DoesNotFit: Cure((), ("fit", "larger", "anew")),
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
        elif step == "another_key" and ENVIRONMENT in error.cure:  # which comes before whatever else keeps one
            continue
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


DECLINED = ("Refused", "Filtered")
GOES_ON = ("OutputLimit", "Aborted", "ProviderPaused")  # ends after which there is a rest to ask for


def of_ending_in_chat(ending: Ending, at: Situation) -> str:
    """What to do about an answer that is not whole."""
    if ending.kind == "WindowFull":
        return _sentences(["/continue makes room, and asks for the rest", _command("larger", at)])
    if ending.kind in DECLINED:  # a question that was declined would be declined again, and so would what follows it
        first = "/undo takes the question back"
    elif ending.kind in GOES_ON:
        first = "/continue asks for the rest"
    else:
        first = "/continue goes on" if at.left == "results" else "/retry asks again"
    return _sentences([first, _command("elsewhere", at)])


def of_ending_in_pipe(ending: Ending, at: Situation) -> str:
    """The same in arguments of the program."""
    if ending.kind == "WindowFull":
        rest = '-c -p "Go on." --fit compact makes room, and asks for the rest' if at.saved else ""
        return _sentences([rest, _argument("larger", at)])
    return _sentences([REST if ending.kind in GOES_ON and at.saved else "", _argument("elsewhere", at)])


def what_is_left(conversation: Conversation, message: Message | None, *, instead: bool = False) -> Left:
    """What there is of a turn that failed, as `Situation.left` has it; `instead` where the question had an answer."""
    if message is not None and message not in conversation:
        return "part" if message.continues else "question"
    if instead and conversation.asked is not None:
        return "before"
    return "results" if unanswered_results(conversation) else "part"


def others(models: ModelRegistry, model: Model, config: Config) -> tuple[Model, ...]:
    """Models that could be asked in place of this one, another provider's first; servers here may not be running."""

    def last(one: Model) -> tuple[bool, bool]:
        return one.provider.name == model.provider.name, one.full_name != models.default

    able = [
        one for one in allowed(models, config.settings.send)
        if one != model and one.provider.key_variable is not None and config.has_key(one.provider.key_variable)
    ]  # fmt: skip
    return tuple(sorted(able, key=last))


def _own(error: ParlanceError) -> list[str]:
    """What the error itself advises, as far as that holds anywhere."""
    return [sentence for sentence in kept(error.cure) if sentence and sentence != RETRY]


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
        case _:  # of results it is said where they are shown
            return []


def _again_in_pipe(error: ParlanceError, at: Situation) -> list[str]:
    if at.left in ("part", "results") and at.saved:
        return [REST]
    return ["Ask again later"] if getattr(error, "retryable", False) and not time_of(error) else []


def _command(step: str, at: Situation) -> str:
    """A step as a command of the chat and what it does; "" where it would do nothing."""
    if at.left == "nothing":
        return f"/models {at.model.provider.name} --refresh lists what there is" if step == "list" else ""
    if step in FITTING:
        name, does = _fitting(step, at), FITTING[step][1]
        if name and at.left == "results":
            return f"/continue {name} {does}"
        return f"/retry {name} {does}" if name else ""
    match step:
        case "another_key" if at.model.provider.key_variable is not None:
            return f"/key {at.model.provider.name} takes another"
        case "successor" if at.model.recommended and at.left != "results":
            return f"/retry {at.model.recommended} asks the model that {at.model.provider.title} recommends"
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
        case "fit" if at.left == "results" and at.saved:
            return '-c -p "Go on." --fit compact makes room, and goes on'
        case "fit" if at.earlier and not at.made_room:
            return "--fit compact makes room: old results go, or else a summary stands for what was said"
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
