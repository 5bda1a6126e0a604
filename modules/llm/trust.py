"""Which certificates are trusted: the system's, and those that the usual variables name; the same for every client."""

import os
import ssl
import threading
from functools import cache

from modules.config import Config
from modules.errors import ConfigError

VARIABLES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE")
CURE = "Point it at a file of certificates in PEM form, or unset it."

_one_at_a_time = threading.Lock()


def trusted() -> ssl.SSLContext:
    """The context that all connections share: to make one takes some 20 ms, so it is made when first needed.

    Raises ConfigError where a variable names what holds no certificates.
    """
    config = Config()
    named = tuple(found for name in VARIABLES if (found := config.first_set(name)) and found[1])
    with _one_at_a_time:  # services are made in threads
        return _made(named)


@cache
def _made(named: tuple[tuple[str, str], ...]) -> ssl.SSLContext:
    import httpx2  # no start needs it

    # truststore where the system itself must be asked (macOS, Windows); on Linux the same files are read once, since
    # truststore reads them again at every handshake (sethmlarson/truststore#212).
    context = httpx2.create_ssl_context(trust_env=False)
    for variable, path in named:
        _add(context, variable, path)
    return context


def _add(context: ssl.SSLContext, variable: str, path: str) -> None:
    folders = [part for part in path.split(os.pathsep) if os.path.isdir(part)]
    try:
        if folders:
            context.load_verify_locations(capath=os.pathsep.join(folders))
        else:
            context.load_verify_locations(cafile=path)
    except ssl.SSLError as error:
        raise ConfigError(f'{variable} is "{path}", which holds no certificate.', cure=CURE) from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ConfigError(f'{variable} is "{path}", which cannot be read: {reason}.', cure=CURE) from error
