package report

import (
	"fmt"
	"strings"
)

// block is a run of entries in one frame. The frame is opened again where the run goes on in the next
// part, and closed at the end of each.
type block struct {
	lead    string // above the frame, once: an upstream's heading, a rule
	open    string
	again   string // opens the frame in a later part; "" repeats open
	close   string
	entries []string
	short   []string // what stands for an entry that does not fit into a part; aligned, or nil
	// What a renderer that leaves entries out has to know: who must act on them, and what they are called and count.
	own     bool
	heading string
	gates   []int // aligned with entries; nil: they are no entries of the digest
}

// packer puts blocks into parts of at most room bytes and cuts between entries only.
type packer struct {
	room  int
	parts []string
	cur   strings.Builder
}

// partLine is the most that "Part n of m" takes.
const partLine = 64

func (p *packer) limit() int { return p.room - partLine }

func (p *packer) add(b block) {
	if len(b.entries) == 0 {
		return
	}
	opened := false
	again := b.again
	if again == "" {
		again = b.open
	}
	for i, e := range b.entries {
		// What an entry needs in a part of its own decides whether it must be told shorter.
		if len(b.open)+len(b.lead)+len(e)+len(b.close)+1 > p.limit() {
			e = b.substitute(i, p.limit())
		}
		frame := ""
		if !opened {
			frame = p.gap() + b.lead + b.open
		}
		if p.cur.Len() > 0 && p.cur.Len()+len(frame)+len(e)+len(b.close) > p.limit() {
			if opened {
				p.cur.WriteString(b.close)
				frame = again
			} else {
				frame = b.lead + b.open
			}
			p.turn()
			if i > 0 {
				frame = again
			}
		}
		p.cur.WriteString(frame + e)
		opened = true
	}
	p.cur.WriteString(b.close)
}

// substitute gives the short form of an entry, or as a last resort a line of our own.
func (b block) substitute(i, limit int) string {
	if i < len(b.short) && len(b.open)+len(b.lead)+len(b.short[i])+len(b.close)+1 <= limit {
		return b.short[i]
	}
	return "- An entry is left out here: it is longer than a whole part.\n"
}

// gap separates what follows from what stands.
func (p *packer) gap() string {
	if p.cur.Len() == 0 {
		return ""
	}
	return "\n"
}

// turn ends the part.
func (p *packer) turn() {
	p.parts = append(p.parts, p.cur.String())
	p.cur.Reset()
}

func (p *packer) finish() []string {
	if p.cur.Len() > 0 || len(p.parts) == 0 {
		p.turn()
	}
	n := len(p.parts)
	if n == 1 {
		return p.parts
	}
	out := make([]string, n)
	for i, s := range p.parts {
		line := fmt.Sprintf("Part %d of %d", i+1, n)
		if i == 0 {
			out[i] = s + "\n_" + line + "; it goes on below._\n"
		} else {
			out[i] = "_" + line + "._\n\n" + s
		}
	}
	return out
}
