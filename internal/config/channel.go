package config

import (
	"fmt"
	"net"
	"net/mail"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"gopkg.in/yaml.v3"
)

// The types of channels.
const (
	ChannelIssue    = "github-issue"
	ChannelRolling  = "rolling-issue"
	ChannelSlack    = "slack"
	ChannelDiscord  = "discord"
	ChannelTeams    = "teams"
	ChannelWebhook  = "webhook"
	ChannelEmail    = "email"
	ChannelShoutrrr = "shoutrrr"
	ChannelFile     = "file"
	ChannelStdout   = "stdout"
)

// channelTypes are all of them, as they are listed to people.
var channelTypes = []string{
	ChannelIssue, ChannelRolling, ChannelSlack, ChannelDiscord, ChannelTeams, ChannelWebhook, ChannelEmail, ChannelShoutrrr, ChannelFile, ChannelStdout,
}

// IsIssue reports whether channels of a type file what they are told in an issue.
func IsIssue(channelType string) bool {
	return channelType == ChannelIssue || channelType == ChannelRolling
}

// IsSent reports whether channels of a type send to an address of their own: to neither GitHub, a file nor standard output.
func IsSent(channelType string) bool {
	return !IsIssue(channelType) && channelType != ChannelFile && channelType != ChannelStdout
}

// Channel is one place where a digest goes. Which keys a type takes says [channelKeys].
type Channel struct {
	Type string `yaml:"type"`
	// Name tells the channels of a digest apart and is part of every delivery's key. It is Type where
	// it is not given.
	Name string `yaml:"name"`
	// Path is the file to write.
	Path string `yaml:"path,omitempty"`
	// Repository and Labels are those of the issue; the target's where not given. nil is not given, empty is none.
	Repository string   `yaml:"repository,omitempty"`
	Labels     []string `yaml:"labels,omitempty"`
	// ClosePrevious closes the issue before, once the next one is filed.
	ClosePrevious bool `yaml:"close_previous,omitempty"`
	// WebhookEnv, TokenEnv, SecretEnv, URLEnv and PasswordEnv name the variables that hold what is secret.
	WebhookEnv  string `yaml:"webhook_env,omitempty"`
	TokenEnv    string `yaml:"token_env,omitempty"`
	SecretEnv   string `yaml:"secret_env,omitempty"`
	URLEnv      string `yaml:"url_env,omitempty"`
	PasswordEnv string `yaml:"password_env,omitempty"`
	// Channel is Slack's id of a channel ("C0123456789"), Update edits the message before instead of posting the next.
	Channel string `yaml:"channel,omitempty"`
	Update  bool   `yaml:"update,omitempty"`
	// Server is "host:port" of the mail server, Security "starttls", "tls" or "none".
	Server   string   `yaml:"server,omitempty"`
	Security string   `yaml:"security,omitempty"`
	Username string   `yaml:"username,omitempty"`
	From     string   `yaml:"from,omitempty"`
	To       []string `yaml:"to,omitempty"`
	// Secrets are the values of the variables, by their names; those that are not set are missing.
	Secrets map[string]Secret `yaml:"-"`
}

// Secret is the value of the variable called name, zero where it is not set.
func (c Channel) Secret(name string) Secret { return c.Secrets[name] }

// Variables are the names of the variables that hold what is secret, those that are given.
func (c Channel) Variables() []string {
	return slices.DeleteFunc([]string{c.WebhookEnv, c.TokenEnv, c.SecretEnv, c.URLEnv, c.PasswordEnv}, func(s string) bool { return s == "" })
}

// Missing are the variables that are named and not set: without them nothing can be sent.
func (c Channel) Missing() []string {
	return slices.DeleteFunc(c.Variables(), func(name string) bool { return !c.Secrets[name].IsZero() })
}

// MarshalYAML writes an empty list of labels, which says "none", but no absent one, which says nothing.
func (c Channel) MarshalYAML() (any, error) {
	type plain Channel // without this method
	var n yaml.Node
	if err := n.Encode(plain(c)); err != nil {
		return nil, err
	}
	if c.Labels != nil && len(c.Labels) == 0 {
		n.Content = append(n.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: "labels"}, &yaml.Node{Kind: yaml.SequenceNode, Style: yaml.FlowStyle})
	}
	return &n, nil
}

