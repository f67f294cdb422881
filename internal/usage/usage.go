// Package usage finds the feature gates that people set: in kubelet and kube-proxy configuration, kubeadm
// files, static pod manifests, unit files, and what kind, k3s, Talos, kOps, Cluster API and Helm make of
// them. It is pure: bytes in, settings out. Nothing is executed, no template is rendered, no alias expanded
// without bound.
package usage

// Setting is one gate set in one place.
type Setting struct {
	File string `json:"file"` // as it was named to Read
	Line int    `json:"line"` // from 1
	// Component is the program that is given the gate: "kube-apiserver", "kube-controller-manager",
	// "kube-scheduler", "kubelet", "kube-proxy", "cloud-controller-manager", "kubeadm", or "" where the file
	// does not tell. A setting for several programs is several settings.
	Component string `json:"component"`
	Gate      string `json:"gate"`   // as written
	Value     string `json:"value"`  // as written, without quotes: "true", "false", or whatever stands there
	Format    string `json:"format"` // "KubeletConfiguration", "kind", "plain text"
	// Guess says that the file has no form we know and the setting was found in plain text.
	Guess bool `json:"guess"`
}

// Problem is a place that could not be read, and what to do about it.
type Problem struct {
	File    string `json:"file"`
	Line    int    `json:"line"` // 0 where there is none
	Message string `json:"message"`
}
