package repo

import (
	"cmp"
	"crypto/sha1" //nolint:gosec // git's object ids are SHA-1
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"slices"
	"strconv"
	"strings"

	"github.com/upstream-digest/bot/internal/github"
)

// objectID is the id that git gives an object of a kind ("blob", "tree") and content. like is an id of
// the same repository and tells which hash it uses.
func objectID(kind string, content []byte, like string) string {
	var h hash.Hash
	if len(like) == 2*sha256.Size {
		h = sha256.New()
	} else {
		h = sha1.New() //nolint:gosec // see the import
	}
	h.Write([]byte(kind + " " + strconv.Itoa(len(content)) + "\x00"))
	h.Write(content)
	return hex.EncodeToString(h.Sum(nil))
}

// isBlob reports whether data is the content that oid stands for, whole and unchanged.
func isBlob(oid string, data []byte) bool { return objectID("blob", data, oid) == oid }

// isTree reports whether entries, named by their base names, are all that the tree oid holds. It proves
// that a listing is complete without asking again.
func isTree(oid string, entries []github.TreeEntry) bool {
	sorted := slices.Clone(entries)
	// Git sorts a folder as if its name ended in a slash.
	key := func(e github.TreeEntry) string {
		if e.Type == "tree" {
			return e.Path + "/"
		}
		return e.Path
	}
	slices.SortFunc(sorted, func(a, b github.TreeEntry) int { return cmp.Compare(key(a), key(b)) })
	var content []byte
	for _, e := range sorted {
		raw, err := hex.DecodeString(e.OID)
		if err != nil || len(e.OID) != len(oid) {
			return false
		}
		content = append(content, strings.TrimLeft(e.Mode, "0")+" "+e.Path+"\x00"...)
		content = append(content, raw...)
	}
	return objectID("tree", content, oid) == oid
}

// isObjectID reports whether s is a whole object id.
func isObjectID(s string) bool {
	return (len(s) == 2*sha1.Size || len(s) == 2*sha256.Size) && isHex(s)
}

func isHex(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return (r < '0' || r > '9') && (r < 'a' || r > 'f')
	})
}
