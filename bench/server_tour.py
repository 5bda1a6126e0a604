"""Six servers that answer as real ones do, not as they are documented: the screens, the requests, the linter's word.

Prints what a person sees of the real program and what each server saw of it; 1 where something did not hold.
"""

import json
import tempfile
import traceback
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from bench.server_tour_mcp import forgetful
from bench.tour import request_lines
from tests.harness.home import KEYS, Home
from tests.harness.terminal import CTRL_C, Terminal
from tests.wire import Answer, Call, Request, Status, WireServer
from tests.wire.as_they_are import call, calls, chat, chunk, text_then
from tests.wire.facts import ModelFacts

LIMIT = 8000  # tokens a minute of Groq's free plan for gpt-oss-120b
FIELDS = (
    "model", "max_tokens", "max_completion_tokens", "max_output_tokens", "reasoning", "reasoning_effort", "tool_choice",
)  # fmt: skip
GEMINI_SEAL = {"type": "reasoning.encrypted", "data": "R2VtaW5p", "id": "r1", "format": "google-gemini-v1", "index": 0}
CLAUDE_SEAL = {
    "type": "reasoning.text",
    "text": "Hm.",
    "signature": "Q2xhdWRl",
    "format": "anthropic-claude-v1",
    "index": 0,
}
FULL = (  # as llama-server of llama-cpp-python 0.3.36 writes it, with other numbers
    '{"error":{"code":400,"message":"request (9120 tokens) exceeds the available context size (8192 tokens), try '
    'increasing it","type":"exceed_context_size_error","n_prompt_tokens":9120,"n_ctx":8192}}'
)


class FreePlan(WireServer):
    """Groq as it counts on the free plan: what is sent and the output that is asked for, together (koassistant#106)."""

    def _reply_to(self, request: Request) -> Answer | Status | bytes:
        if request.method == "POST" and isinstance(request.body, dict):
            wanted = len(request.raw) // 4 + request.body.get("max_completion_tokens", 0)
            if wanted > LIMIT:
                return Status(413, kind="tokens", code="rate_limit_exceeded", message=(
                    f"Request too large for model `{request.body.get('model')}` in organization `org_x` service tier "
                    f"`on_demand` on tokens per minute (TPM): Limit {LIMIT}, Requested {wanted}, please reduce your "
                    "message size and try again."
                ))  # fmt: skip
        return super()._reply_to(request)


class NotVerified(WireServer):
    """OpenAI for an organisation that has not shown who it is (continue#9607)."""

    def _reply_to(self, request: Request) -> Answer | Status | bytes:
        if isinstance(request.body, dict) and (request.body.get("reasoning") or {}).get("summary"):
            return Status(400, param="reasoning.summary", code="unsupported_value", message=(
                "Your organization must be verified to generate reasoning summaries. Please go to: "
                "https://platform.openai.com/settings/organization/general and click on Verify Organization."
            ))  # fmt: skip
        return super()._reply_to(request)


def free_plan(home: Home) -> Iterable[str]:
    """Groq's free plan answers at the first request."""
    done = home.run("-m", "groq:gpt-oss-120b", "-p", "Say hello.")
    yield f"$ parlance -m groq:gpt-oss-120b -p 'Say hello.'\n{done.stdout}{done.stderr}exit code {done.returncode}"
    assert done.returncode == 0, done.stderr
    assert len(home.groq.chats) == 1, "one request"


def not_verified(home: Home) -> Iterable[str]:
    """An organisation that is not verified: one more request, once, and one line."""
    terminal = opened(home, "openai:gpt-6.1-sol")
    first, second = terminal.ask("Who are you?"), terminal.ask("And now?")
    yield left(terminal)
    assert first.count("reasoning.summary") == 1, "said in one line"
    assert "reasoning.summary" not in second, "and not again"
    done = home.run("-m", "openai:gpt-6.1-sol", "-p", "Later?")
    yield f"$ parlance -m openai:gpt-6.1-sol -p 'Later?'\n{done.stdout}{done.stderr}exit code {done.returncode}"
    assert done.returncode == 0, done.stderr
    summaries = ["summary" in (request.body.get("reasoning") or {}) for request in home.openai.chats]
    assert summaries == [True, False, False, False], summaries


def two_calls(home: Home) -> Iterable[str]:
    """Gemini numbers both of its calls 0: both run."""
    sums = [call("calculate", json.dumps({"expression": e}), index=0, id=i, type="function") for e, i in
            (("6*7", "call_a"), ("2**10", "call_b"))]  # fmt: skip
    server = home.servers["gemini"]
    server.answer(text_then(calls(sums[0]), calls(sums[1]), report="hermes-agent#62937").answer, "42 and 1024.")
    terminal = opened(home, "gemini:gemini-4-argon")
    terminal.ask("What is 6*7, and 2 to the 10?")
    yield left(terminal)
    results = {entry["tool_call_id"]: entry["content"] for entry in messages(server) if entry["role"] == "tool"}
    assert len(results) == 2, results
    assert "42" in results["call_a"], results
    assert "1024" in results["call_b"].replace(",", ""), results


