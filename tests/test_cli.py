import subprocess
import sys

PROGRAM = """
import gc, sys
from edge.cli import main
assert "rich" not in sys.modules, "to import the command changes nothing yet"
sys.argv = ["edge", "--help"]
try:
    main()
except SystemExit as ended:
    assert not ended.code
import httpx, structlog
print([name for name in sys.modules if name.split(".")[0] == "pygments" and sys.modules[name]], gc.get_threshold()[0])
"""


def test_a_command_loads_no_pretty_printers_and_looks_for_no_garbage_while_it_starts():
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    assert "Run a gateway server." in done.stdout
    assert done.stdout.splitlines()[-1] == "[] 50000"
