package config

import (
	"strings"
	"time"
)

// kind is what a key may hold.
type kind int

const (
	text     kind = iota // a string
	truth                // true or false
	number               // a whole number
	duration             // "30s"
	texts                // a list of strings
	numerals             // a list of numbers that are names: 2411, "KEP-2411"
	section              // a mapping with fields
	entries              // a list of mappings with fields
)

// String is the name of the kind in the documentation.
func (k kind) String() string {
	return [...]string{"string", "boolean", "number", "duration", "list of strings", "list of numbers", "section", "list"}[k]
}

// field is one key.
type field struct {
	name string
	kind kind
	// def is the default: string, bool, int, time.Duration, []string, or for entries []any of map[string]any.
	// nil: none; then without says in words what counts.
	def     any
	without string
	// ambient is a variable that GitHub Actions sets and that counts where nothing else is given.
	ambient string
	// lo and hi bound numbers and durations, both inclusive; none where hi is 0.
	lo, hi int64
	// required: an entry without it is refused.
	required bool
	// example is the value shown, commented out, in config.yaml; it is YAML.
	example string
	doc     string // plain prose, whole sentences
	fields  []field
}

// variable is the environment variable for a key outside lists: BOT_STORE_PATH for store.path.
func variable(path string) string {
	return "BOT_" + strings.ToUpper(strings.ReplaceAll(path, ".", "_"))
}

// scalar reports whether the key holds one value, so that a variable can give it.
func (f field) scalar() bool {
	return f.kind == text || f.kind == truth || f.kind == number || f.kind == duration
}

// lookup finds a field by name.
func lookup(fields []field, name string) (field, bool) {
	for _, f := range fields {
		if f.name == name {
			return f, true
		}
	}
	return field{}, false
}

// names lists the fields' names.
func names(fields []field) []string {
	out := make([]string, len(fields))
	for i, f := range fields {
		out[i] = f.name
	}
	return out
}

// leaves visits every key outside lists that is no section, with its path.
func leaves(fields []field, prefix string, visit func(path string, f field)) {
	for _, f := range fields {
		if f.kind == section {
			leaves(f.fields, prefix+f.name+".", visit)
			continue
		}
		visit(prefix+f.name, f)
	}
}

