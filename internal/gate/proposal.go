package gate

import "strings"

// proposals finds the numbers of Kubernetes proposals that a line names, in order: kep.k8s.io/2411,
// KEP-2411, an issue of kubernetes/enhancements, a KEP's folder there. Numbers of other projects'
// proposals are not taken: nobody could follow them.
func proposals(line string) []string {
	if !mayNameProposal(line) {
		return nil
	}
	lower := strings.ToLower(line)
	var out []string
	for i := 0; i < len(lower); {
		if lower[i] != 'k' {
			i++
			continue
		}
		n := 0
		switch rest := lower[i:]; {
		case strings.HasPrefix(rest, "kep.k8s.io/"):
			n = len("kep.k8s.io/")
		case strings.HasPrefix(rest, "kep-") && (i == 0 || !isHandleByte(lower[i-1]) && lower[i-1] != '/'):
			n = len("kep-")
		case strings.HasPrefix(rest, "kubernetes/enhancements/issues/"):
			n = len("kubernetes/enhancements/issues/")
		case strings.HasPrefix(rest, "kubernetes/enhancements/tree/"), strings.HasPrefix(rest, "kubernetes/enhancements/blob/"):
			n = folderNumber(rest)
		}
		if n == 0 {
			i++
			continue
		}
		i += n
		if number := lower[i : i+digits(lower[i:])]; number != "" {
			out = appendNumber(out, number)
			i += len(number)
		}
	}
	return out
}

// mayNameProposal spares most lines the closer look: it is false where none of the forms can begin.
func mayNameProposal(line string) bool {
	for i := 0; i+2 < len(line); i++ {
		if c := line[i]; c != 'k' && c != 'K' {
			continue
		}
		switch line[i+1] {
		case 'e', 'E', 'u', 'U':
			if c := line[i+2] | 0x20; c == 'p' || c == 'b' {
				return true
			}
		}
	}
	return false
}

// folderNumber is where the number begins in ".../keps/sig-node/2400-node-swap", 0 where there is none.
func folderNumber(rest string) int {
	link, _, _ := strings.Cut(rest, " ")
	at := strings.Index(link, "/keps/sig-")
	if at < 0 {
		return 0
	}
	at += len("/keps/")
	slash := strings.IndexByte(link[at:], '/')
	if slash < 0 {
		return 0
	}
	return at + slash + 1
}

func appendNumber(out []string, number string) []string {
	if number = strings.TrimLeft(number, "0"); number != "" {
		out = append(out, number)
	}
	return out
}

// bareProposal reads the value of a kep line that is only a number: "2411", "#2411".
func bareProposal(value string) string {
	value = strings.TrimPrefix(value, "#")
	if n := digits(value); n > 0 && n == len(strings.TrimRight(value, ".")) {
		return strings.TrimLeft(value[:n], "0")
	}
	return ""
}

// isProposalLink reports whether a line is a link to a proposal and nothing else.
func isProposalLink(line string) bool {
	return strings.HasPrefix(line, "http") && !strings.ContainsRune(line, ' ') && len(proposals(line)) > 0
}
