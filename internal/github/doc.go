// Package github is the only package that speaks HTTP to GitHub: the token, limits, retries, GraphQL,
// pages, files, and the few writes that publishing needs.
//
// # Shape
//
// go-github v60 builds and decodes requests; below it stands our own http.RoundTripper (transport.go),
// which decides everything that matters. One call of a public method is one budget: the time it spends
// waiting for limits and between retries never exceeds Options.MaxWait, whatever the number of pages.
//
//	method ─▶ go-github ─▶ http.Client (redirect rules) ─▶ transport ─▶ Base
//	                                                        │ lane of writes, known limits
//	                                                        │ Authorization for our hosts only
//	                                                        └ read the whole answer, judge it, maybe again
//
// # Why v60 is fenced in
//
//   - v60 and oauth2.Transport put the token on every hop of a redirect. Here it is put on a request by
//     the transport, after asking whether scheme, host and port are those of the API or GraphQL URL.
//   - v60 remembers limits and then refuses to send anything, for up to an hour and even where the answer
//     would have been free. It never sees the limit headers: the transport reads and removes them.
//   - v60 calls a 429 a plain error, a cut body "unexpected EOF", and an empty one a success. Answers are
//     read whole and judged before v60 gets them. An archive alone is unpacked while it comes (archive.go).
//
// # Once
//
// A read (GET, or a GraphQL query) may be sent again. A write may be sent again only when it was surely
// not executed: nothing was sent, or a limit refused it. Every other trouble of a write is an
// *UnclearError, and the caller has to look whether it happened. The net/http below resends a request
// by itself only when it wrote nothing of it.
//
// # Where it goes
//
// To the configured hosts (API, GraphQL, raw, server) and, for github.com, to those that serve its files;
// a redirect elsewhere is a *StrayError. The default Base knows no proxy: cmd/bot hands in one of package
// egress, which has the proxies of the environment and guards addresses.
//
// # What reaches people
//
// Errors name the host, never the URL; text that came from a server is cut, cleaned of control
// characters and of the token. A Secret prints as REDACTED under every verb.
package github
