"""The held-out set of issue 5: 100 secrets and 100 look-alikes, written from the providers' documentation before any rule.

Nothing here is a literal secret: every value is made up from a seed when the set is built, in pieces that no scanner
of repositories takes for a whole. Rules are never fitted to a case of this set; what it shows is mended in general.
"""

import base64
import hashlib
import json
import string
import uuid
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random

from cryptography.hazmat.primitives import serialization as ser
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

UPPER, LOWER, DIGITS = string.ascii_uppercase, string.ascii_lowercase, string.digits
ALNUM = UPPER + LOWER + DIGITS
BASE62 = DIGITS + UPPER + LOWER
BASE32 = UPPER + "234567"
BECH32 = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A text, and the secret in it; ``secret`` is empty where the text only looks as if it held one."""

    id: str
    group: str
    text: str
    secret: str = ""


class Dice:
    """Random material from one seed."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)  # noqa: S311 - test data, and it must be the same every time

    def of(self, letters: str, count: int) -> str:
        """``count`` letters; never one that is all of one kind where the alphabet has more."""
        return "".join(self.random.choices(letters, k=count))

    def a(self, count: int) -> str:
        """Letters and digits."""
        return self.of(ALNUM, count)

    def small(self, count: int) -> str:
        """Lower-case letters and digits."""
        return self.of(LOWER + DIGITS, count)

    def u(self, count: int) -> str:
        """Upper-case letters and digits."""
        return self.of(UPPER + DIGITS, count)

    def h(self, count: int) -> str:
        """Hexadecimal digits."""
        return self.of("0123456789abcdef", count)

    def d(self, count: int) -> str:
        """Decimal digits, the first not zero."""
        return self.of("123456789", 1) + self.of(DIGITS, count - 1)

    def w(self, count: int) -> str:
        """The URL-safe alphabet, with a letter at both ends."""
        return self.of(ALNUM, 1) + self.of(ALNUM + "-_", count - 2) + self.of(ALNUM, 1)

    def b64(self, count: int) -> str:
        """Base64 of ``count`` random bytes."""
        return base64.b64encode(self.random.randbytes(count)).decode()

    def uuid(self) -> str:
        """A random UUID."""
        return str(uuid.UUID(int=self.random.getrandbits(128), version=4))

    def password(self) -> str:
        """What a password manager makes up: mixed classes, no quotes."""
        return (
            self.of(UPPER, 1)
            + self.of(ALNUM, 6)
            + self.of("!%^*_-+.", 1)
            + self.of(ALNUM, 6)
            + self.of(DIGITS, 2)
        )


def base62(number: int, width: int) -> str:
    """``number`` in base 62, padded."""
    digits = ""
    for _ in range(width):
        number, digit = divmod(number, 62)
        digits = BASE62[digit] + digits
    return digits


def crc62(prefix: str, body: str) -> str:
    """GitHub's and npm's form: CRC-32 of the body in base 62 at the end."""
    return prefix + body + base62(zlib.crc32(body.encode()), 6)


def grafana(dice: Dice) -> str:
    """glsa_<32>_<CRC-32 in hexadecimal>."""
    body = "gl" + "sa_" + dice.a(32)
    return f"{body}_{zlib.crc32(body.encode()):08x}"


def jwt(dice: Dice, claims: dict[str, object] | None = None) -> str:
    """A signed token with random signature."""
    parts = [
        {"alg": "RS256", "typ": "JWT", "kid": dice.h(8)},
        claims or {"sub": dice.d(9), "exp": 1893456000},
    ]
    head = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts]
    return ".".join([*head, base64.urlsafe_b64encode(dice.random.randbytes(64)).decode().rstrip("=")])


def pypi(dice: Dice) -> str:
    """A macaroon of pypi.org."""
    body = (
        b"\x02\x01\x08pypi.org\x02"
        + bytes([36])
        + dice.uuid().encode()
        + b"\x00\x02"
        + dice.random.randbytes(90)
    )
    return "py" + "pi-" + base64.urlsafe_b64encode(body).decode().rstrip("=")


