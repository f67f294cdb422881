package webhook

import (
	"fmt"
	"strings"
	"time"

	"github.com/upstream-digest/bot/internal/egress"
)

// refused is an answer that took nothing, in words. said is what the receiver itself says of it, fit to print.
func (c *Channel) refused(a egress.Answer, reason, said string) *Error {
	if said = strings.TrimRight(said, ". "); said != "" {
		reason += fmt.Sprintf(" (it says %q)", said)
	}
	return &Error{Host: a.Host, Status: a.Status, Reason: reason}
}

// byStatus says what a status means of any receiver.
func (c *Channel) byStatus(a egress.Answer, sent int, said string) *Error {
	if a.IsPage() {
		said = ""
	}
	switch s := a.Status; {
	case s == 429:
		e := c.refused(a, "it takes no more for now, "+a.Said(), said)
		e.Later = true
		if a.Asked > 0 {
			e.Reason += fmt.Sprintf("; it asks to be left alone for %s", a.Asked.Round(time.Second))
		} else {
			e.Reason += tries(a)
		}
		return e
	case s == 408 || s == 425 || s >= 500:
		e := c.refused(a, "it answers "+a.Said()+tries(a), said)
		e.Later = true
		return e
	case s >= 300 && s < 400:
		return c.refused(a, fmt.Sprintf("it answers %s, which sends elsewhere, and that is not followed: write the new address into %s", a.Said(), c.o.Env), "")
	case s == 401 || s == 403:
		return c.refused(a, fmt.Sprintf("it refuses to take anything at this address, %s: look whether the address in %s is whole, or make a new one", a.Said(), c.o.Env), said)
	case s == 404 || s == 410:
		return c.gone(a, said)
	case s == 413:
		return c.refused(a, fmt.Sprintf("it takes no message of this size (%d KB), %s", (sent+1023)>>10, a.Said()), said)
	}
	return c.refused(a, "it answers "+a.Said(), said)
}

// gone is a webhook that is not there.
func (c *Channel) gone(a egress.Answer, said string) *Error {
	return c.refused(a, fmt.Sprintf("there is no such webhook, %s: it was removed, or the address in %s is not whole; make a new one and write its address there", a.Said(), c.o.Env), said)
}

// page is a web page where an answer should be.
func (c *Channel) page(a egress.Answer) *Error {
	return c.refused(a, fmt.Sprintf("it answers %s with a web page: look whether the address in %s is a webhook's, and whether something stands between that wants a login", a.Said(), c.o.Env), "")
}

func tries(a egress.Answer) string {
	if a.Tries < 2 {
		return ""
	}
	return fmt.Sprintf(" to each of %d tries", a.Tries)
}

// quoted is what a receiver says, without anything of the address.
func (c *Channel) quoted(text string) string {
	if text == "" {
		return ""
	}
	return egress.Quoted(text, c.address, "wait", "true", "webhook", "webhooks", "services", "workflows", "channel")
}
