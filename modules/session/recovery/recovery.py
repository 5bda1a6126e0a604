"""From a refusal to a fact about the model, and on: the request is made anew from what was learned."""

import re
from collections.abc import Sequence
from typing import Any

from modules.errors import (
    CallIdsRefused,
    ContextOverflow,
    DocumentsRefused,
    FieldRefused,
    ImagesRefused,
    OutputLimitRefused,
    PermissionDenied,
    ProviderError,
    ReasoningUnreadable,
    RequestRefused,
    RolesRefused,
    ToolsRefused,
)
from modules.llm.base import ChatRequest
from modules.llm.catalogue.learned_facts import LearnedFacts
from modules.llm.conversion.replay import documents, sees, shown_images
from modules.llm.dialects import about
from modules.llm.ledger.ledger import lost_reasoning
from modules.llm.models import Model
from modules.llm.service_manager import prepare

GEMINI_PLACEHOLDER = "skip_thought_signature_validator"  # documented for calls that another model made
# How refusals name it: "web_search is not supported", "Web search is not enabled for this organization", "Tool use with
# function calling is unsupported" (Gemini before 3: withceleste/celeste-python#197).
SEARCH_WORDS = re.compile(
    r"(web|google|browser)[ _-]?search|grounding|tool use with function calling|server[ _]tool", re.I
)
LEAST_OUTPUT = 16  # tokens; with less there is no answer
# What an endpoint insists on, as facts about its models.
ROLES: dict[str, dict[str, Any]] = {
    "alternate": {"strict_roles": True},
    "no_system": {"system": "user"},
    "system_first": {"system": "head"},
    "no_developer": {"developer": False},
    "bridge": {"bridge": True},
}


def recover(learned: LearnedFacts, request: ChatRequest, error: ProviderError) -> str:
    """Learn from a refusal what keeps it from coming again, and say what is given up; "" where nothing is left to give.

    Each fact is learned at most once, so this ends. The next request is made anew from what was learned; a fact is
    about this one model at this one endpoint.
    """
    if _refuses_search(request, error):
        learned.note(request.model, lasting=False, web_search="")
        return f"Context: {request.model.provider.title} refuses its own web search; {request.model.name} has none."
    if isinstance(error, ReasoningUnreadable) and not error.missing:
        return _give_up_reasoning(request)
    if isinstance(error, ContextOverflow):
        return ""  # what to leave out is not for a program to choose
    facts = facts_from(request, error)
    if isinstance(error, ImagesRefused) and error.faulty:
        return _hide_pictures(request)
    asked_about = request.messages[-1].role == "user" and bool(documents(request.messages[-1]))
    if isinstance(error, DocumentsRefused) and error.faulty and asked_about:
        return ""  # it says nothing of the model, and is the person's to change
    passing = type(error) is RequestRefused or (
        isinstance(error, OutputLimitRefused | FieldRefused) and not error.lasting
    )
    passing = passing or (isinstance(error, DocumentsRefused) and error.faulty)
    if not facts or not learned.note(request.model, lasting=not passing, **facts):
        return ""
    if isinstance(error, ImagesRefused) and len(request.messages[-1].images) > error.most:
        return ""  # the question itself is about a picture: left out, it would be answered unseen
    if isinstance(error, DocumentsRefused) and asked_about:
        return ""  # and so with a document
    return _words(request, error)


def _refuses_search(request: ChatRequest, error: ProviderError) -> bool:
    """Whether it is the provider's own search that is refused: an organisation or a plan may not have it.

    It may have it tomorrow, so this is known for this run only.
    """
    refused = isinstance(error, RequestRefused | PermissionDenied) and not isinstance(error, ContextOverflow)
    return refused and any(tool.native for tool in request.declared) and SEARCH_WORDS.search(error.message) is not None


def learn_window(learned: LearnedFacts, model: Model, error: ProviderError) -> None:
    """Remember the window that an error names, whenever it comes: it is the real one, larger or smaller than was known.

    A window in which all would fit is none: some number in the words was something else.
    """
    if not isinstance(error, ContextOverflow | OutputLimitRefused) or not error.window:
        return
    if isinstance(error, ContextOverflow) and error.needed and error.needed < error.window:
        return
    if error.window != model.window:
        learned.note(model, window=error.window)


def facts_from(request: ChatRequest, error: ProviderError) -> dict[str, Any]:
    """What a refusal says about the model that is not known yet and that changes the request; {} for nothing."""
    model = request.model
    profile = model.profile
    match error:
        case FieldRefused():
            fields = tuple(path for path in _fields(error) if path not in profile.refused and _holds(request, path))
            return {"refused": fields} if fields else {}
        case OutputLimitRefused(limit=int(limit)) if LEAST_OUTPUT <= limit < (_asked_output(request) or limit + 1):
            return {"output_limit": limit}
        case ImagesRefused(most=most) if sees(model) and most < _pictures(request):
            return {"images": most}
        case DocumentsRefused() if model.documents and any(documents(message) for message in request.messages):
            return {"documents": False}
        case ToolsRefused() if model.tools:
            return {"tools": False}
        case RolesRefused(rule="alternate") if profile.strict_roles and model.tools and _has_calls(request):
            return {"tools": False}  # Gemma's template and others know no tools: their messages are none of the two
        case RolesRefused(rule=rule):
            return {name: value for name, value in ROLES.get(rule, {}).items() if getattr(profile, name) != value}
        case ReasoningUnreadable(missing=True) if about(model.provider.dialect).many_servers:
            return _reasoning_wanted(model, error.message)
        case CallIdsRefused(form=form) if profile.call_ids != form:
            return {"call_ids": form}
        case RequestRefused() if type(error) is RequestRefused and request.answer_form:
            # In words that nobody knows: what is least usual in the request is left out, for this run.
            return {"refused": (about(model.provider.dialect).answer_format,)}
    return {}