def wif(dice: Dice) -> str:
    """A Bitcoin private key in wallet import format (base58check)."""
    payload = b"\x80" + dice.random.randbytes(32) + b"\x01"
    raw = payload + hashlib.sha256(hashlib.sha256(payload).digest()).digest()[:4]
    number, text = int.from_bytes(raw), ""
    while number:
        number, digit = divmod(number, 58)
        text = BASE58[digit] + text
    return text


def age(dice: Dice) -> str:
    """An age identity (bech32)."""
    data, bits, acc = [], 0, 0
    for byte in dice.random.randbytes(32):
        acc, bits = acc << 8 | byte, bits + 8
        while bits >= 5:
            bits -= 5
            data.append(acc >> bits & 31)
    data.append(acc << 5 - bits & 31)
    hrp = "age-secret-key-"
    values = [ord(c) >> 5 for c in hrp] + [0] + [ord(c) & 31 for c in hrp] + data
    check = 1
    for value in [*values, 0, 0, 0, 0, 0, 0]:
        top = check >> 25
        check = (check & 0x1FFFFFF) << 5 ^ value
        for i, generator in enumerate((0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)):
            check ^= generator if top >> i & 1 else 0
    check ^= 1
    data += [check >> 5 * (5 - i) & 31 for i in range(6)]
    return (hrp + "1" + "".join(BECH32[d] for d in data)).upper()


def _pem(
    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey, form: ser.PrivateFormat
) -> str:
    return key.private_bytes(ser.Encoding.PEM, form, ser.NoEncryption()).decode().strip()


def pems() -> list[str]:
    """Six private keys in the usual armours; made fresh, so they differ from run to run."""
    small = rsa.generate_private_key(65537, 2048)
    curve = ec.generate_private_key(ec.SECP256R1())
    sealed = small.private_bytes(
        ser.Encoding.PEM, ser.PrivateFormat.PKCS8, ser.BestAvailableEncryption(b"long enough")
    ).decode()
    pgp = (
        "-----BEGIN PGP PRIVATE"
        " KEY BLOCK-----\n\n"
        + "\n".join(base64.b64encode(hashlib.sha512(bytes([i])).digest()[:48]).decode() for i in range(12))
        + "\n=Ab3d\n-----END PGP PRIVATE"
        + " KEY BLOCK-----"
    )
    return [
        _pem(small, ser.PrivateFormat.TraditionalOpenSSL),
        _pem(small, ser.PrivateFormat.PKCS8),
        _pem(curve, ser.PrivateFormat.TraditionalOpenSSL),
        _pem(ed25519.Ed25519PrivateKey.generate(), ser.PrivateFormat.OpenSSH),
        sealed.strip(),
        pgp,
    ]


Make = Callable[[Dice], str]

CHECKSUM: tuple[tuple[str, Make, str], ...] = (
    (
        "github-classic",
        lambda r: crc62("gh" + "p_", r.a(30)),
        "git clone https://x-access-token:{}@github.com/o/r.git",
    ),
    ("github-oauth", lambda r: crc62("gh" + "o_", r.a(30)), "oauth_token: {}\n"),
    ("github-server", lambda r: crc62("gh" + "s_", r.a(30)), "echo {} | gh auth login --with-token"),
    (
        "github-refresh",
        lambda r: crc62("gh" + "r_", r.a(30)),
        '{{"refresh_token":"{}","expires_in":15811200}}',
    ),
    ("npm", lambda r: crc62("np" + "m_", r.a(30)), "//registry.npmjs.org/:_authToken={}"),
    ("grafana", grafana, "curl -H 'Authorization: Bearer {}' http://localhost:3000/api/org"),
    ("pypi", pypi, "TWINE_PASSWORD={}, twine upload dist/*"),
    ("bitcoin", wif, "importprivkey {} main"),
    ("age", age, "# public key: age1...\n{}\n"),
    ("azure-devops", lambda r: r.a(76) + "AZ" + "DO" + r.a(4), "git -c http.extraheader='x: {}' fetch"),
    (
        "azure-storage",
        lambda r: r.b64(64)[:76] + "+ASt" + r.a(6) + "==",
        "AccountName=prodlogs;AccountKey={};EndpointSuffix=core.windows.net",
    ),
)

