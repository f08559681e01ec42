#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The driver one would write in an hour: blocking, one VM, query-jobs every 2 ms.

naive.py FIRMWARE SECONDS prints loops and seconds of snapshot-save and snapshot-delete, over as many
VMs as it takes: a QEMU that dies is replaced, and its boot is not counted.
"""
import json
import os
import socket
import subprocess
import sys
import tempfile
import time

QEMU = "/usr/bin/qemu-system-x86_64"
RAM = 32 << 20
REPLY_LIMIT = 30


class Vm:
    def __init__(self, firmware, folder):
        for name, size in (("vars", "64K"), ("vmstate", "1M")):
            path = f"{folder}/{name}.qcow2"
            subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", path, size], check=True)
        ours, theirs = socket.socketpair()
        ours.settimeout(REPLY_LIMIT)
        memfd = os.memfd_create("ram")
        os.ftruncate(memfd, RAM)
        nodes = [{"driver": "raw", "node-name": "code", "read-only": True,
                  "file": {"driver": "file", "filename": firmware, "read-only": True}}]
        nodes += [{"driver": "qcow2", "node-name": name,
                   "file": {"driver": "file", "filename": f"{folder}/{name}.qcow2"}}
                  for name in ("vars", "vmstate")]
        argv = [QEMU, "-nodefaults", "-no-user-config", "-display", "none", "-machine",
                "pc-q35-7.2,accel=tcg,memory-backend=ram,pflash0=code,pflash1=vars", "-m", "32M",
                "-object", f"memory-backend-file,id=ram,size={RAM},share=on,"
                f"mem-path=/proc/self/fd/{memfd}",
                "-chardev", f"socket,id=qmp,fd={theirs.fileno()}", "-mon",
                "chardev=qmp,mode=control"]
        for node in nodes:
            argv += ["-blockdev", json.dumps(node)]
        self.process = subprocess.Popen(argv, pass_fds=[theirs.fileno(), memfd],
                                        stderr=subprocess.DEVNULL)
        theirs.close()
        self.stream = ours.makefile("rw")
        self.stream.readline()
        self.execute("qmp_capabilities")
        # The guest's first ticks, as qsoak waits for them.
        while not any(os.pread(memfd, 8, 0x100000)):
            time.sleep(0.01)
        os.close(memfd)

    def execute(self, command, **arguments):
        self.stream.write(json.dumps({"execute": command, "arguments": arguments}) + "\n")
        self.stream.flush()
        while True:
            line = self.stream.readline()
            if not line:
                raise ConnectionError("QEMU has gone")
            message = json.loads(line)
            if "return" in message:
                return message["return"]
            if "error" in message:
                raise RuntimeError(message["error"]["desc"])

    def job(self, command, **arguments):
        self.execute(command, **{"job-id": "job", "tag": "tag", "devices": ["vars", "vmstate"]},
                     **arguments)
        while True:
            job = self.execute("query-jobs")[0]
            if job["status"] == "concluded":
                break
            time.sleep(0.002)
        self.execute("job-dismiss", id="job")
        if "error" in job:
            raise RuntimeError(job["error"])

    def end(self):
        self.process.kill()
        self.process.wait()


def main():
    firmware, seconds = sys.argv[1], float(sys.argv[2])
    loops, spent = 0, 0.0
    while spent < seconds:
        with tempfile.TemporaryDirectory() as folder:
            vm = Vm(firmware, folder)
            begin = last = time.monotonic()
            try:
                while spent + last - begin < seconds:
                    vm.job("snapshot-save", vmstate="vmstate")
                    vm.job("snapshot-delete")
                    loops += 1
                    last = time.monotonic()
            except (ConnectionError, OSError):
                pass
            vm.end()
            spent += last - begin if last > begin else 0.1
    print(loops, spent)


main()
