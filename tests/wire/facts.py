"""What each model accepts, guessed from its id. Product code has a table of its own."""

import re
from dataclasses import dataclass
from typing import Literal

BINDING_BETA = "thinking-binding-controls-2026-08-01"
Dialect = Literal["anthropic", "openai", "groq", "chat", "gemini", "ollama"]


@dataclass(frozen=True)
class ModelFacts:
    """Facts about one model behind one endpoint. `issuer` is whose signatures the endpoint accepts."""

    issuer: str = "anthropic"
    reasons: bool = False
    vision: bool = True
    thinking: frozenset[str] = frozenset()  # the `thinking.type` values an Anthropic model takes
    efforts: frozenset[str] = frozenset()
    sampling: bool = True  # temperature and its kin
    binds_thinking: bool = False  # thinking is valid only after the very conversation it was made in
    betas: frozenset[str] = frozenset()  # what the `anthropic-beta` header of the request asks for
    mid_system: bool = False
    prefill: bool = False
    forced_tools_with_thinking: bool = True
    reasoning_field: str | None = None  # the field in which assistant reasoning may come back
    requires_reasoning: bool = False  # and must, on messages with tool calls
    mistral_ids: bool = False
    strict_template: bool = False  # one leading system message, strict alternation
    text_only_content: bool = False  # content must be a string
    call_signatures: bool = False  # a call may carry the endpoint's own `extra_content`
    signs_calls: bool = False  # and demands the signatures back, on the calls of the turn that is going on
    draws: bool = False  # and on the pictures and the first words of each of the model's turns
    budgeted: bool = False  # takes a number of tokens to think with, and no level
    tools: bool = True
    json_arguments: bool = False  # call arguments must parse, where the dialect does not demand it anyway

    @property
    def adaptive(self) -> bool:
        """Whether the model decides by itself how much to think."""
        return "adaptive" in self.thinking


def facts_for(dialect: Dialect, model: str) -> ModelFacts:
    """Give the facts the id of a model suggests."""
    match dialect:
        case "anthropic":
            return _claude(model)
        case "openai":
            return _openai(model)
        case "groq":
            return _groq(model)
        case "chat":
            return ModelFacts(issuer="chat")
        case "gemini":
            return _gemini(model)
        case "ollama":
            return _ollama(model)


def _claude(model: str) -> ModelFacts:
    match = re.match(r"claude-([a-z]+)-(\d+)(?:-(\d)(?!\d))?", model)
    if not match:
        return ModelFacts(reasons=True, thinking=frozenset({"enabled", "disabled"}), prefill=True)
    line, version = match[1], (int(match[2]), int(match[3] or 0))
    if version < (4, 6):
        efforts = frozenset({"low", "medium", "high"} if (line, version) == ("opus", (4, 5)) else ())
        return ModelFacts(reasons=True, thinking=frozenset({"enabled", "disabled"}), efforts=efforts, prefill=True)
    if version < (5, 0):
        types = {"adaptive", "disabled"} | ({"enabled"} if version == (4, 6) else set())
        return ModelFacts(
            reasons=True,
            thinking=frozenset(types),
            efforts=frozenset({"low", "medium", "high", "max"} | ({"xhigh"} if version >= (4, 7) else set())),
            sampling=version == (4, 6),
            mid_system=(line, version) == ("opus", (4, 8)),
        )
    return ModelFacts(
        reasons=True,
        thinking=frozenset({"adaptive"} | _off_switch(line, version)),
        efforts=frozenset({"low", "medium", "high", "xhigh", "max"}),
        sampling=False,
        binds_thinking=version >= (5, 1),
        mid_system=line != "sonnet",
        forced_tools_with_thinking=version < (5, 1),
    )


def _off_switch(line: str, version: tuple[int, int]) -> set[str]:
    if line in ("fable", "mythos") or (line, version) == ("opus", (5, 5)):
        return set()
    return {"between_tools"} if (line, version) == ("sonnet", (5, 5)) else {"disabled"}


def _openai(model: str) -> ModelFacts:
    reasons = not re.match(r"gpt-(3|4)", model) and bool(re.match(r"gpt-|o\d", model))
    efforts = {"none", "minimal", "low", "medium", "high", "xhigh", "max"}
    if re.match(r"gpt-6[.\d]*-astra|gpt-6\.1-sol|gpt-6\.2-", model):
        efforts -= {"none", "minimal"}
    return ModelFacts(
        issuer="openai",
        reasons=reasons,
        vision=not model.startswith("gpt-3"),
        efforts=frozenset(efforts) if reasons else frozenset(),
        sampling=not reasons,
    )


def _groq(model: str) -> ModelFacts:
    gpt_oss, qwen = "gpt-oss" in model, "qwen" in model
    efforts = {"low", "medium", "high"} if gpt_oss else {"none", "default"} if qwen else set()
    if "qwen3.8" in model:
        efforts |= {"low", "medium", "high"}
    return ModelFacts(
        issuer="groq",
        reasons=gpt_oss or qwen,
        vision=bool(re.search(r"qwen3\.[68]|llama-4", model)),
        efforts=frozenset(efforts),
        reasoning_field="reasoning" if gpt_oss or qwen else None,
    )


def _gemini(model: str) -> ModelFacts:
    match = re.match(r"gemini-(\d+)", model)
    version = int(match[1]) if match else 3
    efforts = {"low", "medium", "high"} | ({"minimal"} if "flash" in model else set())
    return ModelFacts(
        issuer="gemini",
        reasons=version > 1,
        efforts=frozenset(efforts if version >= 3 else ()),
        signs_calls=version >= 3,
        draws=version >= 3 and "-image" in model,
        budgeted=version == 2,
    )


def _ollama(model: str) -> ModelFacts:
    gpt_oss = "gpt-oss" in model
    return ModelFacts(
        issuer="ollama",
        reasons=not re.match(r"llama3\.2|gemma3", model),
        vision=not re.match(r"llama3\.2|gpt-oss", model),
        efforts=frozenset({"low", "medium", "high"} if gpt_oss else {"low", "medium", "high", "max"}),
        tools=not model.startswith("gemma3"),
    )
