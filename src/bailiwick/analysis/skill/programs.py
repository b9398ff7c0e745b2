"""Programs that skills start, by what they do with data: send, fetch, run, look up."""

import re

from bailiwick.analysis.skill import packages
from bailiwick.model.access import ProgramTarget

PROOF = re.compile(
    r"(?:-H|--header|-u|--user|--oauth2-bearer|--proxy-user|--cookie|-b|--password|--token|-p)(?:=|\s*)(\"[^\"]*\"|'[^']*'|\S+)"
)
IDENTITY = re.compile(
    r"(?:-i|--identity|--cert|--key|-E|--cacert|--env-file|-o\s*IdentityFile=?|--kubeconfig|--netrc-file|--private-key)[ =]+\S*$|-F[ =]+[^\s=@<]*$"
)
SENDERS = frozenset(
    [
        "curl",
        "wget",
        "nc",
        "ncat",
        "netcat",
        "socat",
        "scp",
        "rsync",
        "sftp",
        "ftp",
        "http",
        "https",
        "xh",
        "httpie",
        "telnet",
        "rclone",
        "gsutil",
        "mail",
        "mailx",
        "sendmail",
        "mutt",
        "openssl",
        "aws",
        "az",
        "gh",
        "glab",
        "ssh",
        "curlie",
        "lftp",
        "tftp",
        "psql",
        "mysql",
        "redis-cli",
        "mosquitto_pub",
        "ldapsearch",
        "logger",
        "whois",
        "finger",
        "snmpget",
        "apprise",
        "mongosh",
    ]
)
CARRIERS = frozenset(("rclone", "rsync", "scp", "lftp", "gsutil"))
"""Programs that carry whole directories to another machine."""

OWN_CONFIG = frozenset(
    ("ssh", "scp", "sftp", "rsync", "git", "gh", "glab", "aws", "az", "gcloud", "gsutil", "kubectl", "helm", "docker", "npm", "npx", "pnpm", "yarn", "pip", "twine", "gpg", "psql", "mysql", "terraform", "claude", "codex", "hub", "rclone")
)  # fmt: skip
"""Programs that read credentials of their own, which says nothing of what they send."""

DOWNLOADERS = frozenset(
    ["curl", "wget", "fetch", "aria2c", "http", "https", "xh", "httpie", "curlie", "lwp-request"]
)
FILTERS = frozenset(("jq", "sed", "awk", "cat", "grep", "head", "tail", "tr", "cut", "base64", "gunzip", "zcat", "tee", "pandoc", "html2text", "xmllint"))  # fmt: skip
"""Programs that show what they are given, or part of it."""

SHELLS = frozenset(
    [
        "sh",
        "bash",
        "zsh",
        "dash",
        "ksh",
        "fish",
        "source",
        ".",
        "eval",
        "python",
        "python3",
        "node",
        "perl",
        "ruby",
        "php",
        "osascript",
        "pwsh",
        "powershell",
        "deno",
        "bun",
    ]
)
INTERPRETERS = re.compile(r"python[\d.]*|node|bun|(?:ba|z|da|k)?sh|perl|ruby|php")
NO_CODE = re.compile(
    r"\.(?:csv|tsv|dat|bin|db|png|jpe?g|gif|webp|ico|svg|bmp|pdf|docx?|xlsx?|woff2?|ttf|otf|eot|mp[34]|wav|log|lock|css)$",
    re.IGNORECASE,
)
"""Names of files that hold no code that an interpreter is meant to run."""

