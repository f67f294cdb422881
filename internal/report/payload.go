package report

// SchemaWebhook is the name of what a webhook is sent, the $id of its JSON Schema in docs/schema.
const SchemaWebhook = schemaBase + "webhook.v1.json"

// The types of what a webhook is sent.
const (
	PayloadDigest = "digest"
	PayloadTest   = "test"
)

// PayloadOptions are what a webhook is told beside the digest.
type PayloadOptions struct {
	// ID is the delivery's, the same in each try; it is the header webhook-id too.
	ID string
	// Seq is the digest's number within its definition.
	Seq int64
	// URL is where the whole digest stands, such as its issue; "" where nobody knows.
	URL string
}

type payloadDocument struct {
	Schema     string         `json:"schema"`
	Type       string         `json:"type"`
	ID         string         `json:"id"`
	Definition string         `json:"definition"`
	Seq        int64          `json:"seq"`
	Title      string         `json:"title"`
	Counts     payloadCounts  `json:"counts"`
	URL        string         `json:"url"`
	Text       string         `json:"text"`
	Digest     digestDocument `json:"digest"`
}

type payloadCounts struct {
	Act   int `json:"act"`
	Yours int `json:"yours"`
	Know  int `json:"know"`
	FYI   int `json:"fyi"`
}

// payloadText is how many bytes of text a payload has for those who show it as it is.
const payloadText = 3500

// Payload renders a digest as a webhook is sent it: docs/schema/webhook.v1.json. Upstream's texts stand in it as upstream
// wrote them, but for title and text: whoever shows them must escape them.
func Payload(d Digest, o PayloadOptions) ([]byte, error) {
	doc := payloadDocument{
		Schema: SchemaWebhook, Type: PayloadDigest, ID: o.ID, Definition: d.Definition, Seq: o.Seq, Title: Title(d),
		Counts: payloadCounts{Act: len(d.Alerts)}, Text: Short(d, ChatOptions{URL: o.URL}, payloadText), Digest: digestDocumentOf(d),
	}
	if l, ok := safeLink(o.URL, false); ok {
		doc.URL = l.url
	}
	for _, u := range d.Upstreams {
		t := tallyOf(u.Changes)
		doc.Counts.Act += t.act
		doc.Counts.Yours += t.mine
		doc.Counts.Know += t.know
		doc.Counts.FYI += t.rest
	}
	return encode(doc)
}

type testDocument struct {
	Schema string `json:"schema"`
	Type   string `json:"type"`
	ID     string `json:"id"`
	Title  string `json:"title"`
	Text   string `json:"text"`
}

// PayloadOfTest is what a webhook is sent to see whether it works.
func PayloadOfTest(id, title, text string) ([]byte, error) {
	return encode(testDocument{Schema: SchemaWebhook, Type: PayloadTest, ID: id, Title: title, Text: text})
}
