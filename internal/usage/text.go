package usage

import (
	"sort"
	"strings"
)

// lines tells the file's line of a place in some text, and where in the text that line ends.
type lines interface {
	line(off int) (line, end int)
}

// fileLines are the lines of the file itself. Newlines are counted by the block: a file of nothing but
// newlines costs no more memory than any other.
type fileLines struct {
	s      string
	before []int // newlines before each block
}

const lineBlock = 4096

func newFileLines(s string) *fileLines {
	f := &fileLines{s: s, before: make([]int, 0, len(s)/lineBlock+1)}
	n := 0
	for i := 0; i <= len(s); i += lineBlock {
		f.before = append(f.before, n)
		n += strings.Count(s[i:min(i+lineBlock, len(s))], "\n")
	}
	return f
}

func (f *fileLines) line(off int) (int, int) {
	off = max(0, min(off, len(f.s)))
	block := off / lineBlock
	n := 1 + f.before[block] + strings.Count(f.s[block*lineBlock:off], "\n")
	if off == len(f.s) && off > 0 && f.s[off-1] == '\n' {
		n-- // behind the last newline there is no line any more
	}
	if end := strings.IndexByte(f.s[off:], '\n'); end >= 0 {
		return n, off + end + 1
	}
	return n, len(f.s) + 1
}

// marks are the lines of text that was taken out of other text: from each offset on, the line holds.
type marks []mark

type mark struct{ off, line int }

func (m marks) line(off int) (int, int) {
	i := sort.Search(len(m), func(i int) bool { return m[i].off > off })
	end := int(^uint(0) >> 1)
	if i < len(m) {
		end = m[i].off
	}
	if i == 0 {
		return 1, end
	}
	return m[i-1].line, end
}

// text is a string that knows where in the file each of its letters stands, through however many layers
// (a unit file in a list in a block scalar) it was taken out.
type text struct {
	s    string
	at   lines
	base int // where s begins in what at counts
}

func (t text) line(off int) int {
	n, _ := t.at.line(t.base + off)
	return n
}

func (t text) sub(from, to int) text {
	return text{s: t.s[from:to], at: t.at, base: t.base + from}
}

func (t text) trim() text {
	from := len(t.s) - len(strings.TrimLeft(t.s, " \t\r\n"))
	to := max(from, len(strings.TrimRight(t.s, " \t\r\n")))
	return t.sub(from, to)
}

// cursor asks for lines of ascending offsets, cheaply.
type cursor struct {
	t         text
	now, upTo int
}

func (c *cursor) line(off int) int {
	if c.now == 0 || c.t.base+off >= c.upTo {
		c.now, c.upTo = c.t.at.line(c.t.base + off)
	}
	return c.now
}

// builder makes text letter by letter.
type builder struct {
	b []byte
	m marks
}

func (b *builder) add(c byte, line int) {
	if n := len(b.m); n == 0 || b.m[n-1].line != line {
		b.m = append(b.m, mark{len(b.b), line})
	}
	b.b = append(b.b, c)
}

func (b *builder) text() text { return text{s: string(b.b), at: b.m} }
