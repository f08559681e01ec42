#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
@HEADER@

set -u

# What the environment may say otherwise.
@DEFAULTS@
export QEMU QEMU_IMG TRIES VMS ROUNDS LIMIT TRY_LIMIT

usage() {
	cat <<-END
		usage: [VARIABLE=VALUE]... $0 [--help]

		QEMU       the binary under test ($QEMU)
		QEMU_IMG   qemu-img ($QEMU_IMG)
		TRIES      tries, one after the other ($TRIES)
		VMS        virtual machines side by side in a try ($VMS)
		ROUNDS     how often each of them plays the loop ($ROUNDS)
		LIMIT      seconds that QEMU has for what is awaited; longer is a hang ($LIMIT)
		TRY_LIMIT  seconds that a try may take ($TRY_LIMIT)

		Exit status: 0 reproduced at least once, 1 not reproduced, 2 cannot run, 130 interrupted.
	END
}

cannot_run() {
	echo "$0: $*" >&2
	exit 2
}

case ${1-} in
--help)
	usage
	exit 0
	;;
?*)
	usage >&2
	exit 2
	;;
esac
for program in python3 "$QEMU" "$QEMU_IMG"; do
	command -v -- "$program" >/dev/null || cannot_run "there is no $program"
done
for number in "$TRIES" "$VMS" "$ROUNDS" "$LIMIT" "$TRY_LIMIT"; do
	[[ $number =~ ^[1-9][0-9]{0,5}$ ]] || cannot_run "found \"$number\", expected a number above 0"
done

exec python3 - <<'END_OF_PROGRAM'
import base64, ctypes, json, os, re, select, shutil, signal, socket, subprocess, sys, tempfile
import time, zlib

# QEMU's command line. It runs in a folder of its own with the files below; QMP comes by a socket there.
ARGV = json.loads(r"""
@ARGV@
""")

# Set over the environment of this script.
ENVIRONMENT = json.loads(r"""
@ENVIRONMENT@
""")

# The images, all empty, by their sizes in bytes.
IMAGES = json.loads(r"""
@IMAGES@
""")

# What is done with a machine, in rounds, once its guest has had BOOT seconds. A step is sent "to" the
# running QEMU or to the incoming one of a migration, "pause" seconds after what was before; then its
# reply and all that it awaits have to come, in any order.
@BOOT@
LOOP = json.loads(r"""
@LOOP@
""")

# What is done after the last round.
FINALE = json.loads(r"""
@FINALE@
""")

# The failure: how it shows.
FAILURE = json.loads(r"""
@FAILURE@
""")

# What fw_cfg tells the guest, in hex; and the guest: base64 of zlib of firmware.bin.
@GUEST_CONFIG@
FIRMWARE = """
@FIRMWARE@
"""

# From here on nothing is particular to this failure.

TRIES, VMS, ROUNDS, LIMIT, TRY_LIMIT = (
    int(os.environ[name]) for name in ("TRIES", "VMS", "ROUNDS", "LIMIT", "TRY_LIMIT"))
LIBC = ctypes.CDLL(None)
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
WORDS_MAX = 65536     # bytes of a dead QEMU's last words that are read
LINE_MAX = 16 << 20   # bytes of a line of QMP
STATUS_FAILED = 1


class Failure(Exception):
    """How a machine failed: "died", "hung" or "error"; at which command; in which words."""

    def __init__(self, how, at, words, status=0):
        super().__init__(words)
        self.how, self.at, self.words, self.status = how, at, words, status

    def is_the_one(self):
        if self.how != FAILURE["how"]:
            return False
        if self.how == "died":
            if self.status != FAILURE["status"]:
                return False
        elif FAILURE["at"] not in (None, self.at):
            return False
        return all(matches(text, self.words) for text in FAILURE["words"])

    def __str__(self):
        if self.how == "died":
            way = (f"signal {-self.status}" if self.status < 0 else f"status {self.status}")
            last = self.words.strip().rpartition("\n")[2]
            return printable(f"QEMU ended in {self.at} with {way}: {last}")
        if self.how == "hung":
            return printable(f"QEMU hangs in {self.at}: {self.words}")
        return printable(f"{self.at} failed: {self.words}")


class CannotRun(Exception):
    pass


def printable(text):
    return re.sub(r"[^ -~]", "?", text)[:300]


