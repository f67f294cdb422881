package branchstore

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/upstream-digest/bot/internal/repo"
	"github.com/upstream-digest/bot/internal/store"
)

// view is the branch at one commit, as far as it was read.
type view struct {
	head   string // "" where there is no branch
	tree   string // the root's object id; "" where it was not told
	state  state
	newest []byte // newest.json; nil where there is none

	// Read when they are asked for.
	index   *index
	told    *toldList
	runs    *runList
	answers *answerList
}

func emptyView() *view {
	return &view{
		state: state{Document: document, Schema: Schema, Files: map[string]string{}},
		index: &index{Items: map[string]string{}}, told: &toldList{}, runs: &runList{}, answers: &answerList{},
	}
}

// Wants is what is to be asked with the heads of upstream: Told takes the answers.
func (s *Store) Wants() []repo.HeadRequest { return []repo.HeadRequest{s.request()} }

// Told takes the answers to what Wants asked for. Its error is that the state can't be used.
func (s *Store) Told(ctx context.Context, results []repo.HeadResult) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, err := s.adopt(ctx, results[0])
	return s.fail(ctx, "read state", err)
}

func (s *Store) request() repo.HeadRequest {
	return repo.HeadRequest{
		Repository: s.opts.Repository, Ref: "refs/heads/" + s.opts.Branch, Live: true,
		Paths: append([]string{""}, tracked()...), Texts: []string{stateFile, newestFile},
	}
}

// now is the branch as it is, or as this handle saw it where it is alone.
func (s *Store) now(ctx context.Context) (*view, error) {
	if s.v != nil && s.opts.Alone {
		return s.v, nil
	}
	return s.refresh(ctx, "read state")
}

func (s *Store) refresh(ctx context.Context, op string) (*view, error) {
	v, err := s.adopt(ctx, s.opts.Heads.Heads(ctx, []repo.HeadRequest{s.request()})[0])
	return v, s.fail(ctx, op, err)
}

// adopt makes a view of what was answered, and checks that all is as it was written.
func (s *Store) adopt(ctx context.Context, res repo.HeadResult) (*view, error) {
	var missing *repo.NotFoundError
	var empty *repo.EmptyError
	switch {
	case errors.As(res.Err, &missing) && missing.Ref != "", errors.As(res.Err, &empty):
		s.v, s.sure = emptyView(), s.opts.Now()
		return s.v, nil
	case errors.As(res.Err, &missing):
		return nil, s.unusable(missing.Error(), "check store.repository, and that the token may see it", res.Err)
	case res.Err != nil:
		return nil, res.Err
	}
	h := res.Head
	if s.v != nil && s.v.head == h.SHA && s.v.head != "" {
		s.v.tree, s.sure = h.OIDs[""], s.opts.Now()
		return s.v, nil
	}
	text, there := h.Texts[stateFile]
	if !there {
		return nil, s.unusable("it has no state.json: it is another branch, or somebody removed the file", "name another branch in store.branch, or "+adviceDamaged, &damageError{stateFile, errors.New("it is missing")})
	}
	files, err := s.whole(ctx, h.Texts)
	if err != nil {
		return nil, err
	}
	v := &view{head: h.SHA, tree: h.OIDs[""]}
	if v.state, err = decodeState(files[text.OID]); err != nil {
		return nil, s.damaged(stateFile, err)
	}
	for _, name := range tracked() {
		if got, want := h.OIDs[name], v.state.Files[name]; got != want {
			return nil, s.damaged(name, fmt.Errorf("object %.12s instead of %.12s", orNothing(got), orNothing(want)))
		}
	}
	if v.state.Newest > 0 {
		v.newest = files[h.Texts[newestFile].OID]
	}
	s.v, s.sure = v, s.opts.Now()
	return v, nil
}

func orNothing(oid string) string {
	if oid == "" {
		return "nothing"
	}
	return oid
}

// whole are the files that came with the head, or are too large for that, by object id.
func (s *Store) whole(ctx context.Context, texts map[string]repo.Text) (map[string][]byte, error) {
	out := map[string][]byte{}
	var missing []repo.Object
	for name, t := range texts {
		if t.Whole && blobID(t.Data) == t.OID {
			out[t.OID] = t.Data
		} else {
			missing = append(missing, repo.Object{Path: name, OID: t.OID})
		}
	}
	slices.SortFunc(missing, func(a, b repo.Object) int { return strings.Compare(a.Path, b.Path) })
	got, err := s.read(ctx, missing)
	maps.Copy(out, got)
	return out, err
}

