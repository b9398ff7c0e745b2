"""Which files, variables and hosts mean something: credentials, memory, settings, start-up files, drop boxes."""

import re
from dataclasses import dataclass
from functools import lru_cache

from bailiwick.analysis.skill.facts import Origin


@dataclass(frozen=True, slots=True)
class Kept:
    """A file that holds something: a pattern of its path, what it holds, and the hosts it is meant for."""

    pattern: re.Pattern[str]
    origin: Origin
    what: str
    hosts: tuple[str, ...] = ()


def _kept(pattern: str, origin: Origin, what: str, *hosts: str) -> Kept:
    return Kept(re.compile(pattern, re.IGNORECASE), origin, what, hosts)


_C = Origin.CREDENTIALS
KEPT: tuple[Kept, ...] = (
    _kept(r"(?:^|/)\.ssh(?:/(?!known_hosts|config\b|\*\.pub)[^\s]*|/?$)(?<!\.pub)", _C, "SSH keys"),
    _kept(r"(?:^|/)id_(?:rsa|dsa|ecdsa|ed25519)$", _C, "an SSH key"),
    _kept(
        r"(?:^|/)\.aws(?:/(?:credentials|sso|cli|\*+).*|/?$)",
        _C,
        "AWS credentials",
        "amazonaws.com",
        "aws.amazon.com",
    ),
    _kept(
        r"(?:^|/)\.(?:config/)?gcloud\b|application_default_credentials\.json",
        _C,
        "Google Cloud credentials",
        "googleapis.com",
        "google.com",
    ),
    _kept(
        r"(?:^|/)\.azure(?:/|$)", _C, "Azure credentials", "azure.com", "microsoftonline.com", "windows.net"
    ),
    _kept(r"(?:^|/)\.kube(?:/(?:config|\*+)|/?$)", _C, "Kubernetes credentials"),
    _kept(
        r"(?:^|/)\.docker(?:/config\.json|/\*+|/?$)",
        _C,
        "container registry credentials",
        "docker.io",
        "docker.com",
        "ghcr.io",
    ),
    _kept(r"(?:^|/)\.netrc$|(?:^|/)_netrc$", _C, "network credentials"),
    _kept(r"(?:^|/)\.npmrc$", _C, "npm credentials", "npmjs.org", "npmjs.com"),
    _kept(r"(?:^|/)\.pypirc$", _C, "PyPI credentials", "pypi.org"),
    _kept(
        r"(?:^|/)\.git-credentials$|(?:^|/)\.config/gh/hosts\.yml|(?:^|/)\.config/gh/?$",
        _C,
        "git credentials",
        "github.com",
        "gitlab.com",
    ),
    _kept(r"(?:^|/)\.gnupg(?:/|$)", _C, "GnuPG keys"),
    _kept(r"(?:^|/)\.password-store(?:/|$)|\.kdbx$", _C, "a password store"),
    _kept(
        r"(?:^|/)\.claude/\.credentials\.json|(?:^|/)\.claude\.json$|(?:^|/)\.codex/auth\.json",
        _C,
        "the agent's own credentials",
        "anthropic.com",
        "claude.ai",
        "openai.com",
    ),
    _kept(
        r"(?:^|/)\.(?:clawdbot|openclaw|moltbot)/(?:\.env|.*(?:credential|auth|openclaw\.json|\*))",
        _C,
        "the agent's own credentials",
    ),
    _kept(
        r"(?:^|/)(?:\.env(?:\.?\*)?|\.env\.(?!example|sample|template|dist)[\w.-]+)$",
        _C,
        "an environment file",
    ),
    _kept(r"(?:^|/)\.m2/settings(?:-security)?\.xml$", _C, "Maven credentials", "maven.org", "apache.org"),
    _kept(r"(?:^|/)\.gradle/gradle\.properties$", _C, "Gradle credentials", "gradle.org"),
    _kept(r"(?:^|/)\.(?:pgpass|my\.cnf|mylogin\.cnf|Renviron)$", _C, "database passwords"),
    _kept(r"(?:^|/)\.vault-token$|(?:^|/)\.config/op(?:/|$)", _C, "a vault's token"),
    _kept(r"(?:^|/)\.terraform\.d/credentials", _C, "Terraform credentials", "terraform.io", "hashicorp.com"),
    _kept(
        r"(?:^|/)(?!example|sample)[^/]*\.(?:tfvars|tfstate)(?:/\*\*)?$",
        _C,
        "Terraform's state and variables",
        "terraform.io",
        "hashicorp.com",
    ),
    _kept(r"(?:^|/)\.cargo/credentials(?:\.toml)?$", _C, "crates credentials", "crates.io"),
    _kept(r"(?:^|/)\.gem/credentials$", _C, "gem credentials", "rubygems.org"),
    _kept(r"(?:^|/)\.composer/auth\.json$", _C, "Composer credentials", "packagist.org"),
    _kept(
        r"(?:^|/)(?:\.cache/huggingface|\.huggingface)/(?:token|stored_tokens)$",
        _C,
        "Hugging Face credentials",
        "huggingface.co",
    ),
    _kept(
        r"(?:^|/)\.(?:databrickscfg|boto|s3cfg|snowsql/config|oci/config|fly/config\.yml|config/doctl/config\.yaml|config/rclone/rclone\.conf|config/stripe/config\.toml|config/hub)$",
        _C,
        "cloud credentials",
        "databricks.com",
        "snowflakecomputing.com",
        "oraclecloud.com",
        "fly.io",
        "digitalocean.com",
        "stripe.com",
        "github.com",
    ),
    _kept(r"^~/(?:[^/]+/)*[^/]*\.(?:pem|p12|pfx|ppk|jks|ovpn)$", _C, "private keys"),
    _kept(
        r"^~/\.[\w./*-]*\*[\w.*-]*(?:token|credential|secret|passw)[\w.*-]*$", _C, "tokens, wherever they are"
    ),
    _kept(
        r"^~/(?:Documents|Desktop|Pictures)(?:/\*\S*)?/?$|(?:^|/)(?:Documents|Desktop|Pictures)/\*",
        Origin.PERSONAL,
        "the person's documents",
    ),
    _kept(r"/etc/(?:shadow|gshadow|sudoers)", _C, "the system's passwords"),
    _kept(r"/(?:var/)?run/secrets/|/proc/(?:self|\d+|\*)/environ", _C, "secrets of the container"),
    _kept(
        r"(?:Login Data|Cookies|logins\.json|key4\.db|cookies\.sqlite|Local State|Web Data)$",
        _C,
        "browser passwords or cookies",
    ),
    _kept(
        r"(?:Google/Chrome|BraveSoftware|Mozilla/Firefox|\.mozilla/firefox|google-chrome|Chromium)(?:/|$)",
        _C,
        "the browser's profile",
    ),
    _kept(r"Library/Keychains|login\.keychain", _C, "the keychain"),
    _kept(
        r"(?:^|/)(?:\.bitcoin|\.ethereum|\.electrum|\.solana|\.config/solana|Exodus|Electrum|MetaMask|Ledger Live|wallet\.dat|keystore)(?:/|$)|/id\.json$|nkbihfbeogaeaoehlefnkodbefgpgknn",
        _C,
        "a wallet",
    ),
    _kept(
        r"(?:^|/)\.(?:bash_history|zsh_history|python_history|node_repl_history|psql_history|histfile)$|fish_history",
        Origin.PERSONAL,
        "the shell's history",
    ),
    _kept(
        r"(?:^|/)\.claude/(?:projects|history|transcripts|sessions|todos)\b",
        Origin.CONVERSATION,
        "the agent's conversations",
    ),
    _kept(r"Library/Messages/chat\.db|(?:^|/)\.thunderbird|Library/Mail(?:/|$)", Origin.PERSONAL, "messages"),
)

