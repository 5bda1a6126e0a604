"""A command line as words, where it is nothing but words to a shell as well, and which words vouch for the rest."""

import re
from collections.abc import Sequence

# A word outside quotes, '...', or "..." without what a shell would look into. Everything else is shell syntax.
_WORD = re.compile(r"""(?:[A-Za-z0-9_@%+:,./^=-]|'[^'\n]*'|"[^"$`\\!\n]*")+""")
_ASSIGNMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\+?=")


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


_RESERVED = _names(
    "if then elif else fi for in while until do done case esac select function time coproc"
)  # to some shell, as the first word without quotes

_SHELLS = _names(
    "sh bash dash zsh ksh mksh ash csh tcsh fish busybox toybox rbash rksh lksh yash posh xonsh nu elvish pwsh "
    "powershell cmd eval source . trap"
)
_WRAPPERS = _names(
    "sudo doas su run0 pkexec env exec command builtin nohup nice ionice chrt taskset setsid stdbuf timeout time xargs "
    "parallel watch entr script expect strace ltrace gdb lldb valgrind perf unshare nsenter chroot flock systemd-run "
    "screen tmux at batch caffeinate arch direnv ssh sshpass mosh wine rlwrap unbuffer run-parts runuser setpriv "
    "setarch linux32 linux64 prlimit numactl choom cpulimit firejail bwrap proot fakeroot fakechroot faketime "
    "dbus-run-session dbus-launch xvfb-run start-stop-daemon daemonize dtach hyperfine torsocks torify proxychains "
    "ccache distcc sccache tini dumb-init dotenv op chronic ts"
)
_RUNNING = _names(  # an option of theirs, wherever it stands, runs a program
    "find fd fdfind awk gawk mawk nawk sed ed ex vi vim nvim view emacs nano less more man rsync scp sftp tar zip rg "
    "sort split m4 psql mysql sqlite3 nmap socat ncat nc cpio pax bsdtar tcpdump ip gcc g++ cc c++ clang clang++ ld "
    "cmake dpkg rpm mail mailx mutt wget curl ssh-keygen openssl busctl journalctl crontab emacsclient pg most"
)
_UNFINISHED = _names(  # what they do is said by the word after, and options before it may run anything
    "python pypy node deno bun ruby perl php lua luajit tclsh java rscript r julia osascript npx bunx uvx pipx git hg "
    "svn docker podman kubectl npm pnpm yarn pip uv poetry pipenv pdm hatch rye conda mamba cargo go gh dotnet mvn "
    "gradle bundle rake make gmake just ninja composer apt apt-get brew systemctl terraform ansible tox nox nix"
)
_PASSING_ON = frozenset(("run", "exec", "x", "dlx", "tool"))  # such as "uv run": the words after it are a command


def words_of(line: str) -> list[str] | None:
    """The words that a shell would run this line with; None where it would do anything but that."""
    words: list[str] = []
    at = 0
    line = line.strip(" ")
    while at < len(line):
        found = _WORD.match(line, at)
        if found is None:
            return None
        if not words and (_ASSIGNMENT.match(found[0]) or found[0] in _RESERVED):
            return None
        words.append(re.sub(r"'([^']*)'|\"([^\"]*)\"", lambda quoted: quoted[1] or quoted[2] or "", found[0]))
        at = found.end()
        if at < len(line):
            if line[at] != " ":
                return None
            at += len(line) - at - len(line[at:].lstrip(" "))
    if not words or words[0].startswith("%"):  # to bash, a job
        return None
    return words


def unsafe_prefix(words: Sequence[str]) -> str:
    """Why these words say too little of what runs to allow every line that begins with them; "" where they do not.

    It knows the usual ones and no more: a program that is allowed in this way may do all that its options offer.
    """
    if not words or not words[0]:
        return "There is no command in it."
    name = words[0].rpartition("/")[2].lower()
    name = re.sub(r"(\.exe|[\d.]+)$", "", name) or name
    rest = list(words[1:])
    if name in _SHELLS or name in _WRAPPERS:
        return f'"{words[0]}" runs whatever command follows it.'
    if name in _RUNNING:
        return f'"{words[0]}" can run other programs, by what follows it.'
    if name not in _UNFINISHED:
        return ""
    if rest[:1] == ["-m"]:
        rest = rest[1:]
    if not rest or not rest[0] or rest[0].startswith("-"):
        return f'"{words[0]}" can run anything: add the word that says what it does.'
    if rest[0] in _PASSING_ON:
        return unsafe_prefix(rest[1:]) if rest[1:] else f'"{words[0]} {rest[0]}" runs whatever command follows it.'
    return ""
