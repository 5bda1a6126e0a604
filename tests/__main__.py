"""The whole check in one command: `python -m tests`. Formatting, lint, types, the floor plan, then the tests."""

import subprocess
import sys
import time

PYTHON = sys.executable
STEPS = (
    ("format", [PYTHON, "-m", "ruff", "format", "--check", "--quiet", "."]),
    ("lint", [PYTHON, "-m", "ruff", "check", "--quiet", "."]),
    ("types", [PYTHON, "-m", "mypy"]),
    ("floor plan", [PYTHON, "-c", "from importlinter.cli import lint_imports_command as run; run()"]),
    ("tests", [PYTHON, "-m", "pytest", "-n", "3", *sys.argv[1:]]),
)


def main() -> int:
    """Run every step, whatever the others say; the exit code is 1 if any of them failed."""
    failed = []
    began = time.monotonic()
    for name, command in STEPS:
        print(f"== {name}", flush=True)
        if subprocess.run(command, check=False).returncode:
            failed.append(name)
    print(
        f"== {'failed: ' + ', '.join(failed) if failed else 'all good'} in {time.monotonic() - began:.0f} s", flush=True
    )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
