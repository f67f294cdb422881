// Package contract holds calls and answers against GitHub's own descriptions: the OpenAPI document
// and the GraphQL schema that npm packages of Octokit carry, pinned in package.json beside this file; and
// the report of `bot check` against the JSON Schema of SARIF, which a package of Microsoft's carries.
// Only tests import it.
//
// A stand-in is only as good as its likeness. Two wrappers check every exchange that passes through
// them: [Validator.Transport] round a client's transport, [Validator.Handler] round the stand-in.
// Checked are, for REST: the route exists; path, query (undeclared parameters too) and body fit; a
// 2xx status is declared, and the answer's body fits what is declared for its status. For GraphQL: the
// document and its variables are valid against GitHub's schema, and the answer has exactly the
// selected fields, each of its type: nullability, lists, enums, scalars.
//
// Not checked are answers in raw media types, /raw (the raw host) and /__ghtest, and bodies of errors
// for which nothing is declared (401, rate limits, 5xx).
//
// The descriptions are not committed: `npm ci --ignore-scripts` in this folder fetches them, and
// without them [Open] and [SARIFSchema] return [ErrNotInstalled], on which tests skip. The OpenAPI document (13 MB) is
// pruned in memory to the paths below before it is parsed: 0.1 s instead of 2 s.
package contract
