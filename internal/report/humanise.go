package report

import (
	"slices"
	"strings"
	"unicode"
)

// humanise splits a CamelCase name into words: "DRAAdminAccess" is "DRA admin access". Acronyms and the
// names of API kinds keep their spelling.
func humanise(camel string) string {
	var out []string
	rest := []rune(clean(camel))
	for len(rest) > 0 {
		n := nextWord(rest)
		w := strings.Trim(string(rest[:n]), "-_ .")
		rest = rest[n:]
		if w == "" {
			continue
		}
		for _, part := range splitAcronyms(w) {
			if len(out) > 0 && !keepsCase(part) {
				part = strings.ToLower(part)
			}
			out = append(out, part)
		}
	}
	s := strings.Join(out, " ")
	return upper(s)
}

// nextWord gives the length of the first word of rs.
func nextWord(rs []rune) int {
	for _, k := range kinds() {
		if n := len(k); len(rs) >= n && string(rs[:n]) == k && (len(rs) == n || !unicode.IsLower(rs[n]) || plural(rs[n:])) {
			if len(rs) > n && plural(rs[n:]) {
				n++
			}
			return n
		}
	}
	i := 0
	for i < len(rs) && unicode.IsUpper(rs[i]) {
		i++
	}
	switch {
	case i > 1 && i < len(rs) && unicode.IsLower(rs[i]):
		if plural(rs[i:]) { // PodIPs
			return i + 1
		}
		if rs[i] == 'v' && i+1 < len(rs) && unicode.IsDigit(rs[i+1]) { // IPv6, KMSv2
			return digits(rs, i+1)
		}
		return i - 1 // the last capital begins the next word
	case i > 1:
		return digits(rs, i) // HTTP2
	}
	i = max(i, 1)
	for i < len(rs) && !unicode.IsUpper(rs[i]) && rs[i] != '-' && rs[i] != '_' && rs[i] != ' ' && rs[i] != '.' {
		i++
	}
	return i
}

func plural(rs []rune) bool {
	return len(rs) > 0 && rs[0] == 's' && (len(rs) == 1 || !unicode.IsLower(rs[1]))
}

func digits(rs []rune, i int) int {
	for i < len(rs) && unicode.IsDigit(rs[i]) {
		i++
	}
	return i
}

// keepsCase tells names and acronyms from words.
func keepsCase(w string) bool {
	if slices.Contains(kinds(), strings.TrimSuffix(w, "s")) || slices.Contains(kinds(), w) {
		return true
	}
	capitals := 0
	for _, r := range w {
		if unicode.IsUpper(r) {
			capitals++
		}
	}
	return capitals > 1
}

// splitAcronyms cuts "CPUCFS" into "CPU" and "CFS" where it is made of known ones only.
func splitAcronyms(w string) []string {
	if strings.ToUpper(w) != w {
		return []string{w}
	}
	var split func(s string) []string
	split = func(s string) []string {
		if s == "" {
			return []string{}
		}
		for _, a := range acronyms() {
			if strings.HasPrefix(s, a) {
				if rest := split(s[len(a):]); rest != nil {
					return append([]string{a}, rest...)
				}
			}
		}
		return nil
	}
	if len(w) > 40 {
		return []string{w}
	}
	if parts := split(w); parts != nil {
		return parts
	}
	return []string{w}
}

// acronyms are those that occur side by side in gate names.
func acronyms() []string {
	return []string{"API", "CIDR", "CPU", "CFS", "CRI", "CRD", "CSI", "DNS", "DRA", "GCE", "AWS", "HPA", "IO", "IP", "IPVS", "KMS", "NFS", "OCI", "OOM", "PSI", "PV", "PVC", "RBD", "TLS", "UID", "UTS"}
}

// kinds are words with capitals inside that are one word to a reader, longest first where one begins
// another.
func kinds() []string {
	return []string{
		"ValidatingAdmissionPolicy", "MutatingAdmissionPolicy", "PodDisruptionBudget", "VolumeAttributesClass", "ResourceClaim",
		"EndpointSlice", "StatefulSet", "ReplicaSet", "DaemonSet", "ConfigMap", "CronJob", "ServiceCIDR", "SELinux", "AppArmor",
		"OpenAPI", "WebSockets", "WebSocket", "Websocket", "OSes",
	}
}