STRUCTURED: tuple[tuple[str, Make, str], ...] = (
    ("jwt-1", jwt, "Cookie: session={}; theme=dark"),
    ("jwt-2", jwt, "const token = '{}';"),
    ("jwt-3", jwt, "  id_token: {}\n  scope: openid\n"),
)

PREFIXED: tuple[tuple[str, Make, str], ...] = (
    ("aws-access-key", lambda r: "AK" + "IA" + r.of(BASE32, 16), "aws_access_key_id={},"),
    ("aws-session", lambda r: "AS" + "IA" + r.of(BASE32, 16), "['{}']"),
    ("anthropic-api", lambda r: "sk-" + "ant-api03-" + r.w(93) + "AA", "ANTHROPIC_API_KEY={}"),
    ("anthropic-oauth", lambda r: "sk-" + "ant-oat01-" + r.w(93) + "AA", '"accessToken":"{}"'),
    ("anthropic-admin", lambda r: "sk-" + "ant-admin01-" + r.w(93) + "AA", "x-api-key: {}"),
    (
        "openai-project",
        lambda r: "sk-" + "proj-" + r.w(74) + "T3Blbk" + "FJ" + r.w(74),
        "client = OpenAI(api_key='{}')",
    ),
    ("openai-legacy", lambda r: "sk-" + r.a(20) + "T3Blbk" + "FJ" + r.a(20), "({})"),
    (
        "github-fine",
        lambda r: "github" + "_pat_" + r.a(22) + "_" + r.a(59),
        "export GH_TOKEN={} && gh pr list",
    ),
    (
        "gitlab-pat",
        lambda r: "gl" + "pat-" + r.w(20),
        "git remote set-url origin https://oauth2:{}@gitlab.com/g/p.git",
    ),
    ("gitlab-runner", lambda r: "gl" + "rt-" + r.w(20), "gitlab-runner register --token {}"),
    ("slack-bot", lambda r: "xo" + "xb-" + r.d(12) + "-" + r.d(13) + "-" + r.a(24), "SLACK_BOT_TOKEN={}."),
    ("slack-app", lambda r: "xa" + "pp-1-A" + r.u(10) + "-" + r.d(13) + "-" + r.h(64), "{} # app level"),
    (
        "slack-hook",
        lambda r: "https://hooks.slack" + ".com/services/T" + r.u(10) + "/B" + r.u(10) + "/" + r.a(24),
        "curl -X POST {}",
    ),
    ("stripe-live", lambda r: "sk" + "_live_" + r.a(24), "curl https://api.stripe.com/v1/charges -u {}:"),
    ("stripe-restricted", lambda r: "rk" + "_live_" + r.a(99), "<{}>"),
    ("stripe-webhook", lambda r: "wh" + "sec_" + r.a(32), "endpoint_secret = '{}'"),
    (
        "google-api",
        lambda r: "AI" + "za" + r.w(35),
        "https://maps.googleapis.com/maps/api/js?key={}&callback=init",
    ),
    ("google-oauth", lambda r: "GOC" + "SPX-" + r.w(28), '"client_secret":"{}"'),
    ("google-access", lambda r: "ya" + "29." + r.w(150), "gcloud auth print-access-token\n{}\n"),
    ("sendgrid", lambda r: "S" + "G." + r.w(22) + "." + r.w(43), "SENDGRID_API_KEY: {}"),
    ("twilio-key", lambda r: "S" + "K" + r.h(32), "twilio api key {}"),
    ("mailgun", lambda r: "key" + "-" + r.h(32), "mailgun: api:{}"),
    ("mailchimp", lambda r: r.h(32) + "-us" + "12", "MAILCHIMP_KEY={}"),
    ("telegram", lambda r: r.d(10) + ":A" + "A" + r.w(33), "https://api.telegram.org/bot{}/getMe"),
    (
        "discord-bot",
        lambda r: base64.b64encode(r.d(18).encode()).decode() + "." + r.w(6) + "." + r.w(38),
        "DISCORD_TOKEN={}",
    ),
    ("discord-hook", lambda r: "https://discord" + ".com/api/webhooks/" + r.d(18) + "/" + r.w(68), "url: {}"),
    ("shopify", lambda r: "shp" + "at_" + r.h(32), "X-Shopify-Access-Token: {}"),
    ("square", lambda r: "EA" + "AA" + r.w(60), "square access token {}"),
    ("digitalocean", lambda r: "do" + "p_v1_" + r.h(64), "doctl auth init -t {}"),
    ("heroku", lambda r: "HR" + "KU-" + "AA" + r.w(58), "HEROKU_API_KEY={}"),
    ("databricks", lambda r: "da" + "pi" + r.h(32), "databricks configure --token <<< {}"),
    ("doppler", lambda r: "dp" + ".pt." + r.a(43), "doppler configure set token {}"),
    ("vault", lambda r: "hv" + "s." + r.w(95), "VAULT_TOKEN={} vault status"),
    (
        "terraform",
        lambda r: r.a(14) + ".atlas" + "v1." + r.w(67),
        'credentials "app.terraform.io" {{ token = "{}" }}',
    ),
    ("newrelic", lambda r: "NR" + "AK-" + r.u(27), "NEW_RELIC_USER_KEY={}"),
    ("linear", lambda r: "lin" + "_api_" + r.a(40), "Authorization: {}"),
    ("notion", lambda r: "nt" + "n_" + r.d(11) + r.a(35), 'notion = Client(auth="{}")'),
    ("figma", lambda r: "fi" + "gd_" + r.w(40), "X-Figma-Token: {}"),
    (
        "huggingface",
        lambda r: "h" + "f_" + r.of(ALNUM.translate({ord(c): None for c in DIGITS}), 34),
        "huggingface-cli login --token {}",
    ),
    ("replicate", lambda r: "r" + "8_" + r.a(37), "REPLICATE_API_TOKEN={}"),
    ("groq", lambda r: "gs" + "k_" + r.a(52), "Groq({{apiKey: '{}'}})"),
    ("perplexity", lambda r: "pp" + "lx-" + r.a(48), "`{}`"),
    ("sentry", lambda r: "sn" + "tryu_" + r.h(64), "SENTRY_AUTH_TOKEN={}"),
    ("pulumi", lambda r: "pu" + "l-" + r.h(40), "PULUMI_ACCESS_TOKEN={}"),
    ("postman", lambda r: "PM" + "AK-" + r.h(24) + "-" + r.h(34), "X-API-Key: {}"),
    ("rubygems", lambda r: "rubygems" + "_" + r.h(48), ":rubygems_api_key: {}"),
    ("docker-pat", lambda r: "dc" + "kr_pat_" + r.w(27), "docker login -u me --password-stdin <<< {}"),
    ("planetscale", lambda r: "pscale" + "_tkn_" + r.w(43), "pscale auth --service-token {}"),
    ("supabase", lambda r: "sb" + "p_" + r.h(40), "supabase login --token {}"),
    ("cloudflare-origin", lambda r: "v1.0-" + r.h(24) + "-" + r.h(146), "cloudflare origin ca key {}"),
)

