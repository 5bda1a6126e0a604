"""Names that files with secrets go by."""

from collections.abc import Iterable
from fnmatch import fnmatchcase

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
    return any(fnmatchcase(name, one) for one in _FILES) and not any(fnmatchcase(name, one) for one in _HARMLESS)
