"""The whole check in one command: `python -m tests`. Format, lint, types, floor plan, dependencies, the tests."""

import os
import subprocess
import sys
import tempfile
import time

PYTHON = sys.executable
TYPES = [PYTHON, "-m", "mypy"]
# Whatever is imported is declared. The program may import nothing that only the extras for development bring.
DECLARED = [PYTHON, "-m", "deptry", "."]
OF_THE_PROGRAM = ["--extend-exclude", "^(tests|bench|docs)/", "--extend-exclude", "^hatch_build"]
OF_ALL = ["--exclude", r"(^|/)(\.|venv/|build/)", "--ignore", "DEP002,DEP004"]
STEPS = (
    ("format", [PYTHON, "-m", "ruff", "format", "--check", "--quiet", "."]),
    ("lint", [PYTHON, "-m", "ruff", "check", "--quiet", "."]),
    ("floor plan", [PYTHON, "-c", "from importlinter.cli import lint_imports_command as run; run()"]),
    ("dependencies", [*DECLARED, *OF_THE_PROGRAM]),
    ("dependencies of the tests", [*DECLARED, *OF_ALL]),
    ("tests", [PYTHON, "-m", "pytest", "-n", "6", "-m", "not alone", *sys.argv[1:]]),
    ("tests that run alone", [PYTHON, "-m", "pytest", "-m", "alone"]),
)


def main() -> int:
    """Run every step, whatever the others say; the exit code is 1 if any of them failed."""
    failed = []
    began = time.monotonic()
    # Many tests start Python again and again, in which nothing of ours should have to be compiled each time.
    env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    with tempfile.TemporaryFile() as said:
        # The types take one core for as long as the tests, which often wait, leave one free.
        types = subprocess.Popen(TYPES, stdout=said, stderr=subprocess.STDOUT, env=env)
        for name, command in STEPS:
            print(f"== {name}", flush=True)
            if subprocess.run(command, check=False, env=env).returncode:
                failed.append(name)
        print("== types", flush=True)
        if types.wait():
            failed.append("types")
        said.seek(0)
        print(said.read().decode(errors="replace"), end="")
    print(
        f"== {'failed: ' + ', '.join(failed) if failed else 'all good'} in {time.monotonic() - began:.0f} s", flush=True
    )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