_MEMORY = re.compile(
    r"(?:^|/)(?:CLAUDE(?:\.local)?|AGENTS|GEMINI|MEMORY|SOUL|IDENTITY|HEARTBEAT|copilot-instructions)\.md$"
    r"|(?:^|/)\.(?:cursorrules|windsurfrules|clinerules)$|(?:^|/)\.(?:cursor|claude)/rules(?:/|$)"
    r"|(?:^|/)\.claude/(?:agent-)?memory(?:/|$)|/memory/MEMORY\.md$"
)
_CONFIG = re.compile(
    r"(?:^|/)\.claude/settings(?:\.local)?\.json$|(?:^|/)managed-settings\.json$|(?:^|/)\.claude\.json$|(?:^|/)\.mcp\.json$"
    r"|claude_desktop_config\.json$|(?:^|/)\.claude/(?:hooks|commands|agents|skills|plugins)(?:/|$)"
    r"|(?:^|/)\.(?:cursor|vscode|gemini|codex)/(?:mcp|settings|hooks|config)\.(?:json|toml)$|(?:^|/)\.openclaw/openclaw\.json$"
)
_STARTUP = re.compile(
    r"(?:^|/)\.(?:bashrc|bash_profile|bash_login|profile|zshrc|zshenv|zprofile|zlogin|xinitrc|xprofile)$|(?:^|/)(?:\.local/bin|usr/local/s?bin|usr/bin|~/bin)/(?:git|sudo|su|ssh|scp|curl|wget|ls|cat|env|ba?sh|zsh|pip3?|python3?|npm|ps|which)$|/etc/(?:profile|cron|rc\.local|systemd|init\.d|ld\.so\.preload)"
    r"|(?:^|/)\.config/(?:autostart|systemd|fish)(?:/|$)|Library/Launch(?:Agents|Daemons)|(?:^|/)\.ssh/(?:authorized_keys|rc)$|/var/spool/cron"
    r"|(?:^|/)\.git/hooks/(?!.*\.sample)|(?:^|/)\.gitconfig$|sitecustomize\.py$|usercustomize\.py$|\.pth$|Start Menu/Programs/Startup",
    re.IGNORECASE,
)
_VARIABLE = re.compile(
    r"(?:^|_)(?:API_?KEY|APIKEY|KEY|SECRET|TOKEN|PASSWORD|PASSWD|PWD|PAT|CREDENTIALS?|AUTH|PRIVATE_KEY|ACCESS_KEY(?:_ID)?|SESSION|COOKIE|MNEMONIC|SEED|DSN)(?:_\w+)?$",
    re.IGNORECASE,
)
DROPS = re.compile(
    r"(?:^|\.)(?:webhook\.site|requestbin\.\w+|pipedream\.net|beeceptor\.com|hookbin\.com|requestcatcher\.com|interact\.sh|oast\.\w+|oastify\.com"
    r"|burpcollaborator\.net|canarytokens\.\w+|dnslog\.\w+|ceye\.io|ngrok(?:-free)?\.(?:io|app|dev)|trycloudflare\.com|serveo\.net|loca\.lt|localhost\.run"
    r"|transfer\.sh|file\.io|0x0\.st|termbin\.com|paste\.rs|ix\.io|catbox\.moe|gofile\.io|anonfiles\.com|bashupload\.com|temp\.sh|hastebin\.com|requestinspector\.com|ptsv\d?\.com|putsreq\.com|mockbin\.\w+|webhook\.cool|typedwebhook\.tools)$"
)
"""Hosts where anybody can read or collect what is sent, without a name."""

