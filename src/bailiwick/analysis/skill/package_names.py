"""Names of packages that everybody knows, and names that are nearly one of them."""

from functools import lru_cache

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


def slipped(name: str, other: str) -> bool:
    """Whether one name is one slip away from the other, and long enough for that to mean something."""
    return name != other and min(len(name), len(other)) >= SHORTEST and _one_slip(name, other)


SHORTEST = 6
"""Letters of a name of which one may be wrong."""


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
