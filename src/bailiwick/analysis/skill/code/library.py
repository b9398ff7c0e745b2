"""What calls of the libraries mean: where data comes from, where it goes. Paths as an import would spell them."""

import re
from collections.abc import Mapping


class Paths:
    """An expression over paths of calls. The same come again and again, so what it said of each is remembered."""

    MAX = 20_000

    def __init__(self, pattern: str, flags: int = 0) -> None:
        self._pattern = re.compile(pattern, flags)
        self._known: dict[str, bool] = {}

    def has(self, path: str) -> bool:
        """Whether it finds something in a path."""
        known = self._known.get(path)
        if known is None:
            if len(self._known) >= self.MAX:
                self._known.clear()
            known = self._known[path] = bool(self._pattern.search(path))
        return known


SEND = Paths(
    r"^(?:requests|httpx|aiohttp|grequests|niquests|curl_cffi\.requests)\.(?:Session\.|AsyncClient\.|Client\.|ClientSession\.)?(?P<method>get|post|put|patch|delete|head|request|stream)$"
    r"|^requests\.Request$|^paho\.mqtt\.publish\.(?:single|multiple)$|^urllib\.request\.(?:urlopen|Request|urlretrieve)$|^urllib2\.(?:urlopen|Request)$|^urllib3\.\w*\.?request$"
    r"|^(?:fetch|window\.fetch|globalThis\.fetch|node-fetch(?:\.default)?|axios(?:\.default)?(?:\.(?:get|post|put|patch|request|delete))?|got(?:\.\w+)?|superagent\.\w+|ky(?:\.\w+)?|undici\.(?:fetch|request)|needle(?:\.\w+)?)$"
    r"|^https?\.(?:request|get)$|^navigator\.sendBeacon$|^Bun\.fetch$|^\$\.(?:get|post|ajax)$|^request(?:\.(?:get|post))?$"
)
CONNECT = Paths(
    r"^socket\.create_connection$|^dgram\.createSocket$|^boto3\.(?:client|resource|Session)$|^aws-sdk\.\w+$|^(?:google\.cloud\.)?storage\.Client$|^minio\.Minio$|^asyncio\.open_connection$|^asyncssh\.connect$|^pysftp\.Connection$|^paramiko\.SSHClient$|^ssh2-sftp-client$|^nodemailer\.createTransport$|^XMLHttpRequest$|^net\.Socket$|^socket\.socket$|^redis\.Redis$|^paho\.mqtt\.client\.Client$|^mqtt\.connect$|^(?:socket\.io-client\.)?io$|^http\.client\.HTTPS?Connection$|^smtplib\.SMTP(?:_SSL)?$|^ftplib\.FTP(?:_TLS)?$|^telnetlib\.Telnet$"
    r"|^(?:websocket|websockets)\.(?:create_connection|connect)$|^WebSocket$|^ws(?:\.WebSocket)?$|^net\.(?:connect|createConnection)$|^tls\.connect$|^paramiko\.Transport$|^logging\.handlers\.(?:HTTPHandler|SysLogHandler|SocketHandler|SMTPHandler)$|^imaplib\.IMAP4(?:_SSL)?$"
)
DNS = Paths(
    r"\.resolve(?:4|6|Any|Txt|Cname|Mx|Ns|Srv|Ptr|Soa|Naptr|Caa)$|^socket\.(?:gethostbyname(?:_ex)?|getaddrinfo)$|^dns\.resolver\.(?:query|resolve)$|^dns(?:\.promises|/promises)?\.(?:lookup|resolve\w*)$|^(?:\w+\.)?resolver\.(?:query|resolve)$"
)
SERVICES: Mapping[str, str] = {
    "sentry_sdk": "sentry.io", "@sentry/node": "sentry.io", "raven": "sentry.io", "rollbar": "rollbar.com", "bugsnag": "bugsnag.com", "posthog": "posthog.com", "posthog-node": "posthog.com",
    "mixpanel": "mixpanel.com", "amplitude": "amplitude.com", "analytics": "segment.io", "segment": "segment.io", "@segment/analytics-node": "segment.io", "datadog": "datadoghq.com", "newrelic": "newrelic.com",
    "opentelemetry": "*", "@opentelemetry/api": "*", "statsd": "*", "hot-shots": "*", "prometheus_client": "*", "slack_sdk": "slack.com", "@slack/web-api": "slack.com", "@slack/webhook": "slack.com",
    "telegram": "api.telegram.org", "telebot": "api.telegram.org", "node-telegram-bot-api": "api.telegram.org", "discord": "discord.com", "discord.js": "discord.com", "tweepy": "x.com", "github": "github.com", "@octokit/rest": "github.com",
    "octokit": "github.com", "gitlab": "gitlab.com", "gspread": "docs.google.com", "googleapiclient": "googleapis.com", "googleapis": "googleapis.com", "notion_client": "notion.so", "@notionhq/client": "notion.so", "pyairtable": "airtable.com",
    "airtable": "airtable.com", "twilio": "twilio.com", "sendgrid": "sendgrid.com", "@sendgrid/mail": "sendgrid.com", "mailjet_rest": "mailjet.com", "postmarker": "postmarkapp.com", "pusher": "pusher.com", "kafka": "*", "kafkajs": "*",
    "confluent_kafka": "*", "pika": "*", "amqplib": "*", "nats": "*", "zmq": "*", "azure": "windows.net", "@azure/storage-blob": "windows.net", "dropbox": "dropbox.com", "huggingface_hub": "huggingface.co", "firebase_admin": "firebaseio.com",
    "supabase": "supabase.co", "@supabase/supabase-js": "supabase.co", "pymongo": "*", "mongodb": "*", "psycopg2": "*", "psycopg": "*", "pg": "*", "pymysql": "*", "mysql2": "*", "elasticsearch": "*", "pycurl": "*", "pastebin": "pastebin.com", "onepassword": "1password.com",
}  # fmt: skip
"""Libraries that hand what they are given to a service, and its host; ``*`` where they are told which."""

