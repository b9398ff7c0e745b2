"""The kernel as the judge of inline JavaScript and Perl: what understood one-liners do must have been predicted."""

import os
import random
import shlex
import shutil
from pathlib import Path

import argv_oracle
import pytest
import test_shell_strace as shell
from test_python_strace import missed

from bailiwick.analysis.shell import ShellContext, analyze_shell

SEED = int(os.environ.get("FUZZ_SEED", "1"))
COUNT = int(os.environ.get("FUZZ_COUNT", "200"))
_SCRIPTS = [
    "console.log(1 + 1)", "fs.writeFileSync({f}, 'x')", "fs.appendFileSync({f}, 'x')", "fs.unlinkSync({f})", "fs.rmSync({f}, {{force: true}})",
    "fs.rmSync({d}, {{recursive: true, force: true}})", "fs.mkdirSync({d} + '/m/n', {{recursive: true}})", "fs.renameSync({f}, {f})",
    "fs.copyFileSync({f}, {f})", "fs.cpSync('sub', 'out/cp', {{recursive: true}})", "fs.chmodSync({f}, 0o600)", "fs.truncateSync({f})",
    "console.log(fs.readFileSync({f}, 'utf8').split('\\n').map(l => l.trim()).join(','))", "fs.readdirSync({d}).forEach(n => console.log(n))",
    "const t = fs.readFileSync({f}, 'utf8'); fs.writeFileSync({f}, t.replace(/a/g, 'b'))", "fs.promises.writeFile({f}, 'y').then(() => console.log(1))",
    "const p = path.join({d}, 'j.txt'); fs.writeFileSync(p, `a`)", "cp.execSync('touch out/sh')", "const g = x => x + 1; console.log([1].map(g))",
    "for (const n of [1, 2]) {{ fs.appendFileSync({f}, String(n)) }}", "if (fs.existsSync({f})) fs.unlinkSync({f}); else fs.writeFileSync({f}, '')",
    "fs.readFile({f}, 'utf8', (e, d) => {{ if (!e) console.log(d.length) }})", "JSON.parse('{{\"a\":1}}').a", "let s = 'a'; s += 'b'; console.log(s)",
    "fs.rmdirSync({d})", "fs.writeFile({f}, 'z', e => {{ }})", "console.log(process.env.HOME, process.cwd())", "fs.utimesSync({f}, 1, 1)",
]  # fmt: skip
_FILTERS = [
    "s/a/b/g", "print if /a/", "tr/a-z/A-Z/", "$n++; END { print $n }", "s{a}{c}; s|b|d|", "print lc", "next unless /b/; print uc",
    "$h{$_}++; END { print sort keys %h }", "print scalar reverse", "s/(\\w)$/$1!/", 'print "$.: $_"',
]  # fmt: skip
_OPTIONS = ["-ne", "-pe", "-i -pe", "-i.bak -pe", "-lne", "-0777 -pe", "-lane"]


def command(source: random.Random) -> str:
    """One generated one-liner."""
    if source.random() < 0.4:
        files = " ".join(shlex.quote(name) for name in source.sample(shell.FILES, 2))
        return f"perl {source.choice(_OPTIONS)} {shlex.quote(source.choice(_FILTERS))} {files}"
    lines = ["const fs = require('fs'), path = require('node:path'), cp = require('child_process')"]
    for _ in range(source.choice([1, 1, 2])):
        text = source.choice(_SCRIPTS)
        while "{f}" in text:
            text = text.replace("{f}", repr(source.choice(shell.FILES)), 1)
        text = (
            text.replace("{d}", repr(source.choice(["sub", "out", "./out/m1"])))
            .replace("{{", "{")
            .replace("}}", "}")
        )
        lines.append(f"try {{ {text} }} catch (e) {{ console.error(e.message) }}")
    return f"node {source.choice(['-e', '-p'])} {shlex.quote('; '.join(lines))}"


@pytest.mark.nightly
@pytest.mark.timeout(3600)
@pytest.mark.skipif(
    not argv_oracle.available() or not all(shutil.which(program) for program in ("strace", "node", "perl")),
    reason="needs bubblewrap, strace, node and perl",
)
def test_no_change_is_missed(tmp_path: Path) -> None:
    source = random.Random(SEED)  # noqa: S311 - reproducible, not secret
    judged = {text: missed(text, tmp_path) for text in (command(source) for _ in range(COUNT))}
    assert {text: wrong for text, wrong in judged.items() if wrong} == {}, f"seed {SEED}"
    opaque = [text for text, wrong in judged.items() if wrong is None]
    assert len(opaque) < len(judged) // 2, [
        analyze_shell(t, ShellContext(cwd="/w", home="/", project="/w")).opaque for t in opaque[:3]
    ]