// channelKeys are the keys that not all types take: for each the types that do.
var channelKeys = []struct {
	key   string
	types []string
	// words take the place of the list of types, where there are shorter ones.
	words string
	given func(Channel) bool
}{
	{"path", []string{ChannelFile}, "", func(c Channel) bool { return c.Path != "" }},
	{"repository", []string{ChannelIssue, ChannelRolling}, "channels that file issues", func(c Channel) bool { return c.Repository != "" }},
	{"labels", []string{ChannelIssue, ChannelRolling}, "channels that file issues", func(c Channel) bool { return c.Labels != nil }},
	{"close_previous", []string{ChannelIssue}, "", func(c Channel) bool { return c.ClosePrevious }},
	{"webhook_env", []string{ChannelSlack, ChannelDiscord, ChannelTeams, ChannelWebhook}, "", func(c Channel) bool { return c.WebhookEnv != "" }},
	{"token_env", []string{ChannelSlack}, "", func(c Channel) bool { return c.TokenEnv != "" }},
	{"channel", []string{ChannelSlack}, "", func(c Channel) bool { return c.Channel != "" }},
	{"update", []string{ChannelSlack}, "", func(c Channel) bool { return c.Update }},
	{"secret_env", []string{ChannelWebhook}, "", func(c Channel) bool { return c.SecretEnv != "" }},
	{"url_env", []string{ChannelShoutrrr}, "", func(c Channel) bool { return c.URLEnv != "" }},
	{"server", []string{ChannelEmail}, "", func(c Channel) bool { return c.Server != "" }},
	{"security", []string{ChannelEmail}, "", func(c Channel) bool { return c.Security != "" }},
	{"username", []string{ChannelEmail}, "", func(c Channel) bool { return c.Username != "" }},
	{"password_env", []string{ChannelEmail}, "", func(c Channel) bool { return c.PasswordEnv != "" }},
	{"from", []string{ChannelEmail}, "", func(c Channel) bool { return c.From != "" }},
	{"to", []string{ChannelEmail}, "", func(c Channel) bool { return c.To != nil }},
}

// channelFields checks that a channel has what its type needs and nothing that it would ignore.
func (k checker) channelFields(at string, ch Channel) {
	for _, x := range channelKeys {
		if x.given(ch) && !slices.Contains(x.types, ch.Type) {
			words := x.words
			if words == "" {
				words = "channels of type " + strings.Join(x.types, ", ")
			}
			k.wrong(at+"."+x.key, "is only for "+words, "remove it, or change the type")
		}
	}
	k.variableNames(at, ch)
	switch ch.Type {
	case ChannelFile:
		k.filled(at+".path", ch.Path, "name the file to write")
	case ChannelIssue, ChannelRolling:
		if ch.Repository != "" && !k.inherited(at+".repository") {
			k.repository(at+".repository", ch.Repository)
		}
		if !k.inherited(at + ".labels") {
			k.labels(at+".labels", ch.Labels)
		}
	case ChannelSlack:
		k.slack(at, ch)
	case ChannelDiscord, ChannelTeams:
		k.filled(at+".webhook_env", ch.WebhookEnv, "name the variable that holds the webhook's address, which is a secret")
	case ChannelWebhook:
		k.filled(at+".webhook_env", ch.WebhookEnv, "name the variable that holds the webhook's address, which is a secret")
		k.filled(at+".secret_env", ch.SecretEnv, "name the variable that holds the secret to sign with, so that the receiver can tell you from others")
	case ChannelEmail:
		k.email(at, ch)
	case ChannelShoutrrr:
		k.filled(at+".url_env", ch.URLEnv, "name the variable that holds the service's address in shoutrrr's form, which is a secret")
	}
}

var slackID = regexp.MustCompile(`^[CGD][A-Z0-9]{6,20}$`)

func (k checker) slack(at string, ch Channel) {
	switch {
	case ch.WebhookEnv == "" && ch.TokenEnv == "":
		k.wrong(at, "has neither webhook_env nor token_env", "name the variable that holds the address of an incoming webhook, or the one that holds a bot's token (xoxb-…)")
		return
	case ch.WebhookEnv != "" && ch.TokenEnv != "":
		k.wrong(at, "has both webhook_env and token_env", "keep one: a bot's token posts once and keeps the details in a thread, a webhook is quicker to set up")
		return
	case ch.WebhookEnv != "" && ch.Channel != "":
		k.wrong(at+".channel", "is only for a bot's token: a webhook posts where it was made for", "remove it, or use token_env")
	case ch.WebhookEnv != "" && ch.Update:
		k.wrong(at+".update", "is only for a bot's token: a webhook can't edit what it posted", "remove it, or use token_env")
	case ch.TokenEnv != "" && !slackID.MatchString(ch.Channel):
		problem := quote(ch.Channel) + " is no channel's id"
		if ch.Channel == "" {
			problem = "is missing"
		}
		k.wrong(at+".channel", problem, "write the id, such as C0123456789: in Slack it stands at the end of the channel's details; names change, and can't be looked at")
	}
}