METHOD_SEND = frozenset(("post", "put", "patch", "open", "goto", "navigate"))
"""Methods that send, on an object whose class isn't known, when the first argument is an address."""

METHOD_OUT = frozenset(
    (
        "send",
        "sendall",
        "sendto",
        "sendmail",
        "send_message",
        "storbinary",
        "storlines",
        "write",
        "end",
        "emit",
        "urlopen",
        "request",
        "put",
        "putfo",
        "put_object",
        "putObject",
        "upload",
        "upload_file",
        "upload_fileobj",
        "upload_from_string",
        "upload_from_filename",
        "fput_object",
        "putheader",
        "putrequest",
        "setHeader",
        "setRequestHeader",
        "sendMail",
        "publish",
        "send_bytes",
        "exec_command",
        "lpush",
        "xadd",
        "communicate",
    )
)
"""Methods that send on an object that is a connection."""

RUN = Paths(
    r"^os\.(?:system|popen|exec[lv]p?e?|spawn[lv]p?e?|startfile)$|^subprocess\.(?:run|call|Popen|check_call|check_output|getoutput|getstatusoutput)$|^commands\.getoutput$|^pty\.spawn$"
    r"|^asyncio\.(?:subprocess\.)?create_subprocess_(?:shell|exec)$|^child_process\.(?:promises\.)?(?:exec|execSync|spawn|spawnSync|execFile|execFileSync|fork)$|^(?:execa|execa\.\w+|zx\.\$|shelljs\.exec|shell\.exec|cross-spawn(?:\.\w+)?)$|^Deno\.(?:run|Command)$|^Bun\.spawn(?:Sync)?$"
)
EVALUATE = Paths(
    r"^(?:builtins\.)?(?:eval|exec|compile)$|^(?:__builtins__|globals\(\))\.(?:eval|exec)$|^Function$|^vm\.(?:runInThisContext|runInNewContext|runInContext|Script)$|^(?:window|global|globalThis)\.eval$|^code\.InteractiveInterpreter$|^jinja2\.(?:Template|Environment\.from_string)$|^types\.FunctionType$|^importlib\.util\.(?:spec_from_loader|module_from_spec)$"
)
DESERIALIZE = Paths(
    r"^(?:c?[pP]ickle|dill|cloudpickle|joblib|shelve|marshal|jsonpickle)\.(?:loads?|decode|open)$|^yaml\.(?:unsafe_load|full_load|load)$|^pandas\.read_pickle$|^node-serialize\.unserialize$"
)
DECODE = {
    "base64.b64decode": "base64", "base64.standard_b64decode": "base64", "base64.urlsafe_b64decode": "base64", "base64.decodebytes": "base64", "base64.b32decode": "base32",
    "base64.b85decode": "base85", "base64.a85decode": "base85", "binascii.a2b_base64": "base64", "binascii.unhexlify": "hex", "bytes.fromhex": "hex", "bytearray.fromhex": "hex",
    "zlib.decompress": "zlib", "gzip.decompress": "gzip", "bz2.decompress": "?", "lzma.decompress": "?", "atob": "base64", "window.atob": "base64", "globalThis.atob": "base64",
    "zlib.inflateSync": "zlib", "zlib.gunzipSync": "gzip", "zlib.unzipSync": "zlib",
}  # fmt: skip
HOME = frozenset(("pathlib.Path.home", "Path.home", "os.homedir", "homedir"))
PAGE = (
    "document.body.inner",
    "document.body.outer",
    "document.body.text",
    "document.documentElement.",
    "document.cookie",
    "localStorage",
    "sessionStorage",
)
"""What a script of a page reads of the page."""

