"""Break one rule at a time, of the wire and of the tools, and see which test notices."""

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
         "portable_schema", "tool_refusal", "tool_fault", "tool_engine", "tool_switching")  # fmt: skip
PICTURES = "modules/llm/conversion/hidden_pictures.py"
MESSAGE, LEDGER, PARTS = "modules/llm/message.py", "modules/llm/ledger/ledger.py", "modules/llm/parts.py"
HISTORY, REPLAY = "modules/llm/history.py", "modules/llm/conversion/replay.py"
CLAUDE, OPENAI, CHAT = (
    "modules/anthropic/transformer.py",
    "modules/openai/transformer.py",
    "modules/llm/chat_completions/chat_completions_transformer.py",
)
CLAUDE_STREAM, OPENAI_STREAM = "modules/anthropic/stream.py", "modules/openai/stream.py"
TELLING, CHAT_STREAM = (
    "modules/llm/conversion/conversion_state.py",
    "modules/llm/chat_completions/chat_completions_stream.py",
)
REQUEST = "modules/llm/request.py"
OPTIONS, CLOSED = "modules/llm/generation/options.py", "modules/llm/generation/closed_schema.py"
STRUCTURED = "modules/session/turns/structured_answer.py"
BASE, SCHEMAS = "modules/llm/base.py", "modules/llm/conversion/portable_schema.py"
ASKING, TURN = "modules/session/turns/ask.py", "modules/session/turns/turn.py"
RECOVERY, CONVERSATION = "modules/session/recovery/recovery.py", "modules/session/conversation.py"
LEARNED, MODELS, USAGE = (
    "modules/llm/catalogue/learned_facts.py",
    "modules/llm/catalogue/model.py",
    "modules/llm/usage.py",
)
REFUSED_FIELDS, CALL_ASSEMBLY = (
    "modules/llm/failures/refused_fields.py",
    "modules/llm/chat_completions/call_assembly.py",
)

CALLS, APPROVAL, RESULTS = (
    "modules/session/turns/tool_calls.py",
    "modules/tools/approval.py",
    "modules/tools/results.py",
)
HIDDEN = "modules/text/hidden_messages.py"
TOOLBOX, CONFIG, OWN_FILES = "modules/tools/toolbox.py", "modules/config.py", "modules/own_files.py"
SPILLS, MATCHING = "modules/tools/result_files.py", "modules/tools/files/search/matchers.py"
PROCESS, WORDS = "modules/tools/programs/process.py", "modules/tools/programs/command_line.py"
WORKER, OWN = "modules/tools/programs/user_tool_worker.py", "modules/tools/programs/user_tools.py"
ADDRESSES, FETCH = "modules/tools/web/addresses.py", "modules/tools/web/fetch.py"
PINNED = "modules/tools/web/pinned.py"
PATHS, REPLACING = "modules/tools/files/access/paths.py", "modules/tools/files/access/atomic_replace.py"
PINS, OFFER, STDIO = (
    "modules/mcp/trusted_definitions.py",
    "modules/mcp/tool_adapter.py",
    "modules/mcp/transport/stdio.py",
)
MCP_SERVER = "modules/mcp/server.py"
VIEW, PRINTED, QUEUE = (
    "modules/chat/dialogs/approval_dialog.py",
    "modules/chat/dialogs/approval_plain.py",
    "modules/chat/prompt/message_queue.py",
)
HEADLESS, START = "modules/chat/headless/outcome.py", "modules/chat/start/startup.py"

