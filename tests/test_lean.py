import re
import subprocess
import sys


def test_a_worker_imports_no_pretty_printers():
    command = [sys.executable, "-X", "importtime", "-m", "edge.gateway.worker", "no argument of an agent's"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 2
    imported = set(re.findall(r"\| +([\w.]+)$", done.stderr, re.MULTILINE))
    assert "structlog.dev" in imported
    assert not {name for name in imported if name.split(".")[0] in ("rich", "pygments")}
