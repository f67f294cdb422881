package store

// What pruning leaves, whatever keeps the state.
const (
	// KeptRuns is how many runs are left: three weeks of an hourly run.
	KeptRuns = 500
	// KeptGivenUp is how many digests that were given up are left of each definition and channel: a channel that is dead for
	// years must not keep as many snapshots and bodies.
	KeptGivenUp = 52
	// KeptDigests is how many closed digests are left of each definition and channel: a year of weeks.
	KeptDigests = 52
)
