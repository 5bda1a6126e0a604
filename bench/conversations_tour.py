"""One conversation found, branched and taken along: the real program in a pseudo-terminal, and what was sent then.

An older conversation is found by what was said in it, and opened there. A question is edited and asked again elsewhere,
both answers are compared, the tree is walked to the other branch, and it goes on. Then it is exported, imported on a
home that has nothing, and the same next question is asked in both: the requests must be equal to the byte. Prints the
screens and what was compared; the exit code is 1 where they differ.
"""

import sys
import tempfile
from pathlib import Path

from tests.harness.home import Home
from tests.harness.terminal import UP, Terminal
from tests.wire import Answer, Call, Reasoning, Text

COLUMNS, ROWS = 100, 40
GROQ, CLAUDE = "groq:gpt-oss-120b", "anthropic:claude-sonnet-5.5"


def main() -> int:
    """Play it and print it."""
    with tempfile.TemporaryDirectory() as folder, Home(_made(Path(folder) / "one")) as home:
        _answers(home)
        _two_conversations(home)
        chat = home.open("-m", GROQ, columns=COLUMNS, rows=ROWS)
        _find_and_branch(chat)
        chat.ask("/export baikal.json")
        chat.ask("/export baikal.html")
        fresh = _made(Path(folder) / "fresh")
        for name in ("models.yaml", "settings.toml"):
            (fresh / name).write_bytes((home.folder / name).read_bytes())
        there = {"PARLANCE_HOME": str(fresh), "HOME": str(fresh)}
        imported = home.run("import", str(home.folder / "baikal.json"), env=there)
        chat.ask("Where does all of it flow to?")
        chat.prompt().enter("/exit")
        chat.exit_code()
        _print("the conversation", chat.text)
        _print("imported on a fresh home", imported.stdout + imported.stderr)
        _print("its conversations", home.run("sessions", env=there).stdout)
        other = home.open("-c", columns=COLUMNS, rows=ROWS, env=there)
        other.ask("Where does all of it flow to?")
        other.prompt().enter("/exit")
        other.exit_code()
        _print("the same question there", other.text)
        here, over_there = (request.raw for request in home.anthropic.chats[-2:])
        same = here == over_there
        print(f"\n== the two last requests to Anthropic: {len(here)} and {len(over_there)} bytes, "
              f"{'equal to the byte' if same else 'NOT equal'}")  # fmt: skip
        return 0 if same else 1


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def _answers(home: Home) -> None:
    """What the providers will say, in order."""
    home.anthropic.answer(
        Answer(Reasoning("It is in Siberia."), Text("Baikal is **1,642 m** deep, the deepest lake there is.")),
        Answer(Text("It holds a fifth of all unfrozen fresh water.")),
        Answer(Call("calculate", {"expression": "23615 / 90"})),
        Answer(Text("That is 262 times Lake Constance and more.")),
        Answer(Text("It holds about 23,600 cubic kilometres, a fifth of all unfrozen fresh water.")),
        Answer(Text("Into the Angara, and then the Yenisei.")),
        Answer(Text("Into the Angara, and then the Yenisei.")),
    )
    home.groq.answer(
        Answer(Text("Knead it for ten minutes.")),
        Answer(Text("It holds one fifth of the world's unfrozen fresh water, about 23,600 cubic kilometres.")),
    )


def _two_conversations(home: Home) -> None:
    older = home.open("-m", CLAUDE, columns=COLUMNS, rows=ROWS)
    older.ask("How deep is Lake Baikal?")
    older.ask("And how much water does it hold?")
    older.ask("How often would that fill Lake Constance?")
    older.prompt().enter("/exit")
    older.exit_code()
    newer = home.open("-m", GROQ, columns=COLUMNS, rows=ROWS)
    newer.ask("How long do I knead bread dough?")
    newer.prompt().enter("/exit")
    newer.exit_code()


def _find_and_branch(chat: Terminal) -> None:
    """Search, open, edit, ask again elsewhere, compare, walk the tree, go on."""
    chat.prompt().enter("/search fresh water role:assistant").sees("It holds a fifth")
    _print("the search", chat.text)
    chat.type("\r").sees("You stand at that end").prompt()
    chat.enter("/edit 2").prompt("And how much water does it hold?")
    chat.type(" In cubic kilometres, please.").prompt("And how much water does it hold? In cubic kilometres, please.")
    chat.type("\r").prompt()
    chat.ask(f"/retry {GROQ} --diff")
    chat.ask("/branch cubic kilometres")
    chat.prompt().enter("/tree").sees("Enter goes there")
    _print("the tree", chat.text)
    chat.type(UP).sees("1 of 2").type("\r").prompt()
    chat.ask(f"/model {CLAUDE}")


def _print(what: str, text: str) -> None:
    print(f"\n== {what}\n{text.rstrip()}")


if __name__ == "__main__":
    sys.exit(main())