CONTEXTUAL: tuple[tuple[str, Make, str], ...] = (
    ("env-password", Dice.password, "DB_PASSWORD={}\nDB_HOST=db.internal\n"),
    ("json-password", Dice.password, '{{"user": "svc", "password": "{}"}}'),
    ("yaml-password", Dice.password, "database:\n  username: app\n  password: {}\n"),
    ("ini-password", Dice.password, "[client]\nuser = root\npassword = {}\n"),
    ("python-kwarg", Dice.password, "connect(host='db', user='app', password='{}')"),
    ("java-setter", Dice.password, 'dataSource.setPassword("{}");'),
    ("js-object", lambda r: r.a(32), "const cfg = {{ clientSecret: '{}', region: 'eu' }};"),
    ("go-const", lambda r: r.h(32), 'const apiKey = "{}"'),
    ("php-define", Dice.password, "define('DB_PASSWORD', '{}');"),
    (
        "csharp",
        Dice.password,
        "Server=tcp:sql.internal,1433;Database=crm;User ID=crm;Password={};Encrypt=True;",
    ),
    ("postgres-url", lambda r: r.a(20), "postgresql://app:{}@db.internal:5432/app?sslmode=require"),
    ("mongodb-url", lambda r: r.a(16), "mongodb+srv://admin:{}@cluster0.ab1cd.mongodb.net/test"),
    ("redis-url", lambda r: r.a(24), "REDIS_URL=redis://:{}@cache.internal:6379/0"),
    ("amqp-url", lambda r: r.a(18), "broker: amqps://worker:{}@mq.internal/vhost"),
    (
        "basic-auth",
        lambda r: base64.b64encode(f"admin:{r.a(14)}".encode()).decode(),
        "Authorization: Basic {}",
    ),
    ("bearer-opaque", lambda r: r.w(43), "-H 'Authorization: Bearer {}'"),
    ("cookie", lambda r: r.h(32), "Cookie: _ga=GA1.2.1; PHPSESSID={}; lang=de"),
    ("set-cookie", lambda r: r.w(48), "Set-Cookie: connect.sid=s%3A{}; Path=/; HttpOnly"),
    ("netrc", Dice.password, "machine git.internal login bot password {}\n"),
    ("pgpass", lambda r: r.a(16), "db.internal:5432:app:app:{}\n"),
    (
        "docker-auth",
        lambda r: base64.b64encode(f"ci:{r.a(20)}".encode()).decode(),
        '{{"auths": {{"registry.internal": {{"auth": "{}"}}}}}}',
    ),
    (
        "npm-auth",
        lambda r: base64.b64encode(f"ci:{r.a(16)}".encode()).decode(),
        "//registry.internal/:_auth={}\n",
    ),
    (
        "azure-sas",
        lambda r: r.b64(32).replace("+", "%2B").replace("/", "%2F").replace("=", "%3D"),
        "https://acct.blob.core.windows.net/c/f?sv=2022-11-02&se=2030-01-01&sr=b&sp=r&sig={}",
    ),
    (
        "aws-presigned",
        lambda r: r.h(64),
        "https://b.s3.amazonaws.com/k?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Expires=3600&X-Amz-Signature={}",
    ),
    ("mysql-p", Dice.password, "mysql -u root -p{} -h db.internal app"),
    ("curl-u", Dice.password, "curl -u deploy:{} https://nexus.internal/repository/"),
    ("django", lambda r: r.of(ALNUM + "!@#%^*_-+", 48) + "x1", "SECRET_KEY = 'django-insecure-{}'"),
    ("aws-secret", lambda r: r.of(ALNUM + "/+", 40), "aws_secret_access_key = {}\n"),
    ("datadog", lambda r: r.h(32), "DD_API_KEY={} DD_SITE=datadoghq.eu"),
    ("k8s-env", Dice.password, '- name: ADMIN_PASSWORD\n  value: "{}"\n'),
)


