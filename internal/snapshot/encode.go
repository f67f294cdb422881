package snapshot

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/upstream-digest/bot/internal/gate"
	"github.com/upstream-digest/bot/internal/kep"
)

// Schema is the number of the stored form. Every encoded document carries it. It rises with every
// field that is added, renamed or given another meaning, because decoding refuses fields it does not
// know: an old bot must not drop what a new one wrote.
const Schema = 4

// EncodeItems gives the canonical bytes of a section's items: one JSON document with a schema number,
// keys in fixed order, one space of indentation, everything that has no order of its own sorted. Equal
// items give equal bytes, however they were permuted. The argument is left as it is.
func EncodeItems(items Items) ([]byte, error) {
	out, err := marshal(itemsDocument{Schema: Schema, Items: canonicalItems(items)})
	if err != nil {
		return nil, fmt.Errorf("encode items: %w", err)
	}
	return out, nil
}

// DecodeItems reads what EncodeItems wrote, at this schema number or an older one.
func DecodeItems(data []byte) (Items, error) {
	var doc itemsDocument
	if err := unmarshal(data, &doc, &doc.Schema); err != nil {
		return Items{}, fmt.Errorf("decode items: %w", err)
	}
	return doc.Items, nil
}

// Hash is the identity of the section's items: the SHA-256, in hex, of their canonical bytes.
//
// It covers everything in Items and the schema number: names, specs, texts, files and lines, version
// and diagnostics. Outside it stay the section's source, status, reason, parser, ref, SHA, object ids
// and times, and all of the snapshot and upstream around it. Empty items have the hash "".
func (s Section) Hash() (string, error) {
	if s.Items.Empty() {
		return "", nil
	}
	data, err := EncodeItems(s.Items)
	if err != nil {
		return "", fmt.Errorf("hash section %s: %w", s.Source, err)
	}
	return HashItems(data), nil
}

// HashItems is the hash of bytes that EncodeItems made.
func HashItems(encoded []byte) string {
	sum := sha256.Sum256(encoded)
	return hex.EncodeToString(sum[:])
}

// Encode gives the canonical bytes of a whole snapshot, items included. Times become UTC.
func Encode(s *Snapshot) ([]byte, error) {
	if err := s.unambiguous(); err != nil {
		return nil, fmt.Errorf("encode snapshot: %w", err)
	}
	c := s.canonical()
	for i := range c.Upstreams {
		for j := range c.Upstreams[i].Sections {
			sec := &c.Upstreams[i].Sections[j]
			sec.Items = canonicalItems(sec.Items)
		}
	}
	out, err := marshal(snapshotDocument{Schema: Schema, Snapshot: c})
	if err != nil {
		return nil, fmt.Errorf("encode snapshot: %w", err)
	}
	return out, nil
}

// Decode reads what Encode wrote, at this schema number or an older one.
func Decode(data []byte) (*Snapshot, error) {
	var doc snapshotDocument
	if err := unmarshal(data, &doc, &doc.Schema); err != nil {
		return nil, fmt.Errorf("decode snapshot: %w", err)
	}
	return &doc.Snapshot, nil
}

// Packed is a snapshot in the form stores keep it in: the head holds all provenance and names each
// section's items by hash; the items lie beside it, each distinct one once.
type Packed struct {
	Head     []byte            // canonical JSON
	Sections map[string][]byte // by Hash; EncodeItems's bytes
}

// Pack takes a snapshot apart. It refuses a snapshot with two upstreams of one name, or two sections of
// one source in an upstream: nobody could say later which one a cursor was told of.
func Pack(s *Snapshot) (Packed, error) {
	if err := s.unambiguous(); err != nil {
		return Packed{}, fmt.Errorf("pack snapshot: %w", err)
	}
	c := s.canonical()
	head := headDocument{Schema: Schema, Snapshot: c, Upstreams: make([]headUpstream, len(c.Upstreams))}
	sections := make(map[string][]byte)
	for i, u := range c.Upstreams {
		hu := headUpstream{Upstream: u, Sections: make([]headSection, len(u.Sections))}
		for j, sec := range u.Sections {
			hs := headSection{Section: sec}
			if !sec.Items.Empty() {
				data, err := EncodeItems(sec.Items)
				if err != nil {
					return Packed{}, fmt.Errorf("pack section %s of %s: %w", sec.Source, u.Name, err)
				}
				hs.Items = HashItems(data)
				sections[hs.Items] = data
			}
			hu.Sections[j] = hs
		}
		head.Upstreams[i] = hu
	}
	data, err := marshal(head)
	if err != nil {
		return Packed{}, fmt.Errorf("pack snapshot: %w", err)
	}
	return Packed{Head: data, Sections: sections}, nil
}

