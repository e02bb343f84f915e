#!/usr/bin/env python3
"""Drives the salon program against servers that others have written. Not part of CI: it installs them first.

    cargo build && python3 tests/live/live.py [--salon target/debug/salon] [--servers FOLDER] [--only NAME]

Prints one line a case and leaves with 1 if one is not as expected. README.md says what was found.
"""

import argparse
import json
import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

NPM = ["@copilotkit/aimock@1.43.0", "@dwmkerr/mock-llm@0.1.29"]
PIP = ["fakellm==0.3.5", "llmock==0.2.2", "mockllm==0.0.8"]

FIXTURES = {
    "fixtures": [
        {"match": {"userMessage": "say hello"}, "response": {"content": "Hello from aimock, 世界 🌍."}},
        {"match": {"userMessage": "long"}, "response": {"content": "word " * 4000}},
        {"match": {"userMessage": "cut it"}, "response": {"content": "word " * 200}, "latency": 30,
         "truncateAfterChunks": 9},
        {"match": {"userMessage": "no credit"}, "response": {
            "error": {"message": "You exceeded your current quota", "type": "insufficient_quota",
                      "code": "insufficient_quota"}, "status": 429}},
        {"match": {"userMessage": "bad key"}, "response": {
            "error": {"message": "Incorrect API key provided: sk-live-1234567890abcdef",
                      "type": "invalid_request_error", "code": "invalid_api_key"}, "status": 401}},
        {"match": {"userMessage": "overloaded"}, "response": {
            "error": {"message": "Overloaded", "type": "overloaded_error"}, "status": 529}},
    ]
}
MOCKLLM = "responses:\n  'say hello': 'Hello from mockllm.'\ndefaults:\n  unknown_response: 'I do not know.'\n"
FAKELLM = """version: 1
defaults:
  fallback: deterministic_echo
rules:
  - name: greeting
    when: {messages_contain: "say hello"}
    respond: {content: "Hello from fakellm."}
  - name: pace
    when: {messages_contain: "slow down"}
    respond: {status: 429, error: "Rate limit exceeded (mock)"}
"""


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def install(folder):
    """Once into FOLDER: node_modules and a virtual environment."""
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "node_modules/.bin/mock-llm").exists():
        subprocess.run(["npm", "install", "--silent", "--prefix", str(folder), *NPM], check=True)
    if not (folder / "py/bin/mockllm").exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder / "py")], check=True)
        subprocess.run([str(folder / "py/bin/pip"), "-q", "install", *PIP], check=True)


def servers(folder, scratch):
    """Name -> (command with PORT, folder to run in)."""
    (scratch / "fixtures").mkdir()
    (scratch / "fixtures/all.json").write_text(json.dumps(FIXTURES))
    (scratch / "responses.yml").write_text(MOCKLLM)
    (scratch / "fakellm.yaml").write_text(FAKELLM)
    node, py = folder / "node_modules/.bin", folder / "py/bin"
    aimock = [str(node / "llmock"), "--port", "PORT", "--fixtures", str(scratch / "fixtures"), "--log-level", "silent"]
    llmock = [str(py / "llmock"), "serve", "--port", "PORT", "--log-level", "error"]
    return {
        "aimock": aimock,
        "aimock-drop": aimock + ["--chaos-drop", "1"],
        "aimock-malformed": aimock + ["--chaos-malformed", "1"],
        "aimock-disconnect": aimock + ["--chaos-disconnect", "1"],
        "mock-llm": ["env", "PORT=PORT", str(node / "mock-llm")],
        "fakellm": [str(py / "fakellm"), "serve", "--port", "PORT", "--config", str(scratch / "fakellm.yaml")],
        "mockllm": [str(py / "mockllm"), "start", "-p", "PORT", "-r", str(scratch / "responses.yml")],
        "llmock": llmock + ["--response-style", "hello"],
        "llmock-429": llmock + ["--error-rate", "429=1"],
        "llmock-503": llmock + ["--error-rate", "503=1"],
        "llmock-window": llmock + ["--context-window", "50"],
        "llmock-truncate": llmock + ["--stream-fault", "truncate=1", "--response-style", "varied"],
        "llmock-disconnect": llmock + ["--stream-fault", "disconnect=1", "--response-style", "varied"],
        "llmock-malformed": llmock + ["--stream-fault", "malformed=1", "--response-style", "varied"],
        "nobody": None,
    }


