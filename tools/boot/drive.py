#!/usr/bin/env python3
"""Drives the boot test: starts the prepared device in QEMU, plugs sticks in and power out.

usage: drive.py PREPARED WORK LOGS [options of boottest]

PREPARED and WORK are directories on the same btrfs, for disks are copied with reflinks. What of a
device the test relies on: its two serial ports (console and agent, see guest/), and QEMU's own
account of resets and of the watchdog.
"""

import argparse
import concurrent.futures
import copy
import json
import os
import random
import re
import shutil
import socket
import subprocess
import sys
import threading
import time

BROKEN = ["no-init", "panic", "hang", "frozen", "unhealthy"]
# Boot disks that make-loaders made, and the backend of each.
LOADERS = {"grub": "grub", "systemd-boot": "bls"}
DEAD = {f"{name}-dead": name for name in LOADERS}
FIRMWARE = "/usr/share/OVMF/OVMF_{}_4M.fd"
# Seconds; software emulation on a busy machine is slow, and a hang must not last forever.
BOOT_LIMIT = 600
COMMAND_LIMIT = 300
NUDGE = 30
TRIES = 2


class Failed(Exception):
    """What should have happened did not."""


def check(condition, text):
    if not condition:
        raise Failed(text)


def reflink(source, target):
    if os.path.exists(target):
        os.unlink(target)
    subprocess.run(["cp", "--reflink=always", source, target], check=True)


