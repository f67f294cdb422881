package feed_test

import (
	"strings"
	"testing"

	"github.com/mmcdole/gofeed"
)

// These are habits of gofeed that this package is built on. When an update
// changes one, this fails first.
func TestHabitsOfGofeed(t *testing.T) {
	t.Run("a login page is no feed", func(t *testing.T) {
		if _, err := gofeed.NewParser().Parse(strings.NewReader("<!DOCTYPE html><html><body>Sign in</body></html>")); err == nil {
			t.Error("an HTML page was read as a feed")
		}
	})
	t.Run("a truncated feed is an error, not a short feed", func(t *testing.T) {
		feed, err := gofeed.NewParser().Parse(strings.NewReader(`<rss version="2.0"><channel><title>t</title><item><title>one</title></item><item><title>tw`))
		if err == nil {
			t.Errorf("it was read as %d items", len(feed.Items))
		}
	})
	t.Run("a bad date is nil, not an error", func(t *testing.T) {
		feed, err := gofeed.NewParser().Parse(strings.NewReader(`<rss version="2.0"><channel><title>t</title><item><title>one</title><pubDate>soon</pubDate></item></channel></rss>`))
		if err != nil || feed.Items[0].PublishedParsed != nil {
			t.Errorf("err %v, published %v", err, feed.Items[0].PublishedParsed)
		}
	})
	t.Run("titles come unescaped", func(t *testing.T) {
		feed, err := gofeed.NewParser().Parse(strings.NewReader(`<rss version="2.0"><channel><title>t</title><item><title>a &lt;b&gt;</title></item></channel></rss>`))
		if err != nil || feed.Items[0].Title != "a <b>" {
			t.Errorf("err %v, title %q", err, feed.Items[0].Title)
		}
	})
}