// schema is every key there is, in the order of config.yaml.
func schema() []field {
	return []field{
		{name: "target", kind: section, doc: "Where digest issues go.", fields: []field{
			{name: "repository", kind: text, ambient: "GITHUB_REPOSITORY", example: "acme/platform",
				doc: "The repository in which digest issues are filed, as owner/name. Needed only where a digest goes to a github-issue channel that names none; dry runs do without."},
			{name: "labels", kind: texts, def: []string{"upstream-digest"},
				doc: "Labels of every digest issue. A missing one is made. Write [] for none."},
		}},
		{name: "store", kind: section, doc: "Where the bot remembers what it has told.", fields: []field{
			{name: "driver", kind: text, def: "sqlite",
				doc: "The kind of store: sqlite, a file on this machine; or branch, a branch of a repository on GitHub, for where there is no disk, as in GitHub Actions. A branch needs a token with contents: write. bot state export and import move from one to the other."},
			{name: "path", kind: text, def: "state/bot.db",
				doc: "With driver sqlite: the database file, relative to the working directory. Folders are made. Keep it between runs: a lost file costs a new baseline."},
			{name: "repository", kind: text, without: "target.repository", example: "acme/platform",
				doc: "With driver branch: the repository with the branch, as owner/name. It must have a commit already."},
			{name: "branch", kind: text, def: "upstream-digest-state",
				doc: "With driver branch: the branch. It is made by the first run, and has nothing in common with the others. Each step of a run is one commit on it; a run that finds nothing makes one a day at most, and one for each digest at whose schedule it looked."},
		}},
		{name: "offline", kind: truth, def: false,
			doc: "Read mirrors only and make no request for reading. What has no mirror is skipped, and the digest says so."},
		{name: "mirrors", kind: entries, without: "none",
			doc: "Local clones or bare mirrors that are read instead of the API. The bot never updates them.", fields: []field{
				{name: "repository", kind: text, required: true, example: "kubernetes/kubernetes",
					doc: "The repository that the mirror stands for, as owner/name."},
				{name: "path", kind: text, required: true, example: "/srv/mirrors/kubernetes.git",
					doc: "The folder of the clone or bare mirror."},
			}},
		upstreamsField(),
		{name: "watch", kind: section, doc: "What is yours. A change that touches one of these is told as something to act on, whatever it is.", fields: []field{
			{name: "gates", kind: texts, def: []string{}, example: "[InPlacePodVerticalScaling]",
				doc: "Feature gates, by the name you would type after --feature-gates."},
			{name: "keps", kind: numerals, def: []string{}, example: "[1287, 2411]",
				doc: "Enhancement proposals (KEPs), by number."},
			{name: "sigs", kind: texts, def: []string{}, example: "[node]",
				doc: "SIGs, with or without the sig- in front: their proposals, and the gates that these list."},
			{name: "components", kind: texts, def: []string{}, example: "[kubeadm]",
				doc: "Components, as the upstreams' packages name them."},
			{name: "owners", kind: texts, def: []string{}, example: `["@someone"]`,
				doc: "People or teams that upstream names as owners of a gate, with or without the @."},
			{name: "manifests", kind: texts, def: []string{}, example: `["clusters/*/kubelet.yaml", "kubeadm/"]`,
				doc: "Your own configuration: files, folders and globs, relative to the working directory, or to the root of manifests_repository. A change to a gate that one of them sets is yours. All forms that bot check reads are read."},
			{name: "manifests_repository", kind: text, without: "this machine", example: "acme/platform",
				doc: "A repository that holds the manifests, read at its default branch: for where the bot has no checkout of it. It costs three requests in a run that has something to tell (one more for each further folder), and none in others. Where it can't be read the digest says so, and the run succeeds."},
		}},
		digestsField(),
		traceField(),
		{name: "github", kind: section, doc: "How GitHub is spoken to. There is no key for the token: it comes from GITHUB_TOKEN, else BOT_GITHUB_TOKEN, else GH_TOKEN, else from the file that GITHUB_TOKEN_FILE names.", fields: []field{
			{name: "api_url", kind: text, def: "https://api.github.com", ambient: "GITHUB_API_URL",
				doc: "The REST API. On GitHub Enterprise Server it ends in /api/v3. The token is sent to this host only."},
			{name: "graphql_url", kind: text, without: "derived from api_url", ambient: "GITHUB_GRAPHQL_URL", example: "https://api.github.com/graphql",
				doc: "The GraphQL API, on the same host as api_url. GITHUB_GRAPHQL_URL counts only where api_url is not given."},
			{name: "raw_url", kind: text, without: "derived from api_url", example: "https://raw.githubusercontent.com",
				doc: "A host that serves files at a commit without counting requests. It is used without a token, and only on github.com unless you name one."},
			{name: "server_url", kind: text, without: "derived from api_url", ambient: "GITHUB_SERVER_URL", example: "https://github.com",
				doc: "The web address for links. GITHUB_SERVER_URL counts only where api_url is not given."},
			{name: "write_interval", kind: duration, def: time.Second, hi: int64(time.Minute),
				doc: "The least time between two writes. GitHub asks for a second; 0s is accepted only towards a loopback address."},
			{name: "max_wait", kind: duration, def: 2 * time.Minute, hi: int64(time.Hour),
				doc: "How long one step (a listing with all its pages, a batch of files, one write) may wait in all for limits to reset and between tries. What cannot be had within it is a failed source. It must be shorter than run.timeout."},
			{name: "request_timeout", kind: duration, def: 30 * time.Second, lo: int64(time.Second), hi: int64(10 * time.Minute),
				doc: "The limit of one request, with its body."},
			{name: "settle_timeout", kind: duration, def: 30 * time.Second, hi: int64(10 * time.Minute),
				doc: "How long a write whose answer was lost is looked for before the delivery is left open for the next run."},
		}},
		{name: "network", kind: section, doc: "Where the bot may go. It speaks to the configured hosts only: those of github (on github.com also codeload.github.com and the hosts below githubusercontent.com, which serve files), and those of feeds. A feed may send it on to any other host at a public address; feeds are read without a token. A proxy is taken from HTTPS_PROXY, HTTP_PROXY and NO_PROXY.", fields: []field{
			{name: "allow_private", kind: texts, def: []string{}, example: "[ghe.example.com]",
				doc: "Hosts that may stand at private addresses (this machine, this network, a cloud's metadata), as a name or an address, with :port if it has one. The hosts that github names need no entry: whoever wrote them there meant them."},
		}},
		{name: "run", kind: section, doc: "Limits of one run.", fields: []field{
			{name: "timeout", kind: duration, def: 15 * time.Minute, lo: int64(time.Second), hi: int64(24 * time.Hour),
				doc: "The longest a run may take. The lock of a run that died is free at once for runs on the same machine, and for others five minutes after this time."},
			{name: "source_timeout", kind: duration, def: 5 * time.Minute, lo: int64(time.Second), hi: int64(24 * time.Hour),
				doc: "The longest that one source of one upstream may take. One that takes longer has failed in this run; the others are told."},
			{name: "keep_snapshots", kind: number, def: 200, lo: 2, hi: 100000,
				doc: "How many snapshots are kept. Those that a digest or a delivery still needs are never dropped."},
			{name: "failing_after", kind: number, def: 5, lo: 1, hi: 1000,
				doc: "After how many runs in a row in which a source could not be read the digest says so, as something to act on. It is said once, however long it lasts."},
		}},
		{name: "server", kind: section, doc: "How bot serve works. Other commands take no notice of it.", fields: []field{
			{name: "address", kind: text, def: "127.0.0.1:8080", example: `"0.0.0.0:8080"`,
				doc: "Where pages, health and metrics are served. Everybody who reaches it may read all digests: it asks nobody for a password. A changed address counts after a restart."},
			{name: "public_url", kind: text, without: "none", example: "https://digests.example.com",
				doc: "The address under which people reach those pages. Where it is given, messages of channels that can't hold the whole digest lead there."},
			{name: "interval", kind: duration, def: time.Hour, lo: int64(time.Minute), hi: int64(7 * 24 * time.Hour),
				doc: "The time between runs for digests without a schedule. A run in which nothing changed costs one request."},
			{name: "jitter", kind: duration, def: time.Minute, hi: int64(time.Hour),
				doc: "The longest that a run is put off, at random, so that not everybody asks at the same moment."},
			{name: "stale_after", kind: duration, def: 8 * 24 * time.Hour, hi: int64(365 * 24 * time.Hour),
				doc: "The age from which what was read of a source makes /readyz say no; longer than the longest pause of the schedules. 0s: never."},
		}},
	}
}

