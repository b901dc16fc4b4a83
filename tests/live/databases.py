"""A PostgreSQL of one test, and a disk that is soon full."""

import os
import shutil
import signal
import subprocess
from pathlib import Path

from metrics import Process, free_port, wait_for

USER = "postgres"


def programs():
    """The folder of PostgreSQL's programs, the newest version; none without the package."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: float(path.parent.name))
    if found:
        return found[-1]
    server = shutil.which("postgres")
    return Path(server).parent if server else None


class Postgres:
    """A PostgreSQL server in a folder, stopped and started by its process."""

    def __init__(self, room):
        self.room, self.port = Path(room) / "postgres", free_port()
        self.url = f"postgres://{USER}@127.0.0.1:{self.port}/postgres"
        self.process = None
        self.room.mkdir()
        # PostgreSQL refuses to run as root.
        self.user = USER if os.getuid() == 0 else None
        if self.user:
            shutil.chown(self.room, self.user)
            for parent in (self.room.parent, self.room.parent.parent, self.room.parent.parent.parent):
                parent.chmod(parent.stat().st_mode | 0o011)
        self.run("initdb", "--auth=trust", f"--username={USER}", "--no-sync", "-D", self.room / "data")

    def command(self, name, *arguments):
        """A program of PostgreSQL with the rights that it wants."""
        return [str(part) for part in (programs() / name, *arguments)]

    def run(self, name, *arguments):
        """Runs a program to its end."""
        return subprocess.run(self.command(name, *arguments), user=self.user, cwd=self.room, check=True,
                              env={**os.environ, "HOME": str(self.room)}, capture_output=True, text=True).stdout

    def start(self):
        """Starts it and waits until it answers."""
        options = {"user": self.user} if self.user else {}
        self.process = Process(self.command(
            "postgres", "-D", self.room / "data", "-p", self.port, "-k", self.room, "-c", "fsync=off",
            "-c", "listen_addresses=127.0.0.1"), self.room.parent / "postgres.log", cwd=self.room, **options)
        wait_for("PostgreSQL", self.answers)
        return self

    def answers(self):
        """Whether it takes queries."""
        try:
            return self.query("SELECT 1") == [["1"]]
        except subprocess.CalledProcessError:
            return False

    def query(self, text):
        """Rows of a query, as text."""
        out = self.run("psql", "-XAt", "-F", "\t", "-h", "127.0.0.1", "-p", self.port, "-U", USER, "-c", text, "postgres")
        return [line.split("\t") for line in out.splitlines()]

    def rows(self, text, *_):
        """Rows of a query; none while there is no such table or no server."""
        try:
            return [tuple(typed(cell) for cell in row) for row in self.query(text)]
        except subprocess.CalledProcessError:
            return []

    def stop(self):
        """Ends it as `systemctl stop` does: open sessions are ended."""
        self.process.child.send_signal(signal.SIGINT)
        self.process.child.wait(30)

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        if self.process.alive():
            self.stop()


def typed(cell):
    """A cell of psql: a number where it is one, nothing where it is empty."""
    if cell.lstrip("-").isdigit():
        return int(cell)
    return cell or None


class SmallDisk:
    """A mounted disk of a few MiB, for root only."""

    def __init__(self, room, mebibytes):
        self.path, self.size = Path(room) / "disk", mebibytes
        self.path.mkdir()

    def __enter__(self):
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={self.size}m", "tmpfs", str(self.path)], check=True)
        return self

    def fill(self):
        """Leaves nothing free."""
        with (self.path / "filling").open("wb", buffering=0) as file:
            try:
                while True:
                    file.write(b"\0" * 4096)
            except OSError:
                pass

    def free(self):
        """Gives back what `fill` took."""
        (self.path / "filling").unlink()

    def __exit__(self, *_):
        subprocess.run(["umount", "-l", str(self.path)], check=False)


def can_mount():
    """Whether disks can be mounted here."""
    return os.getuid() == 0 and shutil.which("mount") is not None