def sealed(home: Home) -> Iterable[str]:
    """OpenRouter: what Gemini has sealed goes back to Gemini byte for byte, and never to Claude."""
    server = home.servers["openrouter"]
    for seal, text in ((GEMINI_SEAL, "One."), (CLAUDE_SEAL, "Two.")):
        details = {"role": "assistant", "content": "", "reasoning_details": [seal]}
        server.answer(chat(chunk(details), chunk({"content": text}), chunk(stop="stop")).answer)
    terminal = opened(home, "openrouter:gem")
    terminal.ask("One?")
    terminal.ask("/model openrouter:opus")
    terminal.ask("Two?")
    terminal.ask("/model openrouter:gem")
    terminal.ask("Three?")
    yield left(terminal)
    _, to_claude, to_gemini = (request.raw.decode() for request in server.chats)
    assert str(GEMINI_SEAL["data"]) not in to_claude
    assert str(CLAUDE_SEAL["signature"]) not in to_gemini
    assert json.dumps(messages(server)[1]["reasoning_details"]) == json.dumps([GEMINI_SEAL]), messages(server)


def forgotten(home: Home) -> Iterable[str]:
    """An MCP server over HTTP forgets its session in the middle: it is begun anew and the call repeated."""
    with forgetful() as web:
        path = home.folder / "mcp.json"
        path.write_text(json.dumps({"mcpServers": {"web": {"type": "http", "url": web.url}}}))
        path.chmod(0o600)
        terminal = opened(home, "anthropic:sonnet", "--yes")
        for word in ("before", "after"):
            home.anthropic.answer(Answer(Call("web__echo", {"word": word})), f"I heard {word}.")
            terminal.ask(f"Say {word}.")
            web.forget()
        yield left(terminal)
        yield "-- what the MCP server was asked\n" + ", ".join(web.asked)
        assert web.asked.count("initialize") == 2, web.asked
    results = [b for m in home.anthropic.chats[-1].body["messages"] for b in m["content"] if b["type"] == "tool_result"]
    assert ['"after"' in json.dumps(result).replace("\\", "") for result in results] == [False, True], results
    assert not any(result.get("is_error") for result in results), results


def full_window(home: Home) -> Iterable[str]:
    """llama-server's window is full: told as that, and the cure works."""
    server = home.servers["llamacpp"]
    server.answer("It is a long story.", Status(400, body=FULL))
    terminal = opened(home, "llamacpp:qwen3")
    terminal.ask("Tell me a story.")
    terminal.enter("And then?").sees("/new keeps the question").prompt("And then?")
    terminal.type(CTRL_C).prompt().enter("/new").prompt("And then?").type("\r").prompt()
    yield left(terminal)
    for number in ("9,120", "8,192"):
        assert number in terminal.words, number
    assert len(server.chats) == 3, "it was asked once, and once more after the cure"
    assert "story" not in json.dumps(messages(server)), messages(server)


PARTS: tuple[Callable[[Home], Iterable[str]], ...] = (
    free_plan,
    not_verified,
    two_calls,
    sealed,
    forgotten,
    full_window,
)


def main() -> int:
    """Play all parts, each with a home of its own; 1 where one did not hold."""
    return max([played(part) for part in PARTS])


def played(part: Callable[[Home], Iterable[str]]) -> int:
    """Print one part: what was seen, what was sent, and whether it held."""
    print(f"\n==== {part.__doc__}\n")
    wrong = ""
    with ExitStack() as stack:
        home = stack.enter_context(equipped(Path(stack.enter_context(tempfile.TemporaryDirectory()))))
        reset(home)
        try:
            for shown in part(home):
                print(shown)
        except (AssertionError, LookupError, ValueError):
            wrong = traceback.format_exc(limit=-1)
        requests = [(name, request) for name, server in home.servers.items() for request in server.chats]
    for name, request in requests:
        fields = {field: request.body[field] for field in FIELDS if field in request.body}
        print(f"\n== sent to {name}; rules broken: {', '.join(request.broken) or 'none'}\n   {json.dumps(fields)}")
        print(*(f"   {line}" for line in request_lines(request)), sep="\n")
    broken = any(request.broken and home.servers[name].rules for name, request in requests)
    print(f"\n{wrong}{'DID NOT HOLD' if wrong or broken else 'held'}")
    return int(bool(wrong or broken))


def equipped(folder: Path) -> Home:
    """A home with the providers that the parts need."""
    home = Home(folder)
    home.groq = home.servers["groq"] = FreePlan("groq", key=KEYS["GROQ_API_KEY"])
    home.openai = home.servers["openai"] = NotVerified("openai", key=KEYS["OPENAI_API_KEY"])
    signs = ModelFacts(issuer="gemini", call_signatures=True)
    home.servers["gemini"] = WireServer("chat", key="AIza-test", facts=signs)
    home.servers["openrouter"] = WireServer("chat", key="sk-or-test", rules=False)  # the linter knows no lists there
    home.servers["llamacpp"] = WireServer("chat", key=None)
    home.keys |= {"GEMINI_API_KEY": "AIza-test", "OPENROUTER_API_KEY": "sk-or-test"}
    return home


def reset(home: Home) -> None:
    """Name two models behind OpenRouter."""
    providers: dict[str, Any] = {name: {"base_url": server.base_url} for name, server in home.servers.items()}
    ids = {"gem": "google/gemini-3-pro", "opus": "anthropic/claude-opus-4.8"}
    providers["openrouter"]["models"] = {name: {"id": id, "window": 200_000} for name, id in ids.items()}
    home.overlay(providers)


def opened(home: Home, model: str, *args: str) -> Terminal:
    return home.open("-m", model, *args, columns=100, rows=40).prompt()


def left(terminal: Terminal) -> str:
    """Leave, and give all that was on the screen."""
    code = terminal.leave()
    assert code == 0, f"exit code {code}"
    return terminal.text


def messages(server: WireServer) -> list[dict[str, Any]]:
    """The messages of the last request."""
    return list(server.chats[-1].body["messages"])


if __name__ == "__main__":
    raise SystemExit(main())