CHAT, RESPONSES, ANTHROPIC, OLLAMA = "chat-completions", "responses", "anthropic", "ollama"
LONG = "Tell me everything about the history of the sea. " * 40
# Server, wire, path of base_url, model, question, exit code, words of stdout, words of stderr.
CASES = [
    ("aimock", CHAT, "/v1", "gpt-4o", "say hello", 0, "Hello from aimock, 世界 🌍.", ""),
    ("aimock", RESPONSES, "/v1", "gpt-4o", "say hello", 0, "Hello from aimock, 世界 🌍.", ""),
    ("aimock", ANTHROPIC, "/v1", "claude-sonnet-4-5", "say hello", 0, "Hello from aimock, 世界 🌍.", ""),
    ("aimock", OLLAMA, "", "llama3", "say hello", 0, "Hello from aimock, 世界 🌍.", ""),
    ("aimock", CHAT, "/v1", "gpt-4o", "long", 0, "word word word", ""),
    ("aimock", CHAT, "/v1", "gpt-4o", "cut it", 1, "word", "before the answer was complete"),
    ("aimock", RESPONSES, "/v1", "gpt-4o", "cut it", 1, "word", "before the answer was complete"),
    ("aimock", ANTHROPIC, "/v1", "claude-sonnet-4-5", "cut it", 1, "word", "before the answer was complete"),
    ("aimock", OLLAMA, "", "llama3", "cut it", 1, "word", "before the answer was complete"),
    ("aimock", CHAT, "/v1", "gpt-4o", "no credit", 1, "", "No credit left"),
    ("aimock", RESPONSES, "/v1", "gpt-4o", "no credit", 1, "", "No credit left"),
    ("aimock", CHAT, "/v1", "gpt-4o", "bad key", 1, "", "refused the key"),
    ("aimock", ANTHROPIC, "/v1", "claude-sonnet-4-5", "bad key", 1, "", "refused the key"),
    ("aimock", CHAT, "", "gpt-4o", "say hello", 0, "Hello from aimock", ""),
    ("aimock", CHAT, "/v1/v1", "gpt-4o", "say hello", 1, "", "perhaps it is"),
    ("aimock", CHAT, "/v1", "gpt-4o", "nothing fits this", 1, "", "404"),
    ("aimock", ANTHROPIC, "/v1", "claude-sonnet-4-5", "overloaded", 1, "", "is overloaded"),
    ("aimock-drop", CHAT, "/v1", "gpt-4o", "say hello", 1, "", "retry 2 of 2"),
    ("aimock-malformed", CHAT, "/v1", "gpt-4o", "say hello", 1, "", ""),
    ("aimock-disconnect", CHAT, "/v1", "gpt-4o", "say hello", 1, "", "closed the connection"),
    ("mock-llm", CHAT, "/v1", "gpt-4", "say hello", 0, "say hello", ""),
    ("fakellm", CHAT, "/v1", "gpt-4", "say hello", 0, "Hello from fakellm.", ""),
    ("fakellm", ANTHROPIC, "/v1", "claude-3", "say hello", 0, "Hello from fakellm.", ""),
    # It answers a streamed request with words, whatever its rule says of errors.
    ("fakellm", CHAT, "/v1", "gpt-4", "slow down", 0, "", ""),
    ("mockllm", CHAT, "/v1", "gpt-4", "say hello", 0, "I do not know.", ""),
    # Its stream is none of Anthropic's: every delta is wrapped in a message_delta.
    ("mockllm", ANTHROPIC, "/v1", "claude-3", "say hello", 1, "", "The answer was empty"),
    ("llmock", CHAT, "/v1", "gpt-4o", "say hello", 0, "ello", ""),
    ("llmock", RESPONSES, "/v1", "gpt-4o", "say hello", 0, "ello", ""),
    ("llmock", ANTHROPIC, "/anthropic/v1", "claude-sonnet-4-5", "say hello", 0, "ello", ""),
    ("llmock-429", CHAT, "/v1", "gpt-4o", "say hello", 1, "", "slow down"),
    ("llmock-429", ANTHROPIC, "/anthropic/v1", "claude-sonnet-4-5", "say hello", 1, "", "slow down"),
    ("llmock-503", CHAT, "/v1", "gpt-4o", "say hello", 1, "", "retry 2 of 2"),
    ("llmock-503", RESPONSES, "/v1", "gpt-4o", "say hello", 1, "", "retry 2 of 2"),
    ("llmock-window", CHAT, "/v1", "gpt-4o", LONG, 1, "", "tokens"),
    ("llmock-window", ANTHROPIC, "/anthropic/v1", "claude-sonnet-4-5", LONG, 1, "", "tokens"),
    ("llmock-truncate", CHAT, "/v1", "gpt-4o", "say hello", 1, "", ""),
    ("llmock-truncate", RESPONSES, "/v1", "gpt-4o", "say hello", 1, "", ""),
    ("llmock-truncate", ANTHROPIC, "/anthropic/v1", "claude-sonnet-4-5", "say hello", 1, "", ""),
    ("llmock-disconnect", CHAT, "/v1", "gpt-4o", "say hello", 1, "", ""),
    ("llmock-disconnect", ANTHROPIC, "/anthropic/v1", "claude-sonnet-4-5", "say hello", 1, "", ""),
    ("llmock-malformed", CHAT, "/v1", "gpt-4o", "say hello", None, "", ""),
    ("nobody", CHAT, "/v1", "gpt-4o", "say hello", 1, "", "Nothing listens"),
]