def secrets(seed: int = 5) -> Iterator[Case]:
    """The 100 secrets."""
    dice = Dice(seed)
    for group, rows in (
        ("checksum", CHECKSUM),
        ("structured", STRUCTURED),
        ("prefixed", PREFIXED),
        ("contextual", CONTEXTUAL),
    ):
        for name, make, template in rows:
            secret = make(dice)
            yield Case(id=f"{group}/{name}", group=group, text=template.format(secret), secret=secret)
    for number, pem in enumerate(pems()):
        yield Case(id=f"pem/{number}", group="pem", text=f"cat key\n{pem}\n$ ", secret=pem)


_EY = "ey"


def _documented() -> list[str]:
    """Keys that the providers' own documentation shows; put together here so that no scanner trips."""
    return [
        "aws_access_key_id = AK" + "IAIOSFODNN7EXAMPLE",
        "aws_secret_access_key = wJalrXUtn" + "FEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        "AccountKey=Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==",
        f"token: {_EY}JhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lIiwiaWF0IjoxNTE2MjM5MDIyfQ.SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c",
        "curl -H 'Authorization: token gh" + "p_16C7e42F292c6912E7710c838347Ae178B4a'",
        "stripe.api_key = 'sk" + "_test_4eC39HqLyjWDarjtT1zdp7dc'",
        "https://hooks.slack.com/services/T000" + "00000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX",
        "export TOKEN=gh" + "p_" + "x" * 36,
        "OPENAI_API_KEY=sk-" + "x" * 48,
        "ANTHROPIC_API_KEY=sk-" + "ant-api03-" + "." * 3,
    ]


