package recording

// Sent is what a channel other than GitHub did with the parts of one digest that it was handed. What it sent and to whom
// is not recorded: the address is a secret, and the text stands in the plan.
type Sent struct {
	Channel string     `json:"channel"` // as the run knows it
	Parts   []SentPart `json:"parts"`   // outcomes, in the order in which they were told
	Error   string     `json:"error,omitempty"`
	// Partial: everything arrived, but not as asked.
	Partial bool `json:"partial,omitempty"`
}

// SentPart is one outcome of a part.
type SentPart struct {
	Part      int    `json:"part"`
	Status    int    `json:"status"`
	ResultID  int64  `json:"result_id,omitempty"`
	ResultURL string `json:"result_url,omitempty"`
	Problem   string `json:"problem,omitempty"`
}

// Sent keeps what a channel did.
func (r *Recorder) Sent(s Sent) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.meta.Sent = append(r.meta.Sent, s)
}

// Sent gives what a channel did when it was handed something; of all channels in the order in which they were.
func (p *Replay) Sent(channel string) (Sent, error) {
	p.mu.Lock()
	next := p.sent
	if next < len(p.meta.Sent) && p.meta.Sent[next].Channel == channel {
		p.sent++
		p.mu.Unlock()
		return p.meta.Sent[next], nil
	}
	p.mu.Unlock()
	return Sent{}, p.unrecorded("something was sent by " + channel)
}

// Variables are the names of the variables of channels that were set.
func (p *Replay) Variables() []string { return p.meta.Variables }
