"""The arguments of the command line: what there is to say, and what makes no sense together."""

import argparse
import shlex
import sys
from collections.abc import Sequence
from typing import Literal

from modules.chat.subcommand import SUBCOMMANDS
from modules.chat.terminal import streams
from modules.config import VERSION

REFUSE: Literal["refuse"] = "refuse"  # what does not fit: nothing is done about it
PICK = "?"  # in the place of an id: the list of them


class Arguments(argparse.Namespace):
    """What was said on the command line.

    `question` is None where nothing is asked, and "" where only -p was said; with a `template`, a prompt of one's own,
    it is what is typed behind that. `resume` is an id or its beginning, "" for the last conversation of this folder,
    None for a new one. `pick` asks for the list of conversations first, `here` for those of this folder only. `tools`
    are names with commas between, None where nothing was said of them. `interactive` is whether this is a chat: there
    is a terminal, and no question.
    """

    words: list[str]
    question: str | None
    template: str
    model: str
    system: str
    option: list[str]
    schema: str
    attach: list[str]
    attach_text: list[str]
    json: bool
    plain: bool
    json_stream: bool
    extract: bool
    output: str
    send_keys: bool
    tools: str | None
    allow: list[str]
    yes: bool
    resume: str | None
    pick: bool
    here: bool
    no_save: bool
    fit: Literal["refuse", "trim", "compact"]
    list_models: bool
    interactive: bool


class _Said(argparse.Action):
    """Keeps a value that says something, or all of them in a list: an empty one is a variable that nobody has set."""

    def __call__(
        self, parser: argparse.ArgumentParser, namespace: argparse.Namespace, values: object, option: str | None = None
    ) -> None:
        if not str(values).strip():
            raise argparse.ArgumentError(self, "there is nothing in it")
        several = isinstance(self.default, list)
        setattr(namespace, self.dest, [*getattr(namespace, self.dest), values] if several else values)


def parse(argv: Sequence[str] | None) -> Arguments:
    """The arguments; ends the program with code 2 for those that make no sense."""
    parser = argument_parser()
    args, stray = parser.parse_known_args(argv, Arguments())
    if options := [word for word in stray if word.startswith("-")]:
        from modules.text.sanitize import clean

        parser.error(f"unrecognized arguments: {' '.join(map(clean, options))}")
    if words := [*args.words, *stray]:
        args.question = _asked(parser, args, words)
    if args.template and args.question is None:
        args.question = ""
    args.question, args.system = args.question and streams.recovered(args.question), streams.recovered(args.system)
    args.interactive = args.question is None and streams.at_terminal(sys.stdin) and streams.at_terminal(sys.stdout)
    if args.interactive and args.fit != REFUSE:
        parser.error(f'--fit goes with a question: {_again()} "question" --fit {args.fit}')
    args.pick = args.resume == PICK
    args.resume = None if args.pick else args.resume
    if args.pick and not args.interactive:
        parser.error(f"-r alone shows a list to choose from; give the id here. {_again()} sessions prints them")
    for option in ("json", "json_stream", "extract", "output", "schema"):
        if getattr(args, option) and args.interactive and not args.list_models:
            name = f"--{option.replace('_', '-')}{' FILE' if option in ('output', 'schema') else ''}"
            parser.error(f'{name.split()[0]} goes with a question: {_again()} "question" {name}')
    if args.output and args.json_stream:
        parser.error(f'--json-stream is read while it comes: {_again()} "question" --json-stream > FILE')
    if args.schema and args.extract:
        parser.error("-x prints a block of code, and --schema JSON: give one of them")
    return args


def _asked(parser: argparse.ArgumentParser, args: Arguments, words: list[str]) -> str:
    """The question of the words that stand alone. One that looks like a subcommand in other letters is not asked.

    Behind a prompt of one's own each stays the one word that the shell made of it.
    """
    question = args.question
    if args.template and not question:
        return words[0] if len(words) == 1 else shlex.join(words)
    if question:
        parser.error("there are two questions, one after -p and one that stands alone")
    from difflib import get_close_matches  # no chat needs it yet

    if question is None and len(words) == 1 and (near := get_close_matches(words[0], SUBCOMMANDS, 1, 0.75)):
        parser.error(f'"{words[0]}" is no subcommand; did you mean "{near[0]}"? To ask it, put -p before it')
    return " ".join(words)


def _again() -> str:
    from modules.chat.program_name import this_program

    return this_program()


def _subcommands() -> str:
    return ", ".join(f"parlance {name} {one.summary}" for name, one in SUBCOMMANDS.items())