// defaultPreset is the upstream of a configuration that names none.
const defaultPreset = "kubernetes"

func upstreamsField() field {
	return field{name: "upstreams", kind: entries,
		def: []any{map[string]any{"preset": defaultPreset}},
		doc: "The projects that are tracked. Any project that registers gates with k8s.io/component-base/featuregate can be one. A key beside preset overrides what the preset says; a list replaces the preset's. Default: the preset kubernetes alone.",
		fields: []field{
			{name: "preset", kind: text, without: "none", example: defaultPreset,
				doc: "A built-in description to start from: kubernetes or one of the others below."},
			{name: "name", kind: text, without: "the preset's name", example: "kubernetes",
				doc: "The name by which digests and commands refer to it: lower case letters, digits and dashes. Needed where no preset gives one."},
			{name: "title", kind: text, without: "the name", example: "Kubernetes",
				doc: "The name in headings."},
			{name: "repository", kind: text, without: "the preset's", example: "kubernetes/kubernetes",
				doc: "The repository, as owner/name. Needed where no preset gives one."},
			{name: "ref", kind: text, def: "HEAD", example: "release-1.36",
				doc: "The branch, tag or commit to read. HEAD is the default branch."},
			{name: "module", kind: text, without: "the preset's", example: "k8s.io/kubernetes",
				doc: "The Go import path of the repository's root. Needed where no preset gives one and a package has no import."},
			{name: "staging_root", kind: text, without: "the preset's", example: "staging/src",
				doc: "A folder below which paths are import paths themselves."},
			{name: "version_file", kind: text, without: "the preset's", example: "staging/src/k8s.io/component-base/version/base.go",
				doc: "The Go file that sets DefaultKubeBinaryVersion: the version a branch stands for. Without one, the highest version named by a gate counts."},
			{name: "sources", kind: section, doc: "What is read of this upstream.", fields: []field{
				{name: "gates", kind: section, doc: "Feature gates.", fields: []field{
					{name: "enabled", kind: truth, def: true, doc: "Whether gates are read."},
					{name: "packages", kind: entries, without: "the preset's",
						doc: "The folders with registrations. A folder that is missing at a commit is no fault, so those of several releases can stand here.", fields: []field{
							{name: "path", kind: text, required: true, example: "pkg/features",
								doc: "A folder, or one .go file, from the repository's root. Folders are not searched below."},
							{name: "component", kind: text, required: true, example: "kubernetes",
								doc: "The component whose gates these are, in the words of its users."},
							{name: "import", kind: text, without: "derived from module and staging_root", example: "k8s.io/kubernetes/pkg/features",
								doc: "The Go import path of the folder, by which other packages name its constants."},
						}},
				}},
				{name: "releases", kind: section, doc: "Published releases, with their notes.", fields: []field{
					{name: "enabled", kind: truth, def: true, doc: "Whether releases are read."},
					{name: "notes", kind: text, without: "the preset's", example: `"CHANGELOG/CHANGELOG-{minor}.md"`,
						doc: "The file with the notes, from the repository's root, in the form of Kubernetes' changelogs. {minor} stands for a minor version such as 1.36. Without it releases are told, but no notes."},
					{name: "data_repository", kind: text, without: "the preset's", example: "kubernetes/sig-release",
						doc: "A repository with data files of the notes. They say which proposal a note belongs to, and whether it asks for action."},
					{name: "data", kind: text, without: "the preset's", example: `"releases/release-{minor}/release-notes/release-notes-draft.json"`,
						doc: "The data file in data_repository. A file that is not there yet is no fault. Needed with data_repository, and only there."},
				}},
				{name: "proposals", kind: section, doc: "Design proposals (KEPs).", fields: []field{
					{name: "enabled", kind: truth, def: true, doc: "Whether proposals are read."},
					{name: "repository", kind: text, without: "the preset's", example: "kubernetes/enhancements",
						doc: "The repository with the proposals, as owner/name. It is read at its default branch."},
					{name: "path", kind: text, def: "keps",
						doc: "The folder below which every kep.yaml is one proposal, at any depth."},
				}},
				milestonesField(), ticketsField(), pathsField(), docsField(), feedsField(),
			}},
		}}
}