PASTES = re.compile(
    r"(?:^|\.)(?:glot\.io|rentry\.(?:co|org)|pastebin\.com|paste\.ee|ghostbin\.\w+|hastebin\.com|dpaste\.\w+|controlc\.com|telegra\.ph|justpaste\.it|notes\.io|privatebin\.\w+|pastes?\.\w+|snippet\.host|paste\.sh|gist\.github(?:usercontent)?\.com|0x0\.st|ix\.io|termbin\.com)$"
)
"""Hosts where anybody can leave a text, without a name."""

ACCOUNTS = re.compile(
    r"0x\[|\[13\]|bc1|\[A-Z\]\{2\}\\?d?\[?|\[A-Z\]\{2\}|\b[A-Z]{2}(?:\[0-9\]|\\d)\{|IBAN|\[1-9A-HJ-NP-Za-km-z\]"
)
"""Patterns that find accounts or wallets in a text."""
ACCOUNT = re.compile(
    r"0x[0-9a-fA-F]{20,}|\b(?:bc1|[13])[a-km-zA-HJ-NP-Z1-9]{20,}|\b[A-Z]{2}\d{2}[ \w]{10,}|\b[1-9A-HJ-NP-Za-km-z]{32,44}\b"
)
"""An account or a wallet itself."""

