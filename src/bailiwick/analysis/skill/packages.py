"""Packages that a skill installs: names, where from, and names that are nearly another's."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from bailiwick.analysis.address import web_address
from bailiwick.analysis.skill.facts import Inventory, Mark
from bailiwick.analysis.skill.sensitive import is_address, is_drop, is_local, is_paste
from bailiwick.model.access import ProgramTarget
from bailiwick.model.skill import Role, Source

INSTALLERS = frozenset(
    [
        "pip",
        "pip3",
        "pipx",
        "uv",
        "npm",
        "npx",
        "pnpm",
        "yarn",
        "bun",
        "bunx",
        "brew",
        "apt",
        "apt-get",
        "dnf",
        "yum",
        "apk",
        "cargo",
        "gem",
        "go",
        "conda",
        "mamba",
        "poetry",
        "composer",
        "dotnet",
    ]
)

_VERBS = {
    "pip": ("install", "download"), "pip3": ("install", "download"), "pipx": ("install", "run"), "uv": ("add", "pip", "tool"), "npm": ("install", "i", "add", "exec", "ci"), "pnpm": ("add", "install", "dlx"),
    "yarn": ("add", "dlx", "global"), "bun": ("add", "install", "x"), "brew": ("install",), "apt": ("install",), "apt-get": ("install",), "dnf": ("install",), "yum": ("install",), "apk": ("add",),
    "cargo": ("install", "add"), "gem": ("install",), "go": ("install", "get"), "conda": ("install",), "mamba": ("install",), "poetry": ("add",), "npx": (), "bunx": (),
}  # fmt: skip
_ECOSYSTEM = {
    "pip": "pip",
    "pip3": "pip",
    "pipx": "pip",
    "uv": "pip",
    "poetry": "pip",
    "npm": "npm",
    "npx": "npm",
    "pnpm": "npm",
    "yarn": "npm",
    "bun": "npm",
    "bunx": "npm",
    "apt-get": "apt",
    "mamba": "conda",
}
_KNOWN_INDEX = re.compile(
    r"(?:^|\.)(?:pypi\.org|pythonhosted\.org|npmjs\.(?:org|com)|yarnpkg\.com|pytorch\.org|nvidia\.com|pkg\.github\.com|jsr\.io|pkg\.dev|jfrog\.io|artifactory\.\S+|gitlab\.com|azure\.com|visualstudio\.com|amazonaws\.com|tuna\.tsinghua\.edu\.cn|aliyun\.com|ustc\.edu\.cn|npmmirror\.com|huggingface\.co|anaconda\.org|cloudsmith\.io|gemfury\.io|fury\.io|googleapis\.com|wheels\.vllm\.ai|buf\.build|crates\.io|rubygems\.org|microsoft\.com|databricks\.com|example\.(?:com|org))$"
)
_INDEX = re.compile(
    r"(?:--(?:index-url|extra-index-url|registry|find-links|default-index|index)|(?<![\w-])-i)[ =]+[\"']?(\S+?)[\"']?(?:\s|$)|\b(?:registry|index-url|extra-index-url)\s*[= ]\s*[\"']?(https?://[^\s\"']+)"
)


@dataclass(frozen=True, slots=True)
class Package:
    """One package: ``pip:requests``, and its version or the index it is taken from."""

    name: str
    detail: str = ""
    index: str = ""


def installed(program: ProgramTarget) -> Iterator[Package]:
    """The packages that a command installs or runs from a registry."""
    name = program.name
    if name not in _VERBS:
        return
    words = [word or "" for word in program.words]
    verbs = _VERBS[name]
    if verbs:
        while words and words[0] in verbs:
            words.pop(0)
        if len(words) == len(program.words):
            return
        if words[:1] == ["install"]:
            words.pop(0)
    else:
        words = words[:1]
    argv = " ".join(word or "?" for word in program.argv)
    index = _INDEX.search(argv)
    for word in words:
        if (
            not word
            or word.startswith(("-", ".", "/", "$", "http", "git+"))
            or word.endswith((".txt", ".whl", ".toml"))
        ):
            if word.startswith(("http", "git+")):
                yield Package(f"{_ECOSYSTEM.get(name, name)}:{word}", "from an address", word)
            continue
        bare, version = _split(word)
        if bare and bare != "PLACEHOLDER":
            yield Package(
                f"{_ECOSYSTEM.get(name, name)}:{bare}", version, (index[1] or index[2] or "") if index else ""
            )


def _split(word: str) -> tuple[str, str]:
    if word.startswith("@"):
        name, at, version = word[1:].partition("@")
        return f"@{name}", version if at else ""
    match = re.match(r"([A-Za-z0-9._-]+)(?:\[[^\]]*\])?\s*(?:(?:[=<>~!]=?=?|@)\s*(\S+))?", word)
    return (match[1], match[2] or "") if match else ("", "")


def judge(package: Package, source: Source, role: Role, into: Inventory) -> None:
    """Notice a name that is nearly another's, and a source that is nobody's registry."""
    ecosystem, _, name = package.name.partition(":")
    near = nearly(ecosystem, name)
    if near:
        into.notice(Mark.TYPOSQUAT, f"{name} is one slip away from {near}", source, role, target=name)
    if package.index:
        redirect(f"--index-url {package.index} ", source, role, into)


def redirect(text: str, source: Source, role: Role, into: Inventory) -> None:
    """Notice a registry that packages are taken from instead of the public one."""
    for match in _INDEX.finditer(text + " "):
        address = match[1] or match[2] or ""
        if address.startswith("git+https://"):
            continue
        host = web_address(address)
        if host is None or is_local(host.host):
            continue
        if _KNOWN_INDEX.search(host.host) and not address.startswith("http://"):
            continue
        bad = (
            is_address(host.host)
            or is_drop(host.host)
            or is_paste(host.host)
            or address.startswith("http://")
        )
        into.notice(
            Mark.REGISTRY, f"takes packages from {host.host}", source, role, sure=bad, target=host.host
        )


POPULAR = {
    "pip": frozenset(
        [
            "requests",
            "urllib3",
            "numpy",
            "pandas",
            "scipy",
            "matplotlib",
            "pillow",
            "flask",
            "django",
            "fastapi",
            "uvicorn",
            "pydantic",
            "sqlalchemy",
            "boto3",
            "botocore",
            "cryptography",
            "setuptools",
            "beautifulsoup4",
            "selenium",
            "playwright",
            "openpyxl",
            "pypdf",
            "pypdf2",
            "pdfplumber",
            "reportlab",
            "python-docx",
            "python-pptx",
            "python-dateutil",
            "pyyaml",
            "jinja2",
            "click",
            "rich",
            "typer",
            "httpx",
            "aiohttp",
            "pytest",
            "tensorflow",
            "torch",
            "torchvision",
            "transformers",
            "openai",
            "anthropic",
            "langchain",
            "scikit-learn",
            "colorama",
            "tqdm",
            "lxml",
            "markdown",
            "psycopg2",
            "psycopg2-binary",
            "pymongo",
            "redis",
            "celery",
            "paramiko",
            "websockets",
            "python-dotenv",
            "tabulate",
            "markitdown",
            "pytesseract",
            "opencv-python",
            "seaborn",
            "plotly",
            "streamlit",
            "gradio",
            "simplejson",
            "docutils",
            "virtualenv",
            "poetry",
            "discord.py",
            "tweepy",
            "web3",
            "ethereum",
            "ccxt",
            "solana",
        ]
    ),
    "npm": frozenset(
        [
            "react",
            "react-dom",
            "express",
            "lodash",
            "axios",
            "chalk",
            "commander",
            "typescript",
            "webpack",
            "eslint",
            "prettier",
            "jest",
            "mocha",
            "vite",
            "next",
            "vue",
            "angular",
            "moment",
            "dayjs",
            "dotenv",
            "cors",
            "mongoose",
            "sequelize",
            "mysql",
            "mysql2",
            "socket.io",
            "playwright",
            "puppeteer",
            "cheerio",
            "node-fetch",
            "uuid",
            "yargs",
            "inquirer",
            "rimraf",
            "glob",
            "fs-extra",
            "request",
            "async",
            "bluebird",
            "underscore",
            "cross-env",
            "nodemon",
            "ts-node",
            "tailwindcss",
            "postcss",
            "autoprefixer",
            "jsonwebtoken",
            "bcrypt",
            "passport",
            "electron",
            "discord.js",
            "ethers",
            "web3",
            "sharp",
            "pdf-lib",
            "pptxgenjs",
            "docx",
            "zod",
            "openai",
            "colors",
            "debug",
            "minimist",
            "semver",
            "body-parser",
        ]
    ),
}
_REAL = frozenset(
    [
        "requests2",
        "request",
        "reacts",
        "preact",
        "reactn",
        "pandas-ta",
        "sharps",
        "jests",
        "mochas",
        "docxs",
        "glob2",
        "globs",
        "webpack-cli",
        "vitest",
        "vite-node",
        "chalk2",
        "pypdf3",
        "pypdf4",
        "pyppeteer",
        "color",
        "colour",
        "click2",
        "vuex",
        "uuidv7",
        "nexte",
        "prettierd",
        "yarg",
        "next-auth",
        "pytest2",
        "httpx2",
        "solara",
        "solana-py",
        "tslint",
        "eslint_d",
        "async-lru",
        "asyncs",
        "redis-py",
        "rediss",
        "rich-click",
        "torchx",
        "playwright-core",
        "pillows",
        "typer-slim",
        "flask2",
        "fasthtml",
        "postcss-cli",
        "mysql8",
        "cord",
        "core-js",
        "docx2",
        "cors-anywhere",
        "openapi",
        "openpyxl2",
        "plotly.js",
        "plotnine",
        "plotext",
        "moments",
        "lxmls",
        "motion",
    ]
)
"""Packages that exist in their own right and are near another by accident."""


@lru_cache(maxsize=8192)
def nearly(ecosystem: str, name: str) -> str | None:
    """The popular package that a name is one slip from; None for the package itself and for what is known."""
    popular = POPULAR.get(ecosystem)
    plain = name.lower().replace("_", "-")
    if popular is None or plain in popular or plain in _REAL or len(plain) < 5 or plain.startswith("@"):
        return None
    for known in popular:
        if len(known) >= 5 and abs(len(known) - len(plain)) <= 1 and _one_slip(plain, known):
            return known
    return None


def _one_slip(one: str, other: str) -> bool:
    """Whether one insertion, deletion, substitution or exchange of neighbours makes the one the other."""
    if len(one) > len(other):
        one, other = other, one
    at = next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), len(one))
    if len(one) == len(other):
        rest = one[at + 1 :] == other[at + 1 :]
        exchanged = one[at : at + 2] == other[at : at + 2][::-1] and one[at + 2 :] == other[at + 2 :]
        # Digits at the end are versions (``web3``, ``mysql2``).
        return (rest and not (at == len(one) - 1 and (one[-1].isdigit() or other[-1].isdigit()))) or exchanged
    last = other[-1]
    plural = at == len(one) and (last.isdigit() or last in "x-" or (last == "s" and other[-2:] != "ss"))
    return one[at:] == other[at + 1 :] and not plural
