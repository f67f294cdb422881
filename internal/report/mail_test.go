package report

import (
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/html"

	"github.com/upstream-digest/bot/internal/golden"
)

func mailOf(t *testing.T, d Digest, opts ChatOptions) MailText {
	t.Helper()
	m, err := Mail(d, opts)
	if err != nil {
		t.Fatal(err)
	}
	checkMail(t, m, opts.URL)
	return m
}

// checkMail asserts what holds for any mail.
func checkMail(t *testing.T, m MailText, whole string) {
	t.Helper()
	if n := utf8.RuneCountInString(m.Subject); n > 150 || m.Subject == "" || strings.ContainsFunc(m.Subject, unicode.IsControl) || strings.Contains(m.Subject, "=?") {
		t.Errorf("subject %q has %d characters", m.Subject, n)
	}
	for line := range strings.Lines(m.Text) {
		if strings.Contains(line, "\x1b") {
			t.Errorf("colour in %q", line)
		}
	}
	if n := encodedSize(m.HTML); n > mailLimit {
		t.Errorf("the HTML takes %d bytes", n)
	}
	root, err := html.Parse(strings.NewReader(m.HTML))
	if err != nil {
		t.Fatal(err)
	}
	for n := range root.Descendants() {
		if n.Type == html.CommentNode {
			t.Errorf("comment %q", n.Data)
		}
		if n.Type != html.ElementNode {
			continue
		}
		switch n.Data {
		case "html", "head", "meta", "title", "style", "body", "div", "a":
		default:
			if !slices.Contains(mailTags, n.DataAtom) {
				t.Errorf("element %s", n.Data)
			}
			if len(n.Attr) > 0 {
				t.Errorf("element %s with %v", n.Data, n.Attr)
			}
		}
		if n.Data != "a" {
			continue
		}
		if len(n.Attr) != 1 || n.Attr[0].Key != "href" {
			t.Errorf("link with %v", n.Attr)
			continue
		}
		u, err := url.Parse(n.Attr[0].Val)
		if err != nil || u.Host == "" || u.User != nil || u.Host == redirectHost || u.Scheme != "https" && u.String() != whole {
			t.Errorf("link to %q (%v)", n.Attr[0].Val, err)
			continue
		}
		label := strings.ToLower(strings.ReplaceAll(textOf(n), zwsp, ""))
		for _, m := range regexp.MustCompile(`[a-z]+:/+([^/\s)\]:]+)`).FindAllStringSubmatch(label, -1) {
			if m[1] != u.Host && "www."+m[1] != u.Host && m[1] != "www."+u.Host {
				t.Errorf("link to %q is called %q", u, label)
			}
		}
	}
}

func TestMail(t *testing.T) {
	for name, d := range map[string]Digest{"every-kind": digestOf(everyKind()), "failed-source": failed(), "two-upstreams": two(), "hostile": hostile()} {
		t.Run(name, func(t *testing.T) {
			m := mailOf(t, d, ChatOptions{URL: "https://digests.acme.example/weekly/7"})
			if m.Attach {
				t.Error("attached, though it is whole")
			}
			golden.Check(t, "testdata/"+name+".mail.golden.html", []byte(m.HTML))
			if name == "every-kind" {
				golden.Check(t, "testdata/"+name+".mail.golden.txt", []byte("Subject: "+m.Subject+"\n\n"+m.Text))
			}
		})
	}
}

func TestMailSaysWhatThePageSays(t *testing.T) {
	for name, d := range map[string]Digest{"every-kind": digestOf(everyKind()), "two": two(), "failed": failed()} {
		page, err := HTML(d)
		if err != nil {
			t.Fatal(err)
		}
		mail := mailOf(t, d, ChatOptions{})
		if shownWords(t, mail.HTML) == "" || len(shownWords(t, mail.HTML)) < len(shownWords(t, page))*8/10 {
			t.Errorf("%s: the mail says less than the page", name)
		}
		for _, u := range d.Upstreams {
			for _, c := range u.Changes {
				if got := mail.HTML; !strings.Contains(got, "<code>"+c.ID+"</code>") {
					t.Errorf("%s: %s is not told", name, c.ID)
				}
				if !strings.Contains(mail.Text, c.ID) {
					t.Errorf("%s: the text does not tell %s", name, c.ID)
				}
			}
		}
	}
}