class Machine:
    """One QEMU: a device with its disk, until its plug is pulled."""

    def __init__(self, prepared, directory, accelerator, state=None, has_loader=False):
        self.directory = directory
        self.agent_bytes = b""
        self.events = []
        self.changed = threading.Condition()
        self.sequence = 0
        self.console = os.path.join(directory, "console.log")
        self.console_start = os.path.getsize(self.console) if os.path.exists(self.console) else 0
        paths = {name: os.path.join(directory, name + ".sock") for name in ("qmp", "agent")}
        for path in paths.values():
            if os.path.exists(path):
                os.unlink(path)
        arguments = [
            "qemu-system-x86_64", "-accel", accelerator, "-machine", "q35,sata=off", "-m", "512",
            "-nodefaults", "-no-user-config", "-display", "none",
            "-drive", "if=none,id=disk,format=raw,file=" + os.path.join(directory, "disk.img"),
            "-device", "virtio-blk-pci,drive=disk", "-device", "virtio-rng-pci",
            "-device", "qemu-xhci,id=xhci",
            "-device", "i6300esb", "-action", "watchdog=reset",
            "-chardev", "file,id=console,append=on,path=" + self.console,
            "-serial", "chardev:console",
            "-serial", f"unix:{paths['agent']},server=on,wait=off",
            "-qmp", f"unix:{paths['qmp']},server=on,wait=off",
        ]
        if has_loader:
            arguments += [
                "-drive", "if=pflash,unit=0,format=raw,readonly=on,file=" + FIRMWARE.format("CODE"),
                "-drive", "if=pflash,unit=1,format=raw,file=" + os.path.join(directory, "vars.fd"),
                "-drive", "if=none,id=loader,format=raw,file="
                + os.path.join(directory, "loader.img"),
                "-device", "virtio-blk-pci,drive=loader,bootindex=0",
            ]
        else:
            with open(os.path.join(prepared, "command-line"), encoding="ascii") as file:
                command_line = file.read().strip()
            arguments += [
                "-kernel", os.path.join(prepared, "kernel"),
                "-initrd", os.path.join(prepared, "initrd"), "-append", command_line,
            ]
        if accelerator == "tcg":
            # The guest's time goes by what it has executed, 8 ns each, and by the host's only while
            # it waits: else its watchdog bites on a host that is busy with something else.
            arguments += ["-icount", "shift=3,sleep=on"]
        if state:
            arguments += ["-incoming", "exec:cat " + state]
        with open(os.path.join(directory, "qemu.log"), "ab") as log:
            self.process = subprocess.Popen(
                arguments, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.qmp = self.connect(paths["qmp"])
        self.agent = self.connect(paths["agent"])
        self.answers = []
        threading.Thread(target=self.read_qmp, daemon=True).start()
        threading.Thread(target=self.read_agent, daemon=True).start()
        self.ask("qmp_capabilities")

    def connect(self, path):
        end = time.monotonic() + 60
        while True:
            try:
                connection = socket.socket(socket.AF_UNIX)
                connection.connect(path)
                return connection
            except OSError:
                connection.close()
                if self.process.poll() is not None or time.monotonic() > end:
                    raise Failed("QEMU does not start: see qemu.log")
                time.sleep(0.05)

    def read_qmp(self):
        for line in self.qmp.makefile("rb"):
            message = json.loads(line)
            with self.changed:
                if "event" in message:
                    self.events.append(message)
                elif "return" in message or "error" in message:
                    self.answers.append(message)
                self.changed.notify_all()

    def read_agent(self):
        while True:
            try:
                part = self.agent.recv(65536)
            except OSError:
                return
            if not part:
                return
            with self.changed:
                self.agent_bytes += part
                self.changed.notify_all()

    def wait(self, condition, seconds, what):
        """Waits until the condition, called under the lock, gives something."""
        end = time.monotonic() + seconds
        with self.changed:
            while True:
                result = condition()
                if result is not None:
                    return result
                left = end - time.monotonic()
                if left <= 0:
                    raise Failed(f"no {what} within {seconds} s")
                if self.process.poll() is not None:
                    raise Failed(f"QEMU ended while waiting for {what}: see qemu.log")
                self.changed.wait(min(left, 1))

    def ask(self, command, **arguments):
        with self.changed:
            self.answers.clear()
        message = {"execute": command}
        if arguments:
            message["arguments"] = arguments
        self.qmp.sendall(json.dumps(message).encode() + b"\n")
        answer = self.wait(
            lambda: self.answers[0] if self.answers else None, 60, "answer to " + command)
        check("return" in answer, f"{command}: {answer}")
        return answer["return"]

    # Marks: what is waited for must come after what was seen.

    def mark(self):
        with self.changed:
            return len(self.agent_bytes)

    def ready(self, since=0, seconds=None):
        """Waits for the next system that is up, and gives its version."""

        def found():
            # Firmware may have said something on the line before.
            line = re.search(rb"@ready (\S+)\n", self.agent_bytes[since:])
            return line[1].decode() if line else None

        return self.wait(
            found, BOOT_LIMIT if seconds is None else seconds, "system that is up")

    def event(self, names, since, seconds, what):
        def found():
            for event in self.events[since:]:
                if event["event"] in names:
                    return event
            return None

        return self.wait(found, seconds, what)

    def command(self, text, seconds=None):
        """Has the guest's shell carry out a line; its status and what it said."""
        self.sequence += 1
        word = f"c{self.sequence}"
        since = self.mark()
        self.agent.sendall(f"{word} {text}\n".encode())
        marker = f"@{word} ".encode()

        def found():
            data = self.agent_bytes[since:]
            position = data.find(marker)
            if position < 0 or b"\n" not in data[position:]:
                return None
            status = data[position + len(marker):].split(b"\n")[0]
            return int(status), data[:position].decode(errors="replace")

        end = time.monotonic() + (COMMAND_LIMIT if seconds is None else seconds)
        while (left := end - time.monotonic()) > NUDGE:
            try:
                return self.wait(found, NUDGE, f"end of: {text}")
            except Failed:
                check(self.process.poll() is None, f"QEMU ended during: {text}")
                # Once in many lines, what was sent does not arrive as a whole.
                self.agent.sendall(b"\n")
        return self.wait(found, left, f"end of: {text}")

    def send(self, text):
        """Has the guest's shell carry out a line that it will not come back from."""
        self.sequence += 1
        self.agent.sendall(f"c{self.sequence} {text}\n".encode())

    def must(self, text):
        status, output = self.command(text)
        check(status == 0, f"{text}: status {status}: {output.strip()}")
        return output

    def status(self):
        return json.loads(self.must("btrfs-update status --json"))

    def settled(self):
        """Waits until the system has judged itself, and gives what mark-good came to."""
        end = time.monotonic() + BOOT_LIMIT
        while time.monotonic() < end:
            # First, since all of it may happen between one question and the next.
            _, system = self.command("systemctl is-system-running")
            unit = "btrfs-update-mark-good.service"
            _, output = self.command(f"systemctl show -P ActiveState {unit}")
            state = output.strip()
            if state in ("active", "failed"):
                return state
            # A job that was dropped, because what it requires failed, leaves no trace.
            if state == "inactive" and system.strip() in ("running", "degraded"):
                return state
            time.sleep(1)
        raise Failed("the system does not come to an end of its boot")

    def plug(self, image):
        node = {"driver": "raw", "node-name": "stick",
                "file": {"driver": "file", "filename": image}}
        self.ask("blockdev-add", **node)
        self.ask("device_add", driver="usb-storage", id="stick", drive="stick", bus="xhci.0",
                 removable=True)

    def console_text(self):
        with open(self.console, "rb") as file:
            file.seek(self.console_start)
            return file.read().decode(errors="replace")

    def off(self):
        """Pulls the plug."""
        self.process.kill()
        self.process.wait()
        self.qmp.close()
        self.agent.close()


class Test:
    """All scenarios, and what they share."""

    def __init__(self, prepared, work, logs, options):
        self.prepared, self.work, self.logs = prepared, work, logs
        self.accelerator = options.accel or self.best_accelerator()
        self.options = options
        self.machine = None
        self.program = os.path.join(prepared, "btrfs-update")
        self.state, self.booted = (os.path.join(work, name) for name in ("state", "booted.img"))

    def best_accelerator(self):
        """kvm where a guest really runs with it; some machines only seem to have it."""
        if not os.access("/dev/kvm", os.R_OK | os.W_OK):
            return "tcg"
        directory = self.fresh("probe")
        machine = None
        try:
            machine = Machine(self.prepared, directory, "kvm")
            end = time.monotonic() + 15
            while time.monotonic() < end:
                if "Linux version" in machine.console_text():
                    return "kvm"
                time.sleep(0.5)
        except (Failed, OSError):
            pass
        finally:
            if machine:
                machine.off()
        return "tcg"

    def fresh(self, name):
        """A directory with a disk of its own, as it was prepared."""
        directory = os.path.join(self.work, name)
        shutil.rmtree(directory, ignore_errors=True)
        os.makedirs(directory)
        reflink(os.path.join(self.prepared, "disk.img"), os.path.join(directory, "disk.img"))
        return directory

    def start(self, directory, state=None):
        self.machine = Machine(self.prepared, directory, self.accelerator, state)
        return self.machine

    def stick(self, directory, name):
        image = os.path.join(directory, "stick.img")
        reflink(os.path.join(self.prepared, f"stick-{name}.img"), image)
        return image

    def run(self, name):
        """One scenario with machines of its own; whether it passed."""
        test = copy.copy(self)
        if name in BROKEN:
            return test.judge(name, lambda directory: test.broken(name, directory))
        if name in LOADERS:
            return test.judge(name, lambda directory: test.loader(name, directory))
        if name in DEAD:
            return test.judge(name, lambda directory: test.dead(DEAD[name], directory))
        return test.judge(name, getattr(test, name))

    def judge(self, name, scenario):
        begin = time.monotonic()
        directory = self.fresh(name)
        try:
            note = scenario(directory) or ""
            passed = True
            print(f"PASS {name} ({time.monotonic() - begin:.0f} s) {note}", flush=True)
        except Exception as error:  # whatever it is, the other scenarios still have their turn
            passed = False
            kept = os.path.join(self.logs, name)
            shutil.rmtree(kept, ignore_errors=True)
            os.makedirs(kept)
            for file in os.listdir(directory):
                if file.endswith(".log"):
                    shutil.copy(os.path.join(directory, file), kept)
            if self.machine:
                with open(os.path.join(kept, "agent.log"), "wb") as file:
                    file.write(self.machine.agent_bytes)
            kind = "" if isinstance(error, Failed) else type(error).__name__ + ": "
            print(f"FAIL {name} ({time.monotonic() - begin:.0f} s) {kind}{error}; logs in {kept}",
                  flush=True)
        finally:
            if self.machine:
                self.machine.off()
                self.machine = None
            shutil.rmtree(directory, ignore_errors=True)
        return passed

    # What is looked at from outside, when the machine is off.

    def inspect(self, directory):
        """Compares every version with its manifest, and the current system with its version."""
        mounted = os.path.join(directory, "mnt")
        os.makedirs(mounted, exist_ok=True)
        subprocess.run(
            ["mount", "-o", "loop,noatime", os.path.join(directory, "disk.img"), mounted],
            check=True)
        try:
            self.inspect_mounted(mounted)
        finally:
            subprocess.run(["umount", mounted], check=True)

    def inspect_mounted(self, mounted):
        status = json.loads(self.update(mounted, "status", "--json"))
        check(status["pending"] is None, f"still pending: {status['pending']}")
        check(not status["leftovers"], f"left over: {status['leftovers']}")
        for version in status["versions"]:
            check(version["readOnly"], f"version {version['version']} is writable")
            self.update(mounted, "verify", str(version["version"]))
        current = status["current"]["version"]
        # The rest of the tree is written to by whatever runs.
        for part in ("usr", "boot"):
            differences = subprocess.run(
                ["rsync", "-naHAXc", "--delete", "--itemize-changes",
                 f"{mounted}/sys_root_v{current}/{part}/",
                 f"{mounted}/sys_root_current/{part}/"],
                check=True, capture_output=True, text=True).stdout
            check(not differences, f"current is not version {current}: {differences[:2000]}")
        return status

    def update(self, mounted, *arguments):
        result = subprocess.run(
            [self.program, *arguments, "--root", mounted], capture_output=True, text=True,
            check=False)
        check(result.returncode == 0,
              f"{arguments}: status {result.returncode}: {result.stderr.strip()}")
        return result.stdout

    def stick_log(self, image):
        result = subprocess.run(
            ["mtype", "-i", image, "::btrfs-update.log"], capture_output=True, text=True,
            env={**os.environ, "MTOOLS_SKIP_CHECK": "1"}, check=False)
        check(result.returncode == 0, f"no log on the stick: {result.stderr.strip()}")
        return result.stdout

    # Scenarios.

    def first(self, directory):
        """A fresh device boots; what it is then, every other scenario begins with."""
        begin = time.monotonic()
        machine = self.start(directory)
        version = machine.ready()
        check(version == "1", f"a fresh device runs version {version}")
        check(machine.settled() == "active", "version 1 does not mark itself good")
        seconds = time.monotonic() - begin
        status = machine.status()
        check(status["trial"] is None and status["current"]["version"] == 1, f"{status}")
        check(status["current"]["running"] and status["floor"] == 1, f"{status}")
        # That one is true of every device whose loader does not count: panic= and watchdog are there.
        warnings = [w for w in status["boot"]["warnings"] if "before its own initramfs" not in w]
        check(not warnings, f"warnings: {warnings}")
        machine.must("sync")
        machine.ask("stop")
        machine.ask("migrate", uri="exec:cat >" + self.state)
        end = time.monotonic() + 120
        while machine.ask("query-migrate").get("status") != "completed":
            check(time.monotonic() < end, "the machine's state is not saved")
            time.sleep(0.2)
        reflink(os.path.join(directory, "disk.img"), self.booted)
        machine.off()
        return f"boot {seconds:.0f} s"

    def resume(self, directory):
        """The device as it was when version 1 had booted."""
        reflink(self.booted, os.path.join(directory, "disk.img"))
        machine = self.start(directory, self.state)
        end = time.monotonic() + 120
        while (status := machine.ask("query-status")["status"]) != "running":
            check(time.monotonic() < end, "the saved machine does not go on")
            if status == "paused":
                machine.ask("cont")
            time.sleep(0.05)
        machine.must("true")
        return machine

    def updates_itself(self, machine, image):
        """Plugs a stick in, and waits until the device has installed what it has and reboots."""
        since = len(machine.events)
        machine.plug(image)
        begin = time.monotonic()
        machine.event(["RESET"], since, COMMAND_LIMIT, "reboot after the update")
        return time.monotonic() - begin

    def good(self, directory):
        """An update comes from a stick and stays; a rollback by hand undoes it."""
        machine = self.resume(directory)
        image = self.stick(directory, "good")
        since = machine.mark()
        seconds = self.updates_itself(machine, image)
        version = machine.ready(since)
        check(version == "2", f"version {version} runs after the update")
        # With a number in brackets before it, the unit says the same later.
        check(re.search(r"^booting version 2, on trial, 1 try left after this",
                        machine.console_text(), re.MULTILINE),
              "boot-check did not count in the initramfs")
        check(machine.settled() == "active", "version 2 was not marked good")
        status = machine.status()
        check(status["current"]["version"] == 2 and status["trial"] is None, f"{status}")
        check(status["floor"] == 2 and status["last"]["version"] == 1, f"{status}")
        check(status["current"]["running"], f"{status}")
        # By hand: back, and there again.
        since = machine.mark()
        machine.must("btrfs-update rollback")
        machine.must("(sleep 1; reboot) >/dev/null 2>&1 &")
        check(machine.ready(since) == "1", "rollback does not lead to version 1")
        machine.settled()
        status = machine.status()
        check(status["current"]["version"] == 1 and status["last"]["version"] == 2, f"{status}")
        check(status["floor"] == 2, f"{status}")
        machine.must("sync")
        machine.off()
        log = self.stick_log(image)
        check("version 2 is current: it runs after the next boot" in log, log)
        self.inspect(directory)
        return f"{seconds:.0f} s from plugging in to the reboot"

    def broken(self, name, directory):
        """An update that never becomes good: the device is back at version 1 by itself."""
        machine = self.resume(directory)
        since, events, pulls = machine.mark(), len(machine.events), 0
        self.updates_itself(machine, self.stick(directory, name))
        if name == "hang":
            pulls = self.power_cycles(machine)
            machine, since, events = self.machine, 0, 0
        end = time.monotonic() + BOOT_LIMIT
        while machine.ready(since, end - time.monotonic()) != "1":
            # A version that comes up and goes down again, as the unhealthy one does.
            position = machine.agent_bytes.find(b"@ready 2", since)
            since = machine.agent_bytes.find(b"\n", position)
        check(machine.settled() == "active", "version 1 is not well after it came back")
        status = machine.status()
        check(status["current"]["version"] == 1 and status["trial"] is None, f"{status}")
        check(status["floor"] == 1, f"the floor is {status['floor']}")
        failure = status["failure"]
        check(failure is not None and failure["version"] == 2, f"no word of it: {status}")
        reason = failure["reason"]
        expected = "health check" if name == "unhealthy" else f"tries used up: {TRIES} boots"
        check(reason.startswith(expected), f"the reason is: {reason}")
        names = [event["event"] for event in machine.events[events:]]
        check(name != "frozen" or names.count("WATCHDOG") == TRIES, f"the watchdog: {names}")
        machine.must("sync")
        boots = machine.console_text().count("Linux version")
        machine.off()
        self.inspect(directory)
        how = f"{pulls} power cycles" if pulls else f"by itself, in {boots} boots"
        return f"{how}; \"{reason}\""

    # With a loader on a boot disk of its own, started by the firmware.

    def start_loader(self, name, directory):
        """A fresh device that boots by its maker's entry."""
        reflink(os.path.join(self.prepared, f"loader-{name}.img"),
                os.path.join(directory, "loader.img"))
        shutil.copy(FIRMWARE.format("VARS"), os.path.join(directory, "vars.fd"))
        self.machine = Machine(
            self.prepared, directory, self.accelerator, has_loader=True)
        machine = self.machine
        version = machine.ready()
        check(version == "1", f"a fresh device runs version {version}")
        check(machine.settled() == "active", "version 1 does not mark itself good")
        status = machine.status()
        check(status["boot"]["backend"] == LOADERS[name], f"{status}")
        check(not status["boot"]["warnings"], f"{status}")
        return machine

    def runs(self, machine, version):
        """Checks that this version runs, for good, by the loader's own choice."""
        check(machine.settled() == "active", f"version {version} is not well")
        status = machine.status()
        current = status["current"]
        check(current["version"] == version and current["running"], f"{status}")
        check(status["trial"] is None, f"{status}")
        check(status["boot"]["problem"] is None, f"{status['boot']['problem']}")
        line = machine.must("cat /proc/cmdline")
        check("rootflags=subvolid=" in line, f"the command line is: {line}")
        return status

    def told(self, name, directory, current):
        """What is on the boot disk: that the loader starts the current system, without counting."""
        image = os.path.join(directory, "loader.img") + "@@1M"
        environment = {**os.environ, "MTOOLS_SKIP_CHECK": "1"}
        if name == "grub":
            block = os.path.join(directory, "grubenv")
            subprocess.run(["mcopy", "-n", "-i", image, "::/grub/grubenv", block],
                           check=True, env=environment)
            said = subprocess.run(["grub-editenv", block, "list"],
                                  check=True, capture_output=True, text=True).stdout
            check(f"btrfs_update_first={current}\n" in said, said)
            check("btrfs_update_left=good\n" in said, said)
        else:
            said = subprocess.run(
                ["mdir", "-b", "-i", image, "::/loader/entries"],
                check=True, capture_output=True, text=True, env=environment).stdout
            ours = sorted(re.findall(r"btrfs-update-\S*", said))
            check(ours and ours[-1].endswith(f"-{current}.conf"), said)

    def loader(self, name, directory):
        """An update is started by the loader, counted, and kept; going back is, too."""
        machine = self.start_loader(name, directory)
        since = machine.mark()
        self.updates_itself(machine, self.stick(directory, "good"))
        version = machine.ready(since)
        check(version == "2", f"version {version} runs after the update")
        check(self.runs(machine, 2)["floor"] == 2, "the floor did not rise")
        if name == "grub":
            check("btrfs-update: on trial, 1 tries left" in machine.console_text(),
                  "GRUB did not count")
        self.ends_with_first(machine, name, directory, "btrfs-update rollback --reboot", "going back")

    def ends_with_first(self, machine, name, directory, command, what):
        """Version 1 runs after a reboot, for good, and that is what the loader's disk says as well."""
        since, events = machine.mark(), len(machine.events)
        machine.send(command)
        machine.event(["RESET"], events, COMMAND_LIMIT, f"reboot by {what}")
        version = machine.ready(since)
        check(version == "1", f"version {version} runs after {what}")
        status = self.runs(machine, 1)
        machine.must("sync")
        machine.off()
        self.told(name, directory, status["current"]["uuid"])
        self.inspect(directory)

    def dead(self, name, directory):
        """Nothing of the new version runs, not even its initramfs: only the loader can count."""
        machine = self.start_loader(name, directory)
        since = machine.mark()
        self.updates_itself(machine, self.stick(directory, "dead"))
        version = machine.ready(since)
        check(version == "1", f"version {version} runs in the end")
        status = self.runs(machine, 1)
        check(status["floor"] == 1, f"the floor is {status['floor']}")
        failure = status["failure"]
        check(failure is not None and failure["version"] == 2, f"no word of it: {status}")
        # The first boot, the dead ones, and this.
        boots = machine.console_text().count("Linux version")
        check(boots == TRIES + 2, f"{boots} boots")
        # What has no tries left is not tried again.
        self.ends_with_first(machine, name, directory, "systemctl reboot", "another reboot")
        return f"{TRIES} dead boots; \"{failure['reason']}\""

    def power_cycles(self, machine):
        """A system that hangs before anybody opens the watchdog: somebody pulls the plug."""
        for number in range(TRIES):
            end = time.monotonic() + BOOT_LIMIT
            while "boottest: the broken init runs" not in machine.console_text():
                check(time.monotonic() < end, f"hang {number + 1} does not come")
                time.sleep(0.5)
            machine.off()
            machine = self.start(machine.directory)
        return TRIES

    def cuts(self, directory):
        """Pulls the plug at random moments between plugging the stick in and version 2 good."""
        length = self.uncut(directory)
        generator = random.Random(self.options.seed)
        outcomes = {"1": 0, "2": 0}
        for number in range(self.options.cuts):
            moment = generator.uniform(0, length * 1.05)
            machine = self.resume(directory)
            machine.plug(self.stick(directory, "good"))
            time.sleep(moment)
            machine.off()
            try:
                outcome = self.after_cut(directory)
            except Failed as error:
                raise Failed(f"cut {number + 1} at {moment:.2f} s: {error}") from error
            outcomes[outcome] += 1
            print(f"     cut {number + 1}: after {moment:.2f} of {length:.2f} s, then version "
                  f"{outcome}", flush=True)
        return (f"{self.options.cuts} cuts within {length:.0f} s: {outcomes['1']} times version 1, "
                f"{outcomes['2']} times version 2")

    def uncut(self, directory):
        """How long it takes when nobody interferes, in seconds."""
        machine = self.resume(directory)
        since = machine.mark()
        begin = time.monotonic()
        machine.plug(self.stick(directory, "good"))
        check(machine.ready(since) == "2", "the update does not come")
        check(machine.settled() == "active", "version 2 was not marked good")
        length = time.monotonic() - begin
        machine.off()
        return length

    def after_cut(self, directory):
        """Boots what the cut left; the version that runs."""
        machine = self.start(directory)
        version = machine.ready()
        check(version in ("1", "2"), f"version {version} runs")
        state = machine.settled()
        check(state == "active", f"mark-good is {state} in version {version}")
        status = machine.status()
        check(str(status["current"]["version"]) == version, f"{status}")
        check(status["trial"] is None and status["failure"] is None, f"{status}")
        machine.must("systemctl is-active btrfs-update-recover.service || "
                     "test \"$(systemctl show -P Result btrfs-update-recover.service)\" = success")
        machine.must("sync")
        machine.off()
        self.inspect(directory)
        return version


def main():
    parser = argparse.ArgumentParser(prog="boottest")
    parser.add_argument("prepared")
    parser.add_argument("work")
    parser.add_argument("logs")
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--cuts", type=int)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    parser.add_argument("--only", action="append", choices=["good", *BROKEN, "cuts", *LOADERS, *DEAD])
    parser.add_argument("-j", "--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--patience", type=float, default=1)
    parser.add_argument("--accel", choices=["kvm", "tcg"])
    options = parser.parse_args()
    global BOOT_LIMIT, COMMAND_LIMIT
    BOOT_LIMIT *= options.patience
    COMMAND_LIMIT *= options.patience
    if options.cuts is None:
        options.cuts = 3 if options.short else 50
    # The longest first.
    names = options.only or (["cuts", "good", "panic"] if options.short
                             else ["cuts", *DEAD, *LOADERS, "good", *BROKEN])
    os.makedirs(options.work, exist_ok=True)
    test = Test(options.prepared, options.work, options.logs, options)
    print(f"QEMU with {test.accelerator}, seed {options.seed}", flush=True)
    # What all others begin with.
    if not set(names) <= {*LOADERS, *DEAD} and not test.run("first"):
        sys.exit(1)
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        passed = list(pool.map(test.run, names))
    print(f"{sum(passed)} of {len(names)} scenarios passed", flush=True)
    sys.exit(0 if all(passed) else 1)


if __name__ == "__main__":
    main()
