// Package sample writes an upstream: Kubernetes' repositories, as files and as git history, from the
// facts of package facts. Tests, benchmarks and `bot demo` read what it writes with the same code that
// reads the real thing.
//
// # What is real and what is ours
//
// Gates, constants, stages, versions, owners, KEP numbers, directories and the forms of the source are
// upstream's at each release. Sentences and code are written here; nothing of upstream's text is in
// it. The files hold the gates and little else, but they are Go that compiles against the real modules
// (checked by hand for v1.30 to v1.33, v1.35 and v1.36).
//
// # Eras
//
// [Files] writes each release in the grammar of its time:
//
//	v1.20 to v1.30  one unversioned map in pkg/features/kube_features.go
//	v1.31           the same, and a second file with an empty versioned map
//	v1.32           constants and an empty unversioned map in one file, all rows in the other
//	v1.33 and on    one file again, versioned
//	v1.35 and on    a map of dependencies beside it
//
// The other packages turn from unversioned to versioned gate by gate: a row whose specs carry versions
// goes into the versioned map. client-go and kubeadm have types of their own.
//
// Some forms occur once or twice in the real tree and are set here where they stand there, for a reader
// must not stumble over them: a constant without a type, one with a conversion, one declared twice in
// two packages, one declared and never registered, template lines in comments.
//
// # Notes and proposals
//
// [Changelogs] writes the CHANGELOG folder for a list of releases: a note for each gate that changed,
// under the pull request that did it where data has it (gold-trace.tsv) and else under a number above
// 900000, which no real one has. [Enhancements] writes a repository of design proposals: their numbers,
// SIGs and dates (proposals.tsv), gates and stages are upstream's, and so are the faults of a handful.
//
// Fixes that no gate is behind, dependencies and the security advisory are made up. The advisory's number
// begins with 99 after the year and says "sample".
//
// # History
//
// [Repository] makes a bare git repository from steps; the same steps give the same commit ids on every
// machine. [Demo] is the upstream that `bot demo` shows, at its [DemoMoments], [Releases] its list of releases. [EnhancementSteps] has moments for tests: a quiet week and one before a freeze.
package sample
