"""A second held-out set, written when the rules were finished and run once: the figure it gave stands in docs/dlp.md."""

import base64
from collections.abc import Iterator

from heldout import Case, Dice, crc62

_ROWS = (
    ("vercel", lambda r: "vc" + "p_" + r.w(56), "VERCEL_TOKEN={}"),
    ("github-user", lambda r: crc62("gh" + "u_", r.a(30)), '"token": "{}",'),
    (
        "gitlab-deploy",
        lambda r: "gl" + "dt-" + r.w(20),
        "docker login -u gitlab+deploy-token-1 -p {} registry.gitlab.com",
    ),
    ("tailscale", lambda r: "tskey" + "-auth-" + r.a(12) + "-" + r.a(32), "tailscale up --authkey={}"),
    ("cratesio", lambda r: "ci" + "o" + r.a(32), "cargo login {}"),
    ("xai", lambda r: "xa" + "i-" + r.a(80), "XAI_API_KEY: {}"),
    (
        "atlassian",
        lambda r: "ATA" + "TT3xFfGF0" + r.w(170) + "=" + r.u(8),
        "curl -u me@corp.io:{} https://x.atlassian.net",
    ),
    ("circleci", lambda r: "CCI" + "PAT_" + r.a(22) + "_" + r.h(40), "circleci setup --token {}"),
    ("netlify", lambda r: "nf" + "p_" + r.a(36), "netlify deploy --auth {}"),
    ("shopify-secret", lambda r: "shp" + "ss_" + r.h(32), "SHOPIFY_API_SECRET={};"),
    ("okta", lambda r: "00" + r.w(40), "OKTA_API_TOKEN={}"),
    ("twilio-auth", lambda r: r.h(32), "TWILIO_AUTH_TOKEN={}"),
    (
        "slack-user",
        lambda r: "xo" + "xp-" + r.d(12) + "-" + r.d(12) + "-" + r.d(13) + "-" + r.h(32),
        "slack = WebClient('{}')",
    ),
    ("sonar", lambda r: "sq" + "u_" + r.h(40), "sonar-scanner -Dsonar.token={}"),
    ("asana", lambda r: "1/" + r.d(16) + ":" + r.h(32), "Authorization: Bearer {}"),
    ("airtable", lambda r: "pa" + "t" + r.a(14) + "." + r.h(64), "AIRTABLE={}"),
    ("hubspot", lambda r: "pa" + "t-na1-" + r.uuid(), "hubspot token {}"),
    ("brevo", lambda r: "xkey" + "sib-" + r.h(64) + "-" + r.a(16), "api-key: {}"),
    ("razorpay", lambda r: "rzp" + "_live_" + r.a(14), "key_id={}"),
    ("mongodb", lambda r: r.a(22), "MONGO_URI=mongodb://root:{}@mongo:27017/admin"),
    ("rust", Dice.password, 'let password = "{}";'),
    ("kotlin", Dice.password, 'val dbPassword: String = "{}"'),
    ("ruby", lambda r: r.h(64), "config.secret_key_base = '{}'"),
    ("properties", Dice.password, "spring.datasource.password={}\n"),
    ("toml", lambda r: r.a(40), 'access_token = "{}"'),
    ("xml", Dice.password, "<password>{}</password>"),
    (
        "webconfig",
        Dice.password,
        '<add key="ServiceAccount" value="x" /><add name="c" connectionString="Server=s;User Id=u;Pwd={};" />',
    ),
    ("tfvars", Dice.password, 'admin_password = "{}"'),
    ("redis-cli", lambda r: r.a(24), "redis-cli -h cache.internal -a {} ping"),
    ("sshpass", Dice.password, "sshpass -p '{}' ssh root@10.0.0.5"),
    ("powershell", Dice.password, "$Password = '{}'"),
    ("sql", Dice.password, "CREATE USER app WITH PASSWORD '{}';"),
    ("vault-header", lambda r: "hv" + "s." + r.w(24), "curl -H 'X-Vault-Token: {}' https://vault.internal"),
    (
        "sentence",
        lambda r: "Tr0ub4" + r.a(6) + "!",
        "Hi, the password for the staging box is {} please don't share it",
    ),
    ("laravel", lambda r: "base64:" + r.b64(32), "APP_KEY={}"),
    (
        "k8s-secret",
        lambda r: base64.b64encode(r.a(18).encode()).decode(),
        "kind: Secret\ndata:\n  password: {}\n",
    ),
    ("grpc-url", lambda r: r.a(20), "ftp://backup:{}@files.internal/dump"),
    ("jenkins", lambda r: "11" + r.h(32), "curl -u admin:{} https://jenkins.internal/me/api"),
    ("env-dollar", lambda r: r.a(8) + "$" + r.a(6) + "&" + r.a(3), "ADMIN_PASS='{}'"),
    ("yaml-token", lambda r: r.w(40), "auth:\n  token: {}\n"),
)


def secrets(seed: int = 11) -> Iterator[Case]:
    """Forty secrets."""
    dice = Dice(seed)
    for name, make, template in _ROWS:
        secret = make(dice)
        yield Case(id=name, group="unseen", text=template.replace("{}", secret), secret=secret)


def lookalikes(seed: int = 13) -> Iterator[Case]:
    """Forty look-alikes."""
    r = Dice(seed)
    texts = (
        "password = config.get('database', 'password')", "secret: !Ref DatabaseSecret", "token = request.headers['Authorization']",
        "{{ .Values.db.password }}", "api_key: ${{ secrets.API_KEY }}", "PASSWORD: required", "password_min_length: 12",
        f'etag = W/"{r.h(32)}"', f"trace_id={r.h(32)} span_id={r.h(16)}", f'resolved "https://x/y.tgz#{r.h(40)}"',
        f"go.sum h1:{r.b64(32)}", f"docker.io/library/redis@sha256:{r.h(64)}", f'subscription_id = "{r.uuid()}"', f"deviceId: {r.uuid()}",
        "const TOKEN_EXPIRY = 3600000;", "token_type: bearer", "grant_type=client_credentials&scope=read", "def reset_password(self, token): ...",
        "assert response.json()['token'] == 'abc'", "Authorization: Bearer YOUR_TOKEN", "export AWS_SECRET_ACCESS_KEY=xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "redis://:password@localhost:6379", "mysql://root:root@127.0.0.1/test", "curl -u user:password https://example.com", "http://localhost:8080/login?token=test",
        f"background: url(data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///{r.b64(60)})", f"ssh-rsa AAAAB3NzaC1yc2E{r.b64(200)} user@host", f"pk_test_{r.a(24)}",
        f"0x{r.h(64)[:40]}", "https://docs.example.com/authentication#api-keys", "The token is valid for 24 hours.", 'private_key_path = "~/.ssh/id_rsa"',
        "keyboard_layout=qwerty", "public_token: false", "session_timeout=1800", "passwordEncoder.matches(raw, encoded)", "hash: $2b$12$" + r.a(53),
        "csrf_token: {{ csrf() }}", "secrets/postgres-credentials.yaml", "author: secretary@corp",
    )  # fmt: skip
    for number, text in enumerate(texts):
        yield Case(id=f"look-alike/{number}", group="unseen", text=text)
