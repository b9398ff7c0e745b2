"""How languages name, read, send and run: enough of each to follow data by name, for those without a reader and beside those with one."""

import re
from collections.abc import Mapping

from bailiwick.analysis.skill.facts import Origin
from bailiwick.analysis.text.form import Form

READS = Form(
    r"\b(?:File\.(?:read|open|binread|readlines|foreach|ReadAll\w+)|IO\.(?:read|binread)|file_get_contents|fopen|readfile|fread|slurp|open|read_text|read_bytes|readFile(?:Sync)?|readTextFile|createReadStream|ReadFile|ReadAll|read_to_string|contentsOf(?:File|URL)?|readLines|readChar|readBin|read_file|scan|fs::read|Get-Content|gc|ReadAllText|ReadAllBytes|io\.open|io\.lines|Files\.read\w+|read|copy\w*|cat|tar|zip|gzip|base64|xxd|od|cp|dd|openssl|gpg|7z|Compress-Archive)\b|<\s*[\"']?[$~/]"
)
"""What takes the content of a file, where a path alone says nothing."""

SENDS = Form(
    r"\bNet::HTTP\b|\bHTTParty\b|\bFaraday\b|\bRestClient\b|\bHTTP\.(?:post|put|get)\b|\bTCPSocket\b|\bUDPSocket\b|\bExcon\b|\bURI\.open\b|\bopen-uri\b"
    r"|\bLWP::|\bHTTP::Tiny\b|\bMojo::UserAgent\b|\bWWW::Mechanize\b|\bIO::Socket\b|->(?:post|put|post_form|send)\b"
    r"|\bcurl_(?:init|setopt(?:_array)?|exec)\b|\bstream_context_create\b|\bfsockopen\b|\bfile_get_contents\s*\(\s*[\"']https?:|\bGuzzle\w*|\bwp_remote_\w+|\bHttp::(?:post|put|withBody|attach|asForm)\b"
    r"|\bInvoke-(?:RestMethod|WebRequest)\b|\b(?:iwr|irm)\b|\bUpload(?:String|Data|File|Values)\w*\b|\bHttpClient\b|\bStart-BitsTransfer\b|\bSend-MailMessage\b|\bWebClient\b|\bPostAsync\b"
    r"|\bhttp\.(?:Post|PostForm|NewRequest\w*|Get)\b|\bnet\.Dial\w*|\bhttps?\.request\b|\bsocket\.(?:http|tcp|udp)\b|\bngx\.socket\b|\breqwest::|\bureq::|\bTcpStream\b|\bHttpURLConnection\b|\bHttpRequest\b|\bOkHttp\w*|\bRestTemplate\b"
    r"|\bhttr2?::\w+|\bRCurl\b|\bUrlFetchApp\b|\bURLSession\b|\bdataTask\(|\bHttpPost\b|\bopenConnection\(|\bfetch\s*\(|\baxios\b|\bgot(?:\.\w+)?\s*\(|\bundici\b|\bsendBeacon\b|\bnew WebSocket\b|\bsuperagent\b|\bky\.\w+\(|\bhttps?\.(?:get|put)\b|\bXMLHttpRequest\b"
    r"|\brequests\.(?:post|put|patch|get|request)\b|\burlopen\b|\bhttpx\.\w+\(|\baiohttp\b|\bhttp\.client\b|\burllib3\b|\bsmtplib\b|\bsendmail\b|\bcreate_connection\b|\bHTTPS?Connection\b|\.(?:request|putrequest|sendall|sendto|post|put|patch)\s*\("
    r"|/dev/tcp/|\bcall_?[tT]ool\s*\(|\bsentry_sdk\.init\s*\(|\bSentry\.init\s*\(|\bposthog\.(?:capture|identify)\s*\(|\bmixpanel\.track\s*\("
)
_SENDERS = r"(?:curl(?:\.exe)?|wget|ncat|netcat|nc|socat|httpie|xh|aria2c|sendmail|mailx|telnet)"
_RESOLVERS = r"(?:dig|nslookup|host|getent|drill|resolvectl)"
IN_SHELL = r"(?:^|[|;&(`{!]|\$\(|\b(?:then|do|else|if|sudo|nohup|xargs|timeout \S+|while|until|command|exec|env)\s)[ \t]{0,80}(?:\w{1,60}=\S{0,200}[ \t]{1,9}){0,4}"
ASSIGNS_IN_SHELL = re.compile(
    r"(?:^|[;&\s])(?:local\s+|export\s+|readonly\s+)?([A-Za-z_]\w*)=([^\n]{1,600})", re.MULTILINE
)
_IN_CODE = r"(?:[\"'`(\[{]|\|[ \t]{0,9}|&&[ \t]{0,9}|;[ \t]{0,9}|\bsh[ \t]{1,9}-c[ \t]{1,9})"
SENDS_IN_SHELL = Form(rf"{IN_SHELL}(?:[\w/.-]*/)?{_SENDERS}(?=\s|$)|/dev/tcp/", re.MULTILINE)
SENDS_IN_CODE = Form(rf"{_IN_CODE}(?:[\w/.-]*/)?{_SENDERS}(?=[\"'`\s])")
LOOKS_UP_IN_SHELL = Form(rf"{IN_SHELL}(?:[\w/.-]*/)?{_RESOLVERS}(?=\s)", re.MULTILINE)
LOOKS_UP_IN_CODE = Form(
    rf"(?<![=!]=[ ])(?<![=!]=){_IN_CODE}(?:[\w/.-]*/)?{_RESOLVERS}(?=[\"'`]|\s+[$+\"'#%{{\w-])(?![\"'`]?\s*[:\])])"
)
LOOKS_UP = Form(
    r"\bgethostbyname\w*\s*\(|\bgetaddrinfo\s*\(|\bResolv(?:::DNS)?\b|\bdns_get_record\b|\bcheckdnsrr\b|\bResolve-DnsName\b|\bnet\.Lookup\w+|\bdns\.(?:promises\.)?(?:lookup|resolve\w*)\b|\.resolve(?:4|6|Txt|Any|Cname|Mx|Ns)?\s*\(\s*(?:`|f[\"']|[\"'][^\"']*[\"']\s*[+.%])|\bresolver\.(?:resolve|query)\s*\(|(?<![\w.$])(?:lookup|resolve(?:4|6|Txt|Any)?)\s*\(\s*`[^`\n]{0,80}\$\{|\bgethostbyaddr\b|\bDns\.GetHost\w+"
)
RUNS = Form(
    r"\b(?:TOPLEVEL_BINDING|binding|Kernel)\.(?:eval|exec|system|load|spawn)\b|\.(?:instance_eval|class_eval|module_eval)\b|\bAssembly\]?::Load\w*|(?<![\w.>:-])(?:eval|instance_eval|class_eval|system|exec|spawn|shell_exec|passthru|proc_open|popen|assert|create_function|loadstring|load|dofile|iex|Invoke-Expression)\b[\s(]|\bIO\.popen\b|\bOpen3\.\w+|\bos\.execute\b|\bio\.popen\b|\bexec\.Command\b|\bCommand::new\b|\bRuntime\.getRuntime\(\)\.exec\b|\bProcessBuilder\b|\bProcess\.Start\b|\bStart-Process\b|\[scriptblock\]::Create|&\s*\(\s*\[scriptblock\]|\bdo shell script\b|\brun script\b|\b(?:include|require)(?:_once)?\s*\(?\s*\$|\b(?:interp|plugin)\.Eval\b|\bGroovyShell\b|\bCode\.(?:eval_\w+|compile_string)\b|\.evaluate\s*\(|\bScriptEngine\w*|\bURLClassLoader\b|\bAssembly\.Load\b|\bdefineClass\b|\beval\(\s*parse\b|\bsource\(\s*(?:url|[\"']https?)"
)
"""What runs code or a program, in languages whose own reader is not here."""

