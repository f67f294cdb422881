package github

import (
	"maps"
	"net/http"
	"strconv"
	"sync"
)

// remaining remembers how many requests answers said are left, by the name of the limit. It is for people to watch; nothing
// is decided by it.
type remaining struct {
	mu   sync.Mutex
	left map[string]int
}

func (r *remaining) learn(h http.Header) {
	n, err := strconv.Atoi(h.Get("X-Ratelimit-Remaining"))
	name := h.Get("X-Ratelimit-Resource")
	if err != nil || n < 0 || name == "" || len(name) > 40 {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.left == nil {
		r.left = map[string]int{}
	}
	if _, known := r.left[name]; known || len(r.left) < 20 { // GitHub has a dozen
		r.left[name] = n
	}
}

// Remaining tells by the name of the limit ("core", "graphql") how many requests were left by the last answer that said so.
func (c *Client) Remaining() map[string]int {
	r := &c.transport.remaining
	r.mu.Lock()
	defer r.mu.Unlock()
	return maps.Clone(r.left)
}
