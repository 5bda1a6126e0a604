"""The tools that come with the program, in the order in which they are declared to models."""

from modules.tools.calculator import calculate
from modules.tools.clock import current_time
from modules.tools.files.edit_files import edit_file, write_file
from modules.tools.files.read_file import read_file
from modules.tools.files.search_files import list_files, search_files
from modules.tools.programs.shell import run_command
from modules.tools.tool import Tool
from modules.tools.web.fetch import fetch_url
from modules.tools.web.search import web_search

BUILT_IN: tuple[Tool, ...] = (
    read_file,
    list_files,
    search_files,
    edit_file,
    write_file,
    run_command,
    fetch_url,
    web_search,
    current_time,
    calculate,
)
