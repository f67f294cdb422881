package hooktest

import "fmt"

// Fault is what one request meets instead of the service.
type Fault struct {
	answer                              answer
	reset, slow, truncated, after, echo bool
}

// Answer is a status with a text, and headers by pairs.
func Answer(status int, body string, header ...string) Fault {
	f := Fault{answer: answer{status: status, body: body, header: map[string]string{}}}
	for i := 0; i+1 < len(header); i += 2 {
		f.answer.header[header[i]] = header[i+1]
	}
	return f
}

// Page is the page of a proxy or a login.
func Page(status int) Fault {
	return Answer(status, "<!DOCTYPE html>\n<html><body>Please log in</body></html>", "Content-Type", "text/html; charset=utf-8")
}

// Redirect sends elsewhere.
func Redirect(status int, to string) Fault { return Answer(status, "", "Location", to) }

// Echo is a status with a text that tells the address that was asked for, as error pages do.
func Echo(status int) Fault {
	f := Answer(status, "", "Content-Type", "text/plain")
	f.echo = true
	return f
}

// Reset breaks the connection before it is answered; nothing was taken.
func Reset() Fault { return Fault{reset: true} }

// Slow is no answer, until the sender goes away.
func Slow() Fault { return Fault{slow: true} }

// Lost takes the message and breaks the connection before that is answered.
func Lost() Fault { return Fault{reset: true, after: true} }

// Truncated takes the message and breaks off in the answer's body.
func Truncated() Fault { return Fault{truncated: true, after: true} }

// But is an answer that comes after the message was taken: a gateway that lost patience.
func But(f Fault) Fault { f.after = true; return f }

// String is an answer's status and text.
func (f Fault) String() string { return fmt.Sprintf("%d %s", f.answer.status, f.answer.body) }
