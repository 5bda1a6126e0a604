"""Break the transformers once for each rule of the rulebook that they answer for, and see a test fail."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent
TESTS = ("ledger", "scenarios_pairing", "scenarios_content", "scenarios_reasoning", "scenarios_replay", "message",
         "schemas", "tool_refusal", "tool_fault", "tool_engine", "tool_switching")  # fmt: skip
MESSAGE, LEDGER, PARTS = "modules/llm/message.py", "modules/llm/ledger.py", "modules/llm/parts.py"
CLAUDE, OPENAI, CHAT = (
    "modules/anthropic/transformer.py",
    "modules/openai/transformer.py",
    "modules/llm/chat_completions.py",
)
CLAUDE_STREAM, OPENAI_STREAM = "modules/anthropic/stream.py", "modules/openai/stream.py"
TELLING, CHAT_STREAM = "modules/llm/telling.py", "modules/llm/chat_completions_stream.py"
BASE, SCHEMAS = "modules/llm/base.py", "modules/llm/schemas.py"
ASKING, TURN = "modules/session/asking.py", "modules/session/turn.py"

# Rule, file, what stands there, what is put in its place.
EDITS: tuple[tuple[str, str, str, str], ...] = (
    ("A2 first is the person's", CLAUDE, 'if before is None and wire["role"] == "assistant" else None', "if False else None"),
    ("A3 roles in turns", CHAT, 'if before["role"] != "user" or wire["role"] != "user":', "if True:"),
    ("A6 no thinking at the end", CLAUDE_STREAM, 'while blocks and blocks[-1].kind in ("thinking", "redacted_thinking"):', "while False:"),
    ("A7 answer after tools", CHAT, 'if last == "tool" and wire["role"] == "user" and', "if False and"),
    ("A10 lone surrogates", PARTS, 'force_setattr(self, "text", sse.whole(self.text))', "pass"),
    ("A11 numbers", PARTS, ", parse_float=_finite", ""),
    ("B1 results at once", MESSAGE, "if open_turn is not None and (answer := closing(open_turn)):", "if False:"),
    ("B3 every call answered", MESSAGE, "by_call.get(call.id) or interrupted_result(call) for call in message.calls)", "by_call[call.id] for call in message.calls if call.id in by_call)"),
    ("B4 no result of no call", MESSAGE, 'if message.role == "tool" or message.state == "refused" or not says_something(message):', 'if message.role != "tool" and (message.state == "refused" or not says_something(message)):'),
    ("B5 one result each", MESSAGE, "by_call.setdefault(result.call_id, result)", "by_call[result.call_id] = result"),
    ("B5 closed once after undo", MESSAGE, "                yield answer, at\n        if", "                yield answer, at - 1\n        if"),
    ("B6 ids only once", TELLING, "and len(ids) == len(calls) and self._taken.isdisjoint(ids)", ""),
    ("B8 nothing after the last call", CLAUDE_STREAM, "            sound = False  # words after", "            pass  # words after"),
    ("B9 no system before results", MESSAGE, "            yield message, at\n            continue\n", "            pass\n"),
    ("B10 input is an object", CLAUDE, '{"_invalid_json": call.arguments} if arguments is None else arguments', "call.arguments"),
    ("B11 arguments are JSON", PARTS, "    if call.parsed() is not None:\n        return call.arguments", "    if True:\n        return call.arguments"),
    ("B14 the error flag", CLAUDE, 'wire["is_error"] = True', "pass"),
    ("B16 tools stay declared", CLAUDE, "    if not request.model.tools:\n        return []\n", "    return []\n"),
    ("B18 cut calls", OPENAI_STREAM, 'if self.finished is not None and self.finished.stop == "max_tokens":', "if False:"),
    ("B20 no more tools than fit", BASE, "[: MOST_TOOLS.get(self.model.provider.dialect)]", ""),
    ("C1 nine letters", CHAT, 'if self.model.profile.call_ids == "mistral9":\n            number', "if False:\n            number"),
    ("C2 foreign ids are ours", CHAT, 'call_id in own', "False"),
    ("C6 ids go with reasoning", OPENAI, 'for key, value in item.items() if key != "id"', "for key, value in item.items()"),
    ("C7 names", PARTS, 'return call.name if NAME.fullmatch(call.name) else "invalid_tool"', "return call.name"),
    ("D2 no blank text", CLAUDE, "case Text(text) if text.strip():", "case Text(text):"),
    ("D3, D5 no empty message", MESSAGE, 'or message.state == "refused" or not says_something(message)', 'or message.state == "refused"'),
    ("D4 null where it may be", CHAT, '"content": text or (None if profile.null_content else "")', '"content": text or None'),
    ("D7 strings only", MESSAGE, "and not model.profile.string_content and", "and"),
    ("E2 foreign signatures", MESSAGE, "            and origin.issuer == self.model.provider.issuer\n", ""),
    ("E3 reasoning beside calls", CHAT, "return {**wire, field: wire.get(\"content\") or \"\"}", "return wire"),
    ("E3 thinking heads the loop", CLAUDE, "and not _in_foreign_loop(messages)", ""),
    ("E5 no reasoning for those without", OPENAI, "bool(self.model.reasoning) or", "True or"),
    ("E6 reasoning has a follower", OPENAI_STREAM, 'and items[-1].get("type") != "reasoning"', ""),
    ("E9 bound to its prefix", LEDGER, 'and made_under in ("", self.digest)', ""),
    ("E12 fields by endpoint", CHAT, "if key not in self.without", "if True"),
    ("F5 no pictures in tool results", CHAT, 'pictures.extend(self._pieces(part for part in result.parts if isinstance(part, Image)))', "pass"),
    ("F7 no pictures for the blind", MESSAGE, "return model.vision and not", "return not"),
    ("G2 system where it may be", CLAUDE, "if self.model.profile.mid_system else None", "if True else None"),
    ("G3 system before an answer", MESSAGE, "                for wire in telling.due():\n", "                for wire in ():\n"),
    ("I1 no marks in the history", CLAUDE, 'yield {"role": "assistant", "content": message.native}', 'yield {"role": "assistant", "content": [{**b, "cache_control": {"type": "ephemeral"}} for b in message.native]}'),
    ("T2 none may be called", CHAT, 'if request.tool_choice == "none":', "if False:"),
    ("T2 no choice without tools", CLAUDE, "    if tools := _tools(request):\n        body", "    tools = _tools(request)\n    if True:\n        body"),
    ("T3 an object at the top", SCHEMAS, 'KEPT = (', 'KEPT = ("oneOf", "allOf", "enum", '),
    ("T4 references inside", SCHEMAS, "bool(REACHABLE.fullmatch(value)) and _found(value, root) is not None", "True"),
    ("T5 names of properties", SCHEMAS, "if not PROPERTY.fullmatch(name)", "if False"),
    ("T6 arrays of something", SCHEMAS, 'yield "items", {}', "yield from ()"),
    ("T7 long descriptions", CHAT, "shortened(tool.told, tool.schema)", "tool.told, tool.schema"),
    ("tools are refused once", ASKING, "ledger.without |= {no_tools(model)}", "pass"),
    ("fields are refused once", BASE, "if field not in self.refused}", "}"),
    ("open calls are closed", TURN, "if results := closing(said, calls.results):", "if results := None:"),
    ("cut calls do not run", TURN, "if not tools or said.stop not in RUNNABLE:", "if not tools:"),
    ("prefix: frozen stays", LEDGER, "        self.entries += self._tail\n", "        self.entries = self._tail\n"),
    ("undo cuts", LEDGER, "        del self.entries[kept:], self.digests[kept:]\n", ""),
    ("strip is for good", LEDGER, "return at >= self.stripped and", "return"),
    ("refused turns stay out", MESSAGE, 'or message.state == "refused" or', "or"),
)  # fmt: skip


def main() -> int:
    """Try each edit, or those whose rule begins with an argument; the exit code is 1 if one goes unnoticed."""
    wanted = [edit for edit in EDITS if not sys.argv[1:] or edit[0].startswith(tuple(sys.argv[1:]))]
    missed = []
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / "tree"
        shutil.copytree(ROOT, tree, ignore=shutil.ignore_patterns(".git", "__pycache__", ".*_cache", ".hypothesis"))
        for rule, path, old, new in wanted:
            caught = _try(tree, path, old, new)
            print(f"{rule:36}{caught}", flush=True)
            if caught.startswith("NOT"):
                missed.append(rule)
    print(f"{len(wanted) - len(missed)} of {len(wanted)} noticed, in {time.monotonic() - began:.0f} s.")
    return 1 if missed else 0


def _try(tree: Path, path: str, old: str, new: str) -> str:
    """The test that fails with this edit."""
    file = tree / path
    text = file.read_text()
    if text.count(old) < 1:
        return f"NOT TRIED: {path} reads otherwise by now"
    file.write_text(text.replace(old, new))
    try:
        tests = [f"tests/{name}_test.py" for name in TESTS]
        command = [sys.executable, "-m", "pytest", "-x", "-q", "--no-header", "-p", "no:cacheprovider", *tests]
        env = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
        run = subprocess.run(command, cwd=tree, env=env, capture_output=True, text=True, check=False)
    finally:
        file.write_text(text)
    if run.returncode == 0:
        return "NOT NOTICED"
    found = re.search(r"^(?:FAILED|ERROR) tests/(\S+)", run.stdout, re.M)
    return found[1] if found else f"NOT SURE: {run.stdout[-200:]}"


if __name__ == "__main__":
    sys.exit(main())
