"""The tools that come with the program, in the order that models are told of them."""

from modules.tools.calculator import calculate
from modules.tools.clock import current_time
from modules.tools.files.editing import edit_file, write_file
from modules.tools.files.finding import list_files, search_files
from modules.tools.files.reading import read_file
from modules.tools.programs.shell import run_command
from modules.tools.tool import Tool
from modules.tools.web.fetch import fetch_url

BUILT_IN: tuple[Tool, ...] = (
    read_file,
    list_files,
    search_files,
    edit_file,
    write_file,
    run_command,
    fetch_url,
    current_time,
    calculate,
)
