"""The tools that come with the program, in the order that models are told of them."""

from modules.tools.calculator import calculate
from modules.tools.clock import current_time
from modules.tools.tool import Tool

BUILT_IN: tuple[Tool, ...] = (current_time, calculate)
