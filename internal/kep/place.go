package kep

import (
	"net/url"
	"path"
	"strings"
)

// maxNumber is how many digits a proposal's number has at most. It is an issue's number, 4 digits in 2026.
const maxNumber = 7

// IsProposal reports whether a path of kubernetes/enhancements is a proposal's kep.yaml. Their depth is not
// fixed. The template and the approvals in keps/prod-readiness are none; 1194-prod-readiness is one.
func IsProposal(file string) bool {
	parts := strings.Split(file, "/")
	if len(parts) < 3 || parts[0] != "keps" || parts[len(parts)-1] != "kep.yaml" || parts[1] == "prod-readiness" {
		return false
	}
	for _, p := range parts {
		if p == "" || p == "." || p == ".." || isTemplateFolder(p) {
			return false
		}
	}
	return true
}

// isTemplateFolder knows the folder of the template, here and in other projects: NNNN-kep-template, NNNN-template.
func isTemplateFolder(name string) bool {
	name = strings.ToLower(name)
	return strings.HasPrefix(name, "nnnn-") && strings.HasSuffix(name, "template")
}

// FolderNumber is the number that a proposal's folder begins with, without leading zeros; "" where it has
// none or 0000. It takes the folder or a file in it.
func FolderNumber(place string) string {
	parts := strings.Split(place, "/")
	for i := len(parts) - 1; i >= 0; i-- {
		d := digits(parts[i])
		if d > 0 && d <= maxNumber && (d == len(parts[i]) || parts[i][d] == '-') {
			return strings.TrimLeft(parts[i][:d], "0")
		}
	}
	return ""
}

// URL is the short link to a proposal's tracking issue, "" for no number.
func URL(number string) string {
	if d := digits(number); d == 0 || d != len(number) {
		return ""
	}
	return "https://kep.k8s.io/" + number
}

// FolderURL is the proposal's folder on GitHub. It takes the folder or a file in it.
func FolderURL(place string) string {
	if path.Ext(place) == ".yaml" || path.Ext(place) == ".md" {
		place = path.Dir(place)
	}
	return "https://github.com/kubernetes/enhancements/tree/master/" + (&url.URL{Path: strings.TrimPrefix(place, "/")}).EscapedPath()
}