EVALUATES = Form(
    r"\(\s*0\s*,\s*eval\s*\)|(?<![\w.$])(?:eval|exec)\s*\(|\bnew\s+Function\s*\(|(?<![\w.$])Function\s*\(|\bvm\.(?:run\w+|Script|compileFunction)\b|\._compile\s*\(|\bexec_module\b|\bimport\s*\(\s*[`\"']data:"
)
"""What runs code in languages with a reader of their own."""

FETCHES = Form(
    r"\bNet::HTTP\.(?:get|get_response|start)\b|\bURI(?:\([^)]*\)|\.parse\([^)]*\))?\.(?:open|read)\b|\bopen\s*\(\s*[\"']https?:|->get\s*\(|\bLWP::Simple\b|\bgetstore\b|\bfile_get_contents\s*\(\s*[\"']?(?:https?:|\$\w*url)|\bcurl_exec\b|\bDownload(?:String|Data|File)\w*\b|\bInvoke-(?:WebRequest|RestMethod)\b|\b(?:iwr|irm)\b|\bhttp\.(?:Get|request)\b|\breqwest::\w*get\b|\bGetStringAsync\b|\bHTTParty\.get\b|\bHTTP\.get\b|\bFaraday\.get\b|\bRestClient\.get\b|(?<![\w.-])(?:curl|wget)\s|\bnew URL\([^)\n]{0,200}\)\.(?:text|openStream|readText|getText)|\bURL\([^)\n]{0,200}\)\.readText|\bnew URL\(\s*[\"']https?:|\b(?:Command::new|exec\.Command|new ProcessBuilder)\(\s*\"(?:curl|wget)\"|:httpc\.request\(|\b(?:HTTPoison|Req|Tesla|Finch)\.(?:get!?|request!?)\b|\bdownload\.file\b|\breadLines\(\s*url|\bUrlFetchApp\b|\bfetch\s*\(|\baxios(?:\.get)?\s*\(|\bhttps?\.get\s*\(|(?<![\w.])get\s*\(\s*[\"'`]https?:|\burlopen\s*\(|\brequests\.get\s*\(|\bhttpx\.get\s*\(|\bgot\s*\("
)

