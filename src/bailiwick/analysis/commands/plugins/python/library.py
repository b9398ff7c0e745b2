"""What Python's library does: functions with an effect and their parameters, and what only computes.

Names that are in neither table are not harmless: using one makes the code opaque.
"""

import re
import sys
from collections.abc import Mapping

EFFECTS: Mapping[str, str] = {
    "type": "object",
    "open": "file:opened mode=r buffering encoding errors newline closefd",
    "io.open": "file:opened mode=r buffering encoding errors newline closefd",
    "codecs.open": "filename:opened mode=r encoding errors buffering",
    "gzip.open": "filename:opened mode=r compresslevel encoding errors newline",
    "bz2.open": "filename:opened mode=r compresslevel encoding errors newline",
    "lzma.open": "filename:opened mode=r",
    "zipfile.ZipFile": "file:opened mode=r compression allowZip64 compresslevel",
    "tarfile.open": "name:opened mode=r",
    "os.remove": "path:delete",
    "os.unlink": "path:delete",
    "os.rmdir": "path:delete",
    "os.mkdir": "path:write mode",
    "os.makedirs": "name:parents mode exist_ok",
    "os.rename": "src:moved dst:write_tree",
    "os.replace": "src:moved dst:write_tree",
    "os.chmod": "path:write mode follow_symlinks",
    "os.chown": "path:write uid gid",
    "os.truncate": "path:write length",
    "os.utime": "path:write times ns",
    "os.mkfifo": "path:write mode",
    "os.link": "src:read dst:linked",
    "os.symlink": "src:linked dst:write target_is_directory",
    "os.listdir": "path:names",
    "os.scandir": "path:names",
    "os.walk": "top:walked topdown onerror followlinks",
    "os.system": "command:shell",
    "os.popen": "cmd:shell",
    "os.getenv": "key:getenv default",
    "os.putenv": "key:setenv value",
    "os.unsetenv": "key:setenv",
    "glob.glob": "pathname:globbed recursive",
    "glob.iglob": "pathname:globbed recursive",
    "shutil.copy": "src:read dst:place follow_symlinks",
    "shutil.copy2": "src:read dst:place follow_symlinks",
    "shutil.copyfile": "src:read dst:write follow_symlinks",
    "shutil.copymode": "src dst:write",
    "shutil.copystat": "src dst:write",
    "shutil.copytree": "src:read_tree dst:write_tree symlinks ignore dirs_exist_ok",
    "shutil.move": "src:moved dst:write_tree",
    "shutil.rmtree": "path:delete_tree ignore_errors",
    "subprocess.run": "args:command",
    "subprocess.call": "args:command",
    "subprocess.check_call": "args:command",
    "subprocess.check_output": "args:command",
    "subprocess.Popen": "args:command",
    "subprocess.getoutput": "cmd:shell encoding errors",
    "subprocess.getstatusoutput": "cmd:shell encoding errors",
    "urllib.request.urlopen": "url:url data timeout context",
    "urllib.request.urlretrieve": "url:url filename:write",
    **{
        f"{library}.{verb}": f"url:{role} params data json headers cookies files auth timeout allow_redirects verify "
        "stream follow_redirects content"
        for library in ("requests", "httpx")
        for role, verbs in (
            ("url", ("get", "head", "options")),
            ("posted", ("post", "put", "patch", "delete")),
        )
        for verb in verbs
    },
    "socket.create_connection": "address:address timeout",
    "socket.gethostbyname": "hostname:host",
    "http.client.HTTPConnection": "host:host port timeout",
    "http.client.HTTPSConnection": "host:host port timeout context",
    "tempfile.mkdtemp": "suffix",
    "tempfile.mkstemp": "suffix",
    "tempfile.mktemp": "suffix",
    "tempfile.gettempdir": "",
    "tempfile.NamedTemporaryFile": "mode buffering encoding newline suffix delete",
    "tempfile.TemporaryFile": "mode encoding",
    "tempfile.TemporaryDirectory": "suffix",
    "pathlib.open": "mode=r buffering encoding errors newline",
    "pathlib.read_text": "encoding errors",
    "pathlib.read_bytes": "",
    "pathlib.write_text": "data encoding errors newline",
    "pathlib.write_bytes": "data",
    "pathlib.unlink": "missing_ok",
    "pathlib.rmdir": "",
    "pathlib.touch": "mode exist_ok",
    "pathlib.mkdir": "mode parents exist_ok",
    "pathlib.chmod": "mode",
    "pathlib.rename": "target:write_tree",
    "pathlib.replace": "target:write_tree",
    "pathlib.symlink_to": "target:linked target_is_directory",
    "pathlib.hardlink_to": "target:linked",
    "pathlib.iterdir": "",
    "pathlib.glob": "pattern",
    "pathlib.rglob": "pattern",
}
"""Parameters in order; ``name:role`` has an effect (a role of specifications or one of ``effects.py``)."""

