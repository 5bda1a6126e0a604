"""A home with everything that a person can settle and bring: settings, prompts, skills, plugins, and a large folder."""

from pathlib import Path

from tests.harness.home import Home

PROMPTS, SKILLS, PLUGINS, FILES = 200, 50, 20, 100_000
SETTINGS = """
[start]
model = "offline:guide"
[options]
temperature = 0.2
max_output = 4000
[models]
refresh = false
favourites = ["sonnet", "groq:gpt-oss-120b"]
reasoning = {"openai:gpt-6.1-sol" = "high"}
[screen]
width = 90
theme = "auto"
status = ["model", "window", "cost", "folder"]
[keys]
vi = true
bind = {"f6" = "next-favourite"}
[notify]
after = 20
[budget]
turn = 0.5
session = 5
day = 10
month = 100
[send]
never_to = ["deepseek"]
[search]
engine = "searxng"
url = "http://localhost:8888"
[tools]
environment = ["AWS_PROFILE"]
allow = {"~/work" = ["run_command:git status"]}
"""


def furnish(home: Home) -> Path:
    """Fill the home; the folder of many files, to work in."""
    config = home.folder
    (config / "settings.toml").write_text(SETTINGS)
    (config / ".env").write_text("MISTRAL_API_KEY=0123456789abcdef\n")
    (config / ".env").chmod(0o600)
    for number in range(PROMPTS):
        folder = config / "prompts" / f"group{number % 5}"
        folder.mkdir(parents=True, exist_ok=True)
        text = f"---\ndescription: Prompt {number}\n---\nDo number {number} with $ARGUMENTS and @notes.md.\n"
        (folder / f"prompt{number}.md").write_text(text)
    for number in range(SKILLS):
        folder = config / "skills" / f"skill-{number}"
        folder.mkdir(parents=True)
        (folder / "SKILL.md").write_text(f"---\nname: skill-{number}\ndescription: Does {number}.\n---\nDo it.\n")
    for number in range(PLUGINS):
        _plugin(config / "site", number)
    work = config / "work"
    for number in range(FILES):
        if number % 1000 == 0:
            (work / f"part{number // 1000}").mkdir(parents=True)
        (work / f"part{number // 1000}" / f"file{number}.txt").touch()
    return work


def _plugin(site: Path, number: int) -> None:
    """A package as an installer leaves it."""
    name = f"plugin{number}"
    about = site / f"{name}-1.0.dist-info"
    about.mkdir(parents=True)
    (site / f"{name}.py").write_text(
        "from parlance.chat.command import command\n\n"
        f"@command('/{name}')\nasync def run(chat, args):\n    'Does {number}.'\n"
    )
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(f"[parlance.commands]\n{name} = {name}:run\n")
