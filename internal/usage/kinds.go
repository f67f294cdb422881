package usage

import (
	"strings"

	"gopkg.in/yaml.v3"
)

// recognise tells what a mapping is, by its apiVersion and kind or by the keys that only one program has.
// skip says that nothing in it sets a gate.
func (w *walker) recognise(fs *mapped, c context, depth int) (out context, skip bool) {
	kind := str(fs.get("kind"))
	group, version := groupVersion(str(fs.get("apiVersion")))
	if kind == "" {
		if depth <= 1 {
			return w.byKeys(fs, c), false
		}
		return c, false
	}
	if out, ok := configuration(kind, group, version, c); ok {
		return out, false
	}
	if group == "" && version == "" && c.format != "" {
		return c, false // a reference, or a patch's target
	}
	c.known, c.strict, c.refuse = false, false, ""
	c.format = kind
	switch {
	case kind == "CustomResourceDefinition":
		return c, true
	case group == "kind.x-k8s.io":
		c.format, c.known = "kind", true
		c.comps = everywhere()
	case group == "kops.k8s.io" || group == "kops":
		c.format, c.known, c.comps = "kOps "+kind, true, nil
	case group == "k0s.k0sproject.io":
		c.format, c.known, c.comps = "k0s", true, everywhere()
	case group == "k3d.io":
		c.format, c.comps = "k3d", nil
	case group == "operator.cluster.x-k8s.io":
		c.comps = []string{group}
	case group == "cluster.x-k8s.io" || strings.HasSuffix(group, ".cluster.x-k8s.io"):
		c.format, c.known, c.comps = "Cluster API "+kind, true, nil
	case group == "helm.toolkit.fluxcd.io" || group == "helm.cattle.io" || group == "argoproj.io":
		c.format, c.comps = "Helm values", nil // of any chart
	case kubernetesGroup(group):
		c.comps = nil
		if comp, ok := fromKey(kind, false); ok {
			c.comps = []string{comp} // Talos' KubeletConfig
		}
	default:
		c.comps = []string{group}
	}
	return c, false
}

// configuration knows the files that the components themselves read. In a patch the apiVersion may be missing.
func configuration(kind, group, version string, c context) (context, bool) {
	c.format, c.known = kind, false
	switch {
	case kind == "KubeletConfiguration" && (group == "" || group == "kubelet.config.k8s.io"):
		c.comps, c.strict = []string{kubelet}, true
	case kind == "KubeProxyConfiguration" && (group == "" || group == "kubeproxy.config.k8s.io"):
		c.comps, c.strict = []string{kubeProxy}, true
	case kind == "KubeSchedulerConfiguration" && (group == "" || group == "kubescheduler.config.k8s.io"):
		c.comps = []string{scheduler}
		c.refuse = "sets featureGates in a KubeSchedulerConfiguration, which has no such field: the scheduler refuses the file; use its flag --feature-gates"
	case group != "" && group != "kubeadm.k8s.io":
		return c, false
	case kind == "ClusterConfiguration":
		c.comps, c.strict, c.known = []string{kubeadm}, true, true
	case kind == "InitConfiguration" || kind == "JoinConfiguration" || kind == "UpgradeConfiguration":
		c.comps, c.known = []string{kubeadm}, true
		c.refuse = "sets featureGates in a kubeadm " + kind + ", which has no such field: kubeadm's own belong into a ClusterConfiguration, a component's into its extraArgs"
	default:
		return c, false
	}
	if c.known {
		c.format = strings.TrimSpace("kubeadm " + kind + " " + version)
	}
	return c, true
}

func groupVersion(apiVersion string) (group, version string) {
	if g, v, found := strings.Cut(apiVersion, "/"); found {
		return g, v
	}
	return "", apiVersion
}

// kubernetesGroup reports whether the API is Kubernetes' own, which has no gates of another project.
func kubernetesGroup(group string) bool {
	return !strings.Contains(group, ".") || strings.HasSuffix(group, ".k8s.io") && !strings.HasSuffix(group, "x-k8s.io")
}

// byKeys tells a file without a kind by its keys.
func (w *walker) byKeys(fs *mapped, c context) context {
	for _, f := range fs.all {
		if f.key.Kind != yaml.ScalarNode {
			continue
		}
		k := f.key.Value
		below := func() *mapped { return w.fields(resolved(f.value), 0) }
		switch {
		case strings.HasSuffix(strings.TrimSuffix(k, "+"), "-arg"):
			if _, ok := fromKey(strings.TrimSuffix(strings.TrimSuffix(k, "+"), "-arg"), true); ok {
				c.format = w.rancher()
				return c
			}
		case k == "machine" && resolved(f.value).Kind == yaml.MappingNode,
			k == "cluster" && (w.several(below()) || w.talosCluster(below())):
			c.format, c.known = "Talos", true
			return c
		case k == "write_files" || k == "runcmd" || k == "bootcmd":
			c.format = "cloud-init"
			return c
		case k == "KubernetesConfig":
			c.format, c.known, c.comps = "minikube", true, everywhere()
			return c
		case k == "services" && below().get("kube-api", "kubelet", "kubeproxy", "kube-controller") != nil:
			c.format, c.known = "RKE", true
			return c
		case k == "ignition" || k == "variant":
			c.format = "Butane or Ignition"
			return c
		}
	}
	name := strings.ToLower(w.name)
	base := name[strings.LastIndexAny(name, `/\`)+1:]
	if strings.Contains(base, "+") && len(c.comps) == 0 {
		c = c.only(fromName(base)) // kubeadm's patches: kubeletconfiguration0+merge.yaml
	}
	switch {
	case c.format != "":
	case strings.Contains(name, "minikube"):
		c.format, c.comps = "minikube", everywhere()
	case strings.Contains(base, "values"):
		c.format = "Helm values"
	default:
		c.format = formatOf(name)
	}
	return c
}

// talosCluster reports whether a cluster section is Talos' though it names but one component, as a patch does.
func (w *walker) talosCluster(cluster *mapped) bool {
	for _, key := range []string{"apiServer", "controllerManager", "scheduler", "proxy"} {
		if w.fields(cluster.get(key), 0).get("extraArgs", "image", "env", "admissionControl", "auditPolicy") != nil {
			return true
		}
	}
	return false
}

// secret reports whether the mapping is a Secret, whose data is base64.
func (c context) secret(fs *mapped) bool {
	return c.format == "Secret" && str(fs.get("kind")) == "Secret"
}
