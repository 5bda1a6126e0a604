"""Commands that a prompt asks to be run, whose output it wants in their place: by the rules of the tool run_command.

Claude Code and opencode run them as soon as the prompt is used. Here a person is asked first, with each line to be
seen as it will run; what /tools or --allow lets run without a question runs without one.
"""

import asyncio

from modules.chat.command import ChatContext
from modules.chat.wording.phrases import count
from modules.errors import ToolFailed, UsageError
from modules.llm.parts import Text
from modules.prompts.filling import Filled
from modules.text.hidden_messages import visible
from modules.tools.programs.shell import run_command
from modules.tools.tool import Output, Plan, as_output

MOST_CHARS = 50_000  # of the output of one command
WELL = "\n[exit code 0]"


async def text_of(chat: ChatContext, filled: Filled) -> str | None:
    """The text with the outputs in it; None where the person said No, or stopped it. Raises UsageError."""
    if not filled.commands:
        return filled.text
    context = chat.tooling.toolbox.context
    try:
        plans = [await run_command.prepare({"command": one.line}, context) for one in filled.commands]
    except ToolFailed as error:
        raise UsageError(error.message, cure="Take the command out of the prompt.") from error
    asking = [plan for plan in plans if chat.tooling.approval.needs(run_command, plan)]
    if asking:
        chat.screen.say(f"This prompt runs {count(len(asking), 'command')} and sends what comes out:")
        chat.screen.quote("\n".join(plan.line for plan in asking))
        if not await chat.confirm("Run it?" if len(asking) == 1 else "Run them?"):
            return None
    outputs = await chat.running.run(_run(chat, plans))
    return None if outputs is None else filled.with_outputs(outputs)


async def _run(chat: ChatContext, plans: list[Plan]) -> list[str]:
    return [await _output(chat, plan) for plan in plans]


async def _output(chat: ChatContext, plan: Plan) -> str:
    try:
        async with asyncio.timeout(plan.patience):
            output = as_output(await plan.do(chat.tooling.toolbox.context))
    except (ToolFailed, TimeoutError) as error:
        return f"[{error or 'it took too long'}]"
    return _said(output)


def _said(output: Output) -> str:
    """What came out, and how it ended where it did not end well."""
    text = "\n".join(part.text for part in output.parts if isinstance(part, Text))
    text = visible(text if output.is_error else ("\n" + text).removesuffix(WELL).removeprefix("\n")).rstrip("\n")
    over = len(text) - MOST_CHARS
    return text if over <= 0 else f"{text[:MOST_CHARS]}\n[… {over} more characters]"
