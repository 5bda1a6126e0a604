"""Commands that people know from other programs and that are none here: what does the same, in a sentence each."""

from collections.abc import Sequence

_ATTACH = "/attach FILE attaches a file, and so does @FILE in a message."
_RUN = "!COMMAND runs one here, and !!COMMAND gives its output to the next message."
_KEY = "/key takes an API key."
_SET = "/set lists the settings."
_PAST = "/sessions lists the conversations, /search finds what was said, and /print writes this one again."
_TOLD = "/instructions shows all that models are told."
_OPTION = "/set options lists how answers are generated, and /set temperature 0.2 changes it."

ELSEWHERE = {
    **dict.fromkeys(("add", "file", "files", "read", "upload"), _ATTACH),
    **dict.fromkeys(("run", "shell", "sh", "bash", "exec"), _RUN),
    **dict.fromkeys(("login", "auth", "connect", "apikey"), _KEY),
    **dict.fromkeys(("settings", "preferences", "options"), _SET),
    **dict.fromkeys(("history", "log", "messages"), _PAST),
    **dict.fromkeys(("memory", "init", "rules"), _TOLD),
    **dict.fromkeys(("temperature", "top_p", "seed"), _OPTION),
    **dict.fromkeys(("reset", "forget", "restart"), "/new begins a new conversation."),
    **dict.fromkeys(("info", "version", "about"), "/config shows paths and keys, and /context what fills the window."),
    **dict.fromkeys(("provider", "providers"), "/models lists the models of all providers, and /key takes a key."),
    **dict.fromkeys(("stats", "insights", "billing"), "/usage shows tokens and cost."),
    **dict.fromkeys(("load", "open"), "/sessions lists the conversations."),
    **dict.fromkeys(("share", "dump"), "/export writes the conversation to a file."),
    **dict.fromkeys(("agent", "agents", "persona"), "/role gives models the instructions of a role."),
    **dict.fromkeys(("web", "browse"), "/tools shows whether the model can search; /attach URL attaches a page."),
    **dict.fromkeys(("vi", "vim"), "/set keys.vi true has the line edited as in vi."),
    **dict.fromkeys(("multi", "multiline"), "Ctrl+J begins a new line."),
    "bye": "/exit leaves.",
}


def instead_of(name: str, near: Sequence[str]) -> str:
    """What to do in the place of a command that is none, in a sentence; `near` are the names that look like it."""
    guess = f"Did you mean {' or '.join('/' + word for word in near)}?" if near else "/help lists the commands."
    return ELSEWHERE.get(name, guess)
