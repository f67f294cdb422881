package changelog

import "strings"

// Mentions gives the names that a text has as whole words, each once, in its order: "Foo" is none in "FooBar", nor in
// "foo". Words of addresses don't count. Its cost does not depend on how many names are known.
func Mentions(text string, known func(word string) bool) []string {
	var found []string
	for i := 0; i < len(text); {
		if !isWord(text[i]) {
			i++
			continue
		}
		start := i
		for i < len(text) && isWord(text[i]) {
			i++
		}
		if strings.HasPrefix(text[i:], "://") {
			for i < len(text) && !strings.ContainsRune(" \n\t)>\"'`", rune(text[i])) {
				i++
			}
			continue
		}
		if word := text[start:i]; known(word) {
			found = union(found, []string{word})
		}
	}
	return found
}

// isWord takes every letter beyond ASCII as part of a word too.
func isWord(c byte) bool { return isLetter(c) || isDigit(c) || c == '_' || c >= 0x80 }
