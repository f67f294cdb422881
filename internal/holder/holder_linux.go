package holder

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// self looks this process up. False where /proc does not tell, or tells of another namespace's numbers.
func self() (process, bool) {
	p := process{pid: os.Getpid()}
	if link, err := os.Readlink("/proc/self"); err != nil || link != strconv.Itoa(p.pid) {
		return process{}, false
	}
	boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return process{}, false
	}
	p.boot = strings.TrimSpace(string(boot))
	link, err := os.Readlink("/proc/self/ns/pid")
	if err != nil {
		return process{}, false
	}
	if _, err := fmt.Sscanf(link, "pid:[%d]", &p.namespace); err != nil {
		return process{}, false
	}
	_, p.started, err = stat(p.pid)
	return p, err == nil
}

// fateOf looks for p. It is dead when it is of this boot and namespace, and its number is free, given to another
// process, or that of a process that ended and waits to be buried by its parent.
//
// A namespace's number may be given again, but only when all its processes are dead.
func fateOf(p process) fate {
	me, ok := self()
	if !ok || p.boot != me.boot || p.namespace != me.namespace {
		return unknown
	}
	// Asked of the kernel: where /proc hides other users' processes it says that none is there.
	switch err := syscall.Kill(p.pid, 0); {
	case errors.Is(err, syscall.ESRCH):
		return dead
	case err != nil && !errors.Is(err, syscall.EPERM):
		return unknown
	}
	state, started, err := stat(p.pid)
	switch {
	case err != nil:
		return unknown // hidden, or gone this moment: the next look tells
	case started != p.started, (state == 'Z' || state == 'X') && alone(p.pid):
		return dead
	}
	return alive
}

// stat reads a process's state and when it started, in ticks since the boot. See proc_pid_stat(5).
func stat(pid int) (state byte, started uint64, err error) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, 0, err
	}
	// The second field is the program's name in brackets and may hold anything.
	fields := strings.Fields(string(data[bytes.LastIndexByte(data, ')')+1:]))
	if len(fields) < 20 {
		return 0, 0, fmt.Errorf("/proc/%d/stat has %d fields", pid, len(fields))
	}
	started, err = strconv.ParseUint(fields[19], 10, 64)
	return fields[0][0], started, err
}

// alone reports whether no thread of a dead process is left: a first thread that ended looks the same.
func alone(pid int) bool {
	tasks, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
	return err == nil && len(tasks) <= 1 || errors.Is(err, fs.ErrNotExist)
}
