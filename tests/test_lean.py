import re
import subprocess
import sys


def test_a_worker_imports_no_pretty_printers():
    command = [sys.executable, "-X", "importtime", "-m", "edge.gateway.process", "no argument of an agent's"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 2
    imported = set(re.findall(r"\| +([\w.]+)$", done.stderr, re.MULTILINE))
    assert "structlog.dev" in imported
    # that it was asked for is noted, too; only what was found has modules of its own
    assert not {name for name in imported if name.startswith(("rich.", "pygments.", "greenlet."))}
    assert "html.entities" not in imported
