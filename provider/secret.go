package provider

import (
	"fmt"
	"io"
	"log/slog"
)

// A Secret is a text that does not print: not by fmt, not by log/slog, not as JSON. It is shown once to
// whom it is for.
type Secret struct {
	_ [0]func() // not comparable: == takes the longer the more is alike
	p *string   // behind a pointer, where fmt does not look
}

func newSecret(text string) Secret { return Secret{p: &text} }

// Reveal returns the text.
func (s Secret) Reveal() string {
	if s.p == nil {
		return ""
	}
	return *s.p
}

const secretText = "[secret]"

// Format prints nothing of it.
func (s Secret) Format(w fmt.State, _ rune) { io.WriteString(w, secretText) }

// LogValue is Format, for slog.
func (s Secret) LogValue() slog.Value { return slog.StringValue(secretText) }

// MarshalText is Format, for JSON and XML.
func (s Secret) MarshalText() ([]byte, error) { return []byte(secretText), nil }
