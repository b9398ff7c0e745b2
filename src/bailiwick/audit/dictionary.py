"""Text that private parts of records have in common, so that each packs small by itself (RFC 1950, preset dictionary).

What is packed with it can be unpacked only with the same bytes: never change it; add another beside it.
"""

from typing import Final

DICTIONARY: Final = (
    b'"extra":"{\\"effort\\":{\\"level\\":\\"high\\"},\\"stop_hook_active\\":false,\\"last_assistant_message\\":\\"'
    b'"error":"Error: ENOENT: no such file or directory, open Exit code 1\\n'
    b"/usr/local/bin/python3 node_modules/.venv/ package.json README.md src/main.py tests/test_ .github/workflows/ "
    b"index.ts components/ https://github.com/ origin main && cd ; echo | grep -rn --include= 2>&1 | head -n 20 "
    b"git status git diff git log --oneline git add -A && git commit -m npm run build npm test npx pytest -q make test "
    b'"findings":[{"confidence":"high","field":"tool_input.command","message":"","rule":"secret/"}],'
    b'"obligations":[{"field":"timeout","kind":"clamp","maximum":30000},{"field":"run_in_background","kind":"rewrite",'
    b'"value":"False"},{"channel":"soc","kind":"notify"},{"kind":"sandbox"}],"opaque":["a variable isn\'t known"],'
    b'"reasons":[{"about":"execute ","instead":"","message":"It reaches beyond this working copy; it needs a person\'s '
    b'consent, and nobody can be asked in this session","mode":"enforce","origin":"organisation.yaml:'
    b'profiles/baseline.yaml:profiles/developer.yaml:","rule":"baseline.commands.ask.git-publish.1","verdict":"deny"},'
    b'{"about":"read ","message":"Allowed by this rule.","mode":"enforce","origin":"profiles/","rule":"baseline.files.'
    b'hidden.environment-files.1","verdict":"allow"}],"identity":"@example.com","prompt_id":"","agent":"","agent_type":'
    b'"general-purpose","skills":[""],"trigger":"/","text":"startup","input":"{\\"file_path\\":\\"/home/\\",'
    b'\\"content\\":\\"\\",\\"old_string\\":\\"\\",\\"new_string\\":\\"\\",\\"pattern\\":\\"**/*\\",\\"url\\":\\"https://'
    b'\\",\\"command\\":\\"\\",\\"description\\":\\"\\",\\"timeout\\":120000,\\"run_in_background\\":false}",'
    b'"accesses":[{"kind":"call-tool","name":"Bash"},{"kind":"connect","host":"","port":443},{"kind":"write","path":"'
    b'/tmp/"},{"kind":"delete","path":"/"},{"arguments":"-","kind":"execute","program":"/usr/bin/git"},{"arguments":"'
    b'","kind":"execute","program":"git"},{"kind":"read","path":"/home/","real":"/"}],"call_id":"toolu_01",'
    b'"client_session":"","cwd":"/home/","host":"","project":"/home/","salt":"","session":"s-","uid":1000,"user":"'
)

ENTRY_DICTIONARY: Final = (
    b'"accesses_omitted":1,"approved_by":"person-once","outcome":"failed","error","duration_ms":,"elapsed_ms":,"response_bytes":'
    b'"kind":"permission-answered""kind":"log-read","kind":"heartbeat""kind":"prompt""event":"UserPromptSubmit""kind":'
    b'"session-start""event":"SessionStart""event":"PostToolUse""kind":"tool-outcome","outcome":"ok","permission_mode":'
    b'"bypassPermissions","permission_mode":"acceptEdits","rules":["baseline.files.","baseline.commands.ask.","command/"],'
    b'"text_bytes":,"tool":"Read","tool":"Edit","tool":"Write","tool":"Grep","tool":"mcp__","verdict":"deny"}"verdict":"ask"}'
    b'{"approved_by":"hook","client_version":"2.1.330","decided_us":,"enforced":"allow","epoch":"","event":"PreToolUse",'
    b'"input_bytes":,"key":"","kind":"tool-call","monotonic_us":,"permission_mode":"default","policy":"","private":"",'
    b'"profile":"developer","seq":,"time_ms":17,"tool":"Bash","v":2,"verdict":"allow"}'
)