def matches(text, words):
    """Whether the text is within the words, whatever the numbers in both are."""
    number = r"(0x[0-9a-fA-F]+|[0-9]+)"
    pattern = "".join(number if i % 2 else re.escape(part)
                      for i, part in enumerate(re.split(number, text)))
    return re.search(pattern, words) is not None


def dying_with(parent):
    """What a child of it does first; it may have gone already."""
    def begin():
        LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(STATUS_FAILED)
    return begin


def includes(whole, part):
    """Whether an event is, as far as it was said, the awaited one."""
    if isinstance(part, dict):
        return isinstance(whole, dict) and all(
            key in whole and includes(whole[key], part[key]) for key in part)
    return whole == part


def job_is(status):
    return {"event": "JOB_STATUS_CHANGE", "data": {"status": status}}


class Qemu:
    """One QEMU process and its QMP connection."""

    def __init__(self, folder, number, incoming):
        self.folder, self.sent, self.buffer = folder, 0, b""
        self.events, self.replies = [], {}
        self.closed = False
        name = f"qmp{number}.sock"
        self.output = f"{folder}/qemu{number}.stderr"
        argv = [os.path.abspath(shutil.which(os.environ["QEMU"]))]
        for option in ARGV:
            if option[0] != "-L" or os.path.isdir(option[1]):
                argv += option
        argv += ["-qmp", f"unix:{name},server=on,wait=off"]
        argv += ["-incoming", "defer"] if incoming else []
        with open(self.output, "wb") as output:
            self.process = subprocess.Popen(
                argv, cwd=folder, env={**os.environ, **ENVIRONMENT},
                preexec_fn=dying_with(os.getpid()), stdin=subprocess.DEVNULL, stdout=output,
                stderr=output)
        self.connect(f"{folder}/{name}")
        greeting = self.receive("greeting")
        oob = "oob" in greeting["QMP"].get("capabilities", [])
        arguments = {"enable": ["oob"]} if oob else {}
        self.send({"execute": "qmp_capabilities", "arguments": arguments})
        self.receive("reply")

    def connect(self, path):
        end = time.monotonic() + LIMIT
        self.socket = socket.socket(socket.AF_UNIX)
        while True:
            try:
                return self.socket.connect(path)
            except OSError:
                if self.process.poll() is not None:
                    raise self.death("boot")
                if time.monotonic() > end:
                    raise Failure("hung", "boot", "it does not listen for QMP")
                time.sleep(0.01)

    def receive(self, what):
        """The first message, before others can come."""
        end = time.monotonic() + LIMIT
        while not self.replies and time.monotonic() < end:
            select.select([self.socket], [], [], max(0, end - time.monotonic()))
            self.read("boot")
        if not self.replies:
            raise Failure("hung", "boot", f"no {what}")
        return self.replies.popitem()[1]

    def death(self, at):
        try:
            status = self.process.wait(LIMIT)
        except subprocess.TimeoutExpired:
            return Failure("hung", at, "it has closed its QMP connection, and lives")
        with open(self.output, "rb") as output:
            output.seek(max(0, os.path.getsize(self.output) - WORDS_MAX))
            words = output.read().decode("utf-8", "replace")
        return Failure("died", at, words, status)

    def send(self, command):
        self.sent += 1
        line = json.dumps({**command, "id": self.sent}) + "\n"
        try:
            self.socket.settimeout(LIMIT)
            self.socket.sendall(line.encode())
        except OSError:
            pass  # reading tells what has happened
        return self.sent

    def read(self, at):
        """Takes in what has come; raises if that is QEMU's end."""
        try:
            self.socket.settimeout(0)
            data = self.socket.recv(1 << 16)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self.closed = True
            raise self.death(at)
        self.buffer += data
        *lines, self.buffer = self.buffer.split(b"\n")
        if len(self.buffer) > LINE_MAX:
            raise Failure("error", at, "a line of QMP has no end")
        for line in lines:
            try:
                message = json.loads(line)
            except ValueError:
                raise Failure("error", at, f"this is not QMP: {line[:80]!r}")
            if "event" in message:
                self.events.append(message)
            else:
                self.replies[message.get("id")] = message

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.socket.close()


