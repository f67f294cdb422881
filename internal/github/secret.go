package github

import (
	"fmt"
	"io"
	"log/slog"
	"strings"
)

const redacted = "REDACTED"

// Secret holds a token so that no formatting, logging or encoding shows it. The zero value is "none".
//
// The text stands behind a pointer: fmt prints the unexported fields of a struct without asking their
// methods, and then prints an address.
type Secret struct{ text *string }

// NewSecret wraps a token; white space around it (the newline of a file) is dropped.
func NewSecret(token string) Secret {
	token = strings.TrimSpace(token)
	if token == "" {
		return Secret{}
	}
	return Secret{text: &token}
}

// IsZero reports whether there is no token.
func (s Secret) IsZero() bool { return s.text == nil }

// Reveal gives the token itself, for the Authorization header and nothing else.
func (s Secret) Reveal() string {
	if s.text == nil {
		return ""
	}
	return *s.text
}

// String is "REDACTED", or "" for none.
func (s Secret) String() string {
	if s.text == nil {
		return ""
	}
	return redacted
}

// GoString is String, for %#v.
func (s Secret) GoString() string { return s.String() }

// Format is String under every verb: %d and %x would otherwise show what is inside.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, s.String()) }

// LogValue is String, for slog.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText is String, for JSON and YAML. It never fails.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }
