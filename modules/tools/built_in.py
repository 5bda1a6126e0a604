"""The tools that come with the program, in the order that models are told of them."""

from modules.tools.calculator import calculate
from modules.tools.clock import current_time
from modules.tools.tool import Tool
from modules.tools.web import fetch_url

BUILT_IN: tuple[Tool, ...] = (fetch_url, current_time, calculate)