// Unpack puts a snapshot together again. The function section gives the bytes stored under a hash;
// bytes that do not have that hash are an error, so that damage is never compared as if upstream had
// changed.
func Unpack(head []byte, section func(hash string) ([]byte, error)) (*Snapshot, error) {
	var doc headDocument
	if err := unmarshal(head, &doc, &doc.Schema); err != nil {
		return nil, fmt.Errorf("unpack snapshot: %w", err)
	}
	s := doc.Snapshot
	s.Upstreams = make([]Upstream, len(doc.Upstreams))
	for i, hu := range doc.Upstreams {
		u := hu.Upstream
		u.Sections = make([]Section, len(hu.Sections))
		for j, hs := range hu.Sections {
			sec := hs.Section
			if hs.Items != "" {
				items, err := loadItems(hs.Items, section)
				if err != nil {
					return nil, fmt.Errorf("unpack section %s of %s: %w", sec.Source, u.Name, err)
				}
				sec.Items = items
			}
			u.Sections[j] = sec
		}
		s.Upstreams[i] = u
	}
	return &s, nil
}

// Outline is a snapshot without its items: what was watched, where, and with what outcome.
type Outline struct {
	*Snapshot
	holds map[[2]string]bool
}

// Holds reports whether a section has items.
func (o *Outline) Holds(upstream, source string) bool { return o.holds[[2]string{upstream, source}] }

// OutlineOf is the outline of a whole snapshot.
func OutlineOf(s *Snapshot) *Outline {
	if s == nil {
		return nil
	}
	o := &Outline{Snapshot: s, holds: map[[2]string]bool{}}
	for _, u := range s.Upstreams {
		for _, sec := range u.Sections {
			o.holds[[2]string{u.Name, sec.Source}] = !sec.Items.Empty()
		}
	}
	return o
}

// UnpackOutline reads a head without its items.
func UnpackOutline(head []byte) (*Outline, error) {
	var doc headDocument
	if err := unmarshal(head, &doc, &doc.Schema); err != nil {
		return nil, fmt.Errorf("unpack snapshot: %w", err)
	}
	s := doc.Snapshot
	o := &Outline{Snapshot: &s, holds: map[[2]string]bool{}}
	for _, hu := range doc.Upstreams {
		u := hu.Upstream
		u.Sections = make([]Section, len(hu.Sections))
		for j, hs := range hu.Sections {
			u.Sections[j] = hs.Section
			o.holds[[2]string{u.Name, hs.Source}] = hs.Items != ""
		}
		s.Upstreams = append(s.Upstreams, u)
	}
	return o, nil
}

func loadItems(hash string, section func(string) ([]byte, error)) (Items, error) {
	data, err := section(hash)
	if err != nil {
		return Items{}, err
	}
	if got := HashItems(data); got != hash {
		return Items{}, fmt.Errorf("stored items are damaged: they have the hash %.12s instead of %.12s", got, hash)
	}
	return DecodeItems(data)
}

type itemsDocument struct {
	Schema int   `json:"schema"`
	Items  Items `json:"items"`
}

type snapshotDocument struct {
	Schema int `json:"schema"`
	Snapshot
}

// The head types embed the public ones and shadow one field each, so that a field added to those is
// stored without anyone thinking of it here.
type headDocument struct {
	Schema int `json:"schema"`
	Snapshot
	Upstreams []headUpstream `json:"upstreams"`
}

type headUpstream struct {
	Upstream
	Sections []headSection `json:"sections"`
}

type headSection struct {
	Section
	Items string `json:"items"` // hash, "" for empty items
}

func (s *Snapshot) unambiguous() error {
	upstreams := make(map[string]bool, len(s.Upstreams))
	for _, u := range s.Upstreams {
		if upstreams[u.Name] {
			return fmt.Errorf("two upstreams are named %q", u.Name)
		}
		upstreams[u.Name] = true
		sources := make(map[string]bool, len(u.Sections))
		for _, sec := range u.Sections {
			if sources[sec.Source] {
				return fmt.Errorf("upstream %q has two sections %q", u.Name, sec.Source)
			}
			sources[sec.Source] = true
		}
	}
	return nil
}

// canonical is a copy with sections sorted and times in UTC. Upstreams keep the configuration's order.
func (s *Snapshot) canonical() Snapshot {
	c := *s
	c.TakenAt = s.TakenAt.UTC()
	c.Upstreams = slices.Clone(s.Upstreams)
	for i, u := range c.Upstreams {
		secs := slices.Clone(u.Sections)
		slices.SortFunc(secs, func(a, b Section) int { return strings.Compare(a.Source, b.Source) })
		for j := range secs {
			secs[j].ReadAt = secs[j].ReadAt.UTC()
			secs[j].CurrentAt = secs[j].CurrentAt.UTC()
		}
		c.Upstreams[i].Sections = secs
	}
	return c
}

