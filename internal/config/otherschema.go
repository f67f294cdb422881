package config

func milestonesField() field {
	return field{name: "milestones", kind: section, doc: "Milestones of the repository, and the dates of the release cycle.", fields: []field{
		{name: "enabled", kind: truth, def: true, doc: "Whether milestones are read."},
		{name: "cycle_repository", kind: text, without: "the preset's", example: "kubernetes/sig-release",
			doc: "A repository with a file of the release cycle's dates."},
		{name: "cycle", kind: text, without: "the preset's", example: `"releases/release-{minor}/README.md"`,
			doc: "The file in cycle_repository, in the form of sig-release's. A file that is not there yet is no fault. Needed with cycle_repository, and only there."},
	}}
}

func ticketsField() field {
	return field{name: "tickets", kind: section, doc: "Open issues of the repository.", fields: []field{
		{name: "enabled", kind: truth, def: true, doc: "Whether issues are read."},
		{name: "rules", kind: entries, without: "the preset's",
			doc: "Which issues are told. An issue is told that matches at least one rule; it matches a rule when all that the rule gives holds.", fields: []field{
				{name: "name", kind: text, required: true, example: "regressions", doc: "What the digest calls the rule: lower case letters, digits and dashes."},
				{name: "repository", kind: text, without: "the upstream's", example: "kubernetes/enhancements", doc: "Another repository, as owner/name."},
				{name: "labels", kind: texts, def: []string{}, example: "[kind/regression]", doc: "All of these labels."},
				{name: "sigs", kind: texts, def: []string{}, example: "[node]", doc: "Any of these SIGs, by the label sig/NAME."},
				{name: "milestone", kind: text, without: "any", example: "v1.37", doc: "This milestone, by its title."},
				{name: "author", kind: text, without: "anybody", example: "someone", doc: "Opened by this account."},
				{name: "words", kind: texts, def: []string{}, example: "[kubelet, eviction]", doc: "Any of these words or phrases in the title, in whatever case."},
			}},
	}}
}

func pathsField() field {
	return field{name: "paths", kind: section, doc: "Files and folders of the repository whose changes are told.", fields: []field{
		{name: "enabled", kind: truth, def: true, doc: "Whether paths are watched."},
		{name: "paths", kind: texts, def: []string{}, example: "[pkg/kubelet/kubelet.go]", doc: "The files and folders, from the repository's root."},
	}}
}

func docsField() field {
	return field{name: "docs", kind: section, doc: "The web site's pages of feature gates.", fields: []field{
		{name: "enabled", kind: truth, def: true, doc: "Whether the pages are read."},
		{name: "repository", kind: text, without: "the preset's", example: "kubernetes/website", doc: "The repository with the pages, as owner/name. It is read at its default branch."},
		{name: "path", kind: text, without: "the preset's", example: "content/en/docs/reference/command-line-tools-reference/feature-gates", doc: "The folder with one page for each gate, in the form of Kubernetes' web site."},
		{name: "url", kind: text, without: "the preset's", example: `"https://kubernetes.io/docs/reference/command-line-tools-reference/feature-gates/#{gate}"`, doc: "The address of a gate on the web site; {gate} stands for its name."},
	}}
}

func feedsField() field {
	return field{name: "feeds", kind: entries, without: "the preset's",
		doc: "Feeds whose new entries are told: RSS, Atom or JSON Feed. They are fetched without any token, and only from public addresses (see network).", fields: []field{
			{name: "name", kind: text, required: true, example: "blog", doc: "What commands call it: lower case letters, digits and dashes, unique within the upstream."},
			{name: "enabled", kind: truth, def: true, doc: "Whether it is read."},
			{name: "title", kind: text, without: "the name", example: "Kubernetes blog", doc: "What the digest calls it."},
			{name: "url", kind: text, required: true, example: "https://kubernetes.io/feed.xml", doc: "Its address."},
		}}
}
