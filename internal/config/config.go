// Package config is the configuration: what it may hold, what it means, and where each value came from.
//
// A value is taken from the first of: an environment variable BOT_SECTION_KEY (scalars outside lists),
// the configuration file, what GitHub Actions sets (GITHUB_REPOSITORY, GITHUB_API_URL, …), the default.
// GitHub's own variables stand below the file, because they are there without anybody having asked for
// them; a BOT_ variable is somebody's wish.
//
// All keys stand in one tree (schema.go). From it come the checks, the defaults, the names of the
// variables, config.yaml and docs/configuration.md, so that these can't disagree.
//
// It is strict. An unknown key, also inside a list, a wrong type (5 for a duration, "5" for a number, yes
// for true) and a value out of range are errors that name file, line and key and say what to do; all of
// them are told at once ([Error]). Viper alone would not do: it guesses types, drops the lines, and lower-
// cases the keys of maps (viper#260); so the file is checked as a tree of YAML nodes first, lists of named
// entries stand where maps with meaningful keys would, and viper does what it is good at: the order of
// defaults, file and environment, and the strict decoding into the structs below.
//
// The file is read here, the environment is handed in. A token is never configuration ([Secret]).
package config

import (
	"slices"
	"strings"
	"time"
)

// Config is the whole configuration, checked, with presets expanded and defaults filled in.
type Config struct {
	Target Target `yaml:"target"`
	Store  Store  `yaml:"store"`
	// Offline: only mirrors are read; what has none is skipped.
	Offline bool     `yaml:"offline"`
	Mirrors []Mirror `yaml:"mirrors"`
	// Upstreams has at least one entry; names are unique.
	Upstreams []Upstream `yaml:"upstreams"`
	Watch     Watch      `yaml:"watch"`
	// Digests has at least one entry; names are unique.
	Digests []Digest `yaml:"digests"`
	Trace   Trace    `yaml:"trace"`
	GitHub  GitHub   `yaml:"github"`
	Network Network  `yaml:"network"`
	Run     Run      `yaml:"run"`
	Server  Server   `yaml:"server"`

	// File is the name of the configuration file that was read; "" where defaults alone count.
	File string `yaml:"-"`
	// Origins says by key path ("digests[1].schedule") where a value came from. A path without an entry
	// has the origin of what holds it.
	Origins map[string]Origin `yaml:"-"`
}

// Target is where digest issues go by default.
type Target struct {
	// Repository is "owner/name"; "" where none is configured ([Config.Deliverable]).
	Repository string   `yaml:"repository,omitempty"`
	Labels     []string `yaml:"labels"`
}

// Store is where the bot keeps its state.
type Store struct {
	Driver string `yaml:"driver"` // DriverSQLite or DriverBranch
	Path   string `yaml:"path"`   // of DriverSQLite; relative to the working directory
	// Repository and Branch are of DriverBranch. Repository is Target.Repository where it is not given.
	Repository string `yaml:"repository,omitempty"`
	Branch     string `yaml:"branch"`
}

// The kinds of stores.
const (
	DriverSQLite = "sqlite"
	DriverBranch = "branch"
)

// Mirror is a local clone or bare mirror that is read instead of the API.
type Mirror struct {
	Repository string `yaml:"repository"` // "kubernetes/kubernetes"
	Path       string `yaml:"path"`
}

// Upstream is one tracked project.
type Upstream struct {
	Preset     string `yaml:"preset,omitempty"` // its values are in the other fields already
	Name       string `yaml:"name"`
	Title      string `yaml:"title"`      // "Kubernetes"
	Repository string `yaml:"repository"` // "kubernetes/kubernetes"
	// Ref is a branch, tag or commit; "HEAD" is the default branch.
	Ref string `yaml:"ref"`
	// Module is the import path of the repository's root: "k8s.io/kubernetes".
	Module string `yaml:"module"`
	// StagingRoot is the folder under which paths are import paths: "staging/src"; "" for none.
	StagingRoot string `yaml:"staging_root"`
	// VersionFile holds DefaultKubeBinaryVersion; "" where the project has no such file.
	VersionFile string  `yaml:"version_file"`
	Sources     Sources `yaml:"sources"`
}

