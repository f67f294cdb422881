// Package holder names the process that holds the lock, in words for people, and tells of such a name
// whether its process is surely gone.
//
// The name is a line of text, for every store can keep one:
//
//	build-7, process 4711 [linux 3f2a9c41-d07b-4e55-8a0e-5d1f6a7b8c9d 4026531836 81234]
//
// In the brackets stand the boot of the machine, the process's namespace of process numbers, and when the
// process started, in the kernel's ticks. Together with the number they name one process for ever, because
// numbers are given again. Two containers have two namespaces, and one machine cannot look into another:
// so only a process of the same boot and namespace can be found gone. Of all others, and where the
// brackets are missing, nobody here can know; their lock runs out by itself.
package holder

import (
	"fmt"
	"os"
	"regexp"
	"strconv"
)

// process is what tells a process from all others.
type process struct {
	boot      string
	namespace uint64
	pid       int
	started   uint64
}

// Self names this process.
func Self() string {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown host"
	}
	name := fmt.Sprintf("%s, process %d", host, os.Getpid())
	if p, ok := self(); ok {
		name += fmt.Sprintf(" [linux %s %d %d]", p.boot, p.namespace, p.started)
	}
	return name
}

var nameRE = regexp.MustCompile(`, process ([0-9]{1,9}) \[linux ([0-9a-f-]{36}) ([0-9]{1,20}) ([0-9]{1,20})\]$`)

// Gone reports whether the process of that name is surely dead. False says nothing.
func Gone(name string) bool { return look(name) == dead }

// Lives reports whether the process of that name surely runs, on this machine. False says nothing.
func Lives(name string) bool { return look(name) == alive }

type fate int

const (
	unknown fate = iota
	alive
	dead
)

func look(name string) fate {
	p, ok := parse(name)
	if !ok {
		return unknown
	}
	return fateOf(p)
}

func parse(name string) (process, bool) {
	m := nameRE.FindStringSubmatch(name)
	if m == nil {
		return process{}, false
	}
	pid, err1 := strconv.Atoi(m[1])
	namespace, err2 := strconv.ParseUint(m[3], 10, 64)
	started, err3 := strconv.ParseUint(m[4], 10, 64)
	return process{m[2], namespace, pid, started}, err1 == nil && err2 == nil && err3 == nil && pid > 0
}
