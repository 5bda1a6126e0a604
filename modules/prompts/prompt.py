"""A prompt of one's own: a Markdown file that becomes a command, with what its front matter says of it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct

from modules.errors import ConfigError, FileProblem
from modules.own_files import read_bytes
from modules.prompts.filling import COMMAND, Filled, filled
from modules.prompts.front_matter import FrontMatter, front_matter
from modules.prompts.places import Place
from modules.text.hidden_messages import visible

MOST_BYTES = 256_000  # of a file
DESCRIBED_CHARS = 100  # of the text, where nothing describes it
KNOWN = ("description", "argument-hint", "arguments", "model", "system", "options", "tools")
# Of other programs: what has no meaning here, and does no harm where it is passed over.
IGNORED = (
    "agent",
    "subtask",
    "allowed-tools",
    "disable-model-invocation",
    "name",
    "title",
    "version",
    "user-invocable",
)


class Prompt(Struct, frozen=True):
    """One prompt as it was read. `name` is what is typed, with a colon for each folder that it lies in.

    `content` is the file to the byte, for whoever asks whether it may be used.
    """

    name: str
    path: Path
    place: Place
    content: bytes
    matter: FrontMatter

    @property
    def description(self) -> str:
        """What it is for: what it says, else its first line of words."""
        if said := self.matter.text("description"):
            return said
        lines = (line.strip("#*_`> \t") for line in self.matter.body.splitlines())
        first = next((line for line in lines if line), "")
        return first if len(first) <= DESCRIBED_CHARS else f"{first[: DESCRIBED_CHARS - 1]}…"

    @property
    def usage(self) -> str:
        """The name with what is typed behind it."""
        return f"/{self.name} {' '.join(self.matter.line('argument-hint').split())}".rstrip()

    @property
    def model(self) -> str:
        """The model that it is for; "" for the current one, which Claude Code also calls "inherit"."""
        model = self.matter.text("model")
        return "" if model in ("inherit", "default") else model

    @property
    def system(self) -> str:
        value = self.matter.values.get("system")
        return value.strip() if isinstance(value, str) else ""

    @property
    def tools(self) -> tuple[str, ...] | None:
        """The tools that models may call in its turn; None where nothing is said of them."""
        names = self.matter.names("tools") if self.place.maker == "parlance" else None
        return () if names in (("none",), ("false",)) else names

    @property
    def options(self) -> dict[str, Any]:
        """What is said under "options", by the names of those settings. Raises ConfigError for what they may not be."""
        value = self.matter.values.get("options")
        if value is None or self.place.maker != "parlance":
            return {}
        from modules.settings.checking import checked  # few prompts have any

        given, wrong = checked({"options": value}, "")
        if wrong:
            raise ConfigError(f"{self.path}: {wrong[0].words}", cure="/set options lists them.")
        return {name.removeprefix("options."): one for name, one in given.items()}

    @property
    def commands(self) -> list[str]:
        """The command lines that it asks to be run, as they stand in the file."""
        return [found[1] for found in COMMAND.finditer(self.matter.body)]

    @property
    def remarks(self) -> list[str]:
        """What of its front matter is not followed, in words."""
        names = list(map(str, self.matter.values))
        odd = [name for name in names if name not in (*KNOWN, *IGNORED)]
        passed = [name for name in names if name in IGNORED and name not in ("name", "title", "version")]
        if self.place.maker != "parlance" and "tools" in names:
            passed.append("tools")
        said = [self.matter.trouble] if self.matter.trouble else []
        said += [f"Not known here: {', '.join(odd)}."] if odd else []
        return said + ([f"Not followed here: {', '.join(passed)}."] if passed else [])

    def filled(self, typed: str) -> Filled:
        """Its text with `typed` in its places. Raises UsageError where that lacks something."""
        names: Sequence[str] = self.matter.names("arguments") or ()
        return filled(self.matter.body, typed, names=names, all_named=self.place.maker == "codex")


def read_prompt(name: str, path: Path, place: Place) -> Prompt:
    """The prompt in a file. Raises FileProblem where that cannot be read, is no text, or is larger than any prompt."""
    try:
        content = read_bytes(path, MOST_BYTES)
        text = content.decode("utf-8-sig")
    except OSError as error:
        why = "it is larger than 256 kB" if path.is_file() and path.stat().st_size > MOST_BYTES else error.strerror
        raise FileProblem(f"{path} cannot be read: {why}.", cure="Correct that, or move it away.") from error
    except UnicodeDecodeError as error:
        raise FileProblem(f"{path} is not UTF-8 text.", cure="Save it as UTF-8.") from error
    if place.root is not None:  # what nobody sees in the question about it is not sent either
        text = visible(text)
    return Prompt(name, path, place, content, front_matter(path, text))