OWN: Mapping[str, str] = {
    "read_text": "read", "read_bytes": "read", "write_text": "write", "write_bytes": "write", "unlink": "delete",
    "rmdir": "delete", "touch": "write", "chmod": "write", "rename": "moved", "replace": "moved", "symlink_to": "write",
    "hardlink_to": "write", "iterdir": "read", "mkdir": "write", "glob": "read", "rglob": "read", "open": "",
}  # fmt: skip
"""What a method of ``Path`` does to the path itself."""

COMPUTING: Mapping[str, str] = {
    "os": "getcwd getpid getppid getuid geteuid getgid getegid cpu_count sep linesep pathsep name uname getlogin stat "
    "lstat access fspath fsdecode fsencode get_terminal_size times urandom curdir pardir devnull extsep getloadavg "
    "isatty umask strerror R_OK W_OK F_OK X_OK error getpgid _exit PathLike cpu_count get_exec_path",
    "os.path": "join dirname basename abspath realpath normpath expanduser exists isfile isdir islink getsize getmtime "
    "getctime getatime splitext split relpath commonpath commonprefix lexists isabs sep ismount samefile",
    "sys": "version version_info platform executable argv stdin stdout stderr exit maxsize maxunicode getsizeof "
    "byteorder prefix base_prefix exec_prefix flags implementation getrecursionlimit setrecursionlimit float_info "
    "hash_info int_info stdlib_module_names builtin_module_names path hexversion api_version getdefaultencoding "
    "getfilesystemencoding intern getrefcount thread_info",
    "shutil": "which disk_usage get_terminal_size Error SameFileError ignore_patterns",
    "subprocess": "PIPE DEVNULL STDOUT CalledProcessError TimeoutExpired SubprocessError CompletedProcess",
    "pathlib": "Path PurePath PosixPath PurePosixPath PureWindowsPath",
    "glob": "escape has_magic",
    "fnmatch": "fnmatch fnmatchcase filter translate",
    "io": "StringIO BytesIO TextIOWrapper SEEK_SET SEEK_END",
    "codecs": "encode decode lookup BOM_UTF8",
    "tempfile": "gettempprefix",
    "zipfile": "ZIP_DEFLATED ZIP_STORED is_zipfile BadZipFile ZipInfo",
    "gzip": "compress decompress",
    "bz2": "compress decompress",
    "lzma": "compress decompress",
    "zlib": "compress decompress crc32 adler32 error",
    "socket": "AF_INET AF_INET6 AF_UNIX SOCK_STREAM SOCK_DGRAM SOL_SOCKET SO_REUSEADDR timeout error gethostname socket",
    "urllib": "",
    "urllib.parse": "*",
    "urllib.error": "URLError HTTPError",
    "urllib.request": "Request",
    "http": "HTTPStatus",
    "http.client": "HTTPException responses",
    "requests": "RequestException exceptions codes HTTPError Timeout",
    "httpx": "HTTPError TimeoutException",
    "yaml": "safe_load safe_load_all safe_dump safe_dump_all dump YAMLError",
    "tomllib": "load loads TOMLDecodeError",
    "tomli": "load loads TOMLDecodeError",
    "platform": "system machine python_version release node version python_implementation python_version_tuple",
    "uuid": "uuid3 uuid4 uuid5 UUID NAMESPACE_DNS NAMESPACE_URL",
    "functools": "reduce partial lru_cache cache wraps cmp_to_key total_ordering cached_property",
    "operator": "itemgetter add sub mul truediv floordiv mod neg eq ne lt le gt ge and_ or_ not_ contains getitem",
    "contextlib": "suppress contextmanager nullcontext redirect_stdout redirect_stderr closing ExitStack",
    "dataclasses": "dataclass field asdict astuple replace fields is_dataclass",
    "typing": "Any Optional Union List Dict Set Tuple Callable Iterable Iterator Sequence Mapping NamedTuple TypedDict "
    "Literal TypeVar Generic Protocol Final ClassVar TYPE_CHECKING cast Generator",
    "types": "SimpleNamespace",
    "enum": "Enum IntEnum StrEnum Flag IntFlag auto unique",
    "copy": "copy deepcopy",
    "string": "ascii_letters ascii_lowercase ascii_uppercase digits hexdigits octdigits punctuation printable "
    "whitespace Template capwords",
    "traceback": "print_exc format_exc",
    "warnings": "filterwarnings simplefilter warn catch_warnings",
    "logging": "getLogger debug info warning error exception critical DEBUG INFO WARNING ERROR CRITICAL",
    "threading": "Thread Lock RLock Event Semaphore current_thread",
    "concurrent": "", "concurrent.futures": "ThreadPoolExecutor as_completed wait Future",
    "asyncio": "run sleep gather wait_for Queue Lock Semaphore Event",
    "ast": "parse literal_eval dump walk unparse NodeVisitor *",
    "importlib": "", "importlib.metadata": "version PackageNotFoundError", "importlib.util": "find_spec",
    "sysconfig": "get_path get_paths get_config_var get_platform",
    "site": "getsitepackages getusersitepackages",
    "getpass": "getuser",
    "ssl": "OPENSSL_VERSION create_default_context",
    "keyword": "kwlist iskeyword",
    "collections": "*", "collections.abc": "*", "json": "*", "math": "*", "re": "*", "textwrap": "*", "itertools": "*",
    "datetime": "*", "time": "*", "hashlib": "*", "statistics": "*", "decimal": "*", "fractions": "*", "random": "*",
    "html": "*", "unicodedata": "*", "bisect": "*", "heapq": "*", "struct": "*", "binascii": "*", "csv": "*",
    "colorsys": "*", "base64": "*", "secrets": "*", "pprint": "*", "difflib": "*", "calendar": "*", "ipaddress": "*",
    "zoneinfo": "*", "cmath": "*", "numbers": "*", "graphlib": "*", "shlex": "split quote join", "errno": "*", "array": "*", "hmac": "*",
    "stat": "*",
}  # fmt: skip
"""Names of a module that only compute; ``*`` is every public name but modules and those in ``_NEVER``."""