# Rule, file, what stands there, what is put in its place.
EDITS: tuple[tuple[str, str, str, str], ...] = (
    ("A2 first is the person's", CLAUDE, 'if before is None and wire["role"] == "assistant" else None', "if False else None"),
    ("A3 roles in turns", CHAT, 'if before["role"] != "user" or wire["role"] != "user":', "if True:"),
    ("A6 no thinking at the end", CLAUDE_STREAM, "while blocks and blocks[-1].kind in THINKS:", "while False:"),
    ("A7 answer after tools", CHAT, 'if last == "tool" and wire["role"] == "user" and', "if False and"),
    ("A10 lone surrogates", PARTS, 'force_setattr(self, "text", surrogates.whole(self.text))', "pass"),
    ("A11 numbers", PARTS, ", parse_float=_finite", ""),
    ("B1 results at once", HISTORY, "        if open_turn is not None:\n            results", "        if False:\n            results"),
    ("B3 every call answered", HISTORY, "by_call.get(call.id) or interrupted_result(call) for call in message.calls)", "by_call[call.id] for call in message.calls if call.id in by_call)"),
    ("B4 no result of no call", HISTORY, 'if left_out or message.role == "tool" or message.state == "refused" or not says_something(message):', 'if left_out or (message.role != "tool" and not says_something(message)):'),
    ("B5 one result each", HISTORY, "by_call.setdefault(result.call_id, result)", "by_call[result.call_id] = result"),
    ("B5 closed once after undo", HISTORY, "                yield answer, at\n        if left_out", "                yield answer, at - 1\n        if left_out"),
    ("B6 ids only once", TELLING, "and len(ids) == len(calls) and self._taken.isdisjoint(ids)", ""),
    ("B8 nothing after the last call", CLAUDE_STREAM, "            sound = False  # words after", "            pass  # words after"),
    ("B9 no system before results", HISTORY, "            yield message, at\n            continue\n", "            pass\n"),
    ("B10 input is an object", CLAUDE, '{"_invalid_json": call.arguments} if arguments is None else arguments', "call.arguments"),
    ("B11 arguments are JSON", PARTS, "    if call.parsed() is not None:\n        return call.arguments", "    if True:\n        return call.arguments"),
    ("B14 the error flag", CLAUDE, 'wire["is_error"] = True', "pass"),
    ("B16 tools stay declared", CLAUDE, "    if not request.model.tools:\n        return []\n", "    return []\n"),
    ("B18 cut calls", OPENAI_STREAM, "if self.finished is not None and self.finished.stop in CUT:", "if False:"),
    ("B20 no more tools than fit", REQUEST, "[: about(self.model.provider.dialect).most_tools]", ""),
    ("C1 nine letters", CHAT, 'if self.model.profile.call_ids == "mistral9":\n            number', "if False:\n            number"),
    ("C2 foreign ids are ours", CHAT, 'call_id in own', "False"),
    ("C6 ids go with reasoning", OPENAI, 'for key, value in item.items() if key != "id"', "for key, value in item.items()"),
    ("C7 names", PARTS, 'return call.name if NAME.fullmatch(call.name) else "invalid_tool"', "return call.name"),
    ("D2 no blank text", CLAUDE, "case Text(text) if text.strip():", "case Text(text):"),
    ("D3, D5 no empty message", HISTORY, 'or message.state == "refused" or not says_something(message):', 'or message.state == "refused":'),
    ("D4 null where it may be", CHAT, '"content": text or (None if profile.null_content else "")', '"content": text or None'),
    ("D7 strings only", REPLAY, "return model.vision and not model.profile.string_content", "return model.vision"),
    ("E2 foreign signatures", REPLAY, "(origin.dialect, origin.issuer) == (model.provider.dialect, model.issuer)", "origin.dialect == model.provider.dialect"),
    ("E3 reasoning beside calls", CHAT, "return {**wire, field: wire.get(\"content\") or \"\"}", "return wire"),
    ("E3 thinking heads the loop", CLAUDE, "and not _in_foreign_loop(messages)", ""),
    ("E5 no reasoning for those without", REPLAY, "return bool(model.reasoning) or not model.known or", "return True or"),
    ("E6 reasoning has a follower", OPENAI_STREAM, 'and items[-1].kind != "reasoning"', ""),
    ("E9 bound to its prefix", MESSAGE, ' and made_under in ("", digest)', ""),
    ("E12 fields by endpoint", REPLAY, "return all(key in taken for key in native)", "return True"),
    ("F5 no pictures in tool results", CHAT, 'below.extend(part for part in result.parts if self._goes_below(part))', "pass"),
    ("F7 no pictures for the blind", REPLAY, "return model.vision and not", "return not"),
    ("G2 system where it may be", CLAUDE, "if self.model.profile.mid_system and self", "if self"),
    ("G3 system before an answer", MESSAGE, "        for wire in self.state.pop_instructions():\n", "        for wire in ():\n"),
    ("I1 no marks in the history", CLAUDE, 'yield {"role": "assistant", "content": message.native}', 'yield {"role": "assistant", "content": [{**b, "cache_control": {"type": "ephemeral"}} for b in message.native]}'),
    ("T2 none may be called", CHAT, 'if request.tool_choice == "none":', "if False:"),
    ("T2 no choice without tools", CLAUDE, "    if tools := _tools(request):\n        body", "    tools = _tools(request)\n    if True:\n        body"),
    ("T3 an object at the top", SCHEMAS, 'KEPT = (', 'KEPT = ("oneOf", "allOf", "enum", '),
    ("T4 references inside", SCHEMAS, "bool(REACHABLE.fullmatch(value)) and _found(value, root) is not None", "True"),
    ("T5 names of properties", SCHEMAS, "if not PROPERTY.fullmatch(name)", "if False"),
    ("T6 arrays of something", SCHEMAS, 'yield "items", {}', "yield from ()"),
    ("T7 long descriptions", CHAT, "shortened(tool.wire_description, tool.schema)", "tool.wire_description, tool.schema"),
    ("tools are refused once", RECOVERY, 'return {"tools": False}', "return {}"),
    ("fields are refused once", REQUEST, 'body = without_path(body, path.split("."))', "pass"),
    ("open calls are closed", TURN, "    if last is not None and (message := closing(last, results)):", "    if False:"),
    ("cut calls do not run", TURN, " or said.stop not in RUNNABLE:", ":"),
    ("prefix: frozen stays", LEDGER, "self.entries.copy(kept), self", "self.entries.copy(0), self"),
    ("undo cuts", LEDGER, "            start = self._covered(parted)\n", "            pass\n"),
    ("strip is for good", MESSAGE, "return at >= reasoning_from and", "return"),
    ("refused turns stay out", HISTORY, "if is_refused(history, end):", "if False:"),
)  # fmt: skip