def argument_parser(*, asks: bool = True) -> argparse.ArgumentParser:
    """What a command line may say; completion is made of it, too, where no question stands: it `asks` for none."""
    parser = argparse.ArgumentParser(
        prog="parlance",
        description="One conversation, any model. Without a question it is a chat; /help there lists the commands.",
        epilog=f"Beside the chat: {_subcommands()}; each has a --help of its own. "
        "Exit codes: 0 a whole answer, 1 an error or an answer that is cut, declined, empty or otherwise not "
        "whole, 2 usage, 75 try later, 76 key refused or missing, "
        "77 the provider does not have the model, 130 interrupted.",
    )
    if asks:
        parser.add_argument("words", metavar="QUESTION", nargs="*", help="answer this one question and leave")
    parser.add_argument("-p", "--print", dest="question", metavar="QUESTION", nargs="?", const="",
                        help="the same; what is piped in is added to it, or is the question")  # fmt: skip
    parser.add_argument("--plain", action="store_true",
                        help="no escape sequences, no redrawing, everything in words, as a screen reader wants it; "
                        "ACCESSIBLE=1 does the same")  # fmt: skip
    parser.add_argument("-t", "--template", action=_Said, default="", metavar="NAME",
                        help="ask by a prompt of your own; the question stands in its places")  # fmt: skip
    parser.add_argument("-m", "--model", action=_Said, default="", help="the model: provider:model, a name or an alias")
    parser.add_argument("-s", "--system", default="", help="instructions for the model")
    parser.add_argument("-o", "--option", action="append", default=[], metavar="NAME=VALUE",
                        help="how the answer is generated, as in temperature=0.2; may be repeated. docs/options.md "
                        "names them")  # fmt: skip
    parser.add_argument("--schema", action=_Said, default="", metavar="SCHEMA",
                        help="with -p: the answer is JSON that fits this JSON Schema: a file, JSON itself, or its "
                        'names in short, as in "name, age int"')  # fmt: skip
    parser.add_argument("-a", "--attach", action=_Said, default=[], metavar="FILE",
                        help="attach a picture, PDF, text file, folder or web page; may be repeated")  # fmt: skip
    parser.add_argument("--attach-text", action=_Said, default=[], metavar="FILE",
                        help="attach only the text of a PDF, for models that read none; may be repeated")  # fmt: skip
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true",
                      help="with a question: one JSON object with text, usage, model, stop_reason, error")  # fmt: skip
    form.add_argument("--json-stream", action="store_true",
                      help="with a question: one JSON object a line, as it happens")  # fmt: skip
    form.add_argument("-x", "--extract", action="store_true",
                      help="with a question: only the first block of code of the answer")  # fmt: skip
    parser.add_argument("--output", action=_Said, metavar="FILE", default="",
                        help="with a question: write the answer into a file, once it is whole")  # fmt: skip
    parser.add_argument("--send-keys", action="store_true", help="send a question although it seems to hold an API key")
    parser.add_argument("--fit", choices=(REFUSE, "trim", "compact"), default=REFUSE,
                        help="with -p, where a conversation does not fit the model's window: refuse, trim (leave out "
                        "old tool results, pictures and files) or compact (or else have the rest summed up, which may "
                        "cost)")  # fmt: skip
    _add_tool_arguments(parser)
    saving = parser.add_mutually_exclusive_group()
    saving.add_argument("-c", "--continue", dest="resume", action="store_const", const="",
                        help="go on with the last conversation of this folder")  # fmt: skip
    saving.add_argument("-r", "--resume", action=_Said, metavar="ID", nargs="?", const=PICK,
                        help="go on with the conversation whose id begins so; alone it shows a list")  # fmt: skip
    saving.add_argument("--no-save", action="store_true", help="do not save this conversation")
    parser.add_argument("--here", action="store_true", help="with -r: list only the conversations of this folder")
    parser.add_argument("--list-models", action="store_true", help="list the models and leave")
    parser.add_argument("--version", action="version", version=f"Parlance {VERSION}")
    return parser


def _add_tool_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--tools", metavar="NAMES",
                        help="the tools that are on: names with commas between, all, or none")  # fmt: skip
    parser.add_argument("--allow", action="append", default=[], metavar="NAME",
                        help="let this tool run without asking; NAME:COMMAND for one command only, "
                        'and "NAME:COMMAND *" for those that begin so; may be repeated')  # fmt: skip
    parser.add_argument("--yes", action="store_true", help="let every tool do everything without asking")
