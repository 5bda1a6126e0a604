"""Installs the real servers into a folder, from the package registries alone: `python -m bench.real.setup FOLDER`.

Needs cmake, a C++ compiler and node with npm. Compiling llama-server takes most of the time, about ten minutes on two
cores. What is there already is left alone.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tarfile
import venv
from pathlib import Path

LLAMA = "llama-cpp-python==0.3.36"  # its source package brings the source of llama.cpp
PYTHON_MCP = ("mcp-server-time", "mcp-server-fetch")
NODE_MCP = tuple(f"@modelcontextprotocol/server-{name}" for name in ("everything", "filesystem", "memory"))
LITELLM = "litellm[proxy]==1.106.2"
GGUF = "gguf==0.19.0"
LEFT_OUT = ("CURL", "OPENSSL", "BUILD_TESTS", "BUILD_EXAMPLES", "BUILD_WEBUI", "BUILD_UI")
FILES = (
    "llama-server", "tiny-random.gguf", "tiny-hostile.gguf", "litellm/bin/litellm",
    *(f"python/bin/{name}" for name in PYTHON_MCP),
    *(f"node/node_modules/.bin/mcp-{name.partition('/')[2]}" for name in NODE_MCP),
)  # fmt: skip


def missing(folder: Path) -> list[str]:
    """Which of the files that the checks start are not there."""
    return [name for name in FILES if not (folder / name).exists()]


def main() -> int:
    """Install what is missing."""
    parser = argparse.ArgumentParser(prog="python -m bench.real.setup", description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    if any(name.startswith("python/") for name in missing(folder)):
        installed(folder / "python", GGUF, *PYTHON_MCP)
    if "llama-server" in missing(folder):
        compile_llama(folder)
    if any(name.endswith(".gguf") for name in missing(folder)):
        script = Path(__file__).with_name("random_model.py")
        run(folder / "python/bin/python", script, folder / "tiny-random.gguf", folder / "tiny-hostile.gguf")
    if any(name.startswith("litellm/") for name in missing(folder)):
        installed(folder / "litellm", LITELLM)
    if any(name.startswith("node/") for name in missing(folder)):
        (folder / "node").mkdir(exist_ok=True)
        run("npm", "install", "--prefix", folder / "node", "--no-audit", "--no-fund", *NODE_MCP)
    lacking = missing(folder)
    print(f"Still missing: {', '.join(lacking)}." if lacking else f"All servers are in {folder}.")
    return int(bool(lacking))


def installed(folder: Path, *packages: str) -> None:
    """Make a virtual environment with these packages."""
    venv.create(folder, with_pip=True)
    run(folder / "bin/pip", "install", "--quiet", *packages)


def compile_llama(folder: Path) -> None:
    """Build llama-server from the source that the Python package carries."""
    work = folder / "llama"
    run(sys.executable, "-m", "pip", "download", "--no-deps", "--no-binary", ":all:", "--dest", work, LLAMA)
    with tarfile.open(next(work.glob("*.tar.gz"))) as archive:
        archive.extractall(work, filter="data")
    source = next(work.glob("*/vendor/llama.cpp"))
    options = ("-DCMAKE_BUILD_TYPE=Release", "-DBUILD_SHARED_LIBS=OFF", *(f"-DLLAMA_{name}=OFF" for name in LEFT_OUT))
    run("cmake", "-S", source, "-B", work / "build", *options)
    run("cmake", "--build", work / "build", "--target", "llama-server", "--parallel", os.cpu_count() or 2)
    shutil.copy2(work / "build/bin/llama-server", folder)


def run(*argv: object) -> None:
    """Run a command to its end. Raises CalledProcessError where it fails."""
    print("+", *argv, flush=True)
    subprocess.run([str(word) for word in argv], check=True)


if __name__ == "__main__":
    raise SystemExit(main())
