"""Expectations about processes, cgroups and folders on the host (or wherever the first lesson's commands run)."""

from collections.abc import Callable

from helpers.checks.verdict import Expectation, Seen
from helpers.lessons import attached

#: Prints `key value` lines about each process of the lesson whose command line is $1; $2 is the lesson's token.
_FACTS = r"""
for d in /proc/[0-9]*; do
    [ "$(tr '\0' ' ' < $d/cmdline 2>/dev/null)" = "$1 " ] || continue
    tr '\0' '\n' < $d/environ 2>/dev/null | grep -qx "COURSE_TOKEN=$2" || continue
    p=${d#/proc/}
    case "$(sed -n 's/^State:\t//p' $d/status)" in Z*) continue ;; esac
    echo "process $p"
    for n in pid net uts mnt ipc user; do echo "$n $(readlink $d/ns/$n) $(readlink /proc/self/ns/$n)"; done
    sed -n 's/^\(NSpid\|CapEff\|CapBnd\):[[:space:]]*/\1 /p' $d/status
    echo "links $(sed -n 's/^ *\([^: ]*\):.*/\1/p' $d/net/dev | tr '\n' ' ')"
    if [ "$(readlink $d/ns/user)" = "$(readlink /proc/self/ns/user)" ]; then e='nsenter'
    else e='nsenter --user --preserve-credentials'; fi
    echo "hostname $($e -t $p --uts cat /proc/sys/kernel/hostname)"
    echo "root $(sed -n 's/^NAME=//p' $d/root/etc/os-release 2>/dev/null | tr -d '"')"
    for g in "$CGROUP"/*/; do
        grep -qx $p "$g/cgroup.procs" 2>/dev/null && echo "limit $(cat "$g/$MEMORY_LIMIT")"
    done
done
"""
Facts = dict[str, str]


def _environment(script: str) -> str:
    env = attached().place_env
    return "".join(f"{name}='{env.get(name, '')}'\n" for name in ("CGROUP", "MEMORY_LIMIT", "MEMORY_EVENTS")) + script


def _facts(command: str) -> Facts | None:
    """What is known of the newest process of this lesson with that command line, or None."""
    lesson = attached()
    found: Facts | None = None
    for line in lesson.place.run(_environment(_FACTS), command, lesson.token).splitlines():
        key, _, value = line.partition(" ")
        if key == "process":
            found = {}
        if found is not None:
            found[key] = value
    return found


def shared_namespaces(*options: str) -> list[str]:
    """Names of the namespaces that a process started by `unshare` with these options shares with its parent, found out
    by starting one. Of pid, uts, net, ipc and cgroup, sorted."""
    kinds = ("pid", "uts", "net", "ipc", "cgroup")
    own = "for n in " + " ".join(kinds) + "; do readlink /proc/self/ns/$n; done; "
    lesson = attached()
    lines = lesson.place.run(
        f"ROOTLESS='{lesson.place_env['ROOTLESS']}'; {own} unshare $ROOTLESS \"$@\" --mount-proc sh -c '{own}'",
        *options,
    ).split()
    return sorted(
        kind
        for kind, ours, theirs in zip(kinds, lines[: len(kinds)], lines[len(kinds) :], strict=True)
        if ours == theirs
    )


