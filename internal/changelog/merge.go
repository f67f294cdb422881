package changelog

// Merge gives the section with what the JSON knows more of its notes, by pull request: whether action is required,
// the proposals, and SIGs and kinds where editors dropped them. Words stay those of the changelog. No note is added:
// what the changelog does not have was not published. The section that is given is not changed.
func Merge(s Section, notes []JSONNote) Section {
	byPR := make(map[int]*JSONNote, len(notes))
	for i := range notes {
		if !notes[i].DoNotPublish {
			byPR[notes[i].PR] = &notes[i]
		}
	}
	merged := make([]Note, len(s.Notes))
	for i, n := range s.Notes {
		hadSIGs, hadKinds := len(n.SIGs) > 0, len(n.Kinds) > 0
		for _, pr := range n.PRs {
			j, ok := byPR[pr]
			if !ok {
				continue
			}
			n.ActionRequired = n.ActionRequired || j.ActionRequired
			n.KEPs = union(n.KEPs, j.KEPs())
			if !hadSIGs {
				n.SIGs = union(n.SIGs, j.SIGs)
			}
			if !hadKinds {
				n.Kinds = union(n.Kinds, j.Kinds)
			}
		}
		merged[i] = n
	}
	if s.Notes != nil {
		s.Notes = merged
	}
	return s
}