_NEVER = frozenset(
    ("main", "test", "Formatter", "FileType", "get_type_hints", "ForwardRef", "sys", "PyCF_ONLY_AST")
)
PROJECT_SAFE = frozenset(
    ("sys", "os", "os.path", "time", "itertools", "io", "codecs", "errno", "stat", "gc", "builtins")
)
"""Modules that are loaded before the program, or built in: the project can't put its own in their place."""
DESCRIBING = frozenset(("__version__", "__file__", "__name__", "__path__", "__doc__", "VERSION", "version"))
"""Attributes of a module that isn't modelled that only say what it is."""

BUILTINS = frozenset(
    [
        "abs",
        "all",
        "any",
        "ascii",
        "bin",
        "bool",
        "bytearray",
        "bytes",
        "callable",
        "chr",
        "complex",
        "dict",
        "divmod",
        "enumerate",
        "filter",
        "float",
        "format",
        "frozenset",
        "hash",
        "hex",
        "id",
        "input",
        "int",
        "isinstance",
        "issubclass",
        "iter",
        "len",
        "list",
        "map",
        "max",
        "min",
        "next",
        "object",
        "oct",
        "ord",
        "pow",
        "print",
        "property",
        "range",
        "repr",
        "reversed",
        "round",
        "set",
        "slice",
        "sorted",
        "staticmethod",
        "classmethod",
        "str",
        "sum",
        "super",
        "tuple",
        "zip",
        "exit",
        "quit",
        "hasattr",
        "aiter",
        "anext",
        "NotImplemented",
        "Ellipsis",
    ]
)
_EXCEPTIONS = re.compile(
    r"(?:[A-Z]\w*)?(?:Error|Exception|Warning|Exit|Interrupt|Iteration)\Z|BaseExceptionGroup\Z"
)

