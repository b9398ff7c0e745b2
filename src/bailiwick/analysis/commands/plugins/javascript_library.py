"""What of JavaScript's and node's library is known: what only computes, and what reaches files and the network."""

from collections.abc import Mapping

WORDS = frozenset(
    [
        "break",
        "case",
        "catch",
        "class",
        "const",
        "continue",
        "debugger",
        "default",
        "delete",
        "do",
        "else",
        "export",
        "extends",
        "finally",
        "for",
        "function",
        "if",
        "import",
        "in",
        "instanceof",
        "new",
        "return",
        "super",
        "switch",
        "this",
        "throw",
        "try",
        "typeof",
        "var",
        "void",
        "while",
        "with",
        "yield",
        "let",
        "static",
        "enum",
        "null",
        "true",
        "false",
        "eval",
        "arguments",
    ]
)
"""Words that are no names; ``this`` and what makes classes are refused with them."""
DANGEROUS = frozenset(
    [
        "constructor",
        "prototype",
        "__proto__",
        "__defineGetter__",
        "__defineSetter__",
        "__lookupGetter__",
        "__lookupSetter__",
        "caller",
        "callee",
        "call",
        "apply",
        "bind",
    ]
)
"""Properties by which code reaches code."""
CONVERTING = frozenset(["toString", "valueOf", "toJSON", "then", "next", "return", "throw"])
"""Properties that are called without anyone writing a call; objects of the code may not have them."""
OPERATORS = frozenset(
    [
        "??",
        "===",
        "!==",
        "**",
        ">>",
        ">>>",
        "<<",
        "==",
        "!=",
        "<=",
        ">=",
        "&&",
        "||",
        "+",
        "-",
        "*",
        "/",
        "%",
        "&",
        "|",
        "^",
        "<",
        ">",
        "=>",
        "!",
        "~",
        "++",
        "--",
    ]
)
GLOBALS = frozenset(
    [
        "console",
        "JSON",
        "Math",
        "Object",
        "Array",
        "Number",
        "String",
        "Boolean",
        "BigInt",
        "Date",
        "parseInt",
        "parseFloat",
        "isNaN",
        "isFinite",
        "encodeURIComponent",
        "decodeURIComponent",
        "encodeURI",
        "decodeURI",
        "Buffer",
        "structuredClone",
        "Promise",
    ]
)
NEW = frozenset(
    [
        "Date",
        "Set",
        "Map",
        "Array",
        "RegExp",
        "URL",
        "URLSearchParams",
        "Error",
        "TypeError",
        "Intl.NumberFormat",
    ]
)
PROCESS = frozenset(
    [
        "version",
        "versions",
        "platform",
        "arch",
        "argv",
        "pid",
        "title",
        "execPath",
        "release",
        "config",
        "features",
        "exitCode",
    ]
)

MODULES: Mapping[str, str] = {
    "fs": "fs", "fs/promises": "fs.promises", "path": "path", "path/posix": "path", "os": "os", "util": "util",
    "url": "url", "child_process": "child_process", "http": "http", "https": "https", "crypto": "crypto",
    "querystring": "querystring", "perf_hooks": "perf_hooks", "assert": "assert", "assert/strict": "assert",
    "process": "process", "buffer": "buffer",
}  # fmt: skip
"""Modules of node's own that are modelled."""

_FILES = {
    "readFile": "read", "writeFile": "write", "appendFile": "write", "unlink": "delete", "rm": "delete_tree",
    "rmdir": "delete", "mkdir": "parents", "readdir": "read", "stat": "", "lstat": "", "access": "", "realpath": "",
    "copyFile": "read write", "rename": "moved write_tree", "cp": "read_tree placed", "chmod": "write",
    "truncate": "write", "utimes": "write", "exists": "",
}  # fmt: skip

