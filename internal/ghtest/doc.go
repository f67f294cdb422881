// Package ghtest is a stand-in for GitHub that keeps state: the tests of the client, the command
// scripts and `bot demo` run against it instead of the network.
//
// It is no list of canned answers. Code is read from a real git directory through the git program,
// so commits, trees, blobs, tags, history and blame are what git says; a test that commits to the
// directory moves the branch at once. Issues, comments, labels, milestones and releases live in
// memory. A GraphQL document is parsed, validated against schema.graphql (a hand-written subset of
// GitHub's public schema, held to it by test/contract) and executed over resolvers; REST answers
// carry every field that GitHub's OpenAPI description demands.
//
// What it keeps to, because clients have been wrong about each:
//
//   - an issue opened without push access loses its labels, in silence; with it, missing labels are made;
//   - an over-long body is 422 on POST, but 200 with the old body kept on PATCH of an issue;
//   - a token without write access is 403 "Resource not accessible by personal access token", an
//     unknown or private repository 404, issues disabled 410, a bad token 401, no token at all 401
//     for GraphQL and 60 REST requests an hour;
//   - limits are counted per login and hour, GraphQL in points, /rate_limit is free and so is a 304;
//   - an ETag depends on Accept and on the token; that of application/vnd.github.sha is the commit;
//   - Link headers use /repositories/ID/...;
//   - a tarball is a redirect to a host that counts nothing and gets no token, here below /raw, and is what
//     git archive makes;
//   - createCommitOnBranch commits only on the head that the caller expects, else it is STALE_DATA with HTTP 200; git
//     data through REST go forward only, unless forced, and not into a repository without any commit (409);
//   - Blob.text is cut above a size (isTruncated), and is null for binary files;
//   - GraphQL errors, limits too, come with HTTP 200.
//
// Faults are scripted ([Server.AddFault]): each matches requests and either answers instead of
// GitHub, or lets the request be processed and spoils the answer (created, but the answer is lost).
// Hooks before processing and before answering let a test kill the process under test just there.
// Every request is logged, so a test can count what a run cost.
//
//	gh := ghtest.Start(t, ghtest.Options{Now: time.Now})
//	gh.AddRepository(ghtest.Repository{Name: "kubernetes/kubernetes", GitDir: dir})
//	gh.AddRepository(ghtest.Repository{Name: "acme/platform"})
//	gh.AddToken(ghtest.Token{Value: "t", Login: "bot", Access: map[string]ghtest.Access{"acme/platform": ghtest.Write}})
//	... GITHUB_API_URL = gh.URL(), GITHUB_GRAPHQL_URL = gh.URL()+"/graphql", raw host = gh.URL()+"/raw"
//
// All state is behind one mutex; git is read outside it. The package does not import testing, and
// reads no clock of its own: without [Options.Now] time stands still but for one second per write.
package ghtest
