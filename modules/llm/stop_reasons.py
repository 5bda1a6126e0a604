"""Why an answer ended: one table of all the words that servers end with, whatever the dialect, and what each means."""

import re
from collections.abc import Collection
from typing import Any, assert_never, get_args

from modules.llm.events import StopReason

# The words in small letters with underscores, as `_plain` makes them of any spelling, and who says them.
WORDS: tuple[tuple[StopReason, str, str], ...] = (
    ("end_turn", "stop", "OpenAI Chat Completions; Gemini and Vertex as STOP; llama.cpp, vLLM, SGLang"),
    ("end_turn", "end_turn stop_sequence", "Anthropic Messages, Bedrock Converse"),
    ("end_turn", "eos eos_token end_of_text", "TGI's finish reasons, Together, gateways: bifrost#617"),
    ("end_turn", "eos_found stop_string_found user_stopped", "LM Studio's own API"),
    ("end_turn", "complete completed finished finish done end success", "Cohere, Responses, gateways"),
    ("tool_use", "tool_calls function_call", "OpenAI Chat Completions; the second is its legacy form"),
    ("tool_use", "tool_use tool_call tool function_calls", "Anthropic, Bedrock, Cohere v2, gateways"),
    ("max_tokens", "length max_tokens", "OpenAI, Anthropic, Bedrock, Cohere; Gemini as MAX_TOKENS"),
    ("max_tokens", "max_output_tokens max_completion_tokens max_new_tokens", "Responses' incomplete_details, gateways"),
    ("max_tokens", "max_predicted_tokens_reached limit output_limit token_limit", "LM Studio, gateways"),
    ("max_tokens", "continuation", "Gemini 4: the limit of one request, where the answer could go on"),
    ("context_full", "model_context_window_exceeded", "Anthropic, Bedrock Converse"),
    ("context_full", "model_length", "Mistral: the window is full"),
    ("context_full", "context_length context_length_reached context_window_exceeded", "LM Studio, gateways"),
    ("context_full", "context_length_exceeded max_context_length error_limit", "gateways; Cohere's ERROR_LIMIT"),
    ("refusal", "content_filter content_filtered refusal", "OpenAI, Anthropic, Bedrock"),
    ("refusal", "guardrail_intervened guardrail", "Bedrock Converse"),
    ("refusal", "safety recitation blocklist prohibited_content spii language image_safety", "Gemini's FinishReason"),
    ("refusal", "image_prohibited_content image_recitation blocked model_armor", "Vertex's FinishReason, gateways"),
    ("refusal", "error_toxic sensitive moderation content_policy_violation", "Cohere; Zhipu GLM; gateways"),
    ("refusal", "escalation pup_limited_disabled jailbreak", "Gemini's FinishReason and BlockedReason"),
    ("paused", "pause_turn compaction", "Anthropic"),
    ("aborted", "insufficient_system_resource", "DeepSeek, xAI: hermes-agent#83869"),
    ("aborted", "abort aborted cancelled canceled cancel user_cancel", "vLLM, SGLang, Responses' status, Cohere"),
    ("aborted", "error failed internal_error server_error network_error", "Mistral, Zhipu GLM, OpenRouter, vLLM"),
    ("aborted", "timeout time_limit rate_limit repetition", "gateways; vLLM's repetition stop"),
    ("aborted", "model_unloaded unload load", "LM Studio, Ollama's done_reason"),
    ("aborted", "malformed_function_call unexpected_tool_call too_many_tool_calls", "Gemini's FinishReason"),
    ("aborted", "malformed_response missing_thought_signature", "Gemini's FinishReason"),
    ("aborted", "malformed_model_output malformed_tool_use", "Bedrock Converse"),
)
KINDS: dict[str, StopReason] = {word: kind for kind, words, _ in WORDS for word in words.split()}
# These say no more than the kind itself does; all others are shown to the person.
PLAIN = ("length", "max_tokens", "max_output_tokens", "content_filter", "refusal", "model_context_window_exceeded")
LONGEST_CHARS = 80  # of a server's word that are kept


def stop_of(said: Any, own: Collection[str] = ()) -> tuple[StopReason, str]:
    """The kind of end that a server's word names, and the word itself where it says more to a person than the kind.

    An unknown word is "unknown" with the word; no word at all is "unknown" with "". `own` are words of the endpoint, as
    its profile has them.
    """
    word = _word(said)
    if not word:
        return "unknown", ""
    kind = _of_its_own(word, own) or KINDS.get(_plain(word))
    if kind is None:  # "content_filter: RECITATION", "FinishReason.STOP", "stop (eos)": the last that is known decides
        pieces = [piece for piece in map(_plain, re.split(r"[^\w-]+", word)) if piece in KINDS]
        kind = KINDS[pieces[-1]] if pieces else "unknown"
    says_more = _is_told(kind) and _plain(word) not in PLAIN
    return kind, word if says_more else ""


def _is_told(kind: StopReason) -> bool:
    """Whether a person may want to know the word for such an end."""
    match kind:
        case "end_turn" | "tool_use" | "paused":
            return False
        case "max_tokens" | "context_full" | "aborted" | "refusal" | "unknown":
            return True
        case _:
            assert_never(kind)


def _of_its_own(word: str, own: Collection[str]) -> StopReason | None:
    return next((kind for kind in get_args(StopReason) if f"{word}={kind}" in own), None)


def ends(said: Any) -> bool:
    """Whether a finish reason says that the answer has ended: "" and "null" stand in chunks that do not end it."""
    return _word(said).lower() not in ("", "null", "none")


def _word(said: Any) -> str:
    if isinstance(said, dict):
        said = next((said[key] for key in ("reason", "type", "finish_reason") if said.get(key)), "")
    if said is None or said is False or isinstance(said, list | dict):
        return ""
    return str(said).encode(errors="replace").decode().strip()[:LONGEST_CHARS]


def _plain(word: str) -> str:
    if not word.isupper():
        word = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", word)
    return re.sub(r"[\s-]+", "_", word).lower()