// Sources says what is read of an upstream; nil is not configured.
type Sources struct {
	Gates      *GatesSource      `yaml:"gates,omitempty"`
	Releases   *ReleasesSource   `yaml:"releases,omitempty"`
	Proposals  *ProposalsSource  `yaml:"proposals,omitempty"`
	Milestones *MilestonesSource `yaml:"milestones,omitempty"`
	Tickets    *TicketsSource    `yaml:"tickets,omitempty"`
	Paths      *PathsSource      `yaml:"paths,omitempty"`
	Docs       *DocsSource       `yaml:"docs,omitempty"`
	// Feeds have names, unique within the upstream. An empty list says that none is read, whatever the preset has.
	Feeds []FeedSource `yaml:"feeds"`
}

// ReleasesSource says where an upstream's release notes stand. In paths {minor} is a minor version: "1.36".
type ReleasesSource struct {
	Enabled bool   `yaml:"enabled"`
	Notes   string `yaml:"notes"` // a file of the upstream's repository; "" for none
	// DataRepository and Data are where data files of the notes stand; "" for none.
	DataRepository string `yaml:"data_repository"`
	Data           string `yaml:"data"`
}

// ProposalsSource says where an upstream's design proposals stand.
type ProposalsSource struct {
	Enabled    bool   `yaml:"enabled"`
	Repository string `yaml:"repository"` // "kubernetes/enhancements"
	Path       string `yaml:"path"`       // the folder below which they are searched: "keps"
}

// GatesSource says where an upstream registers feature gates.
type GatesSource struct {
	Enabled  bool          `yaml:"enabled"`
	Packages []GatePackage `yaml:"packages"`
}

// GatePackage is one folder, or one .go file, with registrations.
type GatePackage struct {
	Path      string `yaml:"path"`      // from the repository's root
	Component string `yaml:"component"` // "apiserver"
	// Import is the import path of the folder, by which other packages name its constants. It is
	// derived from the upstream's Module and StagingRoot where it is not given.
	Import string `yaml:"import"`
}

// Watch marks what is the reader's own.
type Watch struct {
	Gates      []string `yaml:"gates"`      // the strings users type
	KEPs       []string `yaml:"keps"`       // numbers without leading zeros: "2411"
	SIGs       []string `yaml:"sigs"`       // without sig-: "node"
	Components []string `yaml:"components"` // "kubeadm"
	Owners     []string `yaml:"owners"`     // with the @: "@someone"
	Manifests  []string `yaml:"manifests"`  // files, folders and globs
	// ManifestsRepository holds the manifests, at its default branch; "" means this machine.
	ManifestsRepository string `yaml:"manifests_repository"`
}

// Trace says how much is asked about where changes come from, and what is known better.
type Trace struct {
	MaxRequests int        `yaml:"max_requests"` // in a run; 0 asks nothing
	Overrides   []Override `yaml:"overrides"`
}

// Override gives the links of a gate. A nil list is not given, an empty one says that there are none.
type Override struct {
	Gate     string         `yaml:"gate"`
	Upstream string         `yaml:"upstream,omitempty"` // "": all
	KEPs     []string       `yaml:"keps"`               // numbers without leading zeros
	PRs      []OverridePull `yaml:"prs"`
	Tickets  []string       `yaml:"tickets"` // "owner/name#12"
	Note     string         `yaml:"note,omitempty"`
}

// OverridePull is a pull request that made a stage.
type OverridePull struct {
	Stage   string `yaml:"stage"`             // "alpha", "beta", "stable", "deprecated" or "removed"
	Version string `yaml:"version,omitempty"` // "1.33"; "" for any
	Pull    string `yaml:"pull"`              // "owner/name#12"
}

// Digest is one digest definition: who is told what, how often and where.
type Digest struct {
	Name string `yaml:"name"`
	// Schedule is a cron expression of five fields for [Schedule]; "" is due at every run.
	Schedule string `yaml:"schedule,omitempty"`
	Timezone string `yaml:"timezone"` // IANA name
	// Upstreams are names; empty means all ([Config.UpstreamsOf]).
	Upstreams  []string  `yaml:"upstreams"`
	Severities []string  `yaml:"severities"` // "act", "know", "fyi"; empty means all
	SIGs       []string  `yaml:"sigs"`       // without sig-; empty means all
	Components []string  `yaml:"components"` // empty means all
	Channels   []Channel `yaml:"channels"`   // at least one
}

