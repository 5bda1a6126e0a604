"""The whole promise in one sitting: the real program in a pseudo-terminal, every provider in turn, and what was sent.

Prints the screen as it was at the end, scrollback included, and then each request that the loopback servers recorded,
message by message, so that one can read how the history was carried over.
"""

import json
import tempfile
from pathlib import Path
from typing import Any

from tests.harness.home import Home
from tests.harness.terminal import CTRL_C
from tests.wire import Answer, Reasoning, Request, Text

SHORT = 64


def main() -> None:
    """Play the conversation and print both sides of it."""
    with tempfile.TemporaryDirectory() as folder, Home(Path(folder)) as home:
        home.anthropic.answer(Answer(Reasoning("A friendly greeting is due."), Text("Hello from **Claude**.")))
        home.openai.answer(Answer(Reasoning("The history names Claude."), Text("Claude answered before me.")))
        home.groq.answer(
            Answer(Text("Groq has read it all.")), Answer(Text(" ".join(f"word{n}" for n in range(400))), pace=0.02)
        )
        home.openai.answer(Answer(Text("It was interrupted at a word.")))
        screen = home.open("-m", "offline:guide", columns=100, rows=40)
        screen.ask("what is this?")
        for name in ("anthropic:sonnet", "openai:gpt-6.1-sol", "groq:gpt-oss-120b"):
            screen.ask(f"/model {name}")
            screen.ask(f"Who has answered so far, {name.partition(':')[0]}?")
        screen.ask("/model groq:llama-3.1-70b")
        screen.prompt().enter("Count for a long time.").sees("word30").type(CTRL_C)
        screen.ask("/model openai:gpt-6.1-sol")
        screen.ask("/model -")
        screen.ask("/model -")
        screen.ask("Where did the counting stop?")
        screen.ask("/help model")
        screen.prompt().enter("/exit")
        code = screen.exit_code()
        print(screen.text)
        print(f"\nexit code {code}")
        for name, server in home.servers.items():
            for request in server.chats:
                print(f"\n== sent to {name}, connection {request.connection}")
                print(*(f"   {line}" for line in request_lines(request)), sep="\n")


def request_lines(request: Request) -> list[str]:
    """One line for each message or item of a request."""
    body = request.body
    return [_line(entry) for entry in body.get("messages", body.get("input", []))]


def _line(entry: dict[str, Any]) -> str:
    content = entry.get("content")
    pieces = content if isinstance(content, list) else [entry if content is None else {"type": "text", "text": content}]
    calls = [{"type": "tool_call", **call["function"]} for call in entry.get("tool_calls") or []]
    return f"{entry.get('role', '-'):10}" + " | ".join(_piece(piece) for piece in (calls or pieces))


def _piece(piece: dict[str, Any]) -> str:
    said = piece.get("text") or piece.get("thinking") or piece.get("output") or piece.get("content") or _called(piece)
    text = " ".join(str(said).split())
    return f"{piece.get('type', '')}: {text if len(text) <= SHORT else text[:SHORT] + '…'}"


def _called(piece: dict[str, Any]) -> str:
    given = piece.get("arguments") or piece.get("input")
    return f"{piece['name']} {given}" if "name" in piece else json.dumps(piece, ensure_ascii=False)


if __name__ == "__main__":
    main()