// cacheBytes bounds what is kept of files that were read; when full it starts anew.
const cacheBytes = 64 << 20

// read gives files by object id, those that are not known yet in as few requests as can be.
func (s *Store) read(ctx context.Context, objects []repo.Object) (map[string][]byte, error) {
	out := map[string][]byte{}
	var want []repo.Object
	for _, o := range objects {
		if data, ok := s.blobs[o.OID]; ok {
			out[o.OID] = data
		} else {
			want = append(want, o)
		}
	}
	if len(want) == 0 {
		return out, nil
	}
	blobs, err := s.reader.Blobs(ctx, "", want)
	var incomplete *repo.IncompleteError
	if errors.As(err, &incomplete) {
		return nil, s.damaged("a file", err)
	}
	if err != nil {
		return nil, err
	}
	for _, b := range blobs {
		out[b.OID] = b.Data
		s.keep(b.OID, b.Data)
	}
	return out, nil
}

func (s *Store) keep(oid string, data []byte) {
	held := len(data)
	for _, d := range s.blobs {
		held += len(d)
	}
	if held > cacheBytes {
		clear(s.blobs)
	}
	s.blobs[oid] = data
}

// need says which of the files that are read on demand a step wants.
type need struct{ index, told, runs, answers bool }

// load reads them, all at once.
func (s *Store) load(ctx context.Context, v *view, n need) error {
	var objects []repo.Object
	add := func(wanted bool, name string) {
		if oid := v.state.Files[name]; wanted && oid != "" {
			objects = append(objects, repo.Object{Path: name, OID: oid})
		}
	}
	add(n.index && v.index == nil, indexFile)
	add(n.told && v.told == nil, toldFile)
	add(n.runs && v.runs == nil, runsFile)
	add(n.answers && v.answers == nil, answersFile)
	got, err := s.read(ctx, objects)
	if err != nil {
		return err
	}
	file := func(wanted bool, name string, into any) error {
		if data := got[v.state.Files[name]]; wanted && data != nil {
			if err := decode(data, into); err != nil {
				return s.damaged(name, err)
			}
		}
		return nil
	}
	x, told, runs, answers := &index{Items: map[string]string{}}, &toldList{}, &runList{}, &answerList{}
	if err := errors.Join(file(n.index && v.index == nil, indexFile, x), file(n.told && v.told == nil, toldFile, told),
		file(n.runs && v.runs == nil, runsFile, runs), file(n.answers && v.answers == nil, answersFile, answers)); err != nil {
		return err
	}
	if n.index && v.index == nil {
		v.index = x
	}
	if n.told && v.told == nil {
		v.told = told
	}
	if n.runs && v.runs == nil {
		v.runs = runs
	}
	if n.answers && v.answers == nil {
		v.answers = answers
	}
	return nil
}

// bodies fills in the bodies of deliveries.
func (s *Store) bodies(ctx context.Context, list []delivery) ([]store.Delivery, error) {
	var objects []repo.Object
	for _, d := range list {
		objects = append(objects, repo.Object{Path: d.Body, OID: d.BodyOID})
	}
	got, err := s.read(ctx, objects)
	if err != nil {
		return nil, err
	}
	var out []store.Delivery
	for _, d := range list {
		full := d.Delivery
		full.Body = string(got[d.BodyOID])
		out = append(out, full)
	}
	return out, nil
}

// bodyFiles are the body files of a state, by path within their folder.
func bodyFiles(owed, told []delivery) map[string]string {
	out := map[string]string{}
	for _, d := range slices.Concat(owed, told) {
		out[d.Body[len(deliveriesFolder)+1:]] = d.BodyOID
	}
	return out
}

// clone is a copy whose parts can be changed.
func (v *view) clone() *view {
	c := *v
	c.state.Cursors, c.state.Owed, c.state.Files = slices.Clone(v.state.Cursors), slices.Clone(v.state.Owed), maps.Clone(v.state.Files)
	if v.index != nil {
		c.index = &index{Snapshots: slices.Clone(v.index.Snapshots), Items: maps.Clone(v.index.Items)}
	}
	if v.told != nil {
		c.told = &toldList{slices.Clone(v.told.Told)}
	}
	if v.runs != nil {
		c.runs = &runList{slices.Clone(v.runs.Runs)}
	}
	if v.answers != nil {
		c.answers = &answerList{slices.Clone(v.answers.Answers)}
	}
	return &c
}