def wait_for(port):
    for _ in range(300):
        try:
            socket.create_connection(("127.0.0.1", port), 0.2).close()
            return True
        except OSError:
            time.sleep(0.1)
    return False


def ask(salon, scratch, port, case, extra=()):
    _, wire, path, model, question, *_ = case
    home = pathlib.Path(tempfile.mkdtemp(dir=scratch))
    config = home / "salon.toml"
    config.write_text(
        f'[providers.live]\nwire = "{wire}"\nbase_url = "http://127.0.0.1:{port}{path}"\napi_key_env = "LIVE_KEY"\n'
    )
    environment = {"HOME": str(home), "PATH": os.environ["PATH"], "LIVE_KEY": "sk-live-1234567890abcdef"}
    begun = time.monotonic()
    done = subprocess.run(
        [salon, "ask", "--config", str(config), "--data-dir", str(home / "data"), "--model", f"live/{model}", *extra,
         question],
        env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120)
    leaks = [str(file) for file in home.rglob("*") if file.is_file() and b"sk-live-1234" in file.read_bytes()]
    if "sk-live-1234" in done.stdout + done.stderr:
        leaks.append("the output")
    return done, time.monotonic() - begun, leaks


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--salon", default="target/debug/salon")
    parser.add_argument("--servers", type=pathlib.Path, default=pathlib.Path("target/live"))
    parser.add_argument("--only", default="")
    options = parser.parse_args()
    salon = str(pathlib.Path(options.salon).resolve())
    folder = options.servers.resolve()
    install(folder)
    scratch = pathlib.Path(tempfile.mkdtemp())
    commands = servers(folder, scratch)
    failed = 0
    for name, command in commands.items():
        cases = [case for case in CASES if case[0] == name and options.only in name]
        if not cases:
            continue
        port = free_port()
        running = None
        if command:
            ports = {"PORT": str(port), "PORT=PORT": f"PORT={port}"}
            command = [ports.get(part, part) for part in command]
            running = subprocess.Popen(command, cwd=scratch, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                       stderr=subprocess.DEVNULL)
        try:
            if running and not wait_for(port):
                print(f"FAIL {name}: it did not start")
                failed += 1
                continue
            for case in cases:
                _, wire, path, _, question, code, out, err = case
                done, seconds, leaks = ask(salon, scratch, port, case)
                is_fine = (code is None or done.returncode == code) and out in done.stdout and err in done.stderr \
                    and not leaks and "panicked" not in done.stderr
                failed += not is_fine
                told = " ".join(done.stderr.split())[:230]
                print(f"{'ok  ' if is_fine else 'FAIL'} {name:18} {wire:16} {path or '/':7} {question[:20]!r:24} "
                      f"exit {done.returncode} in {seconds:.1f} s  {len(done.stdout)} bytes  {told} {leaks or ''}", flush=True)
        finally:
            if running:
                running.terminate()
                running.wait()
    print(f"{failed} not as expected")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