# The same, with the tests that are to notice: those of the wire above take a minute, and know nothing of these.
TOOL_EDITS: tuple[tuple[str, str, str, str, str], ...] = (
    ("refused turns: from the question on", HISTORY, 'start = next((at for at in range(end, -1, -1) if history[at].role == "user"), 0)', "start = end", "switch shown_less"),
    ("refused turns: frozen ones too", LEDGER, "if refused := refused_turns(messages, start):", "if refused := frozenset[int]():", "shown_less"),
    ("what is said is left out: reasoning", REPLAY, "    pieces = pieces_of_reasoning(message)\n", "    pieces = 0\n", "portability_property"),
    ("what is said is left out: pictures", REPLAY, "                images += 1", "                images += 0", "portability_property"),
    ("what is said goes as it came", REPLAY, 'AS_IS = Replay("as_is")', 'AS_IS = Replay("without_reasoning")', "portability_property"),
    ("issuer: the maker behind a gateway", MODELS, "(provider, address or base_url, maker_of(model_id))", "(provider, address or base_url)", "shown_less"),
    ("issuer: the entry", MODELS, "(provider, address or base_url, maker_of(model_id))", "(address or base_url, maker_of(model_id))", "shown_less"),
    ("issuer: who answered for a router", BASE, "issuer = model.provider.issuer_of(finished.model) if routed else origin.issuer", "issuer = origin.issuer", "shown_less"),
    ("declared tools stay", CONVERSATION, 'return (tools, choice) if tools or not self.tools else (self.tools, "none")', "return tools, choice", "shown_less"),
    ("learned: a fact once", RECOVERY, "not learned.note(request.model, lasting=not passing, **facts)", "learned.note(request.model, lasting=not passing, **facts) is None", "learned_facts"),
    ("learned: of this model alone", LEARNED, "{model.provider.base_url.rstrip('/')} {model.id}\"", "{model.provider.base_url.rstrip('/')} *\"", "learned_facts"),
    ("learned: at this endpoint alone", LEARNED, "{model.provider.base_url.rstrip('/')} {model.id}\"", '* {model.id}"', "learned_facts"),
    ("learned: what one request allowed goes", RECOVERY, "lasting=not passing", "lasting=True", "learned_facts"),
    ("output limit: unsent where none is demanded", CHAT, "    request.add_options(body)", "    body[profile.tokens_field] = model.max_output or 4096\n    request.add_options(body)", "learned_facts taken_options"),
    ("options: what a model does not take is not sent", OPTIONS, "if _why_not(name, value, model, level) is None}", "if path_of(name, model)}", "taken_options"),
    ("options: what was refused is not sent again", OPTIONS, "    if is_refused(path, model):\n        return \"refused\"\n", "", "options"),
    ("structured: an answer is checked", STRUCTURED, 'wrong = problem(value, dict(wanted.schema), of="the schema")', 'wrong = ""', "structured_answer"),
    ("structured: objects are closed", CLOSED, '        wire |= {"additionalProperties": False}\n', "", "taken_options structured_answer"),
    ("essential fields are never dropped", REFUSED_FIELDS, ' or kept[-1] in _for(rules["essential"], dialect)', "", "learned_facts"),
    ("calls: an id beats an index", CALL_ASSEMBLY, "found = (same_id or near)[-1]", "found = (near or same_id)[-1]", "stream_chat"),
    ("calls: two ids are two calls", CALL_ASSEMBLY, "        if native_id and found.native_id:\n", "        if False:\n", "stream_chat"),
    ("arguments: what contradicts itself never runs", CALL_ASSEMBLY, "        if any(key in whole and whole[key] != value for key, value in one.items()):", "        if False:", "stream_chat"),
    ("arguments: what cannot be read never runs", TOOLBOX, '        raise ToolFailed("The arguments are not a JSON object with finite numbers.")\n', "        return value\n", "tool_fault"),
    ("arguments: what is no object never runs", PARTS, "if not isinstance(value, dict) or self.is_deep(value):", "if self.is_deep(value):", "stream_chat tool_fault"),
    ("pictures: the newest are shown", PICTURES, "if (at >= self._from and self._left <= 0) or not message.images:", "if True:", "learned_facts"),
    ("pictures: those of refused turns take no room", REPLAY, "if at not in left_out)", "if True)", "learned_facts"),
    ("pictures: the oldest are left out of what was frozen", LEDGER, "0 if hidden not in (None, self._hidden) else self._kept(messages, path, prefix_digest)", "self._kept(messages, path, prefix_digest)", "learned_facts"),
    ("think tags: no text for others", CHAT_STREAM, "        if not thinks:\n            yield from self._show(piece)", "        if True:\n            yield from self._show(piece)", "stream_chat"),
    ("think tags: their own model has them back", CHAT_STREAM, 'content = "".join(self._tags.taken) + text', "content = text", "stream_chat"),
    ("usage: a zero takes nothing back", USAGE, "after.input or before.input", "after.input", "stream_usage"),
    ("usage: a zero of a Claude takes nothing back", CLAUDE_STREAM, "{key: value for key, value in usage.items() if value}", "usage", "stream_usage"),
    ("approval: no answer is a no", APPROVAL, "    allowed: bool = False\n", "    allowed: bool = True\n", "tool_engine tool_switching approval"),
    ("approval: Enter declines", VIEW, 'case "n" | "N" | "c-m":\n                self.close(Decision())', 'case "n" | "N" | "c-m":\n                self.close(Decision(allowed=True))', "approval"),
    ("approval: Enter declines in plain", PRINTED, 'case "n" | "\\r" | "\\n" | "\\x1b":\n                    return Decision()', 'case "n" | "\\r" | "\\n" | "\\x1b":\n                    return Decision(allowed=True)', "approval"),
    ("approval: read to the end first", VIEW, 'case "y" | "Y" | "a" | "A" | "f" | "F" if not self._read:', 'case "y" | "Y" | "a" | "A" | "f" | "F" if False:', "approval"),
    ("approval: type-ahead stays unsent", QUEUE, "line for line in self.queued if len(line.strip()) > 1]\n        self.hold()", "line for line in self.queued]", "approval"),
    ("approval: early keys are no answer", VIEW, "if self._patience.too_early(pressed[0].key, with_others=others):", "if False:", "approval"),
    ("approval: what runs was shown", CALLS, "                plan = plan.plan\n", "                _, plan = await self._toolbox.plan(call)\n", "tool_bounds"),
    ("approval: nobody there is a no", HEADLESS, "Decision(reason=f", "Decision(True, reason=f", "tool_commands"),
    ("permission: one tool", APPROVAL, "        if self.tool != tool.name:\n            return False\n", "", "permission"),
    ("permission: whole words", APPROVAL, "return words[: len(wanted)] == wanted", "return plan.line.startswith(self.line)", "permission"),
    ("permission: words that vouch", APPROVAL, " or unsafe_prefix(wanted)", "", "permission"),
    ("permission: no shell syntax", WORDS, "[A-Za-z0-9_@%+:,./^=-]|", "[A-Za-z0-9_@%+:,./^=;&-]|", "permission"),
    ("permission: no assignments", WORDS, "(_ASSIGNMENT.match(found[0]) or found[0] in _RESERVED)", "found[0] in _RESERVED", "permission"),
    ("permission: apart is apart", APPROVAL, "        if plan.apart:\n            return bool(self.line) and self.line == plan.line\n", "", "paths permission"),
    ("calls: results in call order", HISTORY, "interrupted_result(call) for call in message.calls)", "interrupted_result(call) for call in reversed(message.calls))", "tool_engine tool_fault"),
    ("calls: side by side", CALLS, "tasks = [asyncio.ensure_future(self._do(call, plan)) for call, plan in ready]", "tasks = [await self._do(call, plan) for call, plan in ready][:0]", "tool_engine"),
    ("calls: stopped ones are told", CALLS, "            for task in tasks:\n                task.cancel()\n            if tasks:\n                await asyncio.wait(tasks, timeout=PATIENCE_SECONDS)", "            pass", "tool_switching shell tool_end"),
    ("calls: what came is kept", CALLS, 'f"Interrupted by the user after {seconds:.1f} seconds.", self._lines.get(call.id, ())', 'f"Interrupted by the user after {seconds:.1f} seconds."', "shell tool_switching"),
    ("calls: time runs out", CALLS, "asyncio.timeout(plan.patience)", "asyncio.timeout(None)", "tool_fault"),
    ("calls: kept before they run", TURN, "                await conversation.journal.settled()\n", "                pass\n", "tool_bounds"),
    ("calls: closed when it goes on", START, "    if last is not None and last.calls:", "    if False:", "resume_preview"),
    ("loop: cut calls do not run twice", ASKING, "                if shown:\n                    raise\n", "", "tool_loop_fault"),
    ("loop: kept once", ASKING, "        if not whole:  #", "        if True:  #", "tool_loop_fault"),
    ("loop: closed at the last word", TURN, "            _close(conversation)\n", "            pass\n", "tool_loop_fault"),
    ("loop: three times the same", TURN, "if self._most and self._count >= self._most:", "if False:", "tool_engine"),
    ("loop: 25 requests", TURN, "if limits.steps and steps >= limits.steps:", "if False:", "tool_engine"),
    ("loop: dollars", TURN, "if limits.dollars and dollars >= limits.dollars:", "if False:", "tool_engine"),
    ("loop: tokens", TURN, "if limits.tokens and tokens >= limits.tokens:", "if False:", "tool_engine"),
    ("tool_choice is none", CONVERSATION, 'else (self.tools, "none")', 'else (self.tools, "auto")', "tool_switching"),
    ("tools that are off do not run", TOOLBOX, "        if not self.enabled:\n            raise ToolFailed(\"Tools are switched off by the user.\")\n", "", "tool_bounds"),
    ("a tool that is off does not run", TOOLBOX, "if found is None or not self.is_on(call.name):", "if found is None:", "tool_bounds"),
    ("arguments: a name once", TOOLBOX, ", object_pairs_hook=_once", "", "tool_fault"),
    ("arguments: no larger than that", TOOLBOX, "if len(call.arguments) > LARGEST_CALL_CHARS:", "if False:", "tool_bounds"),
    ("results: bounded", RESULTS, "    if len(data) <= BOUND_BYTES:\n", "    if True:\n", "tool_fault"),
    ("results: both ends", RESULTS, "tail = data[-TAIL:]", 'tail = b""', "tool_fault"),
    ("results: a private file", OWN_FILES, '"O_NOFOLLOW", 0), 0o600)', '"O_NOFOLLOW", 0), 0o644)', "tool_fault"),
    ("results: gone with --no-save", SPILLS, "            rmtree(self.folder, ignore_errors=True)", "            pass", "result_files"),
    ("results: none of a running program", SPILLS, "        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)", "        pass", "result_files"),
    ("results: kept within bounds", SPILLS, "age > OLDEST or (age > DAY_SECONDS and total > LARGEST_BYTES)", "age > OLDEST", "result_files"),
    ("results: kept while in use", SPILLS, "            if re.split(r\"[-.]\", path.name)[0] in used:", "            if False:", "result_files"),
    ("results: nothing invisible", HIDDEN, '_INVISIBLE.sub(lambda found: found[1] or "", text)', "text", "tool_bounds"),
    ("programs: everything they started", PROCESS, "os.getsid(pid) == self._leader or one in self._known", "pid == self._leader", "shell"),
    ("programs: SIGKILL at last", PROCESS, "        family.signal(signal.SIGKILL)\n", "        pass\n", "shell"),
    ("programs: SIGTERM before it", PROCESS, "        self.signal(signal.SIGTERM)\n", "        self.signal(signal.SIGKILL)\n", "shell"),
    ("programs: only their environment", PROCESS, "env=dict(context.environment),", "env={**os.environ, **context.environment},", "shell user_tools"),
    ("the end: its exit code", "main.py", "    return 128 + number\n", "    return code\n", "tool_end"),
    ("environment: what is harmless", CONFIG, "if name in named or name.startswith(FAMILIES_FOR_CHILDREN)", "if True", "config"),
    ("environment: of an MCP server", STDIO, 'if name in INHERITED or name.startswith("LC_")', "if True", "mcp_fault"),
    ("web: private addresses", ADDRESSES, "if not granted and not all(map(is_public, found)):", "if not granted and not any(map(is_public, found)):", "web"),
    ("web: v4 in v6", ADDRESSES, "            found = found.ipv4_mapped\n", "            return True\n", "web"),
    ("web: refused before the question", FETCH, "and addresses.is_private_literal(target.host)", "and False", "web"),
    ("web: connected to what was checked", PINNED, "pinned = url.copy_with(host=address, fragment=None)", "pinned = url.copy_with(fragment=None)", "web"),
    ("web: redirects stay", FETCH, "if not follows(url, answer):", "if False:", "web"),
    ("files: outside asks", PATHS, '"outside the working folder": outside,', '"outside the working folder": False,', "paths"),
    ("files: no more open than may be", MATCHING, "max(FEWEST, raised - SPARE)", "HELD", "file_tools"),
    ("files: secrets ask", PATHS, '"where secrets may be": secret or kernel,', '"where secrets may be": kernel,', "paths"),
    ("files: the digest before an edit", REPLACING, "if hashlib.sha256(now).digest() != hashlib.sha256(self.old).digest():", "if False:", "edit_files"),
    ("files: hard links", REPLACING, "    if about.st_nlink > 1:", "    if False:", "edit_files"),
    ("own tools: what was read runs", WORKER, 'if wanted.digest not in ("", digest):', "if False:", "user_tools"),
    ("own tools: others cannot write", OWN, "    if about.st_mode & 0o022:", "    if False:", "user_tools"),
    ("own tools: no link that leads out", OWN, "if not path.resolve().is_relative_to(folder.resolve()):", "if False:", "user_tools"),
    ("MCP: every call asks", OFFER, "return Plan(do, asks,", 'return Plan(do, "",', "mcp"),
    ("MCP: a changed tool does not run", PINS, "if pin.changed is not None or pin.definition.text != definition.text:", "if False:", "mcp"),
    ("MCP: a changed tool is not told", PINS, "if not pin.gone and pin.changed is None]", "if not pin.gone]", "mcp"),
    ("MCP: seen before it is accepted", PINS, "if self._pins[name].changed == shown]", "]", "mcp"),
    ("MCP: a call is looked at again in a new session", MCP_SERVER, "        agreed()\n", "", "mcp_http"),
    ("MCP: a token goes to its URL alone", "modules/mcp/authorization/login_file.py", "return kept if kept.url == url else Kept(url)", "return kept", "mcp_login"),
    ("MCP: the answer to a login bears its secret", "modules/mcp/authorization/login.py", 'or given.get("state") != self.state', "", "mcp_login"),
    ("MCP: a login asks no host in the clear", "modules/mcp/authorization/login.py", 'if url.scheme != "https" and not', "if False and not", "mcp_login"),
    ("MCP: arguments are checked", OFFER, "        if problem := await in_thread(argument_check.problem", "        if False and await in_thread(argument_check.problem", "mcp"),
)  # fmt: skip