class Machine:
    """A virtual machine: the QEMU that runs it, and the incoming one of a migration."""

    def __init__(self, folder):
        self.folder, self.number = folder, 0
        self.peers = {}
        self.make_files(folder)
        self.start("qemu", folder)

    def make_files(self, folder):
        os.mkdir(folder)
        with open(f"{folder}/firmware.bin", "wb") as file:
            file.write(zlib.decompress(base64.b64decode(FIRMWARE)))
        with open(f"{folder}/guest-config", "wb") as file:
            file.write(bytes.fromhex(GUEST_CONFIG))
        for name, size in IMAGES.items():
            done = subprocess.run(
                [os.environ["QEMU_IMG"], "create", "-q", "-f", "qcow2", name, str(size)],
                cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT, timeout=LIMIT, preexec_fn=dying_with(os.getpid()))
            if done.returncode:
                raise CannotRun(f"qemu-img failed: {done.stdout.decode('utf-8', 'replace')}")

    def start(self, role, folder):
        self.number += 1
        self.peers[role] = Qemu(folder, self.number, role == "incoming")

    def play(self, operation):
        for peer in self.peers.values():
            peer.events.clear()
        for step in operation["steps"]:
            time.sleep(step.get("pause", 0))
            self.play_step(step, operation["operation"])

    def play_step(self, step, operation):
        if "start" in step:
            folder = self.folder
            if step.get("images"):
                folder = f"{self.folder}/{self.number}"
                self.make_files(folder)
            self.start("incoming", folder)
        elif "exit" in step:
            self.await_exit(step["exit"], operation, step.get("any-status", False))
        elif "signal" in step:
            self.peers["qemu"].process.send_signal(step["signal"])
        elif "becomes" in step:
            self.peers["qemu"].socket.close()
            self.peers["qemu"] = self.peers.pop("incoming")
        else:
            self.command(step, operation)

    def command(self, step, operation):
        peer = self.peers[step["to"]]
        name, arguments = step["execute"], dict(step.get("arguments", {}))
        if "uri" in arguments:
            arguments["uri"] = self.address(step["to"], arguments["uri"], operation)
        sent = peer.send({"execute": name, "arguments": arguments})
        if name == "quit":
            return
        awaited = list(step.get("await", []))
        self.gather(peer, sent, awaited, name, operation)
        reply = peer.replies.pop(sent)
        if "error" in reply:
            raise Failure("error", name, reply["error"].get("desc", "?"))
        if self.job_failed(peer, awaited):
            raise self.job_failure(peer, name, operation)
        return reply["return"]

    def job_failed(self, peer, awaited):
        """Then nothing comes but its end."""
        return (any(includes(event, job_is("aborting")) for event in peer.events) and
                not any(includes(event, job_is("concluded")) for event in awaited))

    def gather(self, peer, sent, awaited, name, operation):
        """Until the reply and all that is awaited has come; each event counts once."""
        end = time.monotonic() + LIMIT
        while True:
            for wanted in awaited[:]:
                events = self.peers[wanted["from"]].events
                for event in events:
                    if includes(event, {key: wanted[key] for key in wanted if key != "from"}):
                        events.remove(event)
                        awaited.remove(wanted)
                        break
            if sent in peer.replies and ("error" in peer.replies[sent] or not awaited or
                                         self.job_failed(peer, awaited)):
                return
            left = end - time.monotonic()
            if left <= 0:
                missing = [] if sent in peer.replies else ["the reply"]
                missing += [" ".join([event["event"], *map(str, event.get("data", {}).values())])
                            for event in awaited]
                raise Failure("hung", name, f"after {LIMIT} s without {', '.join(missing)}")
            self.read(left, operation, name)

    def read(self, left, operation, name):
        peers = [peer for peer in self.peers.values() if not peer.closed]
        ready, _, _ = select.select([peer.socket for peer in peers], [], [], left)
        for peer in peers:
            if peer.socket in ready:
                try:
                    peer.read(operation)
                except Failure:
                    # Of a migration that is cancelled the destination ends, as it must.
                    if operation != "migrate-cancel" or peer is not self.peers.get("incoming"):
                        raise

    def job_failure(self, peer, name, operation):
        sent = peer.send({"execute": "query-jobs"})
        self.gather(peer, sent, [], "query-jobs", operation)
        jobs = peer.replies.pop(sent).get("return", [])
        return Failure("error", name, "; ".join(job.get("error", "?") for job in jobs))

    def address(self, role, uri, operation):
        """Of a migration, as the peer that is told sees it."""
        if uri.startswith("unix:"):
            path = f"{self.peers['incoming'].folder}/migrate.sock"
            return "unix:" + os.path.relpath(path, self.peers[role].folder)
        if role == "incoming":
            return uri
        reply = self.command({"to": "incoming", "execute": "query-migrate"}, operation)
        return "tcp:127.0.0.1:" + reply["socket-address"][0]["port"]

    def await_exit(self, role, operation, any_status):
        peer = self.peers.pop(role) if role == "incoming" else self.peers[role]
        try:
            status = peer.process.wait(LIMIT)
        except subprocess.TimeoutExpired:
            peer.kill()
            raise Failure("hung", "quit", f"after {LIMIT} s it has not ended")
        if status < 0 or (status and not any_status):
            raise peer.death(operation)
        peer.closed = True

    def kill(self):
        for peer in self.peers.values():
            peer.kill()