func (k checker) email(at string, ch Channel) {
	if h, port, err := net.SplitHostPort(ch.Server); err != nil || h == "" {
		k.wrong(at+".server", quote(ch.Server)+" is no server", "write host:port, such as smtp.example.com:587")
	} else if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		k.wrong(at+".server", quote(ch.Server)+" has no good port", "write 587 for starttls, 465 for tls")
	}
	if problem, advice := known("kind of security", []string{"starttls", "tls", "none"})(ch.Security); problem != "" {
		k.wrong(at+".security", problem, advice)
	}
	address := func(s string) (problem, advice string) {
		const write = "write name@example.com, or \"Some Name <name@example.com>\""
		if a, err := mail.ParseAddress(s); err != nil || strings.ContainsFunc(a.Address, unicode.IsControl) {
			return quote(s) + " is no address", write
		}
		return "", ""
	}
	if problem, advice := address(ch.From); problem != "" {
		k.wrong(at+".from", problem, advice)
	}
	if len(ch.To) == 0 {
		k.wrong(at+".to", "is missing", "name at least one address")
	}
	k.each(at+".to", ch.To, address)
	switch {
	case ch.Username != "" && ch.PasswordEnv == "":
		k.wrong(at+".password_env", "is missing", "name the variable that holds the password of "+quote(ch.Username)+", or remove username")
	case ch.Username == "" && ch.PasswordEnv != "":
		k.wrong(at+".username", "is missing", "name the user whose password it is, or remove password_env")
	}
}

var variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// variableNames refuses what is no name of a variable: most likely it is the secret itself, and is not shown.
func (k checker) variableNames(at string, ch Channel) {
	for _, x := range [][2]string{
		{"webhook_env", ch.WebhookEnv}, {"token_env", ch.TokenEnv}, {"secret_env", ch.SecretEnv}, {"url_env", ch.URLEnv}, {"password_env", ch.PasswordEnv},
	} {
		key, name := x[0], x[1]
		if name == "" || variableName.MatchString(name) && !strings.HasPrefix(name, "xox") {
			continue
		}
		k.wrong(at+"."+key, "is not the name of a variable",
			"write the name alone, such as SLACK_WEBHOOK_URL, and put what is secret into that variable of the environment; if it stood here, it is known to all who can read this file: make a new one")
	}
}

// variables are the names of all variables that channels name, and of those that may name a file in their place.
func (c Config) variables() []string {
	var out []string
	for _, d := range c.Digests {
		for _, ch := range d.Channels {
			for _, name := range ch.Variables() {
				out = append(out, name, name+"_FILE")
			}
		}
	}
	return out
}

// secrets reads what the channels' variables hold, each from NAME, else from the file that NAME_FILE names.
func (c *Config) secrets(env Lookup) error {
	for i := range c.Digests {
		for j := range c.Digests[i].Channels {
			ch := &c.Digests[i].Channels[j]
			ch.Secrets = nil
			for _, name := range ch.Variables() {
				value, err := secretOf(name, env)
				if err != nil {
					return err
				}
				if !value.IsZero() {
					if ch.Secrets == nil {
						ch.Secrets = map[string]Secret{}
					}
					ch.Secrets[name] = value
				}
			}
		}
	}
	return nil
}

func secretOf(name string, env Lookup) (Secret, error) {
	value, from := env.get(name), name
	if path := env.get(name + "_FILE"); value == "" && path != "" {
		from = name + "_FILE"
		text, err := readSecret(from, path)
		if err != nil {
			return Secret{}, err
		}
		value = strings.TrimPrefix(text, "\ufeff") // some editors begin files so
	}
	value = strings.TrimSpace(value)
	if strings.ContainsFunc(value, unicode.IsControl) || len(value) > maxSecret {
		return Secret{}, &Error{Faults: []Fault{{Key: from,
			Problem: "holds no secret that could be used: it has line breaks or other control characters inside, or is very long",
			Advice:  fmt.Sprintf("give it alone, in one line of at most %d bytes", maxSecret)}}}
	}
	return NewSecret(value), nil
}

// maxSecret is the longest secret, in bytes.
const maxSecret = 4096
