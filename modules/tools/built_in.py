"""The tools that come with the program, in the order that models are told of them."""

from modules.tools.shell import run_command
from modules.tools.tool import Tool

BUILT_IN: tuple[Tool, ...] = (run_command,)
