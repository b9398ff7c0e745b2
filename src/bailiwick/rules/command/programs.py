"""Names of programs that several rules speak of."""

import re

NETWORK = frozenset(
    (
        *(
            "curl",
            "curlie",
            "wget",
            "wget2",
            "aria2c",
            "http",
            "https",
            "xh",
            "httpie",
            "fetch",
            "lynx",
            "w3m",
            "links",
        ),
        *("nc", "ncat", "netcat", "socat", "telnet", "ftp", "lftp", "tftp", "scp", "sftp", "rsync", "ssh"),
        *("gsutil", "gh", "Invoke-WebRequest", "iwr"),
    )
)
"""Programs whose output may have come from the network."""

_INTERPRETER = re.compile(
    r"(?:ba|da|z|k|mk|a|c|tc|fi)?sh|rbash|busybox|(?:python|pypy|perl|ruby|node|nodejs|lua|luajit|php|tclsh|expect|Rscript|R)"
    r"(?:[\d.]+[a-z]?)?|deno|bun|pwsh|powershell|osascript|groovy|irb|iex|erl|guile|racket|julia|awk|gawk|sqlite3|psql|mysql"
    r"|xargs|source|eval|\."
)


def is_interpreter(name: str) -> bool:
    """Whether the program named ``name`` runs what it reads."""
    return _INTERPRETER.fullmatch(name) is not None
