// Package usage finds the feature gates that people set: in kubelet and kube-proxy configuration, kubeadm
// files, static pod manifests, unit files, and what kind, k3s, Talos, kOps, Cluster API and Helm make of
// them. It is pure: bytes in, settings out. Nothing is executed, no template is rendered, no alias expanded.
//
// # What is read
//
//   - KubeletConfiguration, KubeProxyConfiguration; a scheduler's configuration has no such field, and that is
//     a [Problem].
//   - kubeadm's ClusterConfiguration, InitConfiguration, JoinConfiguration with extraArgs as map (v1beta3) or
//     list (v1beta4). featureGates of a ClusterConfiguration are kubeadm's own.
//   - Pods and whatever holds a pod's template, a List of them: --feature-gates in command and args, joined or
//     as an item of its own, in a shell's string; client-go's KUBE_FEATURE_ variables.
//   - Unit files and their drop-ins, environment files, files of flags, shell scripts with their here-documents.
//   - kind, k3s, RKE, RKE2, k3d, k0s, minikube, Talos, kOps, Cluster API (JSON patches and variables too), cloud-init,
//     mails in parts (EKS' user data), Ignition, kustomize, Ansible, Helm values, ConfigMaps that hold any of these, and
//     any other YAML or JSON with a key that ends in "featureGates".
//   - Anything else as plain text. Such settings are guesses, and say so.
//
// # Whose gate it is
//
// A setting belongs to the program that gets it: the one a command names, else the container's image or name,
// else the key, variable or file that holds it. Many programs have a flag of that name (a CSI provisioner,
// cert-manager), and resources of other projects have the field: there the component is the program's name or
// the API group ("csi-provisioner", "kubevirt.io"), never one of Kubernetes'.
//
// # What holds for all
//
// Settings come in the file's order, each with its own line, also deep inside a block scalar. What is set twice
// is given twice: the later one wins. A gate that is written without a value has the value "". Documents of a
// file are read one by one, so a broken one costs only itself. Gates that a template or a variable puts in are a
// Problem: what is left would look like all there is.
//
// Work and memory are bounded whatever the bytes are: see the limits below. What a limit cuts off is a Problem.
package usage