RUNS_IN_SHELL = re.compile(
    r"(?:^|[;&|(]\s{0,9}|\b(?:then|do|exec|sudo|nohup)\s)\s{0,9}(?:(?:ba|z|da)?sh|source|\.|python3?|node|perl|ruby)[ \t]+(?:-\w+[ \t]+)?[\"']?\$\{?(\w+)|\beval\s+[\"']?\$\{?(\w+)|(?:^|[;&]\s{0,9}|\bexec\s+)[\"']?\$\{?(\w+)\}?[\"']?(?=\s|$)",
    re.MULTILINE,
)
"""A command of a shell that runs what a variable names or holds."""

STARTS = re.compile(
    r"\b(?:spawn|spawnSync|execFile|execFileSync|exec|execSync|fork|Popen|run|call|check_call|check_output|system|startfile|Command|popen|Command::new)\s*\(\s*\[?\s*&?([A-Za-z_$][\w$]*)\s*[,)\]]"
)
"""A program that is started, by the name that holds its path."""

WRITES = re.compile(
    r"\b(?:writeFile(?:Sync)?|createWriteStream|write_bytes|WriteFile|urlretrieve|DownloadFile|download_file|outputFile|File\.(?:write|binwrite)|file_put_contents)\s*\(\s*(?:[\"'][^\"'\n]*[\"']\s*,\s*)?([A-Za-z_$][\w$.]*)|\bopen\s*\(\s*([A-Za-z_]\w*)\s*,\s*[\"']w?b?[wa]|([A-Za-z_]\w*)\.write_(?:bytes|text)\s*\(|>\s*[\"']?\$\{?(\w+)|[\"']-\w{0,6}[oO][\"']\s*,\s*&?([A-Za-z_]\w*)|\s-\w*o\s*[\"']?\$\{?(\w+)|\bmv\s+[\"']?\$\{?\w+\S*\s+[\"']?\$\{?(\w+)"
)
"""A file that is written, by the name that holds its path."""

DECODES = Form(
    r"\bBase64\.(?:\w*decode64|decode)\b|\.unpack1?\s*\(?\s*[\"']m|\bInflate\b|\bMIME::Base64\b|\bdecode_base64\b|\bbase64_decode\b|\bgz(?:inflate|uncompress|decode)\b|\bstr_rot13\b|\bconvert_uu\w+|\bhex2bin\b|\bFromBase64String\b|-bxor\b|\bGzipStream\b|\bDeflateStream\b|\bStdEncoding\.Decode\w*|\bhex\.DecodeString\b|\bDATA\.read\b|<DATA>|\bstring\.char\b|\bpack\s*\(\s*[\"']H"
)
"""What undoes an encoding, in languages without a reader of their own."""

