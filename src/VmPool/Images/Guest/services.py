"""What goes on with the template's secrets in its memory when all files are new: sshd, journald, and the operator's services."""

import os
import re
import signal
import subprocess
import sys
import time

import engine

# From this version on sshd's listener hands on the host key that it read when it started.
KEEPS_HOST_KEY = (9, 8)
SERVED_SECONDS = 20
RESTART_SECONDS = 120
SETTLED_SECONDS = 15
# As much as systemd keeps for this kernel's pool.
SEED_BYTES = 32

JOURNALS = ("/run/log/journal/", "/var/log/journal/")
RESTART_UNITS = "/run/vmpool/restart-units"
JOURNALD = "/sys/fs/cgroup/system.slice/systemd-journald.service/cgroup.procs"
RANDOM_SEED = "/var/lib/systemd/random-seed"


class Journals:
    """The journal lies in directories named after the machine id; journalctl looks nowhere else."""

    def __init__(self, root):
        with open(root + "/etc/machine-id", encoding="ascii") as file:
            self.old = self.new = file.read().strip()
        self.parents = [root + parent for parent in JOURNALS if self.old and os.path.isdir(root + parent + self.old)]

    def name(self, machine_id):
        """journald goes on in its open files; the old name is for its next ones."""
        self.old, self.new = self.new, machine_id
        for parent in self.parents:
            os.rename(parent + self.old, parent + machine_id)
            os.symlink(machine_id, parent + self.old)

    def set_aside(self):
        """journald would call a file of another machine corrupted; under another name it only is an old one."""
        for parent in self.parents:
            os.unlink(parent + self.old)
            for name in os.listdir(parent + self.new):
                os.rename(f"{parent}{self.new}/{name}", f"{parent}{self.new}/template-{name}")


class Services:
    def __init__(self):
        # Asked now, because a new process takes a clone a tenth of a second.
        self.keeps_host_key = sshd_version() >= KEEPS_HOST_KEY

    def renew(self, identity):
        """What must be so before a job comes."""
        # Its socket has been listening since the template, as long as it lives: nobody need knock and have it start a process.
        os.kill(sshd_process(), signal.SIGHUP if self.keeps_host_key else 0)
        if self.keeps_host_key:
            require_served(identity.host_key_pub.split(" ")[1])
        engine.renew()
        if units := restart_units():
            run(["systemctl", "restart", "--", *units], RESTART_SECONDS)

    def settle(self, journals):
        """What can wait until the job's first commands are done."""
        time.sleep(SETTLED_SECONDS)
        try:
            journals.set_aside()
            # journald goes by the ids of machine and boot that it read at its start; systemd restarts it whenever it ends.
            with open(JOURNALD, encoding="ascii") as file:
                for process in file.read().split():
                    os.kill(int(process), signal.SIGTERM)
            seed = os.open(RANDOM_SEED, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
            os.write(seed, os.urandom(SEED_BYTES))
            os.close(seed)
        except OSError as e:
            # The job runs; it must not lose this process, whose end systemd would log in the middle of it.
            print(f"journald and the random seed are still the template's: {e}", file=sys.stderr)


class RecordedServices:
    """For tests on a machine that must stay as it is."""

    def __init__(self, record):
        self.renew = lambda identity: record(f"renew {identity.host_key_pub}")
        self.settle = lambda journals: (journals.set_aside(), record("settle"))


def sshd_version():
    words = run(["ssh", "-V"], RESTART_SECONDS)
    version = re.match(r"OpenSSH_(\d+)\.(\d+)", words)
    if not version:
        raise OSError(f"cannot tell OpenSSH's version from: {words}")
    return int(version[1]), int(version[2])


def sshd_process():
    file = os.open("/run/sshd.pid", os.O_RDONLY)
    try:
        return int(os.read(file, 20))
    finally:
        os.close(file)


def restart_units():
    file = os.open(RESTART_UNITS, os.O_RDONLY)
    try:
        return os.read(file, 1 << 16).decode().split()
    finally:
        os.close(file)


def require_served(key):
    deadline = time.monotonic() + SERVED_SECONDS
    while True:
        scan = subprocess.run(
            ["ssh-keyscan", "-T", "5", "-t", "ecdsa", "127.0.0.1"], stdin=subprocess.DEVNULL, capture_output=True, timeout=SERVED_SECONDS)
        if key.encode("ascii") in scan.stdout.split():
            return
        if time.monotonic() > deadline:
            raise OSError(f"sshd does not serve the new host key {SERVED_SECONDS} s after its reload")
        time.sleep(0.05)


def run(command, seconds):
    result = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=seconds)
    output = result.stdout.decode(errors="replace").strip()
    if result.returncode != 0:
        raise OSError(f"`{' '.join(command)}` ended with exit code {result.returncode}: {output}")
    return output
