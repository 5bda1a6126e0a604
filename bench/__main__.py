"""`python -m bench` lists the benchmarks, `python -m bench startup engine` runs these two, `... all` runs all."""

import ast
import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).parent
SHARED = ("__init__", "__main__", "rig", "home_tour_stage", "server_tour_mcp", "token_texts")
APART = ("real_servers",)  # wants servers that others wrote, which nobody has by chance


def main() -> int:
    """Run those named, each in a process of its own; the exit code is 1 if one of them failed."""
    names = sorted(path.stem for path in FOLDER.glob("*.py") if path.stem not in SHARED)
    wanted = [name for name in names if name not in APART] if sys.argv[1:] == ["all"] else sys.argv[1:]
    if unknown := [name for name in wanted if name not in names]:
        print(f"There is no benchmark {', '.join(unknown)}.")
    if unknown or not wanted:
        for name in names:
            print(f"{name:14}{_first_line(name)}")
        return 2 if unknown else 0
    failed = []
    for name in wanted:
        print(f"== {name}: {_first_line(name)}", flush=True)
        if subprocess.run([sys.executable, "-m", f"bench.{name}"], check=False).returncode:
            failed.append(name)
    return 1 if failed else 0


def _first_line(name: str) -> str:
    return (ast.get_docstring(ast.parse((FOLDER / f"{name}.py").read_text())) or "").partition("\n")[0]


if __name__ == "__main__":
    sys.exit(main())