// GitHub is how GitHub is spoken to. Addresses have no slash at the end.
type GitHub struct {
	APIURL     string `yaml:"api_url"`     // "https://api.github.com"
	GraphQLURL string `yaml:"graphql_url"` // on the same host as APIURL
	// RawURL serves files at a commit without counting them; "" where there is no such host.
	RawURL    string `yaml:"raw_url,omitempty"`
	ServerURL string `yaml:"server_url"` // for links: "https://github.com"
	// WriteInterval is the least time between two writes; 0 only towards a loopback address.
	WriteInterval time.Duration `yaml:"write_interval"`
	// MaxWait is how long one call of the client may wait in all for limits and between tries; 0 means
	// not to wait.
	MaxWait time.Duration `yaml:"max_wait"`
	// RequestTimeout is the limit of one request, with its body.
	RequestTimeout time.Duration `yaml:"request_timeout"`
	// SettleTimeout is how long a write whose answer was lost is looked for.
	SettleTimeout time.Duration `yaml:"settle_timeout"`

	// Token comes from the environment only; TokenFrom names the variable. Both are empty without one.
	Token     Secret `yaml:"-"`
	TokenFrom string `yaml:"-"`
}

// Network says where the bot may go.
type Network struct {
	// AllowPrivate are hosts that may stand at private addresses: "ghe.example.com", "10.0.0.7:8443".
	AllowPrivate []string `yaml:"allow_private"`
}

// Run limits one run.
type Run struct {
	Timeout       time.Duration `yaml:"timeout"`
	KeepSnapshots int           `yaml:"keep_snapshots"`
	// SourceTimeout is the longest that one source of one upstream may take.
	SourceTimeout time.Duration `yaml:"source_timeout"`
	// FailingAfter is the number of runs in a row after which a failing source is told of.
	FailingAfter int `yaml:"failing_after"`
}

// Server is how `bot serve` works.
type Server struct {
	Address string `yaml:"address"` // "127.0.0.1:8080"
	// PublicURL is where people reach the pages, without a slash at the end; "" where nobody said.
	PublicURL string `yaml:"public_url,omitempty"`
	// Interval is the time between runs for digests without a schedule.
	Interval time.Duration `yaml:"interval"`
	// Jitter is the longest that a run is put off at random.
	Jitter time.Duration `yaml:"jitter"`
	// StaleAfter is the age from which what was read of a source makes the service not ready; 0: never.
	StaleAfter time.Duration `yaml:"stale_after"`
}

// lockMargin is what a lock outlives a run by: time to notice the cancelled context and to leave.
const lockMargin = 5 * time.Minute

// LockTTL is how long the lock of a run holds: longer than the run may take, so that nobody takes it from
// one that is still writing.
func (r Run) LockTTL() time.Duration { return r.Timeout + lockMargin }

// UpstreamsOf returns the upstreams that d tells of, in the order of the configuration.
func (c Config) UpstreamsOf(d Digest) []Upstream {
	if len(d.Upstreams) == 0 {
		return slices.Clone(c.Upstreams)
	}
	var out []Upstream
	for _, u := range c.Upstreams {
		if slices.Contains(d.Upstreams, u.Name) {
			out = append(out, u)
		}
	}
	return out
}

// Mirror returns the path of the mirror of a repository, "" where there is none. GitHub's names do not
// tell upper from lower case, so neither does this.
func (c Config) Mirror(repository string) string {
	for _, m := range c.Mirrors {
		if strings.EqualFold(m.Repository, repository) {
			return m.Path
		}
	}
	return ""
}

// Origin says where the value of a key came from: its own origin, else that of what holds it.
func (c Config) Origin(key string) Origin { return origins(c.Origins).find(key) }

// Digest returns the definition called name.
func (c Config) Digest(name string) (Digest, bool) {
	i := slices.IndexFunc(c.Digests, func(d Digest) bool { return d.Name == name })
	if i < 0 {
		return Digest{}, false
	}
	return c.Digests[i], true
}
