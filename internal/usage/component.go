package usage

import (
	"path"
	"strings"
)

const (
	apiserver         = "kube-apiserver"
	controllerManager = "kube-controller-manager"
	scheduler         = "kube-scheduler"
	kubelet           = "kubelet"
	kubeProxy         = "kube-proxy"
	cloudController   = "cloud-controller-manager"
	kubeadm           = "kubeadm"
	clientGo          = "client-go"
	etcd              = "etcd"
)

// everywhere is who gets the gates of a cluster that is started as one: kind, minikube, k0s.
func everywhere() []string {
	return []string{apiserver, controllerManager, scheduler, kubelet, kubeProxy}
}

// plainName drops what spellings differ in: kubeAPIServer, kube-api-server and KUBE_API_SERVER are one.
func plainName(s string) string {
	var b strings.Builder
	for _, c := range []byte(s) {
		switch {
		case c >= 'A' && c <= 'Z':
			b.WriteByte(c + 'a' - 'A')
		case c != '-' && c != '_' && c != '.' && c != ' ':
			b.WriteByte(c)
		}
	}
	return b.String()
}

// named are the components by the plain names that mean nothing else, longest first where one holds another.
func named() [][2]string {
	return [][2]string{
		{"kubecloudcontrollermanager", cloudController},
		{"cloudcontrollermanager", cloudController},
		{"kubecontrollermanager", controllerManager},
		{"kubeapiserver", apiserver},
		{"kubescheduler", scheduler},
		{"kubeproxy", kubeProxy},
		{"kubelet", kubelet},
		{"kubeadm", kubeadm},
	}
}

// fromKey is the component that a key of a configuration file names. Some names (scheduler, proxy) are
// every other project's too: they count only in a file whose form is known.
func fromKey(key string, known bool) (string, bool) {
	k := plainName(key)
	switch k {
	case "clusterconfiguration":
		return kubeadm, true
	case "kubeapi", "apiserver", "apiserverextraargs", "apiserverargs":
		return apiserver, true
	case "kubecontroller":
		return controllerManager, true
	// kubespray's arguments for what kubeadm starts
	case "kubekubeadmapiserverextraargs":
		return apiserver, true
	case "kubekubeadmcontrollerextraargs":
		return controllerManager, true
	case "kubekubeadmschedulerextraargs":
		return scheduler, true
	}
	if known {
		switch k {
		case "api": // k0s
			return apiserver, true
		case "controllermanager", "controllermanagerextraargs":
			return controllerManager, true
		case "scheduler", "schedulerextraargs":
			return scheduler, true
		case "proxy", "proxyextraargs":
			return kubeProxy, true
		case "etcd":
			return etcd, true
		}
	}
	for _, n := range named() {
		if rest, found := strings.CutPrefix(k, n[0]); found || strings.Contains(k, n[0]) {
			if !found {
				rest = strings.Replace(k, n[0], "", 1)
			}
			if filler(rest) {
				return n[1], true
			}
			return "", false
		}
	}
	return "", false
}

// filler reports whether a key says nothing but "more arguments for" the component it names.
func filler(s string) bool {
	for s != "" {
		found := false
		for _, w := range []string{"extra", "args", "arg", "configuration", "config", "flags", "options", "opts", "master", "controlplane",
			"node", "worker", "default", "kubernetes", "settings", "patches", "patch", "control", "plane", "custom", "user", "component", "cmd", "params", "external"} {
			if rest, ok := strings.CutPrefix(s, w); ok {
				s, found = rest, true
				break
			}
		}
		if !found {
			return false
		}
	}
	return true
}

// fromVariable is the component that an environment variable names: KUBELET_EXTRA_ARGS, KUBE_API_ARGS.
func fromVariable(name string) string {
	v := plainName(name)
	if v == "installk3sexec" {
		return ""
	}
	for _, n := range named() {
		if n[1] != kubeadm && strings.Contains(v, n[0]) {
			return n[1]
		}
	}
	switch {
	case strings.Contains(v, "apiserver"), strings.HasPrefix(v, "kubeapi"):
		return apiserver
	case strings.Contains(v, "controllermanager"):
		return controllerManager
	case strings.Contains(v, "scheduler"):
		return scheduler
	case strings.HasPrefix(v, "kubeadm"):
		return kubeadm
	}
	return ""
}

// fromProgram is the component of a program, by the last part of its path; known tells whether it is one
// of Kubernetes'. A stranger keeps its own name: its gates are not Kubernetes', and nobody is to take them for that.
func fromProgram(program string) (name string, known bool) {
	base := path.Base(strings.ReplaceAll(program, `\`, "/"))
	base = strings.TrimSuffix(strings.TrimSuffix(base, ".exe"), ".sh")
	switch base {
	case apiserver, "apiserver":
		return apiserver, true
	case controllerManager:
		return controllerManager, true
	case scheduler:
		return scheduler, true
	case kubelet, kubeProxy, kubeadm, etcd:
		return base, true
	}
	if strings.HasSuffix(base, cloudController) {
		return cloudController, true
	}
	return base, false
}

// fromImage is the program that an image is named after.
func fromImage(image string) (name string, known bool) {
	image, _, _ = strings.Cut(image, "@")
	base := path.Base(image)
	base, _, _ = strings.Cut(base, ":")
	for _, arch := range []string{"-amd64", "-arm64"} {
		base = strings.TrimSuffix(base, arch)
	}
	if base == "." || base == "/" {
		return "", false
	}
	return fromProgram(base)
}

// fromName is the component that a file's own name names.
func fromName(file string) string {
	return fromPath(file[strings.LastIndexAny(file, `/\`)+1:])
}

// fromPath is the component that a file's name or its folder's names: /etc/default/kubelet,
// kubelet.service.d/20-gates.conf, /etc/kubernetes/kube-proxy.env.
func fromPath(file string) string {
	parts := strings.Split(strings.ReplaceAll(file, `\`, "/"), "/")
	for i := len(parts) - 1; i >= 0 && i >= len(parts)-2; i-- {
		found := ""
		k := plainName(parts[i])
		for _, n := range named() {
			if n[1] == kubeadm || !strings.Contains(k, n[0]) {
				continue
			}
			if found != "" {
				return "" // it names two
			}
			found = n[1]
			k = strings.ReplaceAll(k, n[0], "")
		}
		if found != "" {
			return found
		}
	}
	return ""
}