def lookalikes(seed: int = 7) -> Iterator[Case]:
    """The 100 look-alikes: nothing in them may be used to get in anywhere."""
    r = Dice(seed)
    pixels = r.b64(300)
    rows: list[tuple[str, str]] = [("documented", text) for text in _documented()]
    rows += [
        ("uuid", text)
        for text in (
            f"request_id: {r.uuid()}",
            f'"session_id": "{r.uuid()}"',
            f"token_id={r.uuid()}",
            f"/v1/keys/{r.uuid()}/rotate",
            f"correlation-id: {r.uuid()}",
            f"x-request-token-id: {r.uuid()}",
            f"tenant = '{r.uuid()}'",
            f'"uuid":"{r.uuid()}"',
            f"key: {r.uuid()}",
            f"client_id: {r.uuid()}",
        )
    ]
    rows += [
        ("hash", text)
        for text in (
            f"commit {r.h(40)}",
            f"Merge: {r.h(40)} {r.h(40)}",
            f'"integrity": "sha512-{r.b64(64)}"',
            f"sha256:{r.h(64)}",
            f"    --hash=sha256:{r.h(64)} \\",
            f'checksum = "{r.h(64)}"',
            f"image: app@sha256:{r.h(64)}",
            f'ETag: "{r.h(32)}"',
            f"git checkout {r.h(40)}",
            f"h1:{r.b64(32)}",
            f'"_shasum": "{r.h(40)}"',
            f"secret_hash = '{r.h(64)}'",
            f"index {r.h(7)}..{r.h(7)} 100644",
            f"uses: actions/checkout@{r.h(40)}",
            f"cache-key: node-{r.h(64)}",
        )
    ]
    rows += [
        ("placeholder", text)
        for text in (
            "password=changeme",
            "password: ********",
            "PASSWORD=<your-password>",
            "api_key = 'YOUR_API_KEY_HERE'",
            'token: "${TOKEN}"',
            "secret: {{ vault.db_password }}",
            "DB_PASSWORD=$(cat /run/secrets/db)",
            'password: "%(password)s"',
            "postgres://user:password@localhost:5432/db",
            "postgres://user:${DB_PASS}@db/app",
            "Authorization: Bearer <token>",
            "Authorization: Bearer $TOKEN",
            "api_key=xxxxxxxxxxxxxxxxxxxxxxxx",
            "client_secret: REPLACE_ME_WITH_SECRET",
            "password = os.environ['DB_PASSWORD']",
            "const password = process.env.DB_PASSWORD;",
            'apiKey := os.Getenv("API_KEY")',
            "token = get_token(user)",
            "password: str | None = None",
            "secretKeyRef:\n  name: db\n  key: password",
            "https://user:pass@example.com/",
            "passphrase = input('Passphrase: ')",
            "AWS_SECRET_ACCESS_KEY=your-secret-access-key-goes-here-example",
            "mysql -u root -p -h db",
            "curl -u $USER:$PASS https://x",
            'sshpass -p "$PW" ssh host',
            "password_hash = bcrypt.hashpw(pw, salt)",
        )
    ]
    rows += [
        ("public", text)
        for text in (
            f"pk{'_live_'}{r.a(24)}",
            f"pk.eyJ1Ijoi{r.a(20)}In0.{r.a(22)}",
            f"AC{r.h(32)}",
            f"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI{r.a(43)} me@host",
            f"G-{r.u(10)}",
            f"UA-{r.d(8)}-1",
            f"arn:aws:iam::{r.d(12)}:role/deploy-secret-reader",
            f"vpc-{r.h(17)}",
            f"https://{r.h(32)}@o{r.d(6)}.ingest.sentry.io/{r.d(7)}"[:40],
            f"{r.d(12)}-{r.small(32)}.apps.googleusercontent.com",
            "-----BEGIN CERTIFICATE-----\nMIIB" + r.b64(90) + "\n-----END CERTIFICATE-----",
            "-----BEGIN PUBLIC KEY-----\nMIIB" + r.b64(90) + "\n-----END PUBLIC KEY-----",
            f"age1{r.of(BECH32, 58)}",
            f"0x{r.h(40)}",
            f"bc1q{r.of(BECH32, 38)}",
        )
    ]
    rows += [
        ("binary", text)
        for text in (
            f"data:image/png;base64,iVBORw0KGgo{pixels}",
            f"src: url(data:font/woff2;base64,d09GMgAB{r.b64(200)})",
            f'"thumbnail": "/9j/4AAQSkZJRg{r.b64(240)}"',
            f"sourceMappingURL=data:application/json;base64,{base64.b64encode(json.dumps({'version': 3, 'sources': ['a.js', 'b.js'], 'mappings': 'AAAA,CAAC'}).encode()).decode()}",
            "!function(e,t){var n=e.token||t,r=n.key=function(e){return e.auth=t.secret,e};r.p='/static/',n(n.s=0)}(window,{});",
            "var a={key:function(t){return t.password.length>8},token:/[a-z0-9]{32}/gi,auth:!0};",
            f'<path d="M{r.d(3)}.{r.d(2)} {r.d(3)}c{r.d(2)}.{r.d(1)}-{r.d(2)} {r.d(2)}z"/>',
            "AAAA" * 30,
        )
    ]
    rows += [
        ("prose", text)
        for text in (
            "The password must have at least 12 characters, one digit and one symbol.",
            "Reset your password: https://example.com/reset",
            "token: refresh logic for OAuth2 clients",
            "fix(auth): rotate the api key on every deploy",
            "def check_password(password: str) -> bool:",
            "if token == other_token: return True",
            "secret = load_secret('projects/p/secrets/db/versions/latest')",
            "assert user.password != 'hunter2'",
            "SELECT password_hash FROM users WHERE token IS NOT NULL",
            "kubectl create secret generic db --from-file=./password.txt",
            "git commit -m 'remove hard-coded password'",
            "max_tokens=4096, stop_token='<|endoftext|>'",
            "tokenizer = AutoTokenizer.from_pretrained('bert-base-uncased')",
            "cursor: eyJwYWdlIjogMn0=",
            "public_key_path: ~/.ssh/id_ed25519.pub",
        )
    ]
    for number, (group, text) in enumerate(rows):
        yield Case(id=f"{group}/{number}", group=group, text=text)
