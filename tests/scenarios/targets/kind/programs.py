"""`kind` and `ip` as small programs on PATH that do as they are told and remember their arguments."""

import json
import sys

KIND = """#!{python} -IS
import json, pathlib, signal, sys, time
home = pathlib.Path({home!r})
arguments = sys.argv[1:]
with (home / "kind.log").open("a") as log:
    log.write(json.dumps(arguments) + "\\n")
clusters = home / "clusters"
there = clusters.read_text().split() if clusters.exists() else []
options = dict(zip(arguments[2::2], arguments[3::2]))
fails = home / "kind.fails"
if fails.exists() and fails.read_text() == arguments[0]:
    sys.exit("ERROR: failed to " + " ".join(arguments[:2]))
if arguments == ["get", "clusters"]:
    print("\\n".join(there))
elif arguments[:2] == ["create", "cluster"]:
    (home / "configuration").write_text(pathlib.Path(options["--config"]).read_text())
    clusters.write_text("\\n".join([*there, options["--name"]]))
    if (home / "kind.hangs").exists():
        (home / "creating").write_text("")
        signal.pause()
elif arguments[:2] == ["delete", "cluster"]:
    clusters.write_text("\\n".join(name for name in there if name != options["--name"]))
if arguments[0] in ("create", "export"):
    pathlib.Path(options["--kubeconfig"]).write_text((home / "administrator").read_text())
"""

IP = """#!{python} -IS
import json, pathlib, sys
home = pathlib.Path({home!r})
arguments = sys.argv[1:]
with (home / "ip.log").open("a") as log:
    log.write(json.dumps(arguments) + "\\n")
if arguments[0] == "-6":
    arguments.pop(0)
elif ":" in arguments[2]:
    sys.exit(0)  # of the other family: nothing is shown
table = home / "routes"
routes = json.loads(table.read_text()) if table.exists() else {{}}
if arguments[:2] == ["route", "show"]:
    print(routes.get(arguments[2], ""))
elif (home / "ip.denied").exists():
    sys.exit("RTNETLINK answers: Operation not permitted")
elif arguments[1] == "add":
    routes[arguments[2]] = f"{{arguments[2]}} via {{arguments[4]}} dev br-1 "
elif routes.pop(arguments[2], None) is None:
    sys.exit("RTNETLINK answers: No such process")
table.write_text(json.dumps(routes))
"""


class Programs:
    """`home` holds what they remember; `folder` is what PATH must be."""

    def __init__(self, home, kubeconfig=""):
        self.home, self.folder = home, home / "bin"
        self.folder.mkdir()
        for name, text in (("kind", KIND), ("ip", IP)):
            program = self.folder / name
            program.write_text(text.format(python=sys.executable, home=str(home)))
            program.chmod(0o700)
        (home / "administrator").write_text(kubeconfig)

    def asked(self, program):
        """The command lines it was called with."""
        log = self.home / f"{program}.log"
        return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []

    def clusters(self):
        path = self.home / "clusters"
        return path.read_text().split() if path.exists() else []

    def routes(self):
        path = self.home / "routes"
        return json.loads(path.read_text()) if path.exists() else {}

    def say(self, name, text=""):
        """A switch: kind.fails (a verb), kind.hangs, ip.denied."""
        (self.home / name).write_text(text)
