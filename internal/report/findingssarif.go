package report

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path"
	"strconv"
	"strings"

	"github.com/upstream-digest/bot/internal/insight"
)

// SARIF 2.1.0, as far as a check needs it: https://docs.oasis-open.org/sarif/sarif/v2.1.0/.
type (
	sarifLog struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct {
		Tool        sarifTool         `json:"tool"`
		Invocations []sarifInvocation `json:"invocations"`
		ColumnKind  string            `json:"columnKind"`
		Results     []sarifResult     `json:"results"`
		Properties  map[string]any    `json:"properties"`
	}
	sarifTool struct {
		Driver sarifDriver `json:"driver"`
	}
	sarifDriver struct {
		Name           string      `json:"name"`
		Version        string      `json:"version,omitempty"`
		InformationURI string      `json:"informationUri"`
		Rules          []sarifRule `json:"rules"`
	}
	sarifRule struct {
		ID                   string       `json:"id"`
		Name                 string       `json:"name"`
		ShortDescription     sarifMessage `json:"shortDescription"`
		FullDescription      sarifMessage `json:"fullDescription"`
		Help                 sarifMessage `json:"help"`
		DefaultConfiguration sarifLevel   `json:"defaultConfiguration"`
	}
	sarifLevel struct {
		Level string `json:"level"`
	}
	sarifMessage struct {
		Text string `json:"text"`
	}
	sarifInvocation struct {
		Successful    bool                `json:"executionSuccessful"`
		Notifications []sarifNotification `json:"toolExecutionNotifications"`
	}
	sarifNotification struct {
		Level     string          `json:"level"`
		Message   sarifMessage    `json:"message"`
		Locations []sarifLocation `json:"locations"`
	}
	sarifResult struct {
		RuleID       string            `json:"ruleId"`
		RuleIndex    int               `json:"ruleIndex"`
		Level        string            `json:"level"`
		Message      sarifMessage      `json:"message"`
		Locations    []sarifLocation   `json:"locations"`
		Fingerprints map[string]string `json:"partialFingerprints"`
		Properties   sarifSetting      `json:"properties"`
	}
	sarifSetting struct {
		Component string `json:"component"`
		Gate      string `json:"gate"`
		Value     string `json:"value"`
		Since     string `json:"since"`
	}
	sarifLocation struct {
		Physical sarifPhysical `json:"physicalLocation"`
	}
	sarifPhysical struct {
		Artifact sarifArtifact `json:"artifactLocation"`
		Region   *sarifRegion  `json:"region,omitempty"`
	}
	sarifArtifact struct {
		URI string `json:"uri"`
	}
	sarifRegion struct {
		StartLine int `json:"startLine"`
	}
)

// CheckSARIF renders a check in SARIF 2.1.0, a rule for each verdict. What is fine is no result, for those
// who show results show each as an alert; the run's properties count it. The version is the bot's.
func CheckSARIF(c Check, version string) ([]byte, error) {
	run := sarifRun{
		Tool: sarifTool{Driver: sarifDriver{
			Name: "bot check", Version: clean(version), InformationURI: "https://github.com/upstream-digest/bot", Rules: sarifRules(),
		}},
		Invocations: []sarifInvocation{{Successful: !c.Unread(), Notifications: []sarifNotification{}}},
		ColumnKind:  "unicodeCodePoints",
		Results:     []sarifResult{},
	}
	ids := map[string]int{}
	fine := 0
	for _, f := range c.sorted() {
		w, rank := wordsOf(f.Verdict)
		if w.quiet {
			fine++
			continue
		}
		if rank == len(verdicts()) {
			w.verdict = otherVerdict
		}
		// The line is not part of what a finding is known by: it moves when the file is edited above it.
		id := fingerprint(f)
		ids[id]++
		run.Results = append(run.Results, sarifResult{
			RuleID: ruleID(w.verdict), RuleIndex: min(rank, len(run.Tool.Driver.Rules)-1), Level: w.level,
			Message:      sarifText(alertMessage(f, c.To)),
			Locations:    []sarifLocation{sarifPlace(f.File, f.Line)},
			Fingerprints: map[string]string{"gateSetting/v1": id + ":" + strconv.Itoa(ids[id])},
			Properties:   sarifSetting{Component: clean(f.Component), Gate: clean(f.Gate), Value: clean(f.Value), Since: clean(f.Since)},
		})
	}
	for _, p := range sortedProblems(c.Problems) {
		run.Invocations[0].Notifications = append(run.Invocations[0].Notifications, sarifNotification{
			Level: "warning", Message: sarifText(sentence(short(p.Message, 500))), Locations: []sarifLocation{sarifPlace(p.File, p.Line)},
		})
	}
	run.Properties = map[string]any{"summary": CheckSummary(c), "from": clean(c.From), "to": clean(c.To), "source": clean(c.Source), "fine": fine}
	return encode(sarifLog{
		Schema:  "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
		Version: "2.1.0", Runs: []sarifRun{run},
	})
}