func shownWords(t *testing.T, page string) string {
	t.Helper()
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	for n := range root.Descendants() {
		if n.Data == "body" {
			return strings.Join(strings.Fields(textOf(n)), " ")
		}
	}
	return ""
}

func TestMailThatWouldBeClipped(t *testing.T) {
	d := huge(2500)
	for _, whole := range []string{"", "https://digests.acme.example/weekly/7"} {
		m := mailOf(t, d, ChatOptions{URL: whole})
		if n := encodedSize(m.HTML); n < mailLimit-3000 {
			t.Errorf("only %d bytes of %d are used", n, mailLimit)
		}
		said := regexp.MustCompile(`<strong>(\d+) entries are left out here</strong>`).FindStringSubmatch(m.HTML)
		if said == nil {
			t.Fatal("it does not say that something is left out")
		}
		left, _ := strconv.Atoi(said[1])
		told := 0
		for _, c := range d.Upstreams[0].Changes {
			if strings.Contains(m.HTML, "<code>"+c.ID+"</code>") {
				told++
			}
			if !strings.Contains(m.Text, c.ID) {
				t.Fatalf("the text lacks %s", c.ID)
			}
		}
		if told+left != len(d.Upstreams[0].Changes) {
			t.Errorf("%d told and %d left out of %d", told, left, len(d.Upstreams[0].Changes))
		}
		if m.Attach != (whole == "") {
			t.Errorf("attached: %v, with the whole at %q", m.Attach, whole)
		}
		if where := map[bool]string{true: "The attached <code>digest.txt</code> has all of it", false: `<a href="` + whole + `">The whole digest</a> has all of it`}[m.Attach]; !strings.Contains(m.HTML, where) {
			t.Errorf("it does not say %q", where)
		}
		if !strings.Contains(m.HTML, "Cost: ") {
			t.Error("the foot is missing")
		}
	}
}

// What asks for action is left out last, even if it is the second upstream's.
func TestMailKeepsWhatAsksForAction(t *testing.T) {
	d := two()
	for i := range d.Upstreams {
		d.Upstreams[i].Changes = everyKind()
	}
	all, _, err := mailHTML(d, "x", "", 1<<30)
	if err != nil {
		t.Fatal(err)
	}
	m := mark{opts: MarkdownOptions{plainAlerts: true, openFolds: true}}
	var chapters []chapter
	for _, u := range d.Upstreams {
		chapters = append(chapters, chapterOf(u, d.At))
	}
	var own []string
	for _, b := range m.body(d, chapters) {
		if b.own && b.gates != nil {
			own = append(own, b.heading)
		}
	}
	if len(own) < 2 {
		t.Fatalf("the fixture has too little to act on: %q", own)
	}
	for limit := encodedSize(all) - 1; limit > 4000; limit -= 1700 {
		page, attach, err := mailHTML(d, "x", "", limit)
		if err != nil || !attach {
			t.Fatal(attach, err)
		}
		if encodedSize(page) > limit {
			break // even the frame alone is longer
		}
		said := regexp.MustCompile(`left out here</strong> \(([^)]*)\)`).FindStringSubmatch(page)
		if said == nil {
			t.Fatalf("at %d bytes nothing is said to be left out", limit)
		}
		names := regexp.MustCompile(` [0-9]+(, |$)`).Split(strings.ReplaceAll(said[1], zwsp, ""), -1)
		missesOwn := slices.ContainsFunc(names, func(s string) bool { return slices.Contains(own, s) })
		restThere := regexp.MustCompile(`<h3>(?:Now|New|Locked|Moved|Also|Deprecated|Removed)`).MatchString(page)
		if missesOwn && restThere {
			t.Errorf("at %d bytes %q is left out while other parts are there", limit, said[1])
		}
	}
}

