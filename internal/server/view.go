package server

import "time"

// View is what the service shows: all of it plain values, made of the state by whoever knows it.
type View struct {
	Digests    []Digest // newest first
	Sources    []Source // in the configuration's order
	Runs       []Run    // newest first
	Deliveries map[string]int
}

// Digest is one digest that was told, or is owed.
type Digest struct {
	Definition string
	Seq        int64
	Title      string
	At         time.Time
	Upstreams  []string // that it tells of, or may tell of
	// Markdown is its text, its parts one after the other. It was made for GitHub, and everything upstream wrote was
	// neutralised.
	Markdown   string
	Deliveries []Delivery
}

// Delivery is what became of a part in a channel.
type Delivery struct {
	Channel, Target string
	Part, Of        int
	State           string // "done", "pending", …
	URL             string
	Error           string
}

// Source is how fresh what is known of a source is.
type Source struct {
	Upstream, Source string
	Status           string    // "complete", "failed", …
	Reason           string    // why it is not complete
	CurrentAt        time.Time // when it was last known to be what upstream has; zero: never
	Items            int
}

// Run is one run.
type Run struct {
	Started, Ended time.Time
	Outcome        string
	ExitCode       int
	Requests       int
}
