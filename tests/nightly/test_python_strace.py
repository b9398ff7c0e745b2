"""The kernel as the judge of inline Python: generated scripts run under strace, every change must have been predicted.

Uses the sandbox and the comparison of ``test_shell_strace``; scripts are put together from statements over a small
tree, with names, helper functions, loops and aliases in between.
"""

import os
import random
import shlex
import shutil
from pathlib import Path

import argv_oracle
import pytest
import test_shell_strace as shell

from bailiwick.analysis.shell import ShellContext, analyze_shell
from bailiwick.model.access import AccessKind, Facts, ProgramTarget

SEED = int(os.environ.get("FUZZ_SEED", "1"))
COUNT = int(os.environ.get("FUZZ_COUNT", "300"))
_IMPORTS = [
    "import os, shutil, glob, subprocess, gzip, zipfile, json, io, sys",
    "from pathlib import Path",
    "from os import path, remove as rm, rename",
    "import os as o, shutil as sh",
    "from shutil import copyfile",
    "import pathlib, tempfile, csv, re",
]
_STATEMENTS = [
    "open({f}, {m}).close()", "with open({f}, {m}) as h: pass", "with open({f}) as a, open({f}, 'w') as b: b.write(a.read())",
    "os.remove({f})", "rm({f})", "o.unlink({f})", "os.rename({f}, {f})", "rename({f}, {f})", "os.replace({f}, {f})",
    "os.mkdir({f} + '.d')", "os.makedirs({d} + '/e/g/h', exist_ok=True)", "os.chmod({f}, 0o600)", "os.truncate({f}, 0)",
    "os.utime({f})", "shutil.copy({f}, {f})", "shutil.copy({f}, {d})", "shutil.copy2({f}, {d})", "copyfile({f}, {f})",
    "sh.copytree('sub', {f} + '.t')", "shutil.move({f}, {f})", "shutil.move({f}, {d})", "shutil.rmtree({d}, ignore_errors=True)",
    "Path({f}).write_text('x')", "Path({f}).write_bytes(b'x')", "Path({f}).unlink(missing_ok=True)", "Path({f}).touch()",
    "Path({d}, 'n').mkdir(parents=True, exist_ok=True)", "Path({f}).rename({f})", "Path({f}).replace({f})",
    "(Path({d}) / 'q').open({m}).close()", "Path({f}).with_suffix('.bak').write_text('b')", "Path({f}).with_name('wn').touch()",
    "Path({f}).parent.joinpath('pj').touch()", "pathlib.Path({d}).joinpath('a', 'b').parent.mkdir(exist_ok=True)",
    "os.system('touch ' + {f})", "os.system(f'cp {{shlex}} out/sys')", "subprocess.run(['cp', {f}, {f}])",
    "subprocess.run(['touch', 'cw'], cwd={d})", "subprocess.run('cat a.txt > out/shell', shell=True)",
    "subprocess.check_output(['sed', '-i', 's/a/b/', {f}])", "gzip.open({f} + '.gz', 'wb').close()",
    "json.dump([1], open({f}, 'w'))", "print('x', file=open({f}, 'a'))", "io.open({f}, {m}).close()",
    "tempfile.mkdtemp()", "os.link({f}, {f} + '.l')", "os.mkfifo({f} + '.p')",
    "x = {f}\nopen(x, {m}).close()", "x = {d}\ny = 'in'\nopen(f'{{x}}/{{y}}.txt', 'w').close()",
    "p = Path({d})\nq = p / 'z.txt'\nq.write_text('z')", "n = 'a' + 'b'\nopen('out/' + n, 'w')", "x = os.path.join({d}, 'j', 'k')\nos.makedirs(x)",
    "for x in ['out/l1', 'out/l2']:\n    open(x, 'w')", "for i in range(2):\n    open(f'out/i{{i}}', 'w')",
    "for x in glob.glob({d} + '/*.txt'):\n    os.chmod(x, 0o644)", "for p in Path('.').glob('**/*.txt'):\n    p.with_suffix('.md').touch()",
    "for p in Path({d}).rglob('*'):\n    p.chmod(0o700)", "for p in sorted(Path({d}).iterdir()):\n    p.is_file() and p.unlink()",
    "for r, ds, fs in os.walk({d}):\n    for n in fs:\n        os.remove(os.path.join(r, n))",
    "for n in os.listdir('sub'):\n    shutil.copy('sub/' + n, 'out/' + n + '.c')",
    "def f(x, m='w'):\n    open(x, m).close()\nf({f})\nf({f}, 'a')", "def g():\n    return {f}\nos.chmod(g(), 0o600)",
    "f = lambda x: os.remove(x)\nf({f})", "k = os.remove\nk({f})", "l = []\nl.append({f})\nfor x in l:\n    open(x, 'a')",
    "l = [{f}]\nl += [{f}]\nfor x in l:\n    os.remove(x)", "l = [{f}, {f}]\nl[0] = {f}\n[os.chmod(x, 0o600) for x in l]",
    "t = ({f}, {f})\nshutil.copy(*t)", "a, b = {f}, {f}\nos.rename(a, b)", "if os.path.exists({f}):\n    os.remove({f})\nelse:\n    open({f}, 'w')",
    "d = {{'k': {f}}}\nopen(d['k'], 'w')", "s = {f}.split('/')[-1]\nopen('out/' + s, 'w')", "s = ' '.join(['a', 'b'])\nopen('out/' + s, 'w')",
    "class A:\n    def go(self):\n        open('out/m', 'w')\nA().go()", "import contextlib\nwith contextlib.suppress(OSError):\n    os.remove({f})",
    "list(map(lambda x: open(x, 'w'), [{f}]))", "x = {f} if sys.argv else {f}\nopen(x, 'w')", "open({f}, 'w') and open({f}, 'w')",
    "while True:\n    open({f}, 'w')\n    break", "zipfile.ZipFile({f}, 'w').writestr('a', 'b')", "csv.writer(open({f}, 'w')).writerow([1])",
    "s = open({f}).read()\ns = re.sub('a', 'b', s)\nopen({f}, 'w').write(s)", "os.rmdir({d})", "os.symlink({f}, 'out/sy')",
    "exec('open(\"out/ex\", \"w\")')", "getattr(os, 'remove')({f})",
]  # fmt: skip