HERE = frozenset(("pathlib.Path.cwd", "Path.cwd", "os.getcwd", "process.cwd"))
"""Calls that give the directory one is in."""

SAME = frozenset(
    (
        "str", "bytes", "bytearray", "os.path.expanduser", "os.path.abspath", "os.path.realpath", "os.path.normpath", "os.fspath", "pathlib.Path", "Path", "PurePath", "io.StringIO", "io.BytesIO",
        "String", "Buffer.from", "urllib.parse.quote", "urllib.parse.quote_plus", "urllib.parse.urlencode", "encodeURIComponent", "encodeURI", "escape", "URL", "URLSearchParams", "json.dumps", "JSON.stringify", "json.loads", "JSON.parse",
        "json.load", "dict", "list", "tuple", "set", "sorted", "base64.b64encode", "base64.urlsafe_b64encode", "base64.encodebytes", "binascii.hexlify", "btoa", "repr", "zlib.compress", "gzip.compress", "map", "filter", "enumerate", "zip", "reversed", "Object.entries",
        "Object.keys", "Object.values", "Object.assign", "Object.fromEntries", "Array.from", "FormData", "Blob", "os.path.dirname", "textwrap.dedent", "html.escape", "shlex.quote", "Promise.all", "Promise.resolve", "asyncio.run", "asyncio.gather", "next", "iter",
        "hashlib.sha256",
    )
)  # fmt: skip
"""Functions whose result holds what their arguments hold."""

SEALED = Paths(
    r"^hashlib\.|\.hexdigest$|\.digest$|^len$|^bool$|^isinstance$|^os\.path\.(?:exists|isfile|isdir|getsize|getmtime)$|^fs\.existsSync$|^hmac\.|^crypto\.create(?:Hash|Hmac)|^print$|^console\.|^logging\.(?!handlers)|^logger\.|^int$|^float$|^type$"
)
"""Functions after which nothing can be told of their arguments."""

PRINTS = frozenset(("print", "sys.stdout.write", "console.log", "console.info", "process.stdout.write", "rich.print", "click.echo", "typer.echo", "pprint.pprint"))  # fmt: skip
"""What shows something to whoever runs the script, which is the model."""

