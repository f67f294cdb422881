package usage

import "gopkg.in/yaml.v3"

// An alias costs a letter and may stand for half the file. So before a document is walked, it is measured as
// if its aliases were written out. What they may add to all the documents of a file together is bounded; where
// they add more, the document is read without them. Kubernetes' own parser refuses such a document.
const (
	maxGrowth   = 4       // times the file's bytes
	growthFloor = 4 << 20 // that any file may grow by
	nodeCost    = 16      // bytes that a node counts beside its letters
)

// tame takes a document's aliases out where they make it too large.
func (w *walker) tame(root *yaml.Node) {
	own := written(root)
	m := measure{limit: own + w.growth, known: map[*yaml.Node]int{}}
	if size := m.size(root); size <= m.limit {
		w.growth -= max(0, size-own)
		return
	}
	if first := cut(root); first != nil {
		w.problem(w.d.line(first), "uses aliases beyond all measure: what they stand for was read once, where it is written")
	}
}

// written is what a node comes to as it stands there.
func written(n *yaml.Node) int {
	size := nodeCost + len(n.Value)
	for _, e := range n.Content {
		size += written(e)
	}
	return size
}

// cut makes each alias an empty value, and gives the first.
func cut(n *yaml.Node) (first *yaml.Node) {
	if n.Kind == yaml.AliasNode {
		n.Kind, n.Alias, n.Value, n.Tag = yaml.ScalarNode, nil, "", "!!null"
		return n
	}
	for _, e := range n.Content {
		if f := cut(e); first == nil {
			first = f
		}
	}
	return first
}

// measure adds up nodes and what their aliases stand for.
type measure struct {
	limit int
	known map[*yaml.Node]int // of anchors; beyond the limit while under way, for an anchor may hold itself
}

// size is what a node comes to, or some number beyond the limit.
func (m measure) size(n *yaml.Node) int {
	if n.Kind == yaml.AliasNode && n.Alias != nil {
		n = n.Alias
	}
	if n.Anchor != "" {
		if size, ok := m.known[n]; ok {
			return size
		}
		m.known[n] = m.limit + 1
	}
	size := nodeCost + len(n.Value)
	for _, e := range n.Content {
		if size += m.size(e); size > m.limit {
			break
		}
	}
	if n.Anchor != "" {
		m.known[n] = size
	}
	return size
}
