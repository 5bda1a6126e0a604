"""The question before a call: what is shown of it, row by row, and what an answer comes to. Drawn elsewhere."""

import json
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from msgspec import Struct

from modules.llm.parts import NAME, ToolCall
from modules.text.unambiguous import exact, foreign_letters, rows_of
from modules.tools.approval import Permission, Question
from modules.tools.programs.command_line import unsafe_prefix, words_of
from modules.tools.tool import Plan

Style = Literal["", "quiet", "label", "added", "removed"]
BORDER, MORE = "│ ", "┆ "  # before a line, and before the rest of one that needs several rows
SHORT_CHARS = 200  # of an argument that is shown beside a preview
LONG_NAME = 20  # letters that the first line may have to cut
HEADING = 2  # lines that a diff begins with; further down such a line is content
STAR = "*"
_VALUES = tuple('{["-0123456789tfnNI')  # what JSON can begin with


class Row(Struct, frozen=True):
    """One row of the screen. `line` counts the lines that rows were cut from, whatever the width."""

    line: int
    text: str
    style: Style = ""


def title(question: Question) -> str:
    """The first line; a name that it cannot hold comes again below it."""
    return f"Allow {exact(question.tool.name)}?"


def rows(question: Question, folder: Path, columns: int) -> list[Row]:
    """All that there is to know, no row wider than so many columns."""
    return [
        Row(number, text, style)
        for number, (lead, line, style) in enumerate(_lines(question, folder))
        for text in _bordered(lead, line, columns)
    ]


def _bordered(lead: str, line: str, columns: int) -> Iterator[str]:
    """What a tool or model wrote stands behind a border of ours in every row, so that it can be taken for nothing else.

    Our own words have no border, and hold nothing that could leave its row.
    """
    if not lead:
        yield from textwrap.wrap(line, max(1, columns), break_on_hyphens=False) or [""]
        return
    for number, row in enumerate(rows_of(line, max(1, columns - len(BORDER)))):
        yield (MORE if number else lead) + row


def _lines(question: Question, folder: Path) -> Iterator[tuple[str, str, Style]]:
    plan = question.plan
    is_command = bool(plan.line) and not plan.apart
    where = f" · in {exact(str(folder))}" if is_command and question.tool.effect == "execute" else ""
    from_elsewhere = question.tool.source != "built in" and question.tool.source not in plan.asks
    source = f" · from {exact(question.tool.source)}" if from_elsewhere else ""
    if len(question.tool.name) > LONG_NAME:
        yield "", exact(question.tool.name), "label"
    yield "", exact(plan.asks) + source + where, "quiet"
    if question.why:
        yield "", exact(question.why), "quiet"
    shown: dict[str, object] = dict(question.call.parsed() or {})
    if is_command:
        shown = {name: value for name, value in shown.items() if value != plan.line}
        if "\n" in plan.line:  # so that none of its lines looks like another argument
            yield from _argument("command", plan.line)
        else:
            yield BORDER, exact(plan.line), ""
        if letters := foreign_letters(plan.line):
            yield "", f"Letters that are not ASCII: {exact(letters)}", "quiet"
    if plan.preview:
        shown = {name: value for name, value in shown.items() if not _is_told_by(plan.preview, value)}
    for name, value in shown.items():
        yield from _argument(name, value)
    if plan.preview:
        for number, line in enumerate(plan.preview.removesuffix("\n").split("\n")):
            shown_line = line[:1] + exact(line[1:]) if line[:1] in "+- " else exact(line)
            yield BORDER, shown_line, _diff_style(line, heading=number < HEADING)


def _argument(name: str, value: object) -> Iterator[tuple[str, str, Style]]:
    if not NAME.fullmatch(name):
        name = json.dumps(name, ensure_ascii=False)
    lines = value.split("\n") if isinstance(value, str) else [_shown(value)]
    if len(lines) == 1:
        text = json.dumps(value, ensure_ascii=False) if _looks_like_a_value(value) else lines[0]
        yield BORDER, f"{exact(name)}: {exact(text)}", ""
        return
    yield BORDER, f"{exact(name)}, {len(lines)} lines:", "label"
    for line in lines:
        yield BORDER, f"  {exact(line)}", ""


def arguments(call: ToolCall) -> Iterator[str]:
    """What a call was given, exactly, a line each."""
    given = call.parsed()
    if given is None:
        yield from (exact(line) for line in call.arguments.split("\n"))
        return
    for name, value in given.items():
        yield from (line for _, line, _ in _argument(name, value))


def _is_told_by(preview: str, value: object) -> bool:
    """Whether what is shown below says it already: a long text, or a short one that a line of the diff holds."""
    if len(_shown(value)) > SHORT_CHARS or "\n" in str(value):
        return True
    changes = (line[1:] for line in preview.split("\n")[HEADING:] if line[:1] in ("+", "-"))
    return isinstance(value, str) and bool(value.strip()) and any(value in line for line in changes)


def _shown(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _looks_like_a_value(value: object) -> bool:
    """Whether a text, shown as it is, could be taken for a number or whatever else JSON has: "5" and 5 are not one."""
    if not isinstance(value, str) or value[:1] not in _VALUES:
        return False
    try:
        json.loads(value)
    except (ValueError, RecursionError):
        return False
    return True


def _diff_style(line: str, *, heading: bool) -> Style:
    if heading or line.startswith("@@"):
        return "label"
    return "added" if line.startswith("+") else "removed" if line.startswith("-") else ""


def takes_prefix(plan: Plan) -> bool:
    """Whether a lasting permission may be for more than the exact command."""
    return not plan.apart and words_of(plan.line) is not None


def lasting(question: Question) -> str:
    """What "always" means for this call; "" where nothing lasting can be said."""
    plan = question.plan
    if not plan.line:
        return "" if plan.apart else "a always in this session"
    if plan.apart:
        return "a always exactly this"
    return "a always this site" if question.tool.effect == "network" else "a always this command"


def permission_for(question: Question, typed: str) -> tuple[Permission | None, str]:
    """The permission that what was typed stands for, and what it covers, or None and why there is none.

    Typed is the command itself, or its beginning; a star after it asks for all commands that begin so.
    """
    tool, plan = question.tool, question.plan
    if typed == plan.line:
        return Permission(tool.name, plan.line), "Covers this very command only."
    beginning = typed.strip().removesuffix(STAR).strip(" ")
    permission = Permission(tool.name, beginning, prefix=True)
    if beginning and (why := unsafe_prefix(words_of(beginning) or ())):
        return None, f"Not as a beginning. {exact(why)}"
    if not beginning or not permission.covers(tool, plan) or (beginning == plan.line and STAR not in typed):
        return None, "That does not cover the command asked about."
    return (
        permission,
        f"Covers every command whose first words are: {' · '.join(map(exact, words_of(beginning) or ()))}",
    )


def permission_label(permission: Permission) -> str:
    """A standing permission in a few words."""
    if not permission.line:
        return permission.tool
    return f"{permission.tool}: {exact(permission.line)}" + (f" {STAR}" if permission.prefix else "")