_ADDRESS = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?\Z|\[[0-9a-f:]+\](?::\d+)?\Z", re.IGNORECASE)
_LOCAL = re.compile(
    r"(?:localhost|127\.\d+\.\d+\.\d+|169\.254\.\d+\.\d+|0\.0\.0\.0|\[?::1\]?|host\.docker\.internal|10\.\d+\.\d+\.\d+|192\.168\.\d+\.\d+|172\.(?:1[6-9]|2\d|3[01])\.\d+\.\d+|[\w.-]+\.(?:local|localhost|internal|lan))(?::\d+)?\Z"
)
_PLACEHOLDER = re.compile(
    r"^(?:(?:www|api|app|docs?|host|server|db|dev|staging)\.)?example\.(?:com|org|net)$|^(?:your|my|some)[\w-]*\.|^yoursite\.|[<>{}$*]"
)
"""Only what a reader is plainly meant to replace: an attacker may well call a host ``x.example.com``."""


MAX_PATH = 300
"""Characters of a path of which it is remembered what it holds."""


@lru_cache(4_000)
def _kept_in(path: str) -> Kept | None:
    return next((kept for kept in KEPT if kept.pattern.search(path)), None)


def kept_in(path: str) -> Kept | None:
    """What a file is known to hold, by its path; None when nothing is known of it."""
    if path.endswith((".pub", ".example", ".sample", ".template")):
        return None
    return _kept_in(path) if len(path) <= MAX_PATH else _kept_in.__wrapped__(path)


def is_memory(path: str) -> bool:
    """Whether the client reads the file into every conversation."""
    return bool(_MEMORY.search(path))


def is_account(text: str) -> bool:
    """Whether a text without blanks is an account: an IBAN whose check digits are right (ISO 13616), or a wallet."""
    if re.fullmatch(
        r"0x[0-9a-fA-F]{40}|bc1[ac-hj-np-z02-9]{25,60}|[13][1-9A-HJ-NP-Za-km-z]{25,34}|T[1-9A-HJ-NP-Za-km-z]{33}",
        text,
    ):
        return True
    if not re.fullmatch(r"[A-Z]{2}\d{2}[A-Z0-9]{11,30}", text):
        return False
    return int("".join(str(int(character, 36)) for character in text[4:] + text[:4])) % 97 == 1


def is_config(path: str) -> bool:
    """Whether the file changes what the client may do."""
    return bool(_CONFIG.search(path))


def is_startup(path: str) -> bool:
    """Whether what stands in the file is run later, by itself."""
    return bool(_STARTUP.search(path))


def is_credential(variable: str) -> bool:
    """Whether an environment variable holds a credential, by its name."""
    return bool(_VARIABLE.search(variable)) and not re.search(
        r"PUBLIC|PWD$|KEYBOARD|SESSION_TYPE|DESKTOP", variable
    )


