"""Makes dvc-3.json and dvc-2.json with the real DVC: three commits of a small repository, as git and DVC keep them.

Usage: python build.py PATH_TO_DVC OUTPUT.json   (needs git; run once with DVC 3.67.1, once with DVC 2.58.2 with pathspec 0.11.2 and dulwich 0.21.7)
"""

import base64
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

dvc, output = sys.argv[1:]
top = pathlib.Path(tempfile.mkdtemp())
env = {**os.environ, "DVC_NO_ANALYTICS": "1", "HOME": str(top / "home"), "GIT_CONFIG_NOSYSTEM": "1"}
repo = top / "repo"
repo.mkdir()


def run(*args):
    return subprocess.run(args, cwd=repo, env=env, check=True, capture_output=True).stdout


def write(path, data):
    place = repo / path
    place.parent.mkdir(parents=True, exist_ok=True)
    if place.exists():
        place.unlink()
    place.write_bytes(data)


commits = []


def commit(message, expected):
    run("git", "add", "-A")
    names = run("git", "ls-files", "-z").decode().split("\0")[:-1]
    files = {name: base64.b64encode((repo / name).read_bytes()).decode() for name in names}
    commits.append({"message": message, "git": files, "expected": {k: base64.b64encode(v).decode() for k, v in expected.items()}})


crlf = b"a,b\r\n1,2\r\n"
run("git", "init", "-q")
run(dvc, "init", "-q")
run(dvc, "config", "core.analytics", "false")
run(dvc, "config", "cache.type", "copy")
write("data/table.csv", crlf)
write("data/img/1.bin", bytes(range(256)))
write("sub/model file.bin", b"one")
write("README.md", b"read me\n")
run(dvc, "add", "-q", "data", "sub/model file.bin")
write("dvc.yaml", b"""stages:
  train:
    cmd: printf trained > out.txt && printf '{}' > metrics.json
    wdir: stage
    outs:
      - out.txt
    metrics:
      - metrics.json:
          cache: false
""")
(repo / "stage").mkdir()
run(dvc, "repro", "-q")
one = {"data/table.csv": crlf, "data/img/1.bin": bytes(range(256)), "sub/model file.bin": b"one", "README.md": b"read me\n", "stage/out.txt": b"trained", "stage/metrics.json": b"{}"}
commit("one", one)

write("data/table.csv", crlf + b"3,4\r\n")
(repo / "data/img/1.bin").unlink()
write("data/img/2.bin", b"new")
run(dvc, "add", "-q", "data")
two = {**one, "data/table.csv": crlf + b"3,4\r\n", "data/img/2.bin": b"new"}
del two["data/img/1.bin"]
commit("two", two)

run(dvc, "remove", "-q", "sub/model file.bin.dvc")
write("sub/model file.bin", b"in git now")
three = {**two, "sub/model file.bin": b"in git now"}
commit("three", three)

cache = {}
for place in sorted((repo / ".dvc/cache").rglob("*")):
    # Beside contents there is the log of runs, which is no content.
    if place.is_file() and "runs" not in place.parts:
        cache[str(place.relative_to(repo / ".dvc/cache"))] = base64.b64encode(place.read_bytes()).decode()
version = run(dvc, "--version").decode().strip()
pathlib.Path(output).write_text(json.dumps({"origin": f"dvc {version} by build.py", "commits": commits, "cache": cache}, indent=1) + "\n")
shutil.rmtree(top)
