"""Keyrings of a person's system, as backends of the package `keyring`: one in a file, and what goes wrong with one."""

import json
from pathlib import Path

from tests.harness.home import Home

BACKENDS = '''
import json, os, time
from keyring.backend import KeyringBackend

PATH = os.path.join(os.environ["HOME"], "ring.json")


class File(KeyringBackend):
    priority = 9

    def _all(self):
        try:
            with open(PATH) as file:
                return json.load(file)
        except FileNotFoundError:
            return {}

    def _keep(self, keys):
        with open(PATH, "w") as file:
            json.dump(keys, file)

    def get_password(self, service, username):
        return self._all().get(f"{service} {username}")

    def set_password(self, service, username, password):
        self._keep({**self._all(), f"{service} {username}": password})

    def delete_password(self, service, username):
        self._keep({name: key for name, key in self._all().items() if name != f"{service} {username}"})


class Hanging(File):
    def get_password(self, *words):
        time.sleep(600)

    set_password = delete_password = get_password


class Failing(File):
    def get_password(self, *words):
        raise RuntimeError(f"broken: {words}")

    set_password = delete_password = get_password


class Locked(File):
    """It opens, and then takes nothing."""

    def set_password(self, *words):
        raise RuntimeError(f"locked: {words}")


class Forgetting(File):
    def set_password(self, *words):
        pass
'''
NONE = "keyring.backends.fail.Keyring"  # what the package finds on a system without any


def ring(home: Home, name: str) -> dict[str, str]:
    """The environment of a system with this keyring: the name of a class above, or NONE."""
    (home.folder / "rings.py").write_text(BACKENDS)
    return {"PYTHONPATH": str(home.folder), "PYTHON_KEYRING_BACKEND": name if name == NONE else f"rings.{name}"}


def kept_in_ring(home: Home) -> dict[str, str]:
    """What the keyring in a file holds, by variable."""
    path: Path = home.folder / "ring.json"
    keys: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
    return {name.removeprefix("parlance "): key for name, key in keys.items()}


def put_in_ring(home: Home, variable: str, key: str) -> None:
    """As if an earlier run had put it there."""
    (home.folder / "ring.json").write_text(json.dumps({f"parlance {variable}": key}))
    (home.folder / "state").mkdir(exist_ok=True)
    (home.folder / "state" / "keyring.json").write_text(json.dumps({variable: 1}))