func traceField() field {
	return field{name: "trace", kind: section,
		doc: "Where changed gates come from: the pull request, the proposal, the ticket. It needs a token or a mirror.", fields: []field{
			{name: "max_requests", kind: number, def: 40, lo: 0, hi: 1000,
				doc: "How many requests a run may spend on it; those for what changed most severely come first, and what is left out says so. What was asked once is remembered. 0 asks nothing."},
			{name: "overrides", kind: entries, without: "none",
				doc: "Links that you know better than the bot. What an entry gives takes the place of what was found, and the digest says that it is by your configuration.", fields: []field{
					{name: "gate", kind: text, required: true, example: "InPlacePodVerticalScaling",
						doc: "The feature gate, by the name you would type after --feature-gates."},
					{name: "upstream", kind: text, without: "all", example: "kubernetes",
						doc: "Only in this upstream, by name."},
					{name: "keps", kind: numerals, without: "what was found", example: "[1287]",
						doc: "Its proposals, by number. Write [] for none."},
					{name: "prs", kind: entries, without: "what was found",
						doc: "Its pull requests.", fields: []field{
							{name: "stage", kind: text, required: true, example: "beta",
								doc: "What the pull request made of the gate: alpha, beta, stable, deprecated or removed."},
							{name: "version", kind: text, without: "any", example: `"1.33"`,
								doc: "Only where that came with this release."},
							{name: "pull", kind: text, required: true, example: "kubernetes/kubernetes#59898",
								doc: "The pull request, as owner/name#number."},
						}},
					{name: "tickets", kind: texts, without: "what was found", example: "[\"kubernetes/kubernetes#58823\"]",
						doc: "Its tickets, each as owner/name#number. Write [] for none."},
					{name: "note", kind: text, without: "none", example: "\"Ours since the incident in May.\"",
						doc: "A sentence that the digest says beside it."},
				}},
		}}
}

// defaultDigest is the name of the definition of a configuration that has none.
const defaultDigest = "digest"

func defaultChannels() []any {
	return []any{map[string]any{"type": ChannelIssue}}
}