def play_rounds(folder):
    """What becomes of one machine: verdict, rounds, words."""
    machine, rounds = None, 0
    try:
        machine = Machine(folder)
        time.sleep(BOOT)
        for rounds in range(1, ROUNDS + 1):
            for operation in LOOP:
                machine.play(operation)
        for operation in FINALE:
            machine.play(operation)
    except Failure as failure:
        return ["REPRODUCED" if failure.is_the_one() else "OTHER", rounds, str(failure)]
    return ["NOT", rounds, ""]


def drive(folder, parent, answer):
    """One machine's own process."""
    dying_with(parent)()
    for number in ENDING:
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING)
    try:
        verdict = play_rounds(folder)
    except Exception as error:  # of this host: no memory, no space, no qemu-img
        verdict = ["CANNOT", 0, printable(f"{type(error).__name__}: {error}")]
    os.write(answer, json.dumps(verdict).encode())
    os._exit(0)


def kill_all(drivers):
    """Ends what was started. A QEMU dies with its driver, and is reaped here."""
    for pid in drivers:
        os.kill(pid, signal.SIGKILL)
    end = time.monotonic() + LIMIT
    while time.monotonic() < end:
        try:
            if os.waitpid(-1, os.WNOHANG)[0] == 0:
                time.sleep(0.01)
        except ChildProcessError:
            return


def one_try(folder):
    """The machines side by side, until one has reproduced it or all have ended."""
    drivers, pipes, verdicts = [], {}, []
    end = time.monotonic() + TRY_LIMIT
    parent = os.getpid()
    try:
        for number in range(1, VMS + 1):
            pipe, answer = os.pipe()
            # Who ends us must not come before the new one is known.
            signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)
            pid = os.fork()
            if pid == 0:
                drive(f"{folder}/vm{number}", parent, answer)
            drivers.append(pid)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING)
            os.close(answer)
            pipes[pipe] = number
        while pipes and time.monotonic() < end:
            ready, _, _ = select.select(pipes, [], [], max(0, end - time.monotonic()))
            for pipe in ready:
                data = os.read(pipe, 65536)
                if data:
                    verdicts.append(json.loads(data))
                os.close(pipe)
                del pipes[pipe]
            if any(verdict[0] in ("REPRODUCED", "CANNOT") for verdict in verdicts):
                break
    finally:
        kill_all(drivers)
        for pipe in pipes:
            os.close(pipe)
    for wanted in ("CANNOT", "REPRODUCED", "OTHER"):
        for verdict in verdicts:
            if verdict[0] == wanted:
                return verdict
    rounds = min((verdict[1] for verdict in verdicts), default=0)
    return ["NOT", rounds, f"within {TRY_LIMIT} s" if pipes else f"in {rounds} rounds"]


def say(text):
    print(text, flush=True)


def interrupted(number, frame):
    raise SystemExit(130)


def main():
    for number in ENDING:
        signal.signal(number, interrupted)
    LIBC.prctl(PR_SET_CHILD_SUBREAPER, 1)
    found = []
    folder = tempfile.mkdtemp(prefix="reproduce-", dir=".")
    try:
        for number in range(1, TRIES + 1):
            os.mkdir(f"{folder}/{number}")
            verdict, rounds, words = one_try(f"{folder}/{number}")
            shutil.rmtree(f"{folder}/{number}", ignore_errors=True)
            if verdict == "CANNOT":
                print(f"cannot run: {words}", file=sys.stderr)
                raise SystemExit(2)
            where = f" in round {rounds}" if verdict != "NOT" else ""
            say(f"try {number}: {verdict}{where}{': ' if where else ' '}{words}")
            if verdict == "REPRODUCED":
                found.append(rounds)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    median = f", median after {sorted(found)[(len(found) - 1) // 2]} rounds" if found else ""
    say(f"reproduced in {len(found)} of {TRIES} tries{median}")
    raise SystemExit(0 if found else 1)


main()
END_OF_PROGRAM