def is_drop(host: str) -> bool:
    """Whether anybody could collect there what is sent."""
    return bool(DROPS.search(_bare(host)))


def is_paste(host: str) -> bool:
    """Whether anybody could have put there what is fetched."""
    return bool(PASTES.search(_bare(host)))


def is_address(host: str) -> bool:
    """Whether the host is named by a public address and not by a name."""
    return bool(_ADDRESS.match(host)) and not is_local(host) and not host.startswith("0.")


def is_local(host: str) -> bool:
    """Whether the host is this machine or its own network."""
    return bool(_LOCAL.match(host))


def is_placeholder(host: str) -> bool:
    """Whether the host stands for one that the reader of the text would put in."""
    return bool(_PLACEHOLDER.search(_bare(host).removeprefix("*.")))


def _bare(host: str) -> str:
    return host.rsplit(":", 1)[0] if host.count(":") == 1 else host


_SHARED_SUFFIX = frozenset(
    [
        "co.uk",
        "com.au",
        "co.jp",
        "com.br",
        "co.in",
        "co.kr",
        "com.cn",
        "org.uk",
        "github.io",
        "vercel.app",
        "netlify.app",
        "pages.dev",
        "workers.dev",
        "herokuapp.com",
        "web.app",
        "fly.dev",
        "onrender.com",
        "railway.app",
    ]
)


def brand(host: str) -> str:
    """The word by which people know a host: ``api.eu.stripe.com`` is ``stripe``."""
    labels = _bare(host).strip(".").split(".")
    if len(labels) < 2:
        return labels[0]
    if ".".join(labels[-2:]) in _SHARED_SUFFIX and len(labels) > 2:
        return labels[-3]
    return labels[-2]


_SAME = {
    "amazonaws": ("aws", "amazon", "s3", "ec2", "bedrock", "lambda"),
    "googleapis": ("google", "gmail", "gcp", "gemini", "youtube", "firebase", "drive", "gcloud", "vertex"),
    "googleusercontent": ("google",),
    "github": ("gh", "git", "github", "octokit"),
    "githubusercontent": ("github", "gh", "git"),
    "openai": ("openai", "gpt", "chatgpt", "codex", "dalle", "whisper"),
    "anthropic": ("anthropic", "claude"),
    "microsoft": ("azure", "teams", "outlook", "office", "graph", "microsoft", "onedrive", "sharepoint"),
    "windows": ("azure",),
    "azure": ("azure", "microsoft"),
    "telegram": ("telegram", "tg"),
    "atlassian": ("jira", "confluence", "atlassian"),
    "discordapp": ("discord",),
    "twitter": ("x", "twitter", "tweet"),
    "x": ("twitter", "tweet", "xai"),
    "notion": ("notion",),
    "huggingface": ("hf", "huggingface", "hugging"),
    "nih": ("ncbi", "pubmed", "entrez", "nih"),
    "npmjs": ("npm",),
    "pypi": ("pypi", "twine", "uv"),
    "pythonhosted": ("pypi",),
    "linear": ("linear",),
    "elevenlabs": ("eleven", "elevenlabs"),
    "digitalocean": ("do", "digitalocean"),
    "cloudflare": ("cf", "cloudflare", "wrangler"),
}


def belongs(name: str, host: str) -> bool:
    """Whether a variable or a skill is named after the host: ``STRIPE_API_KEY`` and ``api.stripe.com``."""
    word = brand(host).lower().replace("-", "")
    pieces = {piece for piece in re.split(r"[^a-z0-9]+", name.lower()) if piece}
    joined = "".join(re.split(r"[^a-z0-9]+", name.lower()))
    if not word:
        return False
    if word in pieces or (len(word) >= 4 and word in joined):
        return True
    return any(alias in pieces for alias in _SAME.get(word, ()))