READ = frozenset(
    ("open", "io.open", "codecs.open", "builtins.open", "fs.readFileSync", "fs.readFile", "fs.promises.readFile", "fs/promises.readFile", "fs.createReadStream", "fs-extra.readFile", "fs-extra.readFileSync", "Bun.file", "Deno.readTextFile", "Deno.readFile", "sqlite3.connect", "configparser.ConfigParser.read", "dotenv.dotenv_values", "dotenv_values", "zipfile.ZipFile", "tarfile.open", "fs.readdirSync", "os.listdir", "os.walk", "os.scandir", "glob.glob", "glob.iglob", "fs.promises.readdir", "readFileSync", "readFile", "fs/promises.glob", "fs/promises.readdir", "fs.promises.glob", "fs.globSync", "fs.glob", "glob", "glob.sync", "glob.globSync", "globby", "globby.globbySync", "fast-glob", "fast-glob.sync", "linecache.getlines", "mmap.mmap", "fs.openSync", "fs/promises.open", "dotenv.config", "dotenv.parse", "fs-extra.readJson", "fs-extra.readJsonSync", "numpy.fromfile", "pandas.read_csv")
)  # fmt: skip
READS = Paths(
    r"(?:^|\.)(?:load_workbook|open_workbook|Document|Presentation|PdfReader|PdfFileReader|read_(?:excel|csv|json|parquet|table|feather|html|xml)|imread|parseFile|fromFile|docx2txt\.process|textract\.process|(?:etree|ElementTree)\.(?:iter)?parse)$|^(?:fitz|pdfplumber|PIL\.Image|Image|pikepdf|pypdfium2|mailbox|tifffile|rasterio|wave|soundfile|librosa)\.(?:open|load|read|mbox|Maildir|PdfDocument)$|^(?:xlsx|XLSX|exceljs|mammoth|csvtojson)\.(?:readFile|read|extractRawText|convertToHtml|fromFile)$"
)
"""Calls of libraries that read a file of the person's: tables, documents, pictures."""

WRITE = frozenset(("fs.writeFileSync", "fs.writeFile", "fs.appendFileSync", "fs.appendFile", "fs.promises.writeFile", "fs.promises.appendFile", "fs/promises.writeFile", "fs/promises.appendFile", "fs.createWriteStream", "fs-extra.outputFile", "fs-extra.writeJson", "Bun.write", "Deno.writeTextFile", "writeFileSync", "appendFileSync"))  # fmt: skip
SAVES = Paths(
    r"(?:^|\.)(?:save|save_as|saveAs|save_screenshot|savefig|savetxt|savez|savez_compressed|imwrite|imsave|output|export|toFile|pdf|screenshot|writeFile|writeXLSX|(?:to|write|sink)_(?:csv|excel|json|ndjson|parquet|feather|pickle|html|markdown|latex|xml|hdf|image|pdf|png|videofile|audiofile|gif|file))$"
    r"|^(?:PIL|imageio|soundfile|torchvision\.utils)\.\w*(?:save|write)\w*$|(?:^|\.)(?:Canvas|SimpleDocTemplate|ExcelWriter)$|^xlsxwriter\.Workbook$|^numpy\.save$"
)
"""Calls of libraries that write a file, whose place comes first where it is given by position."""

SAVES_SECOND = Paths(
    r"^(?:torch\.save|joblib\.dump|pdfkit\.from_\w+|imgkit\.from_\w+|(?:xlsx|XLSX)\.writeFile(?:XLSX|Sync)?|urllib\.request\.urlretrieve)$"
)
"""Those that are told the place after what is written."""

WRITERS = Paths(r"(?:^|\.)(?:Pdf(?:File)?(?:Writer|Merger)|ElementTree|(?:etree|ElementTree)\.parse)$")
"""What is made by these writes itself into the file that ``write`` is given."""

IN_MEMORY = Paths(r"(?:^|\.)(?:BytesIO|StringIO)$")
"""What is made by these is written to like a file and is none."""

PLACES = ("path", "filename", "fileName", "fname", "fp", "file", "path_or_buf", "excel_writer", "buf", "dest", "destination", "out", "output", "output_path", "write_to", "target")  # fmt: skip
"""Names of the argument that says where a library writes."""

DOCUMENTS = frozenset(("PIL", "PyPDF2", "cairosvg", "camelot", "cv2", "docx", "docxtpl", "exceljs", "ezdxf", "fitz", "fpdf", "geopandas", "imageio", "img2pdf", "imgkit", "jspdf", "lxml", "matplotlib", "moviepy", "numpy", "openpyxl", "pandas", "pdf-lib", "pdfkit", "pikepdf", "playwright", "plotly", "polars", "pptx", "pptxgenjs", "puppeteer", "pydub", "pymupdf", "pypdf", "qrcode", "reportlab", "seaborn", "selenium", "sharp", "skimage", "soundfile", "svgwrite", "torch", "weasyprint", "xlsx", "xlsxwriter", "xml"))  # fmt: skip
"""Libraries of tables, documents, pictures and sound: where one is used, ``save`` means a file."""

