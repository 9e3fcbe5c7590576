#!/usr/bin/python3 -I
"""The last thing that runs in a template: waits until the machine is what every clone shall be, and takes the secrets out.

    sudo /usr/lib/vmpool/freeze <<< '{"ready_command": "systemctl is-active docker", "restart_units": ["docker.service"]}'

Standard input is one JSON object. `ready_command` (may be missing or empty) is a shell command that has to succeed, run as root;
`restart_units` (may be missing) are systemd units that every clone restarts before it is handed out. Exit code 0: the template can
be frozen as soon as it is idle. No further login is possible then. Otherwise standard output says what failed and how.
"""

import json
import os
import pwd
import subprocess
import sys
import time

sys.dont_write_bytecode = True
sys.path.append(os.path.dirname(os.path.abspath(__file__)))

import engine

IDLE_SECONDS = 300
LOOK_SECONDS = 0.2
STATE = "/run/vmpool"
SECRETS = ["/var/lib/systemd/random-seed", "/var/lib/systemd/credential.secret", "/root/.ssh/authorized_keys"]


def main():
    if not os.path.exists(STATE + "/boot_id"):
        fail("this machine was not started as a template: the kernel command line lacks vmpool.template, or the initial RAM disk runs udev before our script, or has none")
    request = json.load(sys.stdin)
    units = request.get("restart_units", [])
    require("cloud-init has not finished well", ["cloud-init", "status", "--wait", "--long"])
    if command := request.get("ready_command", ""):
        code = subprocess.run(["/bin/sh", "-c", command], stdin=subprocess.DEVNULL, stderr=subprocess.STDOUT, cwd="/").returncode
        if code != 0:
            fail(f"template_ready_command `{command}` ended with exit code {code}")
    for unit in units:
        require(f"image.restart_units: {unit} is not active in the template", ["systemctl", "is-active", "--", unit])
    wait_for_jobs()
    require("the agent is not ready", ["systemctl", "is-active", "vmpool-agent.service"])
    stop_calendar()
    # One that is restarted makes itself an id.
    if "docker.service" not in units and (wrong := engine.prepare()):
        fail(f"{wrong}; put docker.service into image.restart_units")
    with open(STATE + "/restart-units", "w", encoding="utf-8") as file:
        file.writelines(unit + "\n" for unit in units)
    forget(pwd.getpwnam(os.environ.get("SUDO_USER", "root")))
    os.sync()
    # From here on nobody asks for it before the clone's agent has brought entropy; then each clone's kernel makes its own.
    require("the boot id stays covered", ["umount", "/proc/sys/kernel/random/boot_id"])


def wait_for_jobs():
    deadline = time.monotonic() + IDLE_SECONDS
    while jobs := output(["systemctl", "list-jobs", "--no-legend"]):
        if time.monotonic() > deadline:
            fail(f"systemd is still busy after {IDLE_SECONDS} s:\n{jobs}")
        time.sleep(LOOK_SECONDS)


def stop_calendar():
    """A clone's clock jumps from the template's time to its own; what was due in between would start in its first second."""
    timers = output(["systemctl", "list-units", "--type=timer", "--state=active", "--no-legend", "--plain"])
    names = [line.split()[0] for line in timers.splitlines()]
    if names:
        require("timers cannot be stopped", ["systemctl", "stop", "--", *names])


def forget(user):
    for path in SECRETS:
        if os.path.exists(path):
            os.unlink(path)
    overwrite(user.pw_dir + "/.ssh/authorized_keys", "#\n")
    # Shorter than any clone's, which then need not be shortened.
    overwrite("/etc/hostname", "localhost\n")
    overwrite("/etc/hosts", "127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n")


def overwrite(path, content):
    """Neither removes nor empties the file: the agent is to find one that has its place on the disk."""
    with open(path, "r+", encoding="ascii") as file:
        file.write(content)
        file.truncate()


def require(what, command):
    result = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if result.returncode != 0:
        fail(f"{what}: `{' '.join(command)}` ended with exit code {result.returncode}: {result.stdout.strip()}")


def output(command):
    return subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, check=True).stdout.strip()


def fail(reason):
    print(reason, flush=True)
    sys.exit(1)


main()
