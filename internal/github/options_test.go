package github_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/upstream-digest/bot/internal/github"
)

func TestGraphQLURLFollowsTheAPI(t *testing.T) {
	for _, c := range []struct{ api, graphql, want string }{
		{"", "", "https://api.github.com/graphql"},
		{"https://api.github.com/", "", "https://api.github.com/graphql"},
		{"https://ghe.acme.example/api/v3", "", "https://ghe.acme.example/api/graphql"},
		{"http://127.0.0.1:8080", "", "http://127.0.0.1:8080/graphql"},
		{"https://api.github.com", "https://gql.acme.example/x", "https://gql.acme.example/x"},
	} {
		s := &script{replies: []reply{ok(`{"data":{"viewer":{"login":"bot"}}}`)}}
		client := newClient(t, s, func(o *github.Options) { o.APIURL, o.GraphQLURL = c.api, c.graphql })
		if _, err := client.User(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := s.log[0]; got.url != c.want || got.auth != "Bearer "+token {
			t.Errorf("API %q: asked %s with %q, want %s with the token", c.api, got.url, got.auth, c.want)
		}
	}
}

func TestNewNamesTheBadOption(t *testing.T) {
	good := github.Options{Now: time.Now}
	for name, c := range map[string]struct {
		change func(*github.Options)
		want   string
	}{
		"no scheme":   {func(o *github.Options) { o.APIURL = "api.github.com" }, "APIURL"},
		"other":       {func(o *github.Options) { o.GraphQLURL = "ftp://x/graphql" }, "GraphQLURL"},
		"no host":     {func(o *github.Options) { o.RawURL = "https:///x" }, "RawURL"},
		"unreadable":  {func(o *github.Options) { o.ServerURL = "http://[::1" }, "ServerURL"},
		"query":       {func(o *github.Options) { o.APIURL = "https://x.example/?a=b" }, "APIURL"},
		"credentials": {func(o *github.Options) { o.APIURL = "https://me:hunter2@x.example" }, "APIURL"},
		"password in what is no URL": {func(o *github.Options) {
			o.APIURL = "https://me:hunter2@x.example:port/"
		}, "APIURL"},
		"clock":     {func(o *github.Options) { o.Now = nil }, "Now"},
		"two lines": {func(o *github.Options) { o.Token = github.NewSecret("hunter2\nhunter2") }, "Token"},
	} {
		o := good
		c.change(&o)
		_, err := github.New(o)
		if err == nil || !strings.Contains(err.Error(), "option "+c.want) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v; want an error that names %s and repeats no password", name, err, c.want)
		}
	}
}

func TestSecretNeverShows(t *testing.T) {
	const value = "hunter2-hunter2"
	s := github.NewSecret(" " + value + "\n")
	if s.Reveal() != value {
		t.Errorf("Reveal() = %q, want the token without white space", s.Reveal())
	}
	type hidden struct{ inner github.Secret } // fmt does not ask methods of unexported fields
	var out []string
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%T", "%08b"} {
		out = append(out, fmt.Sprintf(verb, s), fmt.Sprintf(verb, &s), fmt.Sprintf(verb, hidden{s}), fmt.Sprintf(verb, []github.Secret{s}))
	}
	text, err := json.Marshal(map[string]any{"a": s, "b": []github.Secret{s}})
	if err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "secret", s, "group", slog.GroupValue(slog.Any("s", s)))
	out = append(out, string(text), log.String())
	for _, o := range out {
		if strings.Contains(o, value) || strings.Contains(strings.ToLower(o), fmt.Sprintf("%x", value)) {
			t.Errorf("the secret shows: %s", o)
		}
	}
	if got := fmt.Sprint(s); got != "REDACTED" {
		t.Errorf("printed as %q", got)
	}
	if !github.NewSecret(" \n").IsZero() || fmt.Sprint(github.Secret{}) != "" {
		t.Error("an empty token is not none")
	}
}

func TestClientDoesNotShowItsToken(t *testing.T) {
	c := newClient(t, &script{})
	for _, verb := range []string{"%v", "%+v", "%#v"} {
		if got := fmt.Sprintf(verb, c); strings.Contains(got, token) {
			t.Errorf("%s of the client shows the token", verb)
		}
	}
}
