"""An address in fewer words than a URL, as some servers name their own: a host, a port, or where they listen."""

from urllib.parse import urlsplit

HERE = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "[::1]"}  # where a server listens is no place to connect to
HOSTED = "ollama.com"  # ollama/ollama, envconfig/config.go: the one host that is meant with TLS


def whole_address(text: str, port: int | None) -> str:
    """The URL that is meant. `port` is that of an address which names none; None where only a URL is an address.

    What begins with a scheme keeps the port of that scheme. What is no address at all is given back as it is.
    """
    if port is None:
        return text
    scheme, between, rest = text.partition("://")
    if not between:
        scheme, rest = ("https" if text.strip("/") == HOSTED else "http"), text
        if rest.count(":") > 1 and "[" not in rest:
            rest = f"[{rest}]"
    try:
        url = urlsplit(f"{scheme}://{rest}")
        host, given = url.hostname or "", url.port
    except ValueError:
        return text
    if "@" in url.netloc or (between and host not in HERE):
        return text
    host = HERE.get(host) or (f"[{host}]" if ":" in host else host)
    if given is None and not between and scheme == "http":
        given = port
    return f"{scheme}://{host}{'' if given is None else f':{given}'}{url.path.rstrip('/')}"
