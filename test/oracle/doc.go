// Package oracle proves the gate parser against upstream itself: for released k8s.io modules, what
// internal/gate reads in the source must equal what the module registers when it runs.
//
// The work is in two halves, so that CI needs no Kubernetes code in any build.
//
//   - `make update-oracle` (cmd/update) writes one throw-away Go module per version of [Versions],
//     with a small program for every [Cell] of it that imports the package, or calls its
//     registration function, or takes client-go's registry hook, and prints the registry. The
//     answers are committed as facts under answers/, with the checksum of every module they came from.
//   - The test downloads the same modules through the go command (sources only, verified by the same
//     checksums), parses them and compares: no gate missing, none extra, none different.
//
// The main module never requires k8s.io. Each cell of the test names the number of gates it expects,
// a second record beside the answers: renewed answers that lost half their gates fail. A cell that
// registers nothing is "n/a" with its reason; the parser must find nothing there either, but it does
// not count as a pass.
//
// What is compared: name, and each spec's version, stage, default and lock. Modules up to v0.30
// know only the spec in force; a spec registered without a version has since "" here and in the
// source, and 0.0 in upstream's registry. AllAlpha and AllBeta, which every registry of
// component-base makes for itself, are set aside.
//
// One process can only ask for what one import brings in, so every cell has a process of its own.
// Where a package's init also registers the gates of another one (apiserver takes those of
// component-base/zpages), the cell names it in Feeds, and both are expected together.
package oracle