ENCODES = Form(
    r"\.hex\s*\(\s*\)|\bhexlify\s*\(|\bb(?:16|32|64|85)(?:hex)?encode\s*\(|\burlsafe_b64encode\s*\(|\.toString\(\s*[\"'](?:hex|base64|base64url)[\"']|\.toString\(\s*(?:16|32|36)\s*\)|\.toHex\(|\bbase32\.\w*(?:encode|stringify)\b|\bbtoa\s*\(|:02x\b|\.unpack1?\(?\s*[\"']H\*|\bhex\.EncodeToString\b|\bbin2hex\s*\(|\bBase(?:32|64)\.\w*encode|\bToHexString\b|\bToBase64String\b|\bBitConverter\]?::?ToString",
    re.IGNORECASE,
)
"""What spells data with letters that a name may have."""

ASSETS = Form(
    r"[\"'`/]([\w.-]+\.(?:png|jpe?g|gif|webp|ico|bmp|bin|dat|txt|pdf|woff2?|ttf|otf|svg|csv|mp3|wav|zip|gz|xz|pak|lock|cfg|md))[\"'`]"
)
"""A file of data, by its ending."""

_ENVIRONMENT = Form(
    r"\bENV\.(?:to_h|to_a|map|each\w*|inspect|to_json|select|reject|filter|sort|collect|sum)\b|(?<!\w)%ENV\b|\\%ENV|\bgetenv\(\s*\)|\$_ENV\b(?!\[)|\$_SERVER\b(?!\[)|(?i:\b(?:Get-ChildItem|gci|ls|dir|Get-Item)\s+(?:-Path\s+)?[\"']?Env:[\\/]?\*?[\"']?(?!\w))|\[(?:System\.)?Environment\]::GetEnvironmentVariables|\bos\.Environ\(\)|\benv::vars\b|\bSystem\.getenv\(\s*\)"
    r"|\bprocess\.env\b(?!\s*(?:\?\.|[.\[])\s*[\w\"'`$])|\bos\.environ\b(?!\s*(?:\.(?:get|setdefault|pop|copy\(\)\s*\[)|\[))|\bDeno\.env\.toObject\b|\bcompgen -e\b|(?<![\w$./-])printenv(?=\s*(?:[|>)`;&]|$))|(?<![\w$./\"'-])env(?=\s*(?:\||>|\)|`))|\bdeclare -x\b(?=\s*(?:[|>)]|$))|\bexport -p\b|\btoJSON\(\s*secrets\s*\)|\bSys\.getenv\(\s*\)|/proc/(?:self|\$\$|\d+|\*)/environ"
)
_STORES = Form(
    r"\bfind-(?:generic|internet)-password\b|\bdump-keychain\b|\bsecret-tool\b[\s\"',]+lookup|\bgh[\s\"',]+auth[\s\"',]+token\b|\bprint-access-token\b|\bcmdkey\b|\bGet-StoredCredential\b|\bvaultcmd\b|\bCredRead\w*|\b(?:chrome|browser)\.cookies\.getAll\b|\bkeyring\.get_\w+|\bkeytar\.\w+|\bgit[\s\"',]+credential[\s\"',]+fill\b|169\.254\.169\.254|\bmetadata\.google\.internal\b"
)
_PERSONAL = Form(
    r"\bpbpaste\b|\bxclip\b[^\n|;]{0,40}-o\b|\bwl-paste\b|\bGet-Clipboard\b|\bscreencapture\b|\bClipboard\.(?:GetText|paste)\b|\bpyperclip\.paste\b|\bclipboard\.read(?:Text|HTML|Sync)?\(|\bclipboardy\.\w*read\w*\(|\bGetClipboardData\(|\bclipboard_get\(|\bclipboard\(\)\.text\("
)
_PROJECT = Form(
    r"\bgit[\s\"',\[\]]+(?:-C[\s\"',]+\S+[\s\"',]+)?(?:diff|archive|bundle|format-patch|fast-export)\b(?![^\n]{0,40}--(?:stat|name-only|name-status|shortstat|numstat|check|quiet))|\bgit[\s\"',\[\]]+log[\s\"',]+[^\n]{0,40}(?:-p\b|--patch)"
)
_TALK = Form(r"\btranscript_path\b|\.claude/(?:projects|history|transcripts|sessions)\b")

SOURCES: Mapping[Origin, tuple[Form, str]] = {
    Origin.ENVIRONMENT: (_ENVIRONMENT, "*"),
    Origin.CREDENTIALS: (_STORES, ""),
    Origin.PERSONAL: (_PERSONAL, ""),
    Origin.CONVERSATION: (_TALK, "the transcript"),
    Origin.PROJECT: (_PROJECT, ""),
}
"""Where data that matters comes from, besides files: by its origin a pattern and a name (``""``: what the script says)."""