import (
	"encoding/binary"
	"fmt"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// Limits of one Read. All are far above what a cluster's files need.
const (
	MaxFile      = 16 << 20 // bytes of a file
	maxNodes     = 1 << 18  // marks that may begin a node, of one YAML document
	maxDocuments = 10000    // of a stream
	maxDepth     = 200      // levels of one document
	maxLayers    = 6        // documents within documents
	maxEmbedded  = 4        // bytes of embedded documents, in times the file's
	maxSettings  = 10000
	maxProblems  = 100
	maxName      = 253     // letters of a gate's name
	maxTokens    = 1 << 16 // words of a line
	maxMentions  = 20000   // places of plain text that speak of feature gates
)

// Setting is one gate set in one place.
type Setting struct {
	File string `json:"file"` // as it was named to Read
	Line int    `json:"line"` // from 1
	// Component is the program that is given the gate: "kube-apiserver", "kube-controller-manager",
	// "kube-scheduler", "kubelet", "kube-proxy", "cloud-controller-manager", "kubeadm", "client-go", or "" where
	// the file does not tell. What belongs to another project has its program's name or its API group
	// ("etcd", "csi-provisioner", "kubevirt.io"). A setting for several programs is several settings.
	Component string `json:"component"`
	Gate      string `json:"gate"` // as written
	// Value is as written, without quotes: "true", "false", or whatever stands there. Only what YAML 1.1 takes for
	// a boolean in a map (yes, off), and the nothing of a KubeletConfiguration, is given as the program gets it.
	Value  string `json:"value"`
	Format string `json:"format"` // "KubeletConfiguration", "kind", "plain text"
	// Guess says that the file has no form we know and the setting was found in plain text.
	Guess bool `json:"guess"`
}

// Problem is a place that could not be read, and what to do about it.
type Problem struct {
	File    string `json:"file"`
	Line    int    `json:"line"` // 0 where there is none
	Message string `json:"message"`
	// Elsewhere says that nothing is wrong with the file: a template or a variable puts gates there.
	Elsewhere bool `json:"elsewhere,omitempty"`
}

// Read finds the settings in a file. The name tells what kind of file it is where the bytes do not: give the
// path where there is one, "-" for standard input.
func Read(file string, data []byte) ([]Setting, []Problem) {
	r := &reader{file: file}
	if len(data) > MaxFile {
		r.problem(0, fmt.Sprintf("is larger than %d MiB and was not read: give the part that sets gates as a file of its own", MaxFile>>20))
		return r.settings, r.problems
	}
	s := decode(data)
	if !utf8.ValidString(s) {
		s = replaceInvalid(s)
	}
	if strings.IndexByte(s[:min(len(s), 8192)], 0) >= 0 {
		if mentions(s) {
			r.problem(0, "is no text and was not read")
		}
		return r.settings, r.problems
	}
	r.embeddable = maxEmbedded*len(s) + 1<<16
	r.growth = maxGrowth*len(s) + growthFloor
	r.read(file, text{s: s, at: newFileLines(s)}, context{comps: nil})
	return r.settings, r.problems
}

// reader collects what one Read finds.
type reader struct {
	file       string
	settings   []Setting
	problems   []Problem
	layers     int
	embeddable int // bytes of embedded text that may still be read
	growth     int // bytes that aliases may still add to the documents
	full       bool
}

// context is what is known of a place from what stands around it.
type context struct {
	comps  []string // who gets the gates that are set here; none: nobody says
	format string
	known  bool   // the form is known: names like "scheduler" mean Kubernetes'
	strict bool   // the form wants bare booleans
	refuse string // why a featureGates field right here is refused; "" it is not
	guess  bool
	told   bool   // of a guess: what a template would put here is told as missing
	file   string // the file that is described here: the path beside a nested content
}

func (c context) with(comps ...string) context {
	c.comps = comps
	return c
}

func (c context) only(comp string) context {
	if comp == "" {
		return c
	}
	return c.with(comp)
}

func (r *reader) problem(line int, message string) { r.tell(line, message, false) }

// elsewhere tells of gates that come from elsewhere.
func (r *reader) elsewhere(line int, message string) { r.tell(line, message, true) }

func (r *reader) tell(line int, message string, elsewhere bool) {
	switch n := len(r.problems); {
	case n < maxProblems-1:
	case n == maxProblems-1:
		message, elsewhere = "has more problems than are listed here: mend these first", false
	default:
		return
	}
	p := Problem{File: r.file, Line: line, Message: message, Elsewhere: elsewhere}
	for _, o := range r.problems {
		if o == p {
			return
		}
	}
	r.problems = append(r.problems, p)
}

// found notes a setting for each of the context's components.
func (r *reader) found(c context, gate, value string, line int) {
	if len(gate) > maxName {
		r.problem(line, fmt.Sprintf("names a gate of more than %d letters, which was passed over", maxName))
		return
	}
	if len(value) > maxName {
		value = strings.ToValidUTF8(value[:maxName], "") + "…"
	}
	comps := c.comps
	if len(comps) == 0 {
		comps = []string{""}
	}
	if c.format == "" {
		c.format = formatOf(r.file)
	}
	for _, comp := range comps {
		if len(r.settings) >= maxSettings {
			if !r.full {
				r.full = true
				r.problem(line, fmt.Sprintf("sets more than %d gates; what follows was not read: split the file", maxSettings))
			}
			return
		}
		// Clones, for the parts would keep the whole file in memory.
		r.settings = append(r.settings, Setting{
			File: r.file, Line: line, Component: strings.Clone(comp), Gate: strings.Clone(gate),
			Value: strings.Clone(value), Format: c.format, Guess: c.guess,
		})
	}
}

// formatOf names the form of a YAML file that nothing else tells.
func formatOf(file string) string {
	if strings.HasSuffix(strings.ToLower(file), ".json") {
		return "JSON"
	}
	return "YAML"
}

// mentions reports whether text can set a gate at all. Most files can't, and are not looked at any further.
func mentions(s string) bool {
	return strings.Contains(s, "eature") || strings.Contains(s, "EATURE")
}

// decode drops a byte order mark and turns UTF-16, which Windows' shells write, to UTF-8.
func decode(data []byte) string {
	var order binary.ByteOrder
	switch {
	case len(data) >= 3 && string(data[:3]) == "\xef\xbb\xbf":
		return string(data[3:])
	case len(data) >= 2 && data[0] == 0xff && data[1] == 0xfe:
		order = binary.LittleEndian
	case len(data) >= 2 && data[0] == 0xfe && data[1] == 0xff:
		order = binary.BigEndian
	default:
		return string(data)
	}
	units := make([]uint16, 0, len(data)/2)
	for i := 2; i+1 < len(data); i += 2 {
		units = append(units, order.Uint16(data[i:]))
	}
	return string(utf16.Decode(units))
}

// replaceInvalid puts a question mark for each byte that is no UTF-8: a comment in another encoding is no
// reason not to read a file.
func replaceInvalid(s string) string {
	b := []byte(s)
	for i := 0; i < len(b); {
		c, n := utf8.DecodeRune(b[i:])
		if c == utf8.RuneError && n == 1 {
			b[i] = '?'
		}
		i += n
	}
	return string(b)
}
