package usage_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/upstream-digest/bot/internal/usage"
)

// BenchmarkRead2000Files reads 2,000 files of all kinds, as a repository of a platform team holds them: the
// corpus over and over, and between them manifests that set nothing.
func BenchmarkRead2000Files(b *testing.B) {
	type file struct {
		name string
		data []byte
	}
	files := corpus(b)
	names := slices.Sorted(maps.Keys(files))
	var all []file
	size := 0
	for i := 0; len(all) < 2000; i++ {
		f := file{names[i%len(names)], files[names[i%len(names)]]}
		if i%2 == 1 {
			f = file{fmt.Sprintf("app-%d.yaml", i), manifest(i)}
		}
		all = append(all, f)
		size += len(f.data)
	}
	b.SetBytes(int64(size))
	b.ReportAllocs()
	found := 0
	for b.Loop() {
		found = 0
		for _, f := range all {
			settings, _ := usage.Read(f.name, f.data)
			found += len(settings)
		}
	}
	b.ReportMetric(float64(found), "settings")
}

// manifest is a Deployment with its Service that sets no gate.
func manifest(i int) []byte {
	return fmt.Appendf(nil, `apiVersion: apps/v1
kind: Deployment
metadata:
  name: app-%[1]d
  labels: {app: app-%[1]d}
spec:
  replicas: 3
  selector:
    matchLabels: {app: app-%[1]d}
  template:
    metadata:
      labels: {app: app-%[1]d}
    spec:
      containers:
        - name: app
          image: example.org/app:%[1]d
          args: ["--listen=:8080", "--level", "info"]
          env:
            - name: REGION
              value: north
          ports:
            - containerPort: 8080
          resources:
            requests: {cpu: 100m, memory: 128Mi}
            limits: {memory: 256Mi}
---
apiVersion: v1
kind: Service
metadata:
  name: app-%[1]d
spec:
  selector: {app: app-%[1]d}
  ports:
    - port: 80
      targetPort: 8080
`, i)
}
