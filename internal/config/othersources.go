package config

// MilestonesSource says whether an upstream's milestones are read, and where its release cycle's dates stand.
type MilestonesSource struct {
	Enabled bool `yaml:"enabled"`
	// CycleRepository and Cycle are the file with the dates; {minor} is a minor version. "" for none.
	CycleRepository string `yaml:"cycle_repository"`
	Cycle           string `yaml:"cycle"`
}

// TicketsSource says which issues are told.
type TicketsSource struct {
	Enabled bool         `yaml:"enabled"`
	Rules   []TicketRule `yaml:"rules"`
}

// TicketRule chooses issues; all that is given must hold.
type TicketRule struct {
	Name string `yaml:"name"`
	// Repository is "" for the upstream's own.
	Repository string   `yaml:"repository,omitempty"`
	Labels     []string `yaml:"labels"`
	SIGs       []string `yaml:"sigs"` // without sig-
	Milestone  string   `yaml:"milestone,omitempty"`
	Author     string   `yaml:"author,omitempty"`
	Words      []string `yaml:"words"` // any of them in the title
}

// PathsSource says which files and folders are watched.
type PathsSource struct {
	Enabled bool     `yaml:"enabled"`
	Paths   []string `yaml:"paths"`
}

// DocsSource says where the pages stand that describe feature gates.
type DocsSource struct {
	Enabled    bool   `yaml:"enabled"`
	Repository string `yaml:"repository"` // "kubernetes/website"
	Path       string `yaml:"path"`
	// URL is the address of a page on the web site, {gate} standing for the gate's name.
	URL string `yaml:"url,omitempty"`
}

// FeedSource is one feed.
type FeedSource struct {
	Name    string `yaml:"name"`
	Enabled bool   `yaml:"enabled"`
	Title   string `yaml:"title"`
	URL     string `yaml:"url"`
}