// otherVerdict stands for verdicts that this report has no words for.
const otherVerdict insight.Verdict = "other"

// sarifRules are in the order of verdicts, with one for all others at the end.
func sarifRules() []sarifRule {
	var out []sarifRule
	for _, w := range verdicts() {
		if !w.quiet {
			out = append(out, sarifRuleOf(w))
		}
	}
	other, _ := wordsOf(otherVerdict)
	return append(out, sarifRuleOf(other))
}

func sarifRuleOf(w verdictWords) sarifRule {
	id := ruleID(w.verdict)
	name := ""
	for part := range strings.SplitSeq(id, "-") {
		name += upper(part)
	}
	return sarifRule{
		ID: id, Name: name, ShortDescription: sarifMessage{Text: sentence(strings.ReplaceAll(w.heading, "%s", "the version asked for"))},
		FullDescription: sarifMessage{Text: w.rule}, Help: sarifMessage{Text: w.rule + " " + w.help},
		DefaultConfiguration: sarifLevel{Level: w.level},
	}
}

// ruleID is "gate-default-changed".
func ruleID(v insight.Verdict) string { return "gate-" + strings.ReplaceAll(string(v), "_", "-") }

func fingerprint(f Finding) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%q %q %q %q", f.File, f.Component, f.Gate, f.Value))
	return hex.EncodeToString(sum[:12])
}

// sarifText is a message without links of somebody else's: SARIF makes one of "[text](address)". Braces
// stay as they are, although SARIF doubles them: readers replace them only where a message has arguments,
// and a Helm template's value should be shown as it was written.
func sarifText(s string) sarifMessage {
	return sarifMessage{Text: strings.NewReplacer(`\`, `\\`, "[", `\[`, "]", `\]`).Replace(Line(s))}
}

func sarifPlace(file string, line int) sarifLocation {
	p := sarifPhysical{Artifact: sarifArtifact{URI: fileURI(file)}}
	if line > 0 {
		p.Region = &sarifRegion{StartLine: line}
	}
	return sarifLocation{Physical: p}
}

// fileURI is a file's name as a relative reference, or as a file: address where it is absolute. All that
// is not plain is percent-encoded, byte by byte, so that any name can be found again and none is more than
// a name.
func fileURI(file string) string {
	if file == "" {
		return "unnamed"
	}
	clean := path.Clean(file)
	var b strings.Builder
	if strings.HasPrefix(clean, "/") {
		b.WriteString("file://")
	}
	for i := range len(clean) {
		ch := clean[i]
		switch {
		case 'a' <= ch && ch <= 'z', 'A' <= ch && ch <= 'Z', '0' <= ch && ch <= '9', strings.IndexByte("-._~/", ch) >= 0:
			b.WriteByte(ch)
		default:
			fmt.Fprintf(&b, "%%%02X", ch)
		}
	}
	return b.String()
}

// alertMessage tells a finding in plain sentences, for those who see nothing else of the report.
func alertMessage(f Finding, to string) string {
	w, _ := wordsOf(f.Verdict)
	what := settingWords(f.Setting)
	if c := short(f.Component, maxName); c != "" {
		what += " (" + c + ")"
	}
	parts := []string{sentence(fmt.Sprintf(w.title, what, minorWord(to)))}
	if why := judged(f).plain(); why != "" {
		parts = append(parts, why)
	}
	if advice := sentence(upper(short(f.Advice, 500))); advice != "" {
		parts = append(parts, advice)
	}
	for _, k := range kepLinks(f.KEPs) {
		if k.url != "" {
			parts = append(parts, k.url)
		}
	}
	if f.Guess {
		parts = append(parts, "(Found in plain text: the file has no form that is known.)")
	}
	return strings.Join(parts, " ")
}