func TestMailLinks(t *testing.T) {
	for raw, want := range map[string]string{
		"https://redirect.github.com/a/b/pull/9":              "https://github.com/a/b/pull/9",
		"http://kubernetes.io/docs/?utm_source=x&a=b&gclid=1": "https://kubernetes.io/docs/?a=b",
		"http://a.bc:80/x":                        "https://a.bc/x",
		"https://a.bc/x?utm_campaign=y#part":      "https://a.bc/x#part",
		"http://a.bc:8080/x":                      "",
		"javascript:alert(1)":                     "",
		"//a.bc/x":                                "",
		"/x":                                      "",
		"mailto:a@b.cd":                           "",
		"https://user:secret@a.bc/":               "https://a.bc/",
		"https://a.bc/?x=1&y=2":                   "https://a.bc/?x=1&y=2",
		"https://github.com/a/b/issues/1?utm_x=1": "https://github.com/a/b/issues/1",
	} {
		if got, ok := mailLink(raw); got != want || ok != (want != "") {
			t.Errorf("%s becomes %q, want %q", raw, got, want)
		}
	}
	for in, want := range map[string]string{
		`<a href="https://evil.test/x">https://good.test</a>`:                       "https:\u200b//good.\u200btest (<a href=\"https://evil.test/x\">evil.test</a>)",
		`<a href="https://evil.test">see good.test/a now</a>`:                       "see good.\u200btest/a now (<a href=\"https://evil.test\">evil.test</a>)",
		`<a href="https://evil.test">a@good.test</a>`:                               "a@good.\u200btest (<a href=\"https://evil.test\">evil.test</a>)",
		`<a href="https://evil.test">https://github.com@evil.test/</a>`:             "https:\u200b//github.\u200bcom@evil.\u200btest/ (<a href=\"https://evil.test\">evil.test</a>)",
		`<a href="https://github.com">https://1.2.3.4/ https://github.c…</a>`:       "https:\u200b//1.2.3.4/ https:\u200b//github.c… (<a href=\"https://github.com\">github.com</a>)",
		`<a href="https://evil.test">gооd.test</a>`:                                 "gооd.\u200btest (<a href=\"https://evil.test\">evil.test</a>)", // with Cyrillic letters
		`<a href="https://blog.etcd.io/x">news of etcd.io</a>`:                      `<a href="https://blog.etcd.io/x">news of etcd.io</a>`,
		`<a href="https://github.com/a/b/blob/c/d/e.go#L1">e.go:1 (before)</a>`:     `<a href="https://github.com/a/b/blob/c/d/e.go#L1">e.go:1 (before)</a>`,
		`<a href="https://www.github.com/a"><code>github.com/a</code></a>`:          `<a href="https://www.github.com/a"><code>github.com/a</code></a>`,
		`<a href="https://a.bc" onclick="x" target="_blank" style="y">1.36</a>`:     `<a href="https://a.bc">1.36</a>`,
		`<a href="https://a.bc"> </a>`:                                              "  (<a href=\"https://a.bc\">a.bc</a>)",
		`<a href="javascript:x">words</a>`:                                          `words`,
		`<p onclick="x">www.good.test and ftp://x.yz, a.b.example, README.md</p>`:   "<p>www\u200b.good.\u200btest and ftp:\u200b//x.\u200byz, a.b.\u200bexample, README.md</p>",
		`<p><code>https://evil.test/x k8s.io/api</code></p>`:                        "<p><code>https:\u200b//evil.test/x k8s.io/api</code></p>",
		`<details><summary>x</summary><script>y</script><img src="https://a.bc/z">`: `xy`,
	} {
		got, err := forMail(in, "")
		if err != nil || got != want {
			t.Errorf("%s\n becomes %q\n want    %q (%v)", in, got, want, err)
		}
	}
	if got, err := forMail(`<a href="http://digests.lan:8080/7">The whole digest</a>`, "http://digests.lan:8080/7"); err != nil || got != `<a href="http://digests.lan:8080/7">The whole digest</a>` {
		t.Errorf("our own address: %q, %v", got, err)
	}
}

func TestMailOfAttacks(t *testing.T) {
	var texts []string
	for _, a := range attacks() {
		texts = append(texts, a.text)
	}
	for shape := range 2 {
		mailOf(t, infested(texts, shape, 2), ChatOptions{URL: texts[shape]})
	}
	for i, a := range attacks() {
		mailOf(t, infestedBy([]string{a.text}, i, 1, 11), ChatOptions{})
	}
}
