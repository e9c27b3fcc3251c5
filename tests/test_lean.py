import re
import subprocess
import sys


def test_what_was_freed_inside_the_heap_goes_back_to_the_system():
    program = """
import sys
from edge.lean import give_back
def resident():
    return int(open("/proc/self/statm").read().split()[1])
held = [bytes(2000) for _ in range(20_000)]
pins = [bytes(2000)]  # behind the others: what is freed is inside the heap, not at its end
most = resident()
del held
give_back()
sys.exit(0 if (most - resident()) * 4096 > 20_000_000 else f"{most} pages before, {resident()} after")
"""
    subprocess.run([sys.executable, "-c", program], check=True)


def test_a_worker_imports_only_what_its_rules_need():
    program = """
import sys
from edge import lean
lean.be_program(lean.UNUSED_BY_WORKERS)
from edge.gateway import worker
print(*(name for name in sys.modules if sys.modules[name] is not None))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert "edge.gateway.http.exchange" in loaded
    assert not loaded & {"re2", "zlib", "jwt", "tempfile", "edge.rules.checks", "edge.gateway.actions.response_cache"}


def test_a_worker_imports_no_pretty_printers():
    command = [sys.executable, "-X", "importtime", "-m", "edge.gateway.process", "no argument of an agent's"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 2
    imported = set(re.findall(r"\| +([\w.]+)$", done.stderr, re.MULTILINE))
    assert "structlog.dev" in imported
    # that it was asked for is noted, too; only what was found has modules of its own
    assert not {name for name in imported if name.startswith(("rich.", "pygments.", "greenlet."))}
    assert "html.entities" not in imported
