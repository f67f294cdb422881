package holder_test

import (
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/upstream-digest/bot/internal/holder"
)

// TestMain lets the test binary be another process that names itself and waits.
func TestMain(m *testing.M) {
	if os.Getenv("HOLDER_TEST_IS_OTHER") == "1" {
		_, _ = os.Stdout.WriteString(holder.Self() + "\n")
		_, _ = os.Stdin.Read(make([]byte, 1))
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func TestGone(t *testing.T) {
	self := holder.Self()
	host, _ := os.Hostname()
	if !strings.HasPrefix(self, host+", process "+strconv.Itoa(os.Getpid())) || strings.Contains(self, "\n") {
		t.Errorf("a person cannot read %q", self)
	}
	if holder.Gone(self) {
		t.Errorf("%q says of itself that it is gone", self)
	}
	if runtime.GOOS != "linux" {
		t.Skip("only Linux tells")
	}

	other := exec.Command(os.Args[0])
	other.Env = append(os.Environ(), "HOLDER_TEST_IS_OTHER=1")
	in, err := other.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	out, err := other.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	line := make([]byte, 4096)
	n, err := out.Read(line)
	if err != nil {
		t.Fatal(err)
	}
	name := strings.TrimSpace(string(line[:n]))
	if holder.Gone(name) || !holder.Lives(name) {
		t.Errorf("%q lives", name)
	}
	spoilt := func(old, replacement string) string {
		t.Helper()
		s := strings.Replace(name, old, replacement, 1)
		if s == name {
			t.Fatalf("%q lacks %q", name, old)
		}
		return s
	}
	fields := strings.Fields(strings.TrimSuffix(name, "]"))
	boot, namespace, started := fields[len(fields)-3], fields[len(fields)-2], fields[len(fields)-1]
	if err := other.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = other.Wait() // says that it was killed
	if !holder.Gone(name) || holder.Lives(name) {
		t.Errorf("%q is dead", name)
	}
	for what, n := range map[string]string{
		"another boot":      spoilt(boot, "00000000-0000-0000-0000-000000000000"),
		"another namespace": spoilt(namespace+" ", "1 "),
		"no brackets":       name[:strings.Index(name, " [")],
		"nothing":           "",
		"another form":      "host pid 4711",
	} {
		if holder.Gone(n) || holder.Lives(n) {
			t.Errorf("%s: nobody here can know whether %q is gone", what, n)
		}
	}
	// Our own number with another start: it was given again.
	reused := strings.Replace(strings.Replace(name, "process "+strconv.Itoa(other.Process.Pid), "process "+strconv.Itoa(os.Getpid()), 1), started+"]", "1]", 1)
	if !holder.Gone(reused) {
		t.Errorf("%q: the number was given to another process", reused)
	}
}

// TestGoneIsToldOfZombies: a dead process whose parent does not look after it stands in the table for ever.
func TestGoneIsToldOfZombies(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux tells")
	}
	other := exec.Command(os.Args[0])
	other.Env = append(os.Environ(), "HOLDER_TEST_IS_OTHER=1")
	in, err := other.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := other.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	line := make([]byte, 4096)
	n, err := out.Read(line)
	if err != nil {
		t.Fatal(err)
	}
	in.Close()
	// Its end of standard output closes when its last thread is gone; it was not waited for.
	for err == nil {
		_, err = out.Read(make([]byte, 64))
	}
	name := strings.TrimSpace(string(line[:n]))
	for i := 0; !holder.Gone(name); i++ {
		if i > 1_000_000 {
			t.Fatalf("%q ended and is not found gone", name)
		}
		runtime.Gosched()
	}
	if err := other.Wait(); err != nil {
		t.Error(err)
	}
}
