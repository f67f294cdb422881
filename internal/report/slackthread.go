package report

import (
	"strconv"
	"strings"
)

// SlackThread renders a digest for a bot's token, as the JSON of chat.postMessage without channel and thread_ts: a
// message with what asks for action, and replies to it, its thread, with everything else and with what did not fit.
// Nothing is left out, however many replies that takes, and the foot ends the last of them. A digest of nothing but
// what asks for action, and little of it, is one message.
//
// Each message keeps Slack's limits. The first may also be the whole of a chat.update: the "text" of that call, which
// is limited to 4,000 characters, is the title.
func SlackThread(d Digest, opts SlackOptions) ([][]byte, error) {
	sl := slackDialect()
	chapters := chaptersOf(d.Upstreams, d.At)
	title := Title(d)
	more := sl.whole(opts.URL)

	first := slackMessage{Text: sl.words(title)}
	first.header(slackTitle(d))
	top, untold := sl.firstLines(topOf(chapters), slackTop)
	first.section(top)
	p := chatPacker{
		dialect: sl, block: slackSection,
		left: slackTotal - slackFoot - slackLeftOut - len(more) - len(first.Blocks[0].Text.Text) - len(first.Text) - len(top),
		free: slackBlocks - 2 - len(first.Blocks),
	}
	var others []chatSection
	for _, s := range chatSections(d, chapters) {
		if s.own {
			p.entries(s)
		} else {
			others = append(others, s)
		}
	}
	for _, b := range p.blocks {
		first.section(b.text())
	}
	rest := untold
	for _, o := range p.out {
		rest = append(rest, o.section)
	}
	rest = append(rest, others...)
	rest = append(rest, faultSections(chapters)...)
	foot := sl.foot(d, chapters)
	if text := strings.Join(foot, "\n"); len(rest) == 0 && len(text) <= slackFoot {
		first.section(strings.TrimSpace(more))
		first.context(text)
		return encodeAll([]slackMessage{first})
	}
	first.section(sl.inThread(rest, slackLeftOut) + more)
	messages := append([]slackMessage{first}, sl.replies(rest, foot, len(first.Text)+len(" (12345 of 12345)"))...)
	for i := range messages[1:] {
		messages[i+1].Text = first.Text + " (" + strconv.Itoa(i+2) + " of " + strconv.Itoa(len(messages)) + ")"
	}
	return encodeAll(messages)
}

// firstLines are as many lines as fit into room bytes, and the others as a section.
func (d dialect) firstLines(lines []phrase, room int) (string, []chatSection) {
	const last = 45 // "… and 12345 more in the thread."
	var out []string
	size := 0
	for i, l := range lines {
		text := d.inline(l)
		if size += len(text) + 1; size > room-last {
			s := section{heading: "Also compared", brief: true}
			for _, l := range lines[i:] {
				s.entries = append(s.entries, entry{gates: 1, change: l})
			}
			out = append(out, "… and "+strconv.Itoa(len(lines)-i)+" more in the thread.")
			return strings.Join(out, "\n"), []chatSection{{section: s}}
		}
		out = append(out, text)
	}
	return strings.Join(out, "\n"), nil
}

// faultSections are what the parsers could not read, for those who have room to tell it.
func faultSections(chapters []chapter) []chatSection {
	var out []chatSection
	for _, ch := range chapters {
		s := section{heading: "Could not be read well in the source of " + ch.title, brief: true}
		for _, f := range ch.faults {
			s.entries = append(s.entries, entry{gates: 1, change: f})
		}
		if len(s.entries) > 0 {
			out = append(out, chatSection{section: s})
		}
	}
	return out
}

// inThread says in the first message what stands in its thread.
func (d dialect) inThread(rest []chatSection, room int) string {
	if len(rest) == 0 {
		return "The rest is in the thread."
	}
	return d.strong(d.words("In the thread:")) + " " + d.contents(rest, room-20) + "."
}

// replies lays out sections and the foot in as many messages as they need, of whose limits text is taken already.
func (d dialect) replies(rest []chatSection, foot []string, text int) []slackMessage {
	var out []slackMessage
	turn := func(p chatPacker) chatPacker {
		if len(p.blocks) > 0 {
			var m slackMessage
			for _, b := range p.blocks {
				m.section(b.text())
			}
			out = append(out, m)
		}
		return chatPacker{dialect: d, block: slackSection, left: slackTotal - text, free: slackBlocks}
	}
	p := turn(chatPacker{})
	for len(rest) > 0 {
		p.entries(rest[0])
		if len(p.out) == 0 {
			rest = rest[1:]
			continue
		}
		if len(p.blocks) == 0 {
			panic("report: an entry that an empty message does not take") // it is limited by dialect.most
		}
		rest[0] = p.out[0].section
		p = turn(p)
	}
	left, free := p.left, p.free
	if turn(p); len(out) == 0 {
		out = append(out, slackMessage{})
	}
	for len(foot) > 0 {
		lines := 0
		cur := ""
		for _, l := range foot {
			if len(l) > slackFoot {
				l = "One more line, too long to be told here."
			}
			if len(cur)+len(l)+1 > slackFoot {
				break
			}
			cur += l + "\n"
			lines++
		}
		foot, cur = foot[lines:], strings.TrimSpace(cur)
		if len(cur) > left || free == 0 {
			out, left, free = append(out, slackMessage{}), slackTotal-text, slackBlocks
		}
		out[len(out)-1].context(cur)
		left, free = left-len(cur), free-1
	}
	return out
}

// What an announcement may take: it is read between other messages of a channel.
const (
	slackNewsTotal = 6000
	slackNewsTop   = 300
)

// SlackNews renders what there is to act on that is new with a digest, shortly, as a reply in the thread of a message
// that was edited, for edits notify nobody: "reply_broadcast" shows it in the channel too. nil where there is nothing.
// What does not fit is counted; the message has everything.
func SlackNews(d Digest, opts SlackOptions) ([]byte, error) {
	d.Open = nil // not new
	sl := slackDialect()
	p := chatPacker{dialect: sl, block: slackSection, left: slackNewsTotal - slackNewsTop - maxURL, free: slackBlocks - 2}
	all := 0
	for _, s := range chatSections(d, chaptersOf(d.Upstreams, d.At)) {
		if s.own {
			p.entries(s)
			all += s.size()
		}
	}
	if all == 0 {
		return nil, nil
	}
	left := 0
	for _, o := range p.out {
		left += o.gates
	}
	words := "New to act on: " + strconv.Itoa(all) + "."
	m := slackMessage{Text: words + " " + sl.words(Title(d)), Broadcast: true}
	m.section(sl.strong(words) + " The message that this replies to has the whole digest, edited in place.")
	for _, b := range p.blocks {
		m.section(b.text())
	}
	end := sl.whole(opts.URL)
	if left > 0 {
		end = count(left, "more is", "more are") + " in the whole digest." + end
	}
	m.section(strings.TrimSpace(end))
	return encode(m)
}

func encodeAll(messages []slackMessage) ([][]byte, error) {
	var out [][]byte
	for _, m := range messages {
		b, err := encode(m)
		if err != nil {
			return nil, err
		}
		out = append(out, b)
	}
	return out, nil
}