FUNCTIONS: Mapping[str, str] = {
    **{f"fs.{name}Sync": effect for name, effect in _FILES.items()},
    **{f"fs.promises.{name}": effect for name, effect in _FILES.items()},
    **{f"fs.{name}": effect for name, effect in _FILES.items() if name != "exists"},
    **dict.fromkeys(
        (
            f"{module}.{name}"
            for module, names in {
                "console": "log error warn info debug table dir time timeEnd assert",
                "JSON": "parse stringify",
                "Math": "abs ceil floor round max min pow sqrt random trunc sign log log2 log10 hypot",
                "Object": "keys values entries fromEntries assign freeze",
                "Array": "from isArray of",
                "Number": "isInteger isNaN isFinite parseFloat parseInt",
                "String": "fromCharCode raw",
                "Date": "now parse",
                "Buffer": "from alloc byteLength concat",
                "Promise": "all allSettled resolve",
                "path": "join resolve basename dirname extname relative normalize parse isAbsolute",
                "os": "hostname cpus platform arch type release totalmem freemem homedir tmpdir userInfo uptime loadavg",
                "util": "inspect format",
                "url": "fileURLToPath pathToFileURL",
                "crypto": "randomUUID randomBytes createHash",
                "querystring": "parse stringify",
                "assert": "ok equal strictEqual deepEqual deepStrictEqual",
                "process": "cwd exit memoryUsage uptime hrtime",
                "process.stdout": "write",
                "process.stderr": "write",
            }.items()
            for name in names.split()
        ),
        "",
    ),
    **dict.fromkeys(
        [
            "Number",
            "String",
            "Boolean",
            "BigInt",
            "parseInt",
            "parseFloat",
            "isNaN",
            "isFinite",
            "encodeURIComponent",
            "decodeURIComponent",
            "encodeURI",
            "decodeURI",
            "structuredClone",
            "Date",
            "process.stdout",
            "process.stderr",
        ],
        "",
    ),
    "child_process.execSync": "shell",
    "fetch": "url",
    "http.get": "url",
    "https.get": "url",
}
"""Functions and what they do with each argument in turn (``-`` for nothing); "" only computes."""

_ITERATING = (
    "map", "filter", "forEach", "reduce", "reduceRight", "some", "every", "find", "findIndex", "findLast", "flatMap", "sort",
    "toSorted",
)  # fmt: skip
"""Methods of arrays that call their first argument."""

CALLBACKS: Mapping[str, tuple[int, ...]] = {
    **dict.fromkeys(
        [
            *_ITERATING,
            "catch",
            "finally",
            "groupBy",
        ],
        (0,),
    ),
    "then": (0, 1),
    **dict.fromkeys(
        ["replace", "replaceAll", "on", "once", "JSON.parse", "JSON.stringify", "Array.from"], (1,)
    ),
    **dict.fromkeys(
        ["http.get", "https.get", "fs.readFile", "fs.writeFile", "fs.appendFile", "fs.readdir", "fs.stat"],
        (1, 2, 3),
    ),
    "from": (1,),
}
"""Which arguments of a function or method it calls."""

METHODS = frozenset(
    [
        *_ITERATING,
        "replace",
        "replaceAll",
        "then",
        "catch",
        "finally",
        "on",
        "once",
        "split",
        "join",
        "slice",
        "splice",
        "push",
        "pop",
        "shift",
        "unshift",
        "concat",
        "includes",
        "indexOf",
        "lastIndexOf",
        "reverse",
        "toReversed",
        "flat",
        "fill",
        "at",
        "keys",
        "values",
        "entries",
        "trim",
        "trimStart",
        "trimEnd",
        "padStart",
        "padEnd",
        "repeat",
        "startsWith",
        "endsWith",
        "toLowerCase",
        "toUpperCase",
        "charAt",
        "charCodeAt",
        "codePointAt",
        "substring",
        "substr",
        "match",
        "matchAll",
        "search",
        "test",
        "exec",
        "toFixed",
        "toString",
        "toPrecision",
        "toLocaleString",
        "toISOString",
        "getTime",
        "getFullYear",
        "getMonth",
        "getDate",
        "getHours",
        "has",
        "get",
        "set",
        "add",
        "delete",
        "clear",
        "json",
        "text",
        "arrayBuffer",
        "blob",
        "update",
        "digest",
        "localeCompare",
        "normalize",
        "toLocaleDateString",
        "isFile",
        "isDirectory",
        "isSymbolicLink",
        "hasOwnProperty",
        "setEncoding",
        "resume",
    ]
)
"""Methods that compute; on any value they can do no more."""