func digestsField() field {
	return field{name: "digests", kind: entries,
		def: []any{map[string]any{"name": defaultDigest, "channels": defaultChannels()}},
		doc: "The digest definitions: who is told what, how often and where. Each remembers on its own what it has told, so a weekly issue and an hourly alert can stand side by side. Default: one, due at every run, as an issue in target.repository.",
		fields: []field{
			{name: "name", kind: text, required: true, example: defaultDigest,
				doc: "The name: lower case letters, digits and dashes, at most 40. Do not change it later: a new name is a new digest that has told nothing yet."},
			{name: "schedule", kind: text, without: "due at every run", example: `"17 7 * * 1"`,
				doc: "When it is due: a cron expression of five fields (minute, hour, day of month, month, day of week with Sunday 0). Pick an odd minute; GitHub delays jobs at the full hour."},
			{name: "timezone", kind: text, def: "UTC", example: "Europe/Berlin",
				doc: "The time zone of the schedule, by IANA name. Where clocks change, a time that the day does not have is due when the clocks have moved, and one that comes twice is due once."},
			{name: "upstreams", kind: texts, without: "all", example: "[kubernetes]",
				doc: "Only these upstreams, by name."},
			{name: "severities", kind: texts, without: "all", example: "[act, know]",
				doc: "Only changes of these severities: act (something may break), know (worth knowing), fyi (the rest)."},
			{name: "sigs", kind: texts, without: "all", example: "[node, storage]",
				doc: "Only proposals of these SIGs, and gates that such a proposal lists. Releases are told all the same."},
			{name: "components", kind: texts, without: "all", example: "[kubernetes, apiserver]",
				doc: "Only changes of these components, as the upstreams' packages name them."},
			{name: "channels", kind: entries, def: defaultChannels(),
				doc: "Where it goes.", fields: []field{
					{name: "type", kind: text, required: true, example: ChannelIssue,
						doc: "The kind of channel. github-issue files a new issue for each digest. rolling-issue keeps one issue: each digest is edited into it, and what is new to act on is a short comment, for edits notify nobody. slack posts a message, by an incoming webhook or by a bot's token. discord, teams and webhook post to an address; email sends a mail; shoutrrr speaks to some twenty other services (ntfy, Telegram, Matrix, Gotify, …). file writes a file, stdout prints. docs/channels.md says what each needs and promises."},
					{name: "name", kind: text, without: "the type", example: ChannelIssue,
						doc: "Tells channels of one digest apart; needed where two have the same type. Do not change it while deliveries are open."},
					{name: "path", kind: text, without: "none", example: "out/digest.md",
						doc: "The file to write; {definition}, {seq} (the digest's number) and {date} are filled in. Where something else stands already, the digest is written beside it: digest-2.md. Needed for type file, and only there."},
					{name: "repository", kind: text, without: "target.repository", example: "acme/platform",
						doc: "Another repository for the issue. Only for types github-issue and rolling-issue."},
					{name: "labels", kind: texts, without: "target.labels", example: "[upstream-digest]",
						doc: "Other labels for the issue. Only for types github-issue and rolling-issue."},
					{name: "close_previous", kind: truth, def: false,
						doc: "Close the digest's issue before, once the next one is filed; what is open of yours in it stands in the next. It costs one request. Only for type github-issue."},
					{name: "webhook_env", kind: text, without: "none", example: "SLACK_WEBHOOK_URL",
						doc: "The name of the variable that holds the webhook's address, which is a secret. Where NAME is not set, the file that NAME_FILE names is read; so with all variables here. For types slack, discord, teams and webhook."},
					{name: "token_env", kind: text, without: "none", example: "SLACK_BOT_TOKEN",
						doc: "Instead of webhook_env: the name of the variable that holds a bot's token (xoxb-…). What a bot posts stands there once, its details in a thread. Only for type slack."},
					{name: "channel", kind: text, without: "none", example: "C0123456789",
						doc: "The id of Slack's channel, as it stands at the end of the channel's details. Needed with token_env, and only there."},
					{name: "update", kind: truth, def: false,
						doc: "Edit the message of the digest before instead of posting the next one; what is new to act on is a short reply that the channel sees, too. Only with token_env."},
					{name: "secret_env", kind: text, without: "none", example: "DIGEST_WEBHOOK_SECRET",
						doc: "The name of the variable that holds the secret with which what is posted is signed: whsec_ and base64, or 24 or more other characters. Needed for type webhook, and only there."},
					{name: "url_env", kind: text, without: "none", example: "NTFY_URL",
						doc: "The name of the variable that holds a service's address in shoutrrr's form (ntfy://ntfy.sh/topic), which is a secret. Needed for type shoutrrr, and only there."},
					{name: "server", kind: text, without: "none", example: "smtp.example.com:587",
						doc: "The mail server, as host:port. Needed for type email, and so are from and to."},
					{name: "security", kind: text, without: "starttls", example: "tls",
						doc: "How the mail server is spoken to: starttls, tls (from the first byte, port 465) or none (only without a password, or on this machine). Never less than what stands here. Only for type email."},
					{name: "username", kind: text, without: "none", example: "digest@example.com",
						doc: "Who logs in to the mail server. Only for type email."},
					{name: "password_env", kind: text, without: "none", example: "SMTP_PASSWORD",
						doc: "The name of the variable that holds the password of username. Only for type email."},
					{name: "from", kind: text, without: "none", example: `"Upstream digest <digest@example.com>"`,
						doc: "Whom the mail is from. Only for type email."},
					{name: "to", kind: texts, without: "none", example: "[platform@example.com]",
						doc: "Whom it goes to; all see each other. Only for type email."},
				}},
		}}
}
