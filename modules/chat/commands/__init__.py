"""The commands, in the order that help shows them."""

from modules.chat.command import CommandRegistry
from modules.chat.commands.answer_commands import go_on, retry
from modules.chat.commands.branch_commands import branch, edit, next_answer, previous_answer, redo, undo
from modules.chat.commands.compact_commands import compact
from modules.chat.commands.context_command import context
from modules.chat.commands.conversation_commands import attach, new, system
from modules.chat.commands.copy_command import copy
from modules.chat.commands.export_command import export
from modules.chat.commands.general_commands import clear, leave, show_config, show_help
from modules.chat.commands.key_commands import key
from modules.chat.commands.mcp_commands import mcp
from modules.chat.commands.model_commands import model, models, reasoning
from modules.chat.commands.paste_command import paste
from modules.chat.commands.pin_commands import pin, pins, unpin
from modules.chat.commands.print_command import print_again
from modules.chat.commands.prompt_commands import instructions, prompts, role
from modules.chat.commands.save_command import save
from modules.chat.commands.session_commands import search, sessions
from modules.chat.commands.settings_commands import set_setting
from modules.chat.commands.theme_command import theme
from modules.chat.commands.title_command import title
from modules.chat.commands.tool_commands import tool, tools
from modules.chat.commands.tree_command import tree
from modules.chat.commands.usage_commands import usage, who
from modules.chat.commands.wire_command import wire

COMMANDS = CommandRegistry(
    show_help, key,
    model, models, reasoning, system, role, instructions, prompts,
    attach, paste,
    retry, go_on, undo, redo, edit, next_answer, previous_answer, branch, tree,
    context, compact, pin, pins, unpin,
    new, title, sessions, search,
    copy, save, print_again, export,
    tools, tool, mcp,
    who, usage, wire,
    set_setting, theme, show_config,
    clear, leave,
)  # fmt: skip