def script(source: random.Random) -> str:
    """One generated Python script."""

    def name() -> str:
        return repr(source.choice([*shell.FILES, "./a.txt", "sub/../b.txt", "/w/sub/c.txt", "out//x"]))

    lines = list(_IMPORTS)
    for _ in range(source.choice([1, 1, 2, 3])):
        text = source.choice(_STATEMENTS).replace("{{shlex}}", "a.txt")
        while "{f}" in text:
            text = text.replace("{f}", name(), 1)
        text = text.replace("{d}", repr(source.choice(["sub", "out", ".", "out/m1"])))
        text = text.replace("{m}", repr(source.choice(["r", "w", "a", "r+", "x", "rb", "wb"])))
        text = text.replace("{{", "{").replace("}}", "}")
        indented = "\n".join("    " + line for line in text.splitlines())
        lines.append(f"try:\n{indented}\nexcept Exception: pass" if source.random() < 0.7 else text)
    return "\n".join(lines)


def command(source: random.Random) -> str:
    """The script as an option or as a here-document, seen from the tree's root or from elsewhere."""
    text = script(source)
    prefix = source.choice(["", "", "cd sub && "])
    if source.random() < 0.5:
        return f"{prefix}python3 -I -c {shlex.quote(text)}"
    return f"{prefix}python3 -I - <<'PY'\n{text}\nPY"


def _judge(count: int, seed: int, scratch: Path) -> tuple[dict[str, object], int]:
    source = random.Random(seed)  # noqa: S311 - reproducible, not secret
    judged = {text: missed(text, scratch) for text in (command(source) for _ in range(count))}
    return {t: w for t, w in judged.items() if w}, sum(1 for w in judged.values() if w is not None)


def missed(text: str, scratch: Path) -> list[tuple[AccessKind, str]] | None:
    """What happened unpredicted; None where the reader doesn't claim to understand.

    Imports of a project's modules would hide everything else, so project code doesn't count as a prediction.
    """
    facts = analyze_shell(text, ShellContext(cwd=shell.ROOT, home="/home/u", project=shell.ROOT))
    if facts.opaque:
        return None
    known = Facts(accesses=tuple(a for a in facts.accesses if not isinstance(a.target, ProgramTarget)))
    return sorted(
        (kind, path)
        for kind, path in shell.observed(shell.run(text, scratch))
        # A tree is removed by way of its directories' descriptors, which are opened like files.
        if not shell.covered(known, kind, path)
        and not (kind is AccessKind.READ and shell.covered(known, AccessKind.DELETE, path))
    )


needs_sandbox = pytest.mark.skipif(
    not argv_oracle.available() or shutil.which("strace") is None, reason="needs bubblewrap and strace"
)


@pytest.mark.nightly
@pytest.mark.timeout(3600)
@needs_sandbox
def test_no_change_is_missed(tmp_path: Path) -> None:
    wrong, understood = _judge(COUNT, SEED, tmp_path)
    assert wrong == {}, f"seed {SEED}"
    assert understood > COUNT // 2
