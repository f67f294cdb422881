package doctor

// Permission is one thing the bot does, and what a token needs for it. SECURITY.md has the same table, and a
// test keeps the two equal.
type Permission struct {
	Use         string // what for
	FineGrained string // permission of a fine-grained token or an app
	Classic     string // scope of a classic token
	Workflow    string // key below permissions: of a workflow
	On          string // which repository
	Check       string // the check of bot doctor that looks at it
}

// Permissions is every right that the bot can make use of.
func Permissions() []Permission {
	return []Permission{
		{"file digest issues and their comments", "Issues: read and write", "`public_repo`, or `repo` for a private target", "`issues: write`", "each target", "permission"},
		{"label them, and make a missing label", "the same", "the same, and the role triage (to make one: write)", "the same", "each target", "labels"},
		{"read a public upstream", "none", "none", "none", "", "upstream"},
		{"read a private upstream", "Contents: read", "`repo`", "`contents: read`, that repository only", "that upstream", "upstream"},
		{"send test messages, and close the test issue (`bot doctor --notify`)", "Issues: read and write", "`public_repo`, or `repo` for a private target", "`issues: write`", "each target", "test message"},
		{"dry run of a public upstream", "no token; 60 requests an hour", "no token", "no token", "", "token"},
	}
}