LOOKUP = frozenset(
    [
        "traceroute",
        "tracepath",
        "mtr",
        "delv",
        "kdig",
        "dig",
        "nslookup",
        "host",
        "ping",
        "drill",
        "getent",
        "resolvectl",
    ]
)
AGENTS = frozenset(["claude", "codex", "gemini", "opencode", "aider", "cursor-agent", "copilot", "goose"])
DATA = frozenset(
    (
        "-d",
        "--data",
        "--data-raw",
        "--data-binary",
        "--data-urlencode",
        "-F",
        "--form",
        "-T",
        "--upload-file",
        "--json",
        "--post-data",
        "--post-file",
        "--body-data",
        "--body-file",
    )
)
SUBCOMMANDS = frozenset(
    [
        "git",
        "npm",
        "npx",
        "pnpm",
        "yarn",
        "bun",
        "pip",
        "pip3",
        "uv",
        "docker",
        "kubectl",
        "aws",
        "gcloud",
        "az",
        "gh",
        "glab",
        "cargo",
        "go",
        "brew",
        "apt",
        "apt-get",
        "systemctl",
        "terraform",
        "helm",
        "poetry",
        "pipx",
        "conda",
        "security",
        "launchctl",
        "vercel",
        "wrangler",
        "supabase",
        "firebase",
        "heroku",
    ]
)
TOKEN_STORES = re.compile(
    r"\bsecurity\s+(?:find-(?:generic|internet)-password|dump-keychain|export)|\bsecret-tool\s+(?:lookup|search)|\bcmdkey\s+/list|\bpass\s+show\b|\bgh\s+auth\s+token|\bgcloud\s+auth\s+(?:print-access-token|application-default\s+print)|\baws\s+configure\s+(?:get|export)|\bop\s+(?:read|item\s+get)|\bkubectl\s+get\s+secrets?\b[^|\n]*-o|\bvault\s+kv\s+get|\b(?:terraform|tofu)\s+(?:state\s+pull|output\s+-(?:json|raw))|169\.254\.169\.254|metadata\.google\.internal"
)
UPLOADED = re.compile(
    r"(?:-F|--form|-d|--data\S*)[ =]*[\"']?(?:[\w.-]+=)?@[\"']?\$(?!BAILIWICK)\{?\w|(?:-T|--upload-file|--post-file|--body-file)[ =]*[\"']?\$\{?\w"
)
"""A file that is sent, by a variable that names it."""

CLIPBOARD = re.compile(
    r"\b(?:pbpaste|xclip\s+-o|xsel\s+(?:-o|--output)|wl-paste)\b|\bscreencapture\b|\bhistory\b(?!\s*-c)"
)


def takes_code(program: ProgramTarget) -> bool:
    """Whether an interpreter takes its input, or an unknown word, as code. ``python3 -c ...`` takes its input as data."""
    if program.name in ("source", ".", "eval"):
        return True
    for flag in ("-c", "-e"):
        if flag in program.argv[:-1]:
            return program.argv[program.argv.index(flag) + 1] is None
    operands = [word for word in program.argv[1:] if word is None or not word.startswith("-")]
    return not operands or operands[0] in (None, "-") or "-s" in program.argv


def names_file(program: ProgramTarget) -> bool:
    """Whether an interpreter is given a file to run, known or not, and not code itself."""
    if program.name in ("source", ".", "eval") or {"-c", "-e", "-s", "--eval"} & set(program.argv):
        return False
    operands = [word for word in program.argv[1:] if word is None or not word.startswith("-")]
    return len(operands) > 1


def code_of(program: ProgramTarget) -> tuple[str, str] | None:
    """The code that an interpreter is given on its command line, with its language."""
    for name, flag, language in (
        ("python", "-c", "python"),
        ("node", "-e", "javascript"),
        ("node", "--eval", "javascript"),
    ):
        if program.name.startswith(name) and flag in program.argv[:-1]:
            code = program.argv[program.argv.index(flag) + 1]
            return (language, code) if code else None
    return None


def sends(program: ProgramTarget) -> bool:
    """Whether it sends what it is given, and does not only fetch."""
    return program.name not in ("curl", "wget", "http", "https", "xh") or any(
        name in DATA for name, _ in program.options
    )


def method_of(program: ProgramTarget) -> str:
    """The method of its request, ``connect`` where it makes none."""
    given = dict(program.options)
    said = given.get("-X") or given.get("--request") or given.get("--method")
    if said:
        return said.upper()
    return (
        "POST"
        if any(name in DATA for name, _ in program.options)
        else "GET"
        if program.name in DOWNLOADERS
        else "connect"
    )


def implied(program: ProgramTarget | None) -> bool:
    """Whether the files a program touches are its own affair and say nothing of the skill."""
    return program is not None and (
        program.name in ("git", "docker", "kubectl", "gh", "brew") or program.name in packages.INSTALLERS
    )
