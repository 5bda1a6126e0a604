"""The models listing, in each provider's shape."""

from typing import Any

from tests.wire.facts import Dialect, ModelFacts, facts_for

# What an endpoint lists when a test does not say which models it has.
_DEFAULTS: dict[Dialect, list[str]] = {
    "anthropic": ["claude-opus-5-5", "claude-sonnet-5-5", "claude-haiku-5-5", "claude-haiku-4-5"],
    "openai": ["gpt-6.1-sol", "gpt-6-luna", "gpt-5.4-mini", "gpt-4.1"],
    "groq": ["openai/gpt-oss-120b", "qwen/qwen3-32b", "llama-3.3-70b-versatile"],
    "chat": ["local-model"],
    "gemini": ["gemini-4-argon", "gemini-3.8-flash", "gemini-2.5-pro"],
    "ollama": ["llama3.1:latest", "qwen3:8b"],
}


def listing(dialect: Dialect, models: list[str] | None, wanted: str = "") -> dict[str, Any]:
    """List all models, or give the entry of the one that is wanted."""
    ids = models if models is not None else _DEFAULTS[dialect]
    entries = [_entry(dialect, model) for model in ([wanted] if wanted else ids)]
    if wanted:
        return entries[0]
    if dialect == "gemini":
        return {"models": entries}
    if dialect == "anthropic":
        ends = {"first_id": ids[0] if ids else None, "last_id": ids[-1] if ids else None}
        return {"data": entries, "has_more": False, **ends}
    if dialect == "ollama":
        return {"models": entries}
    return {"object": "list", "data": entries}


def _entry(dialect: Dialect, model: str) -> dict[str, Any]:
    facts = facts_for(dialect, model)
    match dialect:
        case "anthropic":
            return {
                "type": "model",
                "id": model,
                "display_name": model.replace("-", " ").title(),
                "created_at": "2026-06-01T00:00:00Z",
                "lifecycle": "active",
                "max_input_tokens": 1_000_000,
                "max_tokens": 64_000,
                "capabilities": _capabilities(facts),
            }
        case "groq":
            limits = {"context_window": 131_072, "max_completion_tokens": 32_768, "active": True}
            return {"id": model, "object": "model", "created": 1_700_000_000, "owned_by": "groq", **limits}
        case "gemini":
            return {
                "name": f"models/{model}",
                "version": "001",
                "displayName": model.replace("-", " ").title(),
                "description": "A model.",
                "inputTokenLimit": 1_048_576,
                "outputTokenLimit": 65_536,
                "supportedGenerationMethods": ["generateContent", "countTokens", "createCachedContent"],
                "temperature": 1,
                "topP": 0.95,
                "topK": 64,
                "maxTemperature": 2,
                "thinking": facts.reasons,
            }
        case "ollama":
            details = {"parent_model": "", "format": "gguf", "family": "llama", "families": ["llama"]}
            return {"name": model, "model": model, "size": 4_683_075_271, "digest": "0a8c2669", "details": details}
        case _:
            return {"id": model, "object": "model", "created": 1_700_000_000, "owned_by": "system"}


def _capabilities(facts: ModelFacts) -> dict[str, Any]:
    kinds = {
        kind: {"supported": kind in facts.thinking} for kind in ("adaptive", "enabled", "disabled", "between_tools")
    }
    efforts = {effort: {"supported": effort in facts.efforts} for effort in ("low", "medium", "high", "xhigh", "max")}
    return {
        "image_input": {"supported": facts.vision},
        "pdf_input": {"supported": facts.vision},
        "thinking": {"supported": facts.reasons, "types": kinds},
        "effort": {"supported": bool(facts.efforts), **efforts},
    }


def showing(facts: ModelFacts, window: int) -> dict[str, Any]:
    """What /api/show of Ollama says of a model, as far as it says what the model can."""
    family = "gptoss" if facts.efforts == {"low", "medium", "high"} else "llama"
    able = {"completion": True, "tools": facts.tools, "vision": facts.vision, "thinking": facts.reasons}
    return {
        "parameters": 'stop                           "<|eot_id|>"',
        "details": {"format": "gguf", "family": family, "families": [family], "parameter_size": "8.0B"},
        "model_info": {"general.architecture": family, f"{family}.context_length": window},
        "capabilities": [ability for ability, there in able.items() if there],
    }