def _reasoning_wanted(model: Model, message: str) -> dict[str, Any]:
    """What must stand beside calls that came from elsewhere, for an endpoint that wants reasoning with each."""
    wanted = {"reasoning_required": "reasoning_content", "call_signature": GEMINI_PLACEHOLDER}
    for name, word in (("reasoning_required", "reasoning_content"), ("call_signature", "thought_signature")):
        if word in message and not getattr(model.profile, name):
            return {name: wanted[name]}
    return {}


def _fields(error: FieldRefused) -> tuple[str, ...]:
    """The paths that were refused; a bare name may stand in the request as well as in its messages."""
    named = error.fields or ((error.field,) if error.field else ())
    return tuple(path for name in named for path in ((name,) if "." in name else (name, f"messages.*.{name}")))


def _holds(request: ChatRequest, path: str) -> bool:
    """Whether the request has anything at this path: leaving out what was not sent would ask the same again."""
    body = prepare(request).body
    if body is None:  # this provider is asked in a way of its own
        return True
    if path.startswith("messages.") and "messages" not in body:
        path = path.replace("messages.", "input.", 1)
    return _is_there(body, path.split("."))


def _is_there(value: Any, path: Sequence[str]) -> bool:
    if not path:
        return True
    if isinstance(value, list):
        return path[0] == "*" and any(_is_there(item, path[1:]) for item in value)
    return isinstance(value, dict) and path[0] in value and _is_there(value[path[0]], path[1:])


def _asked_output(request: ChatRequest) -> int | None:
    """How much output was asked for; None where no limit was sent."""
    model = request.model
    demanded = model.max_output if about(model.provider.dialect).needs_output_limit else None
    return request.output_limit or demanded


def _has_calls(request: ChatRequest) -> bool:
    return any(message.calls for message in request.messages)


def _pictures(request: ChatRequest) -> int:
    return shown_images(request.messages)


def _give_up_reasoning(request: ChatRequest) -> str:
    ledger, model = request.ledger, request.model
    if ledger is None:
        return ""
    if model.profile.thinking == "adaptive" and not ledger.drops_unreadable_reasoning:
        ledger.drops_unreadable_reasoning = True
        return f"Context: {model.name} may leave out earlier reasoning that it cannot read any more."
    if ledger.reasoning_from < len(request.messages):
        lost = lost_reasoning(request.messages, len(request.messages), model)
        ledger.strip(len(request.messages))
        return f"Context: {lost} earlier piece{'s' if lost != 1 else ''} of reasoning left out for {model.name}."
    return ""


def _are(number: int) -> str:
    return "is" if number == 1 else "are"


def _hide_pictures(request: ChatRequest) -> str:
    """Something is wrong with one picture: those before the question go, its own are the person's to change."""
    ledger, model = request.ledger, request.model
    if ledger is None:
        return ""
    before = len(request.messages) - 1
    shown = sum(len(message.images) for message in request.messages[ledger.pictures_from : before])
    if request.messages[-1].role == "tool":  # a tool's picture was never the person's to change
        before, shown = before + 1, shown + len(request.messages[-1].images)
    if not shown:
        return ""
    ledger.hide_pictures(before)
    return f"Context: {shown} picture{'s' if shown != 1 else ''} left out for {model.name}, which refused one of them."


def _words(request: ChatRequest, error: ProviderError) -> str:
    model, host = request.model, request.model.provider.title
    match error:
        case FieldRefused():
            fields = dict.fromkeys(path.removeprefix("messages.*.") for path in _fields(error) if _holds(request, path))
            named = ", ".join(f'"{path}"' for path in fields)
            return (
                f"Context: the field{'s' if len(fields) > 1 else ''} {named} {_are(len(fields))} left out for {host}."
            )
        case OutputLimitRefused(limit=limit):
            return f"Context: at most {limit} tokens of output are asked of {model.name}; {host} allows no more."
        case ImagesRefused(most=most) if most:
            left = _pictures(request) - most
            return (
                f"Context: {left} older picture{'s' if left != 1 else ''} left out for {model.name}: it takes {most}."
            )
        case ImagesRefused():
            shown = _pictures(request)
            return f"Context: {shown} picture{'s' if shown != 1 else ''} left out for {model.name}, which takes none."
        case DocumentsRefused():
            return f"Context: documents left out for {model.name}, which takes none."
        case ToolsRefused():
            return f"Context: tools left out for {model.name}, which takes none."
        case RolesRefused() if model.profile.strict_roles and _has_calls(request):
            return f"Context: tools left out for {model.name}, which takes none."
        case RolesRefused():
            return f"Context: the order of messages is fitted to what {model.name} takes."
        case ReasoningUnreadable():
            return f"Context: calls from elsewhere carry the reasoning that {model.name} demands beside them."
        case RequestRefused() if type(error) is RequestRefused:
            return (
                f"Context: {model.name} is only told what JSON it has to answer with; {host} refused to be bound to it."
            )
        case CallIdsRefused():
            return f"Context: tool calls have other ids for {model.name}, as it takes only those."
    return ""