func canonicalItems(items Items) Items {
	if items.Gates != nil {
		items.Gates = canonicalGates(*items.Gates)
	}
	if items.Releases != nil {
		set := *items.Releases
		set.Releases = slices.Clone(orEmpty(set.Releases))
		for i := range set.Releases {
			set.Releases[i].Published = set.Releases[i].Published.UTC()
		}
		slices.SortStableFunc(set.Releases, CompareReleases)
		items.Releases = &set
	}
	if items.NoteData != nil {
		set := *items.NoteData
		set.Notes = slices.Clone(orEmpty(set.Notes))
		slices.SortStableFunc(set.Notes, func(a, b NoteData) int { return cmp.Or(strings.Compare(a.File, b.File), cmp.Compare(a.PR, b.PR)) })
		items.NoteData = &set
	}
	if items.Proposals != nil {
		set := *items.Proposals
		set.Proposals = slices.Clone(orEmpty(set.Proposals))
		slices.SortStableFunc(set.Proposals, func(a, b kep.Proposal) int { return strings.Compare(a.Path, b.Path) })
		set.Diagnostics = sortedDiagnostics(set.Diagnostics)
		set.Unread = slices.Sorted(slices.Values(set.Unread))
		items.Proposals = &set
	}
	items.Milestones = canonicalMilestones(items.Milestones)
	items.Cycle = canonicalCycle(items.Cycle)
	items.Tickets = canonicalTickets(items.Tickets)
	items.Paths = canonicalPaths(items.Paths)
	items.Feed = canonicalFeed(items.Feed)
	items.Docs = canonicalDocs(items.Docs)
	return items
}

// CompareReleases orders the newest first.
func CompareReleases(a, b Release) int {
	return cmp.Or(b.Published.Compare(a.Published), strings.Compare(b.Tag, a.Tag))
}

func sortedDiagnostics(ds []gate.Diagnostic) []gate.Diagnostic {
	ds = slices.Clone(ds)
	slices.SortFunc(ds, func(a, b gate.Diagnostic) int {
		return cmp.Or(strings.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), strings.Compare(a.Message, b.Message),
			compareBools(a.Lost, b.Lost))
	})
	return ds
}

func canonicalGates(set GateSet) *GateSet {
	gates := set.Gates
	set.Gates = make([]gate.Gate, len(gates))
	for i, g := range gates {
		set.Gates[i] = canonicalGate(g)
	}
	slices.SortFunc(set.Gates, compareGates)
	set.Diagnostics = sortedDiagnostics(set.Diagnostics)
	set.Unread = slices.Clone(set.Unread)
	slices.Sort(set.Unread)
	return &set
}

// canonicalGate sorts what has no order of its own. Owners and KEPs keep the order upstream wrote them
// in; specs of one version keep theirs, because the last one wins. A nil list of dependencies stays nil:
// it says something else than an empty one.
func canonicalGate(g gate.Gate) gate.Gate {
	g.Registered = slices.Clone(orEmpty(g.Registered))
	slices.SortFunc(g.Registered, func(a, b gate.Registration) int {
		return cmp.Or(strings.Compare(a.Component, b.Component), strings.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line))
	})
	g.Specs = slices.Clone(orEmpty(g.Specs))
	slices.SortStableFunc(g.Specs, func(a, b gate.Spec) int { return gate.CompareVersions(a.Since, b.Since) })
	g.Owners = orEmpty(g.Owners)
	g.KEPs = orEmpty(g.KEPs)
	g.DependsOn = slices.Clone(g.DependsOn)
	slices.Sort(g.DependsOn)
	return g
}

// compareGates orders by name and variant. Equal ones should not exist; if they do, the rest decides,
// so that the bytes never depend on the order of reading.
func compareGates(a, b gate.Gate) int {
	if c := strings.Compare(a.Name, b.Name); c != 0 {
		return c
	}
	if c := strings.Compare(a.Variant, b.Variant); c != 0 {
		return c
	}
	ja, errA := json.Marshal(a)
	jb, errB := json.Marshal(b)
	if errA != nil || errB != nil {
		return 0 // cannot happen: a gate is strings, numbers and booleans
	}
	return bytes.Compare(ja, jb)
}

func compareBools(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

func orEmpty[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}

func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", " ")
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// unmarshal reads one document into v. The number is looked at first: an unknown field in a newer
// document is to be told as a newer document.
func unmarshal(data []byte, v any, schema *int) error {
	var number struct {
		Schema *int `json:"schema"`
	}
	if err := json.Unmarshal(data, &number); err != nil {
		return err
	}
	switch {
	case number.Schema == nil:
		return errors.New("it has no schema number: it was not written by bot")
	case *number.Schema < 1:
		return fmt.Errorf("schema %d does not exist", *number.Schema)
	case *number.Schema > Schema:
		return fmt.Errorf("it was written by a newer bot (schema %d, this one knows %d); update bot", *number.Schema, Schema)
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(v); err != nil {
		return err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return errors.New("there is more than one document")
	}
	*schema = *number.Schema
	return nil
}