COPY = frozenset(("shutil.copy", "shutil.copy2", "shutil.copyfile", "shutil.move", "os.rename", "os.replace", "os.link", "os.symlink", "fs.copyFileSync", "fs.renameSync", "fs.symlinkSync", "shutil.copytree", "fs.cpSync"))  # fmt: skip
REMOVE = frozenset(("shutil.rmtree", "os.remove", "os.unlink", "fs.rmSync", "fs.unlinkSync", "fs.rm", "fs.unlink", "fs.rmdirSync", "fs-extra.remove", "rimraf", "rimraf.sync", "fs.promises.rm"))  # fmt: skip
SYSTEM_DATA = frozenset(("platform.node", "socket.gethostname", "getpass.getuser", "os.getlogin", "os.uname", "platform.uname", "platform.platform", "os.hostname", "os.userInfo", "os.networkInterfaces", "uuid.getnode"))  # fmt: skip
CREDENTIAL_CALLS = {
    "keyring.get_password": "the keyring", "netrc.netrc": "~/.netrc", "getpass.getpass": "a password that is asked for", "boto3.Session.get_credentials": "~/.aws/credentials", "keytar.getPassword": "the keychain", "keytar.findCredentials": "the keychain", "browser_cookie3.load": "browser cookies", "browser_cookie3.chrome": "browser cookies", "browser_cookie3.firefox": "browser cookies",
    "win32crypt.CryptUnprotectData": "passwords of Windows",
}  # fmt: skip
PERSONAL_CALLS = {
    "pyperclip.paste": "the clipboard", "clipboardy.read": "the clipboard", "clipboardy.readSync": "the clipboard", "PIL.ImageGrab.grab": "the screen", "ImageGrab.grab": "the screen", "pyautogui.screenshot": "the screen", "mss.mss": "the screen",
    "pynput.keyboard.Listener": "what is typed", "keyboard.on_press": "what is typed", "keyboard.hook": "what is typed", "cv2.VideoCapture": "the camera", "sounddevice.rec": "the microphone", "pyaudio.PyAudio": "the microphone",
}  # fmt: skip

SIGNS_IN = Paths(
    r"^(?:login|connect|auth\w*|starttls|ehlo|helo|set_\w+|load_\w+|from_\w+|service_account|init|user|passwd|sign\w*|use_\w+|password|credentials?|configure|raise_for_status|close)$",
    re.IGNORECASE,
)
"""Methods of a connection with which one proves who one is."""

HEADERS = frozenset(
    (
        "headers",
        "auth",
        "cookies",
        "Authorization",
        "authorization",
        "x-api-key",
        "X-API-Key",
        "api_key",
        "cert",
        "Api-Key",
        "X-Auth-Token",
        "Cookie",
    )
)
"""Arguments of a request that prove who asks."""

KEEPS_TEXT = frozenset(
    (
        "decode",
        "encode",
        "strip",
        "lower",
        "upper",
        "replace",
        "format",
        "expanduser",
        "resolve",
        "as_posix",
        "absolute",
        "toString",
        "trim",
        "rstrip",
        "lstrip",
        "concat",
        "href",
    )
)
"""Methods that give back the text they are called on, more or less."""

KEEPS = KEEPS_TEXT | frozenset(
    ("items", "values", "keys", "copy", "get", "read", "readlines", "readline", "splitlines", "split", "append", "extend", "update", "json", "text", "getvalue", "communicate", "then", "map", "filter", "join", "slice", "push", "set", "pop", "hex", "fetchall", "fetchone", "execute", "cursor", "on", "pipe", "content", "arrayBuffer", "namelist", "getmembers", "body", "toArray", "reduce", "flat", "forEach", "entries", "insert", "group", "findall", "search", "match", "__getitem__", "getAttribute")
)  # fmt: skip
"""Methods that give back what they are called on or given."""


FILLS = frozenset(
    ("append", "extend", "add", "update", "push", "insert", "unshift", "appendleft", "setdefault", "put", "put_nowait", "set", "set_content", "set_payload", "attach", "add_attachment", "add_header", "add_field", "write", "writelines", "writestr", "writerow", "writerows", "addfile", "addHandler", "feed", "concat", "addstr", "emit", "read_string")
)  # fmt: skip
"""Methods that put their arguments into what they are called on."""
