"""`parlance doctor` says what is missing or wrong around the conversations, and each cure that it names works."""

from pathlib import Path

import pytest

from tests.harness.home import Home


def said(home: Home, **env: str) -> str:
    """What the doctor says; where there are no faults the exit code is 0."""
    done = home.run("doctor", env=env, python=("-B",))
    lines = done.stdout.splitlines()
    assert done.returncode == (1 if any(line.startswith("fault") for line in lines) else 0), done.stdout + done.stderr
    return done.stdout


def test_a_good_installation_has_no_fault_and_names_its_keys(home: Home) -> None:
    told = said(home)
    assert "fault" not in told
    assert "Keys: ANTHROPIC_API_KEY, OPENAI_API_KEY, GROQ_API_KEY" in told


def test_without_a_key_the_way_to_one_is_named(home: Home) -> None:
    home.keys.clear()
    assert 'No key is set; only the built-in guide answers. Type "/key" in the chat.' in said(home)


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("settings.toml", "[screen]\nwidht = 3\n", "widht"),
        ("models.yaml", "providers: [", "models.yaml"),
        ("mcp.json", "{", "mcp.json"),
        ("mcp.json", '{"mcpServers": {"x": {"command": "no-such-program"}}}', 'starts "no-such-program"'),
    ],
    ids=["settings", "models", "servers", "a-server-that-is-not-there"],
)
def test_a_file_with_a_mistake_is_a_fault_with_its_place(home: Home, name: str, text: str, told: str) -> None:
    (home.folder / name).write_text(text)
    fault = next(line for line in said(home).splitlines() if line.startswith("fault"))
    assert told in fault
    (home.folder / name).unlink()


def test_keys_that_others_can_read_are_a_fault_and_the_cure_mends_it(home: Home) -> None:
    path = home.folder / ".env"
    path.write_text("GROQ_API_KEY=gsk_test_0123456789\n")
    path.chmod(0o644)
    line = next(line for line in said(home).splitlines() if line.startswith("fault"))
    command = line.split("Type: ")[1].split()
    assert command[:2] == ["chmod", "600"]
    Path(command[2]).chmod(0o600)
    assert "fault" not in said(home)


def test_an_editor_and_certificates_that_are_not_there_are_named(home: Home) -> None:
    told = said(home, VISUAL="no-such-editor", SSL_CERT_FILE="/no/such/file")
    assert "The editor no-such-editor" in told
    assert "SSL_CERT_FILE names /no/such/file, which is not there." in told
