"""Names that files with secrets go by."""

import re
from collections.abc import Iterable
from fnmatch import translate
from functools import cache

_FILES = (
    ".env*", "*.env", "*.pem", "*.key", "*.p12", "*.pfx", "*.jks", "*.keystore", "*.kdbx", "*.ppk",
    "id_rsa*", "id_dsa*", "id_ecdsa*", "id_ed25519*", ".netrc", "_netrc", ".npmrc", ".pypirc", ".pgpass", ".my.cnf",
    ".git-credentials", ".htpasswd", ".vault-token", ".dockercfg", "secrets.y*ml", "secrets.json", "secrets.toml",
    "credentials", "credentials.json", "credentials.toml", "credentials.y*ml", "credentials.tfrc.json",
    "client_secret*.json", "service-account*.json", "service_account*.json", "application_default_credentials.json",
    ".*_history", ".*-history", ".lesshst", ".viminfo", ".s3cfg", ".boto", "rclone.conf", "*.tfstate", "*.tfvars",
    "*.gpg", "*.age", "wallet.dat", "cookies.sqlite", "logins.json", "shadow", "gshadow",
)  # fmt: skip
_FOLDERS = (".git", ".ssh", ".aws", ".gnupg", ".kube", ".docker", ".azure", "gcloud", ".password-store", "keyrings")
_HARMLESS = (".env.example", ".env.sample", ".env.template", ".env.dist", "*.pub")


def is_secret(names: Iterable[str]) -> bool:
    """Whether one of these names, the parts of a path, is one that secrets are kept under, in upper or lower case."""
    return any(_is_secret(name.casefold()) for name in names)


def _is_secret(name: str) -> bool:
    if name in _FOLDERS:
        return True
    return bool(_any(_FILES).match(name)) and not _any(_HARMLESS).match(name)


@cache
def _any(patterns: tuple[str, ...]) -> re.Pattern[str]:
    """All of them in one expression: it is asked about every file that a search comes to."""
    return re.compile("|".join(map(translate, patterns)))
