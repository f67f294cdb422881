package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"unicode"

	"github.com/go-viper/mapstructure/v2"
	"github.com/spf13/viper"
)

// defaultFile is looked for where no file is named.
const defaultFile = "config.yaml"

// Source says what to load.
type Source struct {
	// Path is the file the user named (--config). Where it is "" the variable BOT_CONFIG counts, then
	// config.yaml in Dir, then Data. A named file that is missing is a *NotFoundError.
	Path string
	// Dir is where config.yaml is looked for; "" is the working directory.
	Dir string
	// Data is the embedded default; empty means the defaults in the code, which say the same.
	Data []byte
	// Name is what error messages call Data; "" is "built-in config.yaml".
	Name string
	// EnvNames are the names of all environment variables ([Environ]), so that a BOT_ variable that
	// means nothing is found. nil leaves that check out.
	EnvNames []string
}

// Load reads, checks and completes the configuration. Its errors are *NotFoundError, *Error (all faults at
// once) or the failure to read a file.
func Load(src Source, env Lookup) (Config, error) {
	name, data, onDisk, err := src.read(env)
	if err != nil {
		return Config{}, err
	}
	c, err := parse(name, data, src.EnvNames, env)
	if err != nil {
		return Config{}, err
	}
	if onDisk {
		c.File = name
	} else if src.Name == "" {
		// The built-in file says what the code says: its lines would only puzzle.
		for key, at := range c.Origins {
			if at.From == name {
				c.Origins[key] = Origin{From: byDefault}
			}
		}
	}
	c.GitHub.Token, c.GitHub.TokenFrom, err = token(env)
	if err != nil {
		return Config{}, err
	}
	if err := c.secrets(env); err != nil {
		return Config{}, err
	}
	return c, nil
}

// parse is Load without files and secrets.
func parse(name string, data []byte, envNames []string, env Lookup) (Config, error) {
	found := &faults{at: origins{}}
	layers, err := readLayers(name, data, envNames, env, found)
	if err != nil {
		return Config{}, &Error{Faults: []Fault{asFault(err)}}
	}
	c, err := layers.decode()
	if err != nil {
		return Config{}, fmt.Errorf("configuration %s: %w", name, err)
	}
	c.Origins = found.at
	c.complete()
	checkNames(schema(), envNames, c.variables(), env, found)
	c.check(found)
	if err := found.err(); err != nil {
		return Config{}, err
	}
	return c, nil
}

// Validate checks a configuration that was put together or changed in code; the error is an *Error.
func (c Config) Validate() error {
	found := &faults{at: c.Origins}
	c.check(found)
	return found.err()
}

func asFault(err error) Fault {
	var f Fault
	if errors.As(err, &f) {
		return f
	}
	return Fault{Problem: err.Error()}
}

// read finds the file and returns its name and content.
func (s Source) read(env Lookup) (name string, data []byte, onDisk bool, err error) {
	path, by := s.Path, "--config"
	if path == "" {
		path, by = env.get(envConfig), envConfig
	}
	if path != "" {
		data, err = readLimited(path)
		if errors.Is(err, fs.ErrNotExist) {
			return "", nil, false, &NotFoundError{Path: path, By: by, Err: err}
		}
		return path, data, true, wrapRead("configuration file", path, err)
	}
	path = filepath.Join(s.Dir, defaultFile)
	data, err = readLimited(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return path, data, true, wrapRead("configuration file", path, err)
	}
	name = s.Name
	if name == "" {
		name = "built-in " + defaultFile
	}
	return name, s.Data, false, nil
}

func wrapRead(what, path string, err error) error {
	if err == nil {
		return nil
	}
	var cause *fs.PathError
	if errors.As(err, &cause) { // its text would name the path a second time
		err = cause.Err
	}
	return fmt.Errorf("read %s %s: %w", what, path, err)
}

// readLimited reads a file up to a byte beyond what is accepted: enough to refuse it, and no more.
func readLimited(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }() // it was only read
	return io.ReadAll(io.LimitReader(file, maxSize+1))
}

// layers are the values of one configuration, lowest first.
type layers struct {
	defaults  map[string]any // by path
	file      map[string]any // nested
	overrides map[string]any // by path
}

// readLayers reads file and environment. The error is a Fault of a file that is not YAML.
func readLayers(name string, data []byte, envNames []string, env Lookup, found *faults) (layers, error) {
	fields := schema()
	root, err := parseYAML(name, data)
	if err != nil {
		return layers{}, err
	}
	l := layers{defaults: map[string]any{}, file: map[string]any{}}
	if root != nil {
		l.file = reader{faults: found, from: name}.section("", root, fields)
	}
	l.overrides = overrides(fields, env, found)
	l.defaults = ambient(fields, env, found)
	leaves(fields, "", func(path string, f field) {
		if _, given := found.at[path]; !given {
			found.at[path] = Origin{From: byDefault}
		}
		if _, given := l.defaults[path]; !given && f.def != nil {
			l.defaults[path] = f.def
		}
	})
	l.expand(fields, found)
	return l, nil
}

// decode lets viper order the layers and fill the structs, strictly.
func (l layers) decode() (Config, error) {
	const delimiter = "::" // a dot in a key must not split it
	v := viper.NewWithOptions(viper.KeyDelimiter(delimiter))
	set := func(to func(string, any), values map[string]any) {
		for path, value := range values {
			to(strings.ReplaceAll(path, ".", delimiter), value)
		}
	}
	// Every key with a default has one here: viper decodes no variable of a key it has never heard of.
	set(v.SetDefault, l.defaults)
	if err := v.MergeConfigMap(l.file); err != nil {
		return Config{}, fmt.Errorf("merge: %w", err)
	}
	set(v.Set, l.overrides)
	var c Config
	err := v.UnmarshalExact(&c, func(d *mapstructure.DecoderConfig) {
		d.TagName = "yaml"
		d.WeaklyTypedInput = false
		d.DecodeHook = nil
	})
	if err != nil {
		return Config{}, fmt.Errorf("decode: %w", err)
	}
	return c, nil
}

// token finds the token. Nothing of it is in an error.
func token(env Lookup) (Secret, string, error) {
	for _, name := range []string{envToken, envBotToken, envGHToken} {
		if value := env.get(name); value != "" {
			secret, err := cleanToken(name, value)
			return secret, name, err
		}
	}
	path := env.get(envTokenFile)
	if path == "" {
		return Secret{}, "", nil
	}
	text, err := readSecret(envTokenFile, path)
	if err != nil {
		return Secret{}, "", err
	}
	secret, err := cleanToken(envTokenFile, text)
	return secret, envTokenFile, err
}

// readSecret reads the file that a variable names.
func readSecret(variable, path string) (string, error) {
	data, err := readLimited(path)
	if errors.Is(err, fs.ErrNotExist) {
		return "", &NotFoundError{Path: path, By: variable, Err: err}
	}
	return string(data), wrapRead("the file that "+variable+" names,", path, err)
}

// cleanToken refuses what can't be sent as a header: a token with a line break inside is a pasted mistake.
func cleanToken(name, value string) (Secret, error) {
	const longest = 4096
	value = strings.TrimSpace(value)
	bad := strings.ContainsFunc(value, func(r rune) bool { return unicode.IsSpace(r) || r < '!' || r > '~' })
	if value == "" || bad || len(value) > longest {
		return Secret{}, &Error{Faults: []Fault{{Origin: Origin{From: name},
			Problem: "holds no token: it is empty, or has blanks, line breaks or odd characters inside",
			Advice:  "give the token alone, as GitHub showed it"}}}
	}
	return NewSecret(value), nil
}