def main() -> int:
    """Try each edit, or those whose rule begins with an argument; the exit code is 1 if one goes unnoticed."""
    wire = " ".join(TESTS)
    edits = [*((*edit, wire) for edit in EDITS), *TOOL_EDITS]
    wanted = [edit for edit in edits if not sys.argv[1:] or edit[0].startswith(tuple(sys.argv[1:]))]
    missed = []
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / "tree"
        shutil.copytree(ROOT, tree, ignore=shutil.ignore_patterns(".git", "__pycache__", ".*_cache", ".hypothesis"))
        for rule, path, old, new, tests in wanted:
            caught = _try(tree, path, old, new, tests)
            print(f"{rule:54}{caught}", flush=True)
            if caught.startswith("NOT"):
                missed.append(rule)
    print(f"{len(wanted) - len(missed)} of {len(wanted)} noticed, in {time.monotonic() - began:.0f} s.")
    return 1 if missed else 0


def _try(tree: Path, path: str, old: str, new: str, names: str) -> str:
    """The test of these that fails with this edit."""
    file = tree / path
    text = file.read_text()
    if text.count(old) < 1:
        return f"NOT TRIED: {path} reads otherwise by now"
    file.write_text(text.replace(old, new))
    try:
        tests = [str(next((ROOT / "tests").rglob(f"{name}_test.py")).relative_to(ROOT)) for name in names.split()]
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
