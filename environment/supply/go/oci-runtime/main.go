// oci-runtime stands between the engine and runc on hosts whose capability bounding set lacks a capability.
//
// There, `docker run --privileged` asks runc for capabilities that nobody on the machine can grant, and runc refuses with
// "unable to apply caps". This wrapper drops from the OCI bundle's config.json (create, run, restore) and from the process
// description of `exec --process` every capability missing from CapBnd, then becomes runc. What it leaves alone: every
// other field, known to it or not.
//
// COURSE_WITHHELD names capabilities (SYS_PTRACE …) that no container gets, privileged or not: in a lab for grading, nothing
// may look into the engine. runc itself keeps them, since the engine's own hooks need them.
//
// runc's absolute path comes from COURSE_RUNC, or else it is the runc beside this program.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// names lists the Linux capabilities by number (include/uapi/linux/capability.h).
var names = []string{
	"CHOWN", "DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID", "SETPCAP",
	"LINUX_IMMUTABLE", "NET_BIND_SERVICE", "NET_BROADCAST", "NET_ADMIN", "NET_RAW", "IPC_LOCK", "IPC_OWNER", "SYS_MODULE",
	"SYS_RAWIO", "SYS_CHROOT", "SYS_PTRACE", "SYS_PACCT", "SYS_ADMIN", "SYS_BOOT", "SYS_NICE", "SYS_RESOURCE", "SYS_TIME",
	"SYS_TTY_CONFIG", "MKNOD", "LEASE", "AUDIT_WRITE", "AUDIT_CONTROL", "SETFCAP", "MAC_OVERRIDE", "MAC_ADMIN", "SYSLOG",
	"WAKE_ALARM", "BLOCK_SUSPEND", "AUDIT_READ", "PERFMON", "BPF", "CHECKPOINT_RESTORE",
}

// bounding reads this process's capability bounding set, less what is withheld: the most that any container can have.
func bounding() (map[string]bool, error) {
	file, err := os.Open("/proc/self/status")
	if err != nil {
		return nil, err
	}
	defer file.Close()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		hex, found := strings.CutPrefix(lines.Text(), "CapBnd:")
		if !found {
			continue
		}
		mask, err := strconv.ParseUint(strings.TrimSpace(hex), 16, 64)
		if err != nil {
			return nil, err
		}
		allowed := map[string]bool{}
		for number, name := range names {
			allowed["CAP_"+name] = mask&(1<<number) != 0
		}
		for _, name := range strings.Fields(os.Getenv("COURSE_WITHHELD")) {
			allowed["CAP_"+name] = false
		}
		return allowed, nil
	}
	return nil, fmt.Errorf("no CapBnd line in /proc/self/status")
}

// trim drops from the five sets of process.capabilities what the bounding set lacks; it tells whether anything changed.
func trim(process map[string]any, allowed map[string]bool) bool {
	sets, _ := process["capabilities"].(map[string]any)
	changed := false
	for set, value := range sets {
		wanted, ok := value.([]any)
		if !ok {
			continue
		}
		kept := []any{}
		for _, capability := range wanted {
			if name, _ := capability.(string); allowed[name] {
				kept = append(kept, capability)
			}
		}
		changed = changed || len(kept) != len(wanted)
		sets[set] = kept
	}
	return changed
}

// rewrite trims the JSON file at path. inBundle says whether the process is the file's "process" field or the file itself.
func rewrite(path string, inBundle bool, allowed map[string]bool) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	document := map[string]any{}
	decoder := json.NewDecoder(file)
	decoder.UseNumber() // 64-bit limits must not become floats
	if err := decoder.Decode(&document); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	process := document
	if inBundle {
		process, _ = document["process"].(map[string]any)
	}
	if !trim(process, allowed) {
		return nil
	}
	content, err := json.Marshal(document)
	if err != nil {
		return err
	}
	info, err := file.Stat()
	if err != nil {
		return err
	}
	temporary := path + ".course"
	if err := os.WriteFile(temporary, content, info.Mode().Perm()); err != nil {
		return err
	}
	return os.Rename(temporary, path)
}

// value finds --name X, --name=X, -name X or -n X after the verb.
func value(arguments []string, long, short, fallback string) string {
	for index, argument := range arguments {
		for _, flag := range []string{"--" + long, "-" + long, "-" + short} {
			if rest, found := strings.CutPrefix(argument, flag+"="); found {
				return rest
			}
			if argument == flag && index+1 < len(arguments) {
				return arguments[index+1]
			}
		}
	}
	return fallback
}

// prepare edits what the coming runc call will read.
func prepare(arguments []string) error {
	for index, argument := range arguments {
		if argument != "create" && argument != "run" && argument != "restore" && argument != "exec" {
			continue
		}
		allowed, err := bounding()
		if err != nil {
			return err
		}
		rest := arguments[index+1:]
		if argument != "exec" {
			return rewrite(filepath.Join(value(rest, "bundle", "b", "."), "config.json"), true, allowed)
		}
		if path := value(rest, "process", "p", ""); path != "" {
			return rewrite(path, false, allowed)
		}
		return nil
	}
	return nil
}

func main() {
	runc := os.Getenv("COURSE_RUNC")
	if runc == "" {
		self, err := os.Executable()
		if err != nil {
			fatal(err)
		}
		runc = filepath.Join(filepath.Dir(self), "runc")
	}
	if err := prepare(os.Args[1:]); err != nil {
		fatal(err)
	}
	fatal(syscall.Exec(runc, append([]string{runc}, os.Args[1:]...), os.Environ()))
}

func fatal(err error) {
	fmt.Fprintln(os.Stderr, "oci-runtime:", err)
	os.Exit(1)
}
