"""Which certificates are trusted: the system's, and those that the usual variables name; the same for every client."""

import os
import ssl
import sys
import threading
from functools import cache

from modules.config import Config
from modules.errors import ConfigError

VARIABLES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE")
# Where Linux and BSD systems keep them, for a Python whose OpenSSL looks elsewhere.
FILES = (
    "/etc/ssl/certs/ca-certificates.crt",  # Debian, Arch
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",  # Fedora, RHEL
    "/etc/pki/tls/certs/ca-bundle.crt",  # older RHEL
    "/etc/ssl/ca-bundle.pem",  # SUSE
    "/etc/ssl/cert.pem",  # Alpine, BSD
)
CURE = "Point it at a file of certificates in PEM form, or unset it."

_one_at_a_time = threading.Lock()


def trusted() -> ssl.SSLContext:
    """The context that all connections share: to make one takes some 20 ms, so it is made when first needed.

    Raises ConfigError where a variable names what holds no certificates.
    """
    with _one_at_a_time:  # services are made in threads
        return _made(named())


def named() -> tuple[tuple[str, str], ...]:
    """The variables that name certificates, with what they name."""
    config = Config()
    return tuple(found for name in VARIABLES if (found := config.first_set(name)) and found[1])


@cache
def _made(variables: tuple[tuple[str, str], ...]) -> ssl.SSLContext:
    context = _of_the_system()
    for variable, path in variables:
        _add(context, variable, path)
    return context


def _of_the_system() -> ssl.SSLContext:
    """The system is asked where it has an interface for that (macOS, Windows); elsewhere its files are read, once.

    truststore would read them again at every handshake (sethmlarson/truststore#212).
    """
    if sys.platform in ("darwin", "win32"):
        import truststore  # only there

        return truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    paths = ssl.get_default_verify_paths()  # those that OpenSSL was built with; the variables come on top
    file = next(filter(os.path.isfile, (paths.openssl_cafile, *FILES)), None)
    folder = paths.openssl_capath if os.path.isdir(paths.openssl_capath) else None
    if file or folder:
        context.load_verify_locations(file, folder)
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
