"""The system's keyring, through the package `keyring`: asked in a thread of its own, and waited for a few seconds.

A keyring may ask the person to unlock it, wait for a bus that never answers, or not be there at all
(jaraco/keyring#569, mitya57/secretstorage#33). The package takes a tenth of a second to load, so only who wants a key
of it loads it.
"""

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from modules.errors import KeyringFailed
from modules.keys.keyring_names import KeyringNames

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

SERVICE = "parlance"  # what the keyring's own program shows it under, with the variable as the name
PATIENCE_SECONDS = 3.0


class _Errand:
    """One thing asked of the keyring; it goes on where nobody waits any more, and may be waited for again."""

    def __init__(self, work: Callable[[], str | None]) -> None:
        self._work = work
        self._value: str | None = None
        self._error: BaseException | None = None
        self._done = threading.Event()
        threading.Thread(target=self._run, name="keyring", daemon=True).start()

    def result(self) -> str | None:
        """What came of it. Raises KeyringFailed."""
        if not self._done.wait(PATIENCE_SECONDS):
            problem = f"The keyring has not answered for {PATIENCE_SECONDS:.0f} seconds."
            raise KeyringFailed(problem, cure="It may be locked: unlock it, and try again.")
        if isinstance(self._error, KeyringFailed):
            raise self._error
        if self._error is not None:
            # Its words are not passed on: what a backend puts into them is not known, and a key might be among it.
            raise KeyringFailed(f"The keyring failed ({type(self._error).__name__}).") from None
        return self._value

    @property
    def is_open(self) -> bool:
        return not self._done.is_set()

    def _run(self) -> None:
        try:
            self._value = self._work()
        except BaseException as error:  # a backend may raise anything, and another thread hears of it
            self._error = error
        finally:
            self._done.set()


class SystemKeyring:
    """Keys by their variables. What was read once is kept for the run, until it is put there anew."""

    def __init__(self, names: KeyringNames) -> None:
        self._names = names
        self._known: dict[str, tuple[int, str]] = {}
        self._errands: dict[str, _Errand] = {}

    def holds(self, variable: str) -> bool:
        """Whether a key of this variable was put there; the keyring is not asked."""
        return variable in self._names.all()

    def known(self, variable: str) -> str:
        """The key as far as it was read in this run, else ""."""
        when, value = self._known.get(variable, (0, ""))
        return value if value and when == self._names.all().get(variable) else ""

    def read(self, variable: str) -> str:
        """The key, waited for. Raises KeyringFailed, where there is none, too."""
        if value := self.known(variable):
            return value
        when = self._names.all().get(variable, 0)
        errand = self._errands.get(variable)
        if errand is None or not errand.is_open:  # else the one that hangs is waited for once more
            errand = self._errands[variable] = _Errand(lambda: _backend().get_password(SERVICE, variable))
        if not (value := errand.result() or ""):
            raise KeyringFailed(f"The keyring holds no {variable} any more.")
        self._known[variable] = (when, value)
        return value

    def check(self) -> None:
        """Raises KeyringFailed where there is none that could keep a key."""

        def look() -> None:
            _backend()

        _Errand(look).result()

    def store(self, variable: str, value: str) -> None:
        """Put a key there, and look whether it is. Raises KeyringFailed, OSError where its name cannot be kept."""

        def put() -> str | None:
            backend = _backend()
            backend.set_password(SERVICE, variable, value)
            return backend.get_password(SERVICE, variable)

        if _Errand(put).result() != value:
            raise KeyringFailed("The keyring did not keep the key.")
        self._names.add(variable)
        self._known[variable] = (self._names.all().get(variable, 0), value)

    def remove(self, variable: str) -> None:
        """Take a key out. Raises KeyringFailed, OSError."""

        def take() -> None:
            backend = _backend()
            if backend.get_password(SERVICE, variable) is not None:
                backend.delete_password(SERVICE, variable)

        _Errand(take).result()
        self._known.pop(variable, None)
        self._names.remove(variable)


def _backend() -> "KeyringBackend":
    """The keyring that the package chooses. Raises KeyringFailed where it finds none."""
    try:
        import keyring
        from keyring.backends.fail import Keyring as NoKeyring
    except ImportError as error:
        raise KeyringFailed("The package for the system's keyring is not installed.") from error
    backend = keyring.get_keyring()
    if isinstance(backend, NoKeyring):  # as on Linux without a desktop
        raise KeyringFailed("This system has no keyring that could be used.")
    return backend
