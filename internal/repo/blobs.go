package repo

import (
	"context"
	"errors"

	"github.com/upstream-digest/bot/internal/github"
)

// collectBlobs asks get for each object once and puts the answers in the order asked for. get returns
// content by object id, already checked, and all of it.
func collectBlobs(repository string, objects []Object, get func([]Object) (map[string][]byte, error)) ([]Blob, error) {
	var wanted []Object
	seen := map[string]bool{}
	for _, o := range objects {
		if !isObjectID(o.OID) {
			return nil, &IncompleteError{Repository: repository, What: "blob " + o.Path, Reason: "no object id was given"}
		}
		if !seen[o.OID] {
			seen[o.OID] = true
			wanted = append(wanted, o)
		}
	}
	if len(wanted) == 0 {
		return nil, nil
	}
	found, err := get(wanted)
	if err != nil {
		return nil, err
	}
	blobs := make([]Blob, 0, len(objects))
	for _, o := range objects {
		data, ok := found[o.OID]
		if !ok {
			return nil, missingObject(repository, o)
		}
		blobs = append(blobs, Blob{Path: o.Path, OID: o.OID, Data: data})
	}
	return blobs, nil
}

func missingObject(repository string, o Object) error {
	return &IncompleteError{Repository: repository, What: "blob " + o.Path, Reason: "object " + o.OID + " is not there"}
}

// wholeBlob reads one file by REST and makes sure that it is what its id says. An answer that is something
// else (an empty one, a page of a proxy's) is asked for once more.
func wholeBlob(ctx context.Context, client *github.Client, repository string, o Object) ([]byte, error) {
	for range 2 {
		data, err := client.Blob(ctx, repository, o.OID)
		if _, ok := errors.AsType[*github.NotFoundError](err); ok {
			return nil, missingObject(repository, o)
		}
		if err != nil {
			return nil, err
		}
		if isBlob(o.OID, data) {
			return data, nil
		}
	}
	return nil, &IncompleteError{Repository: repository, What: "blob " + o.Path, Reason: "what was sent is not object " + o.OID}
}