class ProcessCheck:
    """What can be expected of the lesson's process with this exact command line."""

    def __init__(self, command: str) -> None:
        self._command = command

    def _expect(self, wanted: str, probe: Callable[[Facts], Seen], points: float, hint: str) -> Expectation:
        def look() -> Seen:
            facts = _facts(self._command)
            if facts is None:
                return Seen(False, f"no process of this lesson has the command line `{self._command}`")
            return probe(facts)

        return Expectation(f"the process `{self._command}` {wanted}", look, points, hint)

    def runs(
        self, points: float = 1, hint: str = "`ps -ef` lists processes; did it go to the background with `&`?"
    ) -> Expectation:
        """It runs."""
        return self._expect("runs", lambda facts: Seen(True, f"process {facts['process']}"), points, hint)

    def is_first_in_its_pid_namespace(self, points: float = 1, hint: str = "") -> Expectation:
        """It is PID 1 of a PID namespace of its own."""

        def probe(facts: Facts) -> Seen:
            ids = facts["NSpid"].split()
            inside = f"its process ids, from the host inwards: {', '.join(ids)}"
            return Seen(len(ids) > 1 and ids[-1] == "1", inside)

        return self._expect("is process 1 of its own PID namespace", probe, points, hint)

    def has_own(
        self, *kinds: str, points: float = 1, hint: str = "`ls -l /proc/PID/ns` shows the namespaces of a process"
    ) -> Expectation:
        """It lives in namespaces of its own, of these kinds: pid, net, uts, mnt, ipc."""

        def probe(facts: Facts) -> Seen:
            same = [kind for kind in kinds if len(set(facts[kind].split())) != 2]
            return Seen(not same, f"it shares with the host: {', '.join(same)}" if same else "all are its own")

        return self._expect(f"has its own {', '.join(kinds)} namespace{'s' * (len(kinds) > 1)}", probe, points, hint)

    def hostname_is(self, name: str, points: float = 1, hint: str = "") -> Expectation:
        """Its UTS namespace has that hostname, and the host has another."""

        def probe(facts: Facts) -> Seen:
            own = len(set(facts["uts"].split())) == 2
            text = f"its hostname is '{facts['hostname']}'" + ("" if own else ", and it shares the host's")
            return Seen(own and facts["hostname"] == name, text)

        return self._expect(f"sees the hostname '{name}', which the host does not", probe, points, hint)

    def sees_only_loopback(self, points: float = 1, hint: str = "") -> Expectation:
        """It is in its own network namespace, with no interface but `lo`."""

        def probe(facts: Facts) -> Seen:
            own = len(set(facts["net"].split())) == 2
            return Seen(own and facts["links"].split() == ["lo"], f"its network interfaces: {facts['links']}")

        return self._expect("sees no network interface but lo", probe, points, hint)

    def has_no_capabilities(
        self, points: float = 1, hint: str = "`grep Cap /proc/PID/status` shows them"
    ) -> Expectation:
        """It has no effective capability and can gain none."""

        def probe(facts: Facts) -> Seen:
            none = int(facts["CapEff"], 16) == 0 and int(facts["CapBnd"], 16) == 0
            return Seen(none, f"effective {facts['CapEff']}, bounding {facts['CapBnd']}")

        return self._expect("has no capabilities, and can gain none", probe, points, hint)

    def memory_limit(self, megabytes: int, points: float = 1, hint: str = "") -> Expectation:
        """It is in a cgroup of the lesson whose memory limit is `megabytes` MiB."""

        def probe(facts: Facts) -> Seen:
            limit = facts.get("limit", "")
            if not limit:
                return Seen(False, "it is in no cgroup below $CGROUP")
            seen = f"its cgroup's limit is {int(limit) / 2**20:g} MiB" if limit.isdigit() else f"the limit is '{limit}'"
            return Seen(limit == str(megabytes << 20), seen)

        return self._expect(f"has a memory limit of {megabytes} MiB", probe, points, hint)

    def root_is(self, name: str, points: float = 1, hint: str = "") -> Expectation:
        """Its root directory is a system whose /etc/os-release has NAME=`name`."""

        def probe(facts: Facts) -> Seen:
            return Seen(facts["root"] == name, f"/etc/os-release in its root says NAME={facts['root'] or '(nothing)'}")

        return self._expect(f"has a root directory whose os-release names '{name}'", probe, points, hint)


def process(command: str) -> ProcessCheck:
    """What can be expected of a process this lesson started: `process("sleep 2001").runs()`."""
    return ProcessCheck(command)


class CgroupCheck:
    """What can be expected of the cgroup `$CGROUP/name`."""

    def __init__(self, name: str) -> None:
        self._name = name

    def _read(self, file: str) -> str:
        return attached().place.run(_environment('cat "$CGROUP/$1/$2" 2>/dev/null'), self._name, file).strip()

    def limit_is(
        self, megabytes: int, points: float = 1, hint: str = "`cat` the limit file in the cgroup's folder"
    ) -> Expectation:
        """Its memory limit is `megabytes` MiB."""

        def look() -> Seen:
            limit = self._read(attached().place_env["MEMORY_LIMIT"])
            return Seen(
                limit == str(megabytes << 20), f"its limit reads '{limit}'" if limit else "there is no such cgroup"
            )

        return Expectation(f"the cgroup '{self._name}' has a memory limit of {megabytes} MiB", look, points, hint)

    def killed_something(self, points: float = 1, hint: str = "the counter is called oom_kill") -> Expectation:
        """The kernel killed a process in it for want of memory."""

        def look() -> Seen:
            lines = self._read(attached().place_env["MEMORY_EVENTS"]).splitlines()
            count = next((int(line.split()[1]) for line in lines if line.startswith("oom_kill ")), None)
            if count is None:
                return Seen(False, "there is no such cgroup")
            return Seen(count > 0, f"its oom_kill counter is {count}")

        return Expectation(f"the kernel killed a process in '{self._name}' at its memory limit", look, points, hint)


def cgroup(name: str) -> CgroupCheck:
    """What can be expected of a cgroup below the lesson's: `cgroup("greedy").killed_something()`."""
    return CgroupCheck(name)


def root_file_system(folder: str, command: str, output: str, points: float = 1, hint: str = "") -> Expectation:
    """`chroot folder command` (with the lesson's means) prints `output`; `folder` is relative to the lesson's own."""

    def look() -> Seen:
        lesson = attached()
        script = 'cd "$1" || exit; unshare $2 --mount --pid --fork chroot "$3" /bin/sh -c "$4" 2>&1'
        seen = lesson.place.run(script, str(lesson.work), lesson.place_env["ROOTLESS"], folder, command).strip()
        return Seen(output in seen, f"it printed: {seen[:200] or 'nothing'}")

    return Expectation(f"with '{folder}' as its root directory, `{command}` prints '{output}'", look, points, hint)