_TYPES = (
    str,
    bytes,
    bytearray,
    int,
    float,
    complex,
    list,
    tuple,
    dict,
    set,
    frozenset,
    range,
    OSError,
    UnicodeError,
)
_MORE = (
    # matches, patterns, dates, counters
    "group groups groupdict span pos endpos match search fullmatch findall finditer sub subn pattern flags "
    "year month day hour minute second microsecond isoformat strftime strptime now today utcnow timestamp fromtimestamp "
    "date time weekday isoweekday isocalendar days seconds total_seconds timedelta utc tzinfo astimezone "
    "most_common elements popleft appendleft extendleft rotate move_to_end total quantize fromisoformat combine "
    # files and streams
    "read readline readlines readable write writelines writable close closed flush seek tell seekable fileno isatty "
    "buffer encoding errors mode name detach getvalue truncate "
    # csv, hashes, archives, structures
    "writerow writerows writeheader fieldnames hexdigest digest hexdigits namelist infolist getnames getmembers testzip "
    "isfile isdir file_size compress_size filename compare unpack pack "
    # paths and what is known of files
    "suffix suffixes stem parts parent parents anchor root drive as_posix as_uri is_absolute is_relative_to relative_to "
    "with_name with_stem with_suffix joinpath exists is_file is_dir is_symlink stat lstat resolve absolute expanduser "
    "st_size st_mtime st_mode st_ctime st_atime st_uid st_gid st_ino st_nlink path inode total used free columns lines "
    # processes and answers
    "returncode stdout stderr communicate wait poll args cmd output status status_code ok text content headers reason url "
    "json raise_for_status getheader getheaders getcode info iter_lines iter_content recv send sendall settimeout bind "
    "major minor micro releaselevel serial sysname nodename release version machine "
    # exceptions, logging, threads, values of the interpreter
    "args code errno strerror message debug warning error exception critical start is_alive set is_set acquire release "
    "submit result map shutdown put put_nowait get_nowait task_done value name optimize "
    # syntax trees
    "lineno col_offset end_lineno body names id func attr asname module level targets target keywords arg elts ops "
    # arithmetic of dates, addresses, templates
    "substitute safe_substitute netloc scheme path query fragment hostname port username password params geturl _replace "
    "request getresponse add_header _asdict is_private is_loopback network_address hosts num_addresses version compressed add_done_callback print_exc"
)
ATTRIBUTES = (
    frozenset(name for kind in _TYPES for name in dir(kind) if not name.startswith("_"))
    | frozenset(_MORE.split())
    | {"__name__", "__doc__", "__qualname__", "__version__"}
) - {"format", "format_map", "replace"}
"""Attributes of plain data that can't do anything; whatever isn't here is refused."""

OF_PARENT = ATTRIBUTES | frozenset(
    f"__{name}__" for name in ["init", "enter", "exit", "len", "iter", "next", "str", "repr", "eq", "hash"]
)
"""What ``super()`` may be asked for."""

REACHING = frozenset(OWN) | frozenset(
    [
        "open",
        "execute",
        "executescript",
        "executemany",
        "extractall",
        "extract",
        "connect",
        "link_to",
        "save",
        "load_module",
        "exec_module",
        "format",
        "format_map",
        "load_extension",
        "backup",
        "readfp",
        "render",
        "system",
        "popen",
        "spawn",
        "fork",
        "kill",
    ]
)
"""Attributes that a class of the code may not name its own."""


def member(module: str, name: str) -> str | None:
    """What ``module.name`` is: ``module``, ``effect``, ``harmless`` or None for what isn't modelled."""
    whole = f"{module}.{name}"
    if whole in COMPUTING:
        return "module"
    if whole in EFFECTS and module != "pathlib":
        return "effect"
    listed = COMPUTING[module].split()
    if name in listed and name != "*":
        return "harmless"
    public = not name.startswith("_") and name not in _NEVER
    if (
        "*" in listed
        and public
        and (name not in sys.stdlib_module_names or name in _FUNCTIONS.get(module, ()))
    ):
        return "harmless"
    return None


_FUNCTIONS: Mapping[str, tuple[str, ...]] = {
    "datetime": ("datetime", "time"), "time": ("time",), "random": ("random",), "copy": ("copy",),
    "pprint": ("pprint",), "calendar": ("calendar",), "bisect": ("bisect",), "statistics": ("fmean",), "array": ("array",),
}  # fmt: skip
"""Members that are called like a module of the library and aren't that module."""


def builtin(name: str) -> bool:
    """Whether a built-in name only computes."""
    return name in BUILTINS or _EXCEPTIONS.match(name) is not None
